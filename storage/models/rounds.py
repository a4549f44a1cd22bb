"""Field rounds: a street list, who walks it, and what came of each door. Never the name of who lives there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Row, belongs
from storage.types import PERSON


class Round(Row):
    """A street list for a phase, walked by a team. Whoever shows its code is one of them."""

    __tablename__ = "rounds"
    __table_args__ = (
        belongs("phase_id", "phases"),
        UniqueConstraint("space_id", "code"),
        Index(None, "space_id", "phase_id"),
        {"sqlite_with_rowid": False},
    )
    phase_id: Mapped[int]
    team: Mapped[str]
    code: Mapped[str | None]
    """Readable, as its sheet is printed again; nothing once the round is closed."""
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Volunteer(Row):
    """A participant who came by the code of a round. Of somebody erased the counts stay."""

    __tablename__ = "volunteers"
    __table_args__ = (
        belongs("round_id", "rounds"),
        belongs("participant_id", "participants"),
        UniqueConstraint("space_id", "round_id", "participant_id"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    round_id: Mapped[int]
    participant_id: Mapped[int | None]
    name: Mapped[str | None] = mapped_column(info=PERSON)
    """The first name, as they gave it."""
    door_id: Mapped[int | None]
    """Where they were last: the next door is looked for from there."""
    joined_at: Mapped[datetime]


class Door(Row):
    """A line of a street list: street and number, or a building."""

    __tablename__ = "doors"
    __table_args__ = (
        belongs("round_id", "rounds"),
        UniqueConstraint("space_id", "round_id", "position"),
        {"sqlite_with_rowid": False},
    )
    round_id: Mapped[int]
    position: Mapped[int]
    line: Mapped[str]
    state: Mapped[str]
    """`to_visit`, `nobody`, or `refused`. Where somebody answered, that is what counts."""
    volunteer_id: Mapped[int | None]
    """Who noted the state."""


class Doorstep(Row):
    """Somebody at a door who answers through a volunteer. While the round is open it leads to that participant, so that
    an answer can be corrected and taken back; a closed round only knows that there was one."""

    __tablename__ = "doorsteps"
    __table_args__ = (
        belongs("door_id", "doors"),
        belongs("volunteer_id", "volunteers"),
        belongs("participant_id", "participants", erase=True),
        Index(None, "space_id", "door_id"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    door_id: Mapped[int]
    volunteer_id: Mapped[int]
    participant_id: Mapped[int | None]
