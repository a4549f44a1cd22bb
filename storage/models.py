"""The tables. Every one carries `space_id` in its key, so that spaces can be spread over a sharded database.

Ids are made by the program (storage.types.new_id). A column that holds personal data says so where it is defined
(`info=PERSON`); storage/erasure.py walks that mark to erase a person. Modules share contributions, answers and
ballots, so that a new way of taking part needs no migration.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, MetaData, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.types import PERSON, Document, UTCTime

_NAMED = "%(table_name)s_%(column_0_N_name)s"
NAMES = {"ix": f"ix_{_NAMED}", "uq": f"uq_{_NAMED}", "fk": f"fk_{_NAMED}", "pk": "pk_%(table_name)s"}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        datetime: UTCTime,
        dict[str, Any]: Document,
        list[str]: Document,
    }


def _belongs(column: str, table: str, *, erase: bool = False) -> ForeignKeyConstraint:
    """A reference within the space, checked at the commit: a batch writes its rows in the order that suits it."""
    here, there = ["space_id", column], [f"{table}.space_id", f"{table}.id"]
    cascade = "CASCADE" if erase else None
    return ForeignKeyConstraint(here, there, deferrable=True, initially="DEFERRED", ondelete=cascade)


class Row(Base):
    """What every table of a space has: a key of (space, id)."""

    __abstract__ = True
    space_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Space(Base):
    """A town or an association."""

    __tablename__ = "spaces"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[dict[str, Any]]
    languages: Mapped[list[str]]
    zone: Mapped[str]
    colour: Mapped[str | None]
    contact: Mapped[dict[str, Any]]
    """Who speaks and who can be called: {"host": {language: text}, "name", "phone", "hours": {language: text}};
    `host` as it reads after "of": the town hall of Montaubry. All may be missing."""
    privacy: Mapped[dict[str, Any]]
    """What is kept and for how long, in the organiser's words, {language: text}."""
    created_at: Mapped[datetime]


class Organiser(Row):
    """Somebody who works in the panel."""

    __tablename__ = "organisers"
    __table_args__ = (UniqueConstraint("space_id", "email"), {"sqlite_with_rowid": False})
    email: Mapped[str] = mapped_column(info=PERSON)
    name: Mapped[str] = mapped_column(info=PERSON)
    role: Mapped[str]
    password: Mapped[str]
    """An argon2 hash."""
    must_change: Mapped[bool]
    created_at: Mapped[datetime]


class Session(Row):
    """A browser an organiser is signed in with. Deleting the row signs it out."""

    __tablename__ = "sessions"
    __table_args__ = (
        _belongs("organiser_id", "organisers", erase=True),
        UniqueConstraint("digest"),
        {"sqlite_with_rowid": False},
    )
    organiser_id: Mapped[int]
    digest: Mapped[str]
    """SHA-256 of the cookie: a copy of the database opens no door."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Attempt(Base):
    """A try at something that must not be guessed (a password, a return code), kept to slow the next ones.

    `subject` is a digest of what was tried and by whom; never the thing itself.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "subject", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str]
    at: Mapped[datetime]


class Participant(Row):
    """A resident who wrote to us. Has no name of its own: what identifies is in addresses."""

    __tablename__ = "participants"
    __table_args__: Any = ({"sqlite_with_rowid": False},)
    language: Mapped[str | None]
    area: Mapped[str | None] = mapped_column(info=PERSON)
    groups: Mapped[list[str]] = mapped_column(info=PERSON)
    current_id: Mapped[int | None]
    """The conversation that typed text goes to."""
    address_id: Mapped[int | None]
    """The address last heard from: replies go there."""
    channel: Mapped[str]
    """The channel first heard from, for the figures."""
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    """Since when this person wants no message we begin (reminders, broadcasts)."""
    erased_at: Mapped[datetime | None]


