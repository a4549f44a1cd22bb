"""Residents: who they are to us, where they can be reached, and what they agreed to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Row, belongs
from storage.types import PERSON, Document

_WAITING = text("done_at IS NULL")


class Participant(Row):
    """A resident who wrote to us. Has no name of its own: what identifies is in addresses."""

    __tablename__ = "participants"
    __table_args__: Any = ({"sqlite_with_rowid": False},)
    language: Mapped[str | None]
    area: Mapped[str | None] = mapped_column(info=PERSON)
    groups: Mapped[list[str]] = mapped_column(info=PERSON)
    born: Mapped[int | None] = mapped_column(info=PERSON)
    """The year."""
    proved: Mapped[str] = mapped_column(server_default="", info=PERSON)
    """What of these was checked and not only said: `area`, `born`, with spaces between. A group always is."""
    tags: Mapped[list[str]] = mapped_column(server_default=text("'[]'"), info=PERSON)
    """Words the organisers gave this person, for lists of their own: a name, `jury`."""
    current_id: Mapped[int | None]
    """The conversation that typed text goes to."""
    address_id: Mapped[int | None]
    """The address last heard from: replies go there."""
    chosen_id: Mapped[int | None]
    """The address they chose for what we send; nothing while they chose none, or it is theirs no more."""
    channel: Mapped[str]
    """The channel first heard from, for the figures."""
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    """Since when this person wants no message we begin (reminders, broadcasts)."""
    hours: Mapped[dict[str, Any] | None] = mapped_column(Document, info=PERSON)
    """When they want messages we begin, in place of the space's hours (storage/hours.py)."""
    erased_at: Mapped[datetime | None]


class Address(Row):
    """Where a participant can be reached: a channel, our account there, and the platform's id of the person."""

    __tablename__ = "addresses"
    __table_args__ = (
        UniqueConstraint("channel", "account", "sender"),
        belongs("participant_id", "participants"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    channel: Mapped[str]
    account: Mapped[str]
    sender: Mapped[str] = mapped_column(info=PERSON)
    unreachable: Mapped[str | None]
    """Why it can't be written to (`blocked`, `gone`, or `closed` by ourselves), nothing while it can."""
    created_at: Mapped[datetime]
    heard_at: Mapped[datetime | None]
    """When its person came to it last from another of theirs; nothing while they never did."""
    linked_at: Mapped[datetime | None]
    """Since when it is this participant's; nothing where it always was."""


class ReturnCode(Row):
    """A code by which a participant is found again, once: on another device, or by another door. Only its digest is
    kept."""

    __tablename__ = "return_codes"
    __table_args__ = (
        belongs("participant_id", "participants"),
        UniqueConstraint("digest"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    kind: Mapped[str] = mapped_column(server_default="return")
    """`return` or `link`: a word of storage/returning.py."""
    digest: Mapped[str] = mapped_column(info=PERSON)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Join(Row):
    """Two participants are one person: somebody typed, at one door, the code that was shown at another.

    It is made by a transaction of its own (storage/joining.py), and then both columns name the one who is left.
    """

    __tablename__ = "joins"
    __table_args__ = (
        belongs("into_id", "participants", erase=True),
        belongs("from_id", "participants", erase=True),
        Index(None, "space_id", "into_id"),
        Index(None, "space_id", "from_id"),
        Index(None, "asked_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        {"sqlite_with_rowid": False},
    )
    into_id: Mapped[int]
    """Who was shown the code: this participant stays."""
    from_id: Mapped[int]
    """Who typed it."""
    asked_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    """When it was made, or refused; nothing while it waits."""


class Consent(Row):
    """That a participant agreed to take part in a consultation, when, and to which words."""

    __tablename__ = "consents"
    __table_args__ = (
        belongs("participant_id", "participants"),
        UniqueConstraint("space_id", "participant_id", "consultation_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    consultation_id: Mapped[int]
    words: Mapped[str]
    given_at: Mapped[datetime]
