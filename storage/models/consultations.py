"""What is asked, in which phases, and the codes that lead there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Row, belongs
from storage.types import PERSON, Document

_NO_WORDS = text("'{}'")
_OF_A_CONTACT = text("contact_id IS NOT NULL")


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
    does: Mapped[dict[str, Any]] = mapped_column(server_default=_NO_WORDS)
    """What will be done with what comes of it; said, like who decides, before it opens."""
    state: Mapped[str]
    """`draft`, `open` or `closed`."""
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    answer_on: Mapped[str | None]
    """The civil date (YYYY-MM-DD) on which participants are promised the result."""
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None] = mapped_column(CheckConstraint("archived_at IS NULL OR state <> 'open'"))
    """Since when it stands in no list any more; its figures stay, and nothing of it is open."""


class Phase(Row):
    """A dated part of a consultation, run by one module with these settings.

    It is open while its consultation is, within its own dates, unless it was closed by hand or waits for its turn.
    """

    __tablename__ = "phases"
    __table_args__ = (belongs("consultation_id", "consultations"), {"sqlite_with_rowid": False})
    consultation_id: Mapped[int]
    position: Mapped[int]
    kind: Mapped[str]
    settings: Mapped[dict[str, Any]]
    version: Mapped[int]
    """Grows with every change of the settings, so that what is made of them can be kept."""
    title: Mapped[dict[str, Any]] = mapped_column(server_default=_NO_WORDS)
    """Nothing where it is called as its consultation."""
    state: Mapped[str] = mapped_column(server_default="dated")
    """`dated` (open when its dates say so), `waiting` (until the phase before opens it, or somebody), `closed`."""
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    stages: Mapped[list[dict[str, Any]]] = mapped_column(Document, server_default=text("'[]'"))
    """Who may take part, from when on: [{"from": ISO time or null, "who": a rule as JSON or null}], see access.py."""
    moderation: Mapped[str] = mapped_column(server_default="none")
    """When texts are read: `before` they are seen by others, `after`, or `none`."""
    per_day: Mapped[int | None]
    """How many contributions one person may give within 24 hours."""
    sealed_at: Mapped[datetime | None]
    """Since when the ballots of a secret phase are only totals."""
    seen: Mapped[str] = mapped_column(server_default="")
    """Whether it was noticed that it is `open`, or `over` (storage/turning.py); the dates alone say whether it is."""
    reopened_at: Mapped[datetime | None]
    """When it was noticed last that it was over and is so no more."""


class SecretKey(Base):
    """What pseudonyms of a secret phase are made with; destroyed when it closes. The row stays, so that there is never
    another key for this phase."""

    __tablename__ = "secret_keys"
    space_id: Mapped[int] = mapped_column(primary_key=True)
    phase_id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSON)
    wiped_at: Mapped[datetime | None]
    """Since when the files of the database hold nothing of it either."""


class Area(Row):
    """A district of a space, by name and maybe with its shape."""

    __tablename__ = "areas"
    __table_args__ = (UniqueConstraint("space_id", "slug"), {"sqlite_with_rowid": False})
    slug: Mapped[str]
    name: Mapped[dict[str, Any]]
    shape: Mapped[dict[str, Any] | None] = mapped_column(Document)
    """A GeoJSON Polygon or MultiPolygon, degrees in WGS 84."""
    position: Mapped[int]


class Group(Row):
    """Participants who have something in common that somebody has checked: a code, a list, an organiser."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("space_id", "slug"), {"sqlite_with_rowid": False})
    slug: Mapped[str]
    name: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Code(Row):
    """What a poster's link carries: the consultation, the place it hangs at, and what it says of who scans it."""

    __tablename__ = "codes"
    __table_args__ = (
        belongs("consultation_id", "consultations"),
        UniqueConstraint("space_id", "code"),
        {"sqlite_with_rowid": False},
    )
    consultation_id: Mapped[int]
    relay_id: Mapped[int | None]
    """Whose code it is; nothing once that relay is gone, and where it is nobody's."""
    code: Mapped[str]
    place: Mapped[str | None]
    """What is kept beside what comes by it: the name of a place. That of a person is kept beside nothing."""
    area: Mapped[str | None]
    group: Mapped[str | None]
    created_at: Mapped[datetime]


class PersonalCode(Row):
    """A code of one person, from the town's letter: used once, it proves what the town knows of whoever it wrote to."""

    __tablename__ = "personal_codes"
    __table_args__ = (
        belongs("consultation_id", "consultations"),
        UniqueConstraint("space_id", "digest"),
        Index(None, "space_id", "contact_id", sqlite_where=_OF_A_CONTACT, postgresql_where=_OF_A_CONTACT),
        {"sqlite_with_rowid": False},
    )
    consultation_id: Mapped[int]
    contact_id: Mapped[int | None] = mapped_column(info=PERSON)
    """The contact it was written for. Then nothing says who used it, or when: see storage/letters.py."""
    digest: Mapped[str]
    """SHA-256 of it: a copy of the database opens nothing."""
    area: Mapped[str | None]
    group: Mapped[str | None]
    born: Mapped[int | None]
    used_by: Mapped[int | None]
    used_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