class Address(Row):
    """Where a participant can be reached: a channel, our account there, and the platform's id of the person."""

    __tablename__ = "addresses"
    __table_args__ = (
        UniqueConstraint("channel", "account", "sender"),
        _belongs("participant_id", "participants"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    channel: Mapped[str]
    account: Mapped[str]
    sender: Mapped[str] = mapped_column(info=PERSON)
    unreachable: Mapped[str | None]
    """Why it can't be written to (`blocked`, `gone`), nothing while it can."""
    created_at: Mapped[datetime]


class ReturnCode(Row):
    """A code that finds a conversation again on another device. Only its digest is kept."""

    __tablename__ = "return_codes"
    __table_args__ = (
        _belongs("participant_id", "participants"),
        UniqueConstraint("digest"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    digest: Mapped[str] = mapped_column(info=PERSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Consultation(Row):
    """The process: what is asked, by whom, until when, and what will be done with it."""

    __tablename__ = "consultations"
    __table_args__ = (UniqueConstraint("space_id", "slug"), {"sqlite_with_rowid": False})
    slug: Mapped[str]
    title: Mapped[dict[str, Any]]
    topic: Mapped[dict[str, Any]]
    """As it reads in a sentence: `sur le centre-ville`."""
    why: Mapped[dict[str, Any]]
    decides: Mapped[dict[str, Any]]
    state: Mapped[str]
    """`draft`, `open` or `closed`."""
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    answer_on: Mapped[str | None]
    """The civil date (YYYY-MM-DD) on which participants are promised the result."""
    created_at: Mapped[datetime]


class Phase(Row):
    """A dated part of a consultation, run by one module with these settings."""

    __tablename__ = "phases"
    __table_args__ = (_belongs("consultation_id", "consultations"), {"sqlite_with_rowid": False})
    consultation_id: Mapped[int]
    position: Mapped[int]
    kind: Mapped[str]
    settings: Mapped[dict[str, Any]]
    version: Mapped[int]
    """Grows with every change of the settings, so that what is made of them can be kept."""


class Code(Row):
    """What a poster's link carries: the consultation, the place it hangs at, and what it says of who scans it."""

    __tablename__ = "codes"
    __table_args__ = (
        _belongs("consultation_id", "consultations"),
        UniqueConstraint("space_id", "code"),
        {"sqlite_with_rowid": False},
    )
    consultation_id: Mapped[int]
    code: Mapped[str]
    place: Mapped[str | None]
    area: Mapped[str | None]
    group: Mapped[str | None]
    created_at: Mapped[datetime]


class Consent(Row):
    """That a participant agreed to take part in a consultation, when, and to which words."""

    __tablename__ = "consents"
    __table_args__ = (
        _belongs("participant_id", "participants"),
        UniqueConstraint("space_id", "participant_id", "consultation_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    consultation_id: Mapped[int]
    words: Mapped[str]
    given_at: Mapped[datetime]


class Conversation(Row):
    """A participant in a module: the journal of its answers, from which everything else is worked out."""

    __tablename__ = "conversations"
    __table_args__ = (
        _belongs("participant_id", "participants"),
        Index(None, "space_id", "participant_id"),
        Index(None, "space_id", "phase_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    phase_id: Mapped[int | None]
    kind: Mapped[str]
    state: Mapped[str]
    """`open`, `ended`, or `broken` (the flow changed under it)."""
    waiting: Mapped[str | None]
    """The key of the prompt that was shown last and waits for an answer."""
    journal: Mapped[str] = mapped_column(info=PERSON)
    """JSON of flows.journal.Journal."""
    place: Mapped[str | None]
    """The place of the code it was begun with."""
    channel: Mapped[str]
    sent_at: Mapped[datetime | None]
    """When its contribution was sent first; nothing while it was not."""
    begun_at: Mapped[datetime]
    heard_at: Mapped[datetime]


class Contribution(Row):
    """What a participant gave to a phase: a response, an idea, a signature, an offer, a request.

    After erasure it stays in the totals without anybody: participant and conversation are nothing.
    """

    __tablename__ = "contributions"
    __table_args__ = (
        _belongs("participant_id", "participants"),
        _belongs("phase_id", "phases"),
        UniqueConstraint("space_id", "conversation_id", "key"),
        Index(None, "space_id", "phase_id", "state", "id"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    participant_id: Mapped[int | None]
    conversation_id: Mapped[int | None]
    parent_id: Mapped[int | None]
    key: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    """`sent` or `withdrawn`."""
    fields: Mapped[dict[str, Any]] = mapped_column(info=PERSON)
    origin: Mapped[str]
    """The channel it came by, or `paper`."""
    place: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Answer(Row):
    """One countable answer of a sent contribution, so that every figure is a GROUP BY.

    A question with several answers has several rows; `item` is the row of a matrix or the candidate of a grade.
    """

    __tablename__ = "answers"
    __table_args__ = (
        _belongs("contribution_id", "contributions", erase=True),
        Index(None, "space_id", "phase_id", "question", "choice"),
        Index(None, "space_id", "contribution_id"),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    contribution_id: Mapped[int]
    question: Mapped[str]
    item: Mapped[str | None]
    choice: Mapped[str | None]
    rank: Mapped[int | None]
    number: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(info=PERSON)
    folded: Mapped[str | None] = mapped_column(info=PERSON)
    """The text without accents or capitals, for searching."""


class Ballot(Row):
    """One voter's choice on one subject; the constraint is the rule of one each."""

    __tablename__ = "ballots"
    __table_args__ = (
        _belongs("phase_id", "phases"),
        UniqueConstraint("space_id", "phase_id", "subject", "voter"),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    subject: Mapped[str]
    voter: Mapped[str] = mapped_column(info=PERSON)
    value: Mapped[str]
    cast_at: Mapped[datetime]


_IN_TROUBLE = text("error IS NOT NULL")
"""A message that was handled costs this index nothing."""


class Heard(Base):
    """The inbox: every message noted under the platform's key, so that a repeat ends there."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "account", "key"),
        Index(None, "space_id", "participant_id", "id"),
        Index(None, "state", "retry_at", sqlite_where=_IN_TROUBLE, postgresql_where=_IN_TROUBLE),
        {"sqlite_with_rowid": False},
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    space_id: Mapped[int]
    participant_id: Mapped[int | None]
    channel: Mapped[str]
    account: Mapped[str]
    key: Mapped[str]
    body: Mapped[str | None] = mapped_column(info=PERSON)
    """The Incoming as JSON until handled or for the days of history; nothing afterwards."""
    shown: Mapped[str | None] = mapped_column(info=PERSON)
    """The text, as the chat page writes it in the history."""
    tap: Mapped[str | None]
    """What was pressed; the label stands in the delivery that offered it."""
    attached: Mapped[str | None] = mapped_column(info=PERSON)
    """The reference of a photo."""
    state: Mapped[str]
    """`handled`, `aside` (will be tried again) or `dead` (shown to the organiser)."""
    tries: Mapped[int]
    error: Mapped[str | None]
    conversation_id: Mapped[int | None]
    retry_at: Mapped[datetime | None]
    heard_at: Mapped[datetime]


class Delivery(Row):
    """The outbox: one message to one participant; the address is chosen when it leaves."""

    __tablename__ = "deliveries"
    __table_args__ = (
        _belongs("participant_id", "participants"),
        Index(None, "state", "due_at"),
        Index(None, "space_id", "participant_id", "id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    conversation_id: Mapped[int | None]
    kind: Mapped[str]
    """`reply`, `receipt`, `relay`, `reminder` or `broadcast`: decides what an uncertain delivery becomes."""
    body: Mapped[str] = mapped_column(info=PERSON)
    """A packed flows.messages.Message."""
    state: Mapped[str]
    """`waiting`, `claimed`, `sent`, `held` (uncertain and not to be repeated), `failed`, or `cancelled`."""
    tries: Mapped[int]
    error: Mapped[str | None]
    due_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    address_id: Mapped[int | None]
    external: Mapped[str | None] = mapped_column(info=PERSON)
    """The platform's id of the message once sent, for edits."""
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class File(Row):
    """A photo or document under the digest of its bytes, its metadata removed."""

    __tablename__ = "files"
    __table_args__ = (UniqueConstraint("space_id", "digest"),)
    digest: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PERSON)
    created_at: Mapped[datetime]
