"""Those by whom people arrive, and those the town may write to: relays and contacts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Row, belongs
from storage.types import PERSON


class Relay(Row):
    """A person or a place with codes of its own, which lead to consultations."""

    __tablename__ = "relays"
    __table_args__ = (UniqueConstraint("space_id", "kind", "folded"), {"sqlite_with_rowid": False})
    kind: Mapped[str]
    """`person` or `place`."""
    name: Mapped[str] = mapped_column(info=PERSON)
    folded: Mapped[str] = mapped_column(info=PERSON)
    """The name as it is compared."""
    team: Mapped[str | None]
    """A word of the organisers' own: `centre social`."""
    created_at: Mapped[datetime]


class Arrival(Base):
    """Somebody came to a consultation by the code of a relay, before they had come to it in any other way.

    The key is the rule that everybody counts once in a consultation, for whoever brought them first.
    """

    __tablename__ = "arrivals"
    __table_args__ = (
        belongs("consultation_id", "consultations"),
        belongs("participant_id", "participants", erase=True),
        belongs("relay_id", "relays", erase=True),
        Index(None, "space_id", "relay_id"),
        Index(None, "space_id", "participant_id"),
        {"sqlite_with_rowid": False},
    )
    space_id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    participant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    relay_id: Mapped[int]
    came_at: Mapped[datetime]


class Contact(Row):
    """Somebody who agreed that the town writes to them. It is joined to no participant: see storage/letters.py."""

    __tablename__ = "contacts"
    __table_args__ = (UniqueConstraint("space_id", "same"), {"sqlite_with_rowid": False})
    same: Mapped[str] = mapped_column(info=PERSON)
    """What two lines about the same person have in common, worked out by storage/contacts.py."""
    name: Mapped[str] = mapped_column(info=PERSON)
    email: Mapped[str | None] = mapped_column(info=PERSON)
    phone: Mapped[str | None] = mapped_column(info=PERSON)
    """E.164."""
    street: Mapped[str | None] = mapped_column(info=PERSON)
    """The postal address in one line."""
    folded: Mapped[str] = mapped_column(info=PERSON)
    """All of these, as they are searched."""
    area: Mapped[str | None] = mapped_column(info=PERSON)
    groups: Mapped[list[str]] = mapped_column(server_default=text("'[]'"), info=PERSON)
    tags: Mapped[list[str]] = mapped_column(server_default=text("'[]'"), info=PERSON)
    source: Mapped[str]
    """Where they agreed, in words: `formulaire de la fête du 3 mai`."""
    agreed_on: Mapped[str]
    """The civil day (YYYY-MM-DD) on which they did."""
    imported_by: Mapped[int]
    imported_at: Mapped[datetime]


class Withdrawal(Base):
    """Somebody agrees no more. Only a digest of them is left, so that an old list does not bring them back."""

    __tablename__ = "withdrawals"
    __table_args__ = ({"sqlite_with_rowid": False},)
    space_id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True, info=PERSON)
    """SHA-256 of what the contact's line had in common with any other about them."""
    withdrawn_on: Mapped[str]
    """The civil day (YYYY-MM-DD)."""
