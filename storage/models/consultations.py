"""What is asked, in which phases, and the codes that lead there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from storage.models.base import Row, belongs


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
    __table_args__ = (belongs("consultation_id", "consultations"), {"sqlite_with_rowid": False})
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
        belongs("consultation_id", "consultations"),
        UniqueConstraint("space_id", "code"),
        {"sqlite_with_rowid": False},
    )
    consultation_id: Mapped[int]
    code: Mapped[str]
    place: Mapped[str | None]
    area: Mapped[str | None]
    group: Mapped[str | None]
    created_at: Mapped[datetime]
