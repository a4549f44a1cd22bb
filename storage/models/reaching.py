"""What we begin ourselves: broadcasts, and who wants to be sent what, or reminded no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Row, belongs
from storage.types import Document

_NOT_OVER = text("ended_at IS NULL")


class Broadcast(Row):
    """One text to an audience, or what the program announces of a phase by itself (its `occasion`).

    Its deliveries carry the cause `broadcast:<id>` (`<occasion>:<id>` where it has one), one for each person.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        belongs("phase_id", "phases"),
        UniqueConstraint("space_id", "phase_id", "occasion", "nth"),
        UniqueConstraint("test_code"),
        Index(None, "state", "due_at", sqlite_where=_NOT_OVER, postgresql_where=_NOT_OVER),
        {"sqlite_with_rowid": False},
    )
    occasion: Mapped[str | None]
    """Why the program writes by itself, a kind of flows/occasions: `opens`, `closes`, `results`; nothing for a text
    that somebody wrote."""
    nth: Mapped[int] = mapped_column(server_default=text("0"))
    """How often this occasion of this phase was announced before."""
    text: Mapped[dict[str, Any]]
    """The words by language; none where the occasion words itself."""
    phase_id: Mapped[int | None]
    """Where its button leads."""
    button: Mapped[dict[str, Any]]
    """What the button says, by language; none where it says what its phase is called."""
    media: Mapped[dict[str, Any] | None]
    """{"kind": "picture" or "document", "address": `file:<digest>`, "description": {language: text}}."""
    audience: Mapped[dict[str, Any] | None]
    """A rule as JSON (storage/rules.py); nothing for everybody."""
    unasked: Mapped[bool] = mapped_column(server_default=true())
    """Whether it goes to people who did not ask for it: see models.Delivery."""
    state: Mapped[str]
    """`draft`, `planned`, `queueing` (its deliveries are being written, the first are leaving), `sending`, `paused`,
    `sent` or `cancelled`. It is over (`ended_at`) once nothing of it is on its way any more."""
    wall: Mapped[str | None]
    """When it is to leave, as wall time where the town is (YYYY-MM-DDTHH:MM); nothing for at once."""
    due_at: Mapped[datetime | None]
    """The moment that is."""
    lasts: Mapped[int]
    """Hours after which what has not left is too old to be sent."""
    ceiling: Mapped[int | None]
    """How many messages may be paid for; nothing where no channel asks for money."""
    spent: Mapped[int]
    """How many were."""
    paused_for: Mapped[str | None]
    """Why it stands still: `asked`, or `ceiling`."""
    queued: Mapped[int]
    """For how many people deliveries were written so far."""
    queued_to: Mapped[int]
    """The last participant looked at, in the order of their ids: after a kill it goes on from there."""
    left_out: Mapped[dict[str, Any]]
    """How many of the audience got none, by reason, as it was when the deliveries were written."""
    kept: Mapped[dict[str, Any] | None] = mapped_column(Document)
    """Its figures, once its deliveries are kept no more."""
    test_code: Mapped[str | None]
    """Whoever comes with this code is sent it as a test."""
    undone_at: Mapped[datetime | None]
    """When somebody asked for it to be taken back."""
    undone_to: Mapped[int | None]
    """The last participant whose message was looked at for that; nothing while nobody asked, or once all were."""
    organiser_id: Mapped[int | None]
    """Who wrote it."""
    created_at: Mapped[datetime]
    begun_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Mute(Row):
    """Somebody wants to be reminded of this phase no more."""

    __tablename__ = "mutes"
    __table_args__ = (
        belongs("participant_id", "participants", erase=True),
        belongs("phase_id", "phases", erase=True),
        UniqueConstraint("space_id", "participant_id", "phase_id"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    phase_id: Mapped[int]
    at: Mapped[datetime]


class Wish(Row):
    """Whether somebody wants to be sent the result of a consultation they took part in, as they said last."""

    __tablename__ = "wishes"
    __table_args__ = (
        belongs("participant_id", "participants", erase=True),
        belongs("consultation_id", "consultations", erase=True),
        UniqueConstraint("space_id", "participant_id", "consultation_id"),
        Index(None, "space_id", "at"),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    consultation_id: Mapped[int]
    wanted: Mapped[bool]
    at: Mapped[datetime]
