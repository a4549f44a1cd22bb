"""Towns, those who work in their panel, and the doors that lead to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Row, belongs
from storage.types import PERSON


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
    hours: Mapped[dict[str, Any] | None]
    """When messages that nobody asked for may leave (storage/hours.py); nothing for the usual hours."""
    cap: Mapped[int] = mapped_column(server_default=text("4"))
    """How many of these a person gets in thirty days at most."""
    created_at: Mapped[datetime]


class Organiser(Row):
    """Somebody who works in the panel."""

    __tablename__ = "organisers"
    __table_args__ = (UniqueConstraint("space_id", "email"), {"sqlite_with_rowid": False})
    email: Mapped[str] = mapped_column(info=PERSON)
    name: Mapped[str] = mapped_column(info=PERSON)
    role: Mapped[str]
    """In the whole space: `organiser`, `moderator`, `analyst`, `reader`, or `none` where only some consultations are
    theirs."""
    password: Mapped[str]
    """An argon2 hash."""
    must_change: Mapped[bool]
    created_at: Mapped[datetime]


class Role(Row):
    """What an organiser may do in one consultation, more than in the space."""

    __tablename__ = "roles"
    __table_args__ = (
        belongs("organiser_id", "organisers", erase=True),
        belongs("consultation_id", "consultations", erase=True),
        UniqueConstraint("space_id", "organiser_id", "consultation_id"),
        {"sqlite_with_rowid": False},
    )
    organiser_id: Mapped[int]
    consultation_id: Mapped[int]
    role: Mapped[str]


class Entry(Row):
    """The audit log: who did what in the panel, and when. It is only ever added to."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "space_id", "about", "about_id", "id"), {"sqlite_with_rowid": False})
    organiser_id: Mapped[int | None]
    """Nothing where the program did it by itself."""
    action: Mapped[str]
    about: Mapped[str]
    """The table of what it was done to."""
    about_id: Mapped[int]
    details: Mapped[dict[str, Any]]
    """Words and numbers that explain it; never a resident's words."""
    at: Mapped[datetime]


class Session(Row):
    """A browser an organiser is signed in with. Deleting the row signs it out."""

    __tablename__ = "sessions"
    __table_args__ = (
        belongs("organiser_id", "organisers", erase=True),
        UniqueConstraint("digest"),
        {"sqlite_with_rowid": False},
    )
    organiser_id: Mapped[int]
    digest: Mapped[str]
    """SHA-256 of the cookie: a copy of the database opens no door."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Account(Row):
    """Our account at a platform (a bot, a number): what reaches it is for this space.

    Only channels that are hosted have accounts here; elsewhere an account is a space's slug.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("channel", "account"), {"sqlite_with_rowid": False})
    channel: Mapped[str]
    account: Mapped[str]
    """The platform's id of it, which stays when its key is changed."""
    name: Mapped[str]
    """How residents find it there: a bot's @name, without the @."""
    title: Mapped[str]
    """How it is called there."""
    token: Mapped[str | None]
    """Its key at the platform; nothing while the settings hold it. A secret: it is shown and logged nowhere."""
    paid: Mapped[bool] = mapped_column(server_default=false())
    """Whether what we begin ourselves leaves at the pace that the platform has paid for."""
    error: Mapped[str | None]
    """What went wrong last, a word of storage/accounts.py; nothing once it works again."""
    failed_at: Mapped[datetime | None]
    worked_at: Mapped[datetime | None]
    """When the platform last answered as it should."""
    created_at: Mapped[datetime]


class Attempt(Base):
    """A try at something that must not be guessed (a password, a return code), kept to slow the next ones.

    `subject` is a digest of what was tried and by whom; never the thing itself.
    """

    __tablename__ = "attempts"
    __table_args__ = (Index(None, "subject", "at"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[str]
    at: Mapped[datetime]
