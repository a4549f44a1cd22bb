"""Conversations and what came of them: contributions, answers and ballots, which all modules share.

So a new way of taking part needs no migration.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, PrimaryKeyConstraint, SmallInteger, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Row, belongs
from storage.types import PERSON
from storage.words import fold

_IS_THROUGH = sql("through_id IS NOT NULL")
_HAS_PARENT = sql("parent_id IS NOT NULL")
_IS_SIGNATURE = sql("kind = 'signature'")


def _folded(row: Any) -> str | None:
    """What a new row's text is searched by."""
    text = row.get_current_parameters().get("text")
    return None if text is None else fold(text)


class Conversation(Row):
    """A participant in a module: the journal of its answers, from which everything else is worked out."""

    __tablename__ = "conversations"
    __table_args__ = (
        belongs("participant_id", "participants"),
        Index(None, "space_id", "participant_id"),
        Index(None, "space_id", "phase_id"),
        Index(None, "space_id", "through_id", sqlite_where=_IS_THROUGH, postgresql_where=_IS_THROUGH),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    through_id: Mapped[int | None]
    """The participant who holds it for the other: a volunteer at their door."""
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

    After erasure it stays in the totals without anybody: participant and conversation are nothing. One
    signature a person is a constraint.
    """

    __tablename__ = "contributions"
    __table_args__ = (
        belongs("participant_id", "participants"),
        belongs("phase_id", "phases"),
        UniqueConstraint("space_id", "conversation_id", "key"),
        Index(None, "space_id", "phase_id", "state", "id"),
        Index(None, "space_id", "participant_id"),
        Index(None, "space_id", "parent_id", sqlite_where=_HAS_PARENT, postgresql_where=_HAS_PARENT),
        Index(
            None,
            *("space_id", "phase_id", "participant_id"),
            unique=True,
            sqlite_where=_IS_SIGNATURE,
            postgresql_where=_IS_SIGNATURE,
        ),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    participant_id: Mapped[int | None]
    conversation_id: Mapped[int | None]
    parent_id: Mapped[int | None]
    key: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    """`sent` (it counts, and others see it), `waiting` (to be read first), `hidden` or `withdrawn`."""
    text: Mapped[str | None] = mapped_column(info=PERSON)
    """What others read of it; nothing where it is not for others (a response)."""
    folded: Mapped[str | None] = mapped_column(default=_folded, info=PERSON)
    """The text as it is searched (storage/texts.py). Whoever inserts need not think of it; whoever changes the text
    changes both."""
    theme: Mapped[str | None]
    area: Mapped[str | None]
    people: Mapped[int] = mapped_column(server_default=sql("1"))
    """How many sat at the table that gave it. It is one contribution, and they are no participants."""
    status: Mapped[str | None]
    """How far the town is with it, a word of its module."""
    reason: Mapped[str | None]
    """Why it was hidden."""
    read_at: Mapped[datetime | None]
    """When a moderator read it as it stands; nothing while nobody did."""
    fields: Mapped[dict[str, Any]] = mapped_column(info=PERSON)
    origin: Mapped[str]
    """The channel it came by; `paper`, `meeting` or `organiser` where somebody typed it in."""
    place: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Answer(Row):
    """One countable answer of a sent contribution, so that every figure is a GROUP BY.

    A question with several answers has several rows; `item` is the row of a matrix or the candidate of a grade.
    """

    __tablename__ = "answers"
    __table_args__ = (
        belongs("contribution_id", "contributions", erase=True),
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


class Term(Base):
    """A word of a contribution, by which similar texts are found (storage/similar.py): one row a stem of each text.

    The key begins with what is looked for, so that SQLite reads the rows of a stem one after the other.
    """

    __tablename__ = "terms"
    __table_args__ = (
        PrimaryKeyConstraint("space_id", "phase_id", "stem", "contribution_id", postgresql_include=["weight"]),
        belongs("contribution_id", "contributions", erase=True),
        Index(None, "space_id", "contribution_id", "stem"),
        {"sqlite_with_rowid": False},
    )
    space_id: Mapped[int]
    phase_id: Mapped[int]
    stem: Mapped[str] = mapped_column(String().with_variant(String(collation="C"), "postgresql"), info=PERSON)
    """Compared by its bytes, as SQLite does, so that what begins alike stands together."""
    contribution_id: Mapped[int]
    weight: Mapped[int] = mapped_column(SmallInteger)
    """The root of its share in the text's words, in ten-thousandths: the squares of a text's weights sum up to one."""


class Ballot(Row):
    """One voter's choice on one subject; the constraint is the rule of one each."""

    __tablename__ = "ballots"
    __table_args__ = (
        belongs("phase_id", "phases"),
        UniqueConstraint("space_id", "phase_id", "subject", "voter"),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    subject: Mapped[str]
    voter: Mapped[str] = mapped_column(info=PERSON)
    value: Mapped[str]
    cast_at: Mapped[datetime]


class SecretBallot(Base):
    """A choice under a pseudonym, while a secret phase is open. It has no id, no time and no conversation."""

    __tablename__ = "secret_ballots"
    __table_args__ = ({"sqlite_with_rowid": False},)
    space_id: Mapped[int] = mapped_column(primary_key=True)
    phase_id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    pseudonym: Mapped[str] = mapped_column(primary_key=True, info=PERSON)
    value: Mapped[str]


class Sealed(Base):
    """What is left of a secret phase: how many ballots were alike. Enough to count anew by any rule."""

    __tablename__ = "sealed_ballots"
    __table_args__ = ({"sqlite_with_rowid": False},)
    space_id: Mapped[int] = mapped_column(primary_key=True)
    phase_id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    ballots: Mapped[int]


class PaperBallots(Row):
    """Ballots on paper that are alike, as somebody of the team typed them in. They have no voter: nobody is made up for
    them, and nothing joins them to a person. A line is never changed, only taken back."""

    __tablename__ = "paper_ballots"
    __table_args__ = (
        belongs("phase_id", "phases"),
        Index(None, "space_id", "phase_id"),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    value: Mapped[str | None]
    """As that of a Ballot; nothing where they are spoilt, and count nowhere."""
    ballots: Mapped[int]
    organiser_id: Mapped[int]
    place: Mapped[str | None]
    """The box, or the meeting."""
    at: Mapped[datetime]
    taken_back_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    """Why they were taken back."""


class Milestone(Row):
    """A number of signatures that a petition has reached; the constraint is that it is reached once."""

    __tablename__ = "milestones"
    __table_args__ = (
        belongs("phase_id", "phases"),
        UniqueConstraint("space_id", "phase_id", "name"),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    name: Mapped[str]
    signature_id: Mapped[int]
    """The signature that reached it."""
    body: Mapped[str | None]
    """What the others who signed are told, packed; it names nobody."""
    at: Mapped[datetime]
    told_at: Mapped[datetime | None]


class Follow(Row):
    """Somebody wants to hear what becomes of a contribution."""

    __tablename__ = "follows"
    __table_args__ = (
        belongs("contribution_id", "contributions", erase=True),
        belongs("participant_id", "participants", erase=True),
        UniqueConstraint("space_id", "contribution_id", "participant_id"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    contribution_id: Mapped[int]
    participant_id: Mapped[int]


class Report(Row):
    """Somebody finds that a contribution should not be there."""

    __tablename__ = "reports"
    __table_args__ = (
        belongs("contribution_id", "contributions", erase=True),
        UniqueConstraint("space_id", "contribution_id", "reporter"),
        {"sqlite_with_rowid": False},
    )
    contribution_id: Mapped[int]
    reporter: Mapped[str] = mapped_column(info=PERSON)
    """The participant's id; another word once they are erased."""
    reason: Mapped[str] = mapped_column(info=PERSON)
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class Progress(Row):
    """What the town says of a contribution: a reply, or how far it is with it. Dated, and for everybody to read."""

    __tablename__ = "progress"
    __table_args__ = (
        belongs("contribution_id", "contributions", erase=True),
        Index(None, "space_id", "contribution_id"),
        {"sqlite_with_rowid": False},
    )
    contribution_id: Mapped[int]
    organiser_id: Mapped[int | None]
    status: Mapped[str | None]
    """Nothing for a reply that changes none."""
    text: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Score(Row):
    """What a member of the jury gives a contribution for one criterion."""

    __tablename__ = "scores"
    __table_args__ = (
        belongs("contribution_id", "contributions", erase=True),
        UniqueConstraint("space_id", "contribution_id", "organiser_id", "criterion"),
        {"sqlite_with_rowid": False},
    )
    contribution_id: Mapped[int]
    organiser_id: Mapped[int]
    criterion: Mapped[str]
    points: Mapped[int]
    at: Mapped[datetime]
