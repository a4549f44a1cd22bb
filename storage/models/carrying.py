"""Messages on their way in and out, and the files that came with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.models.base import Base, Row, belongs
from storage.types import PERSON

_IN_TROUBLE = text("error IS NOT NULL")
"""A message that was handled costs this index nothing."""
_WAITING = text("state = 'waiting'")
_CLAIMED = text("claimed_by IS NOT NULL")
_NOT_SENT = text("sent_at IS NULL")
_CAUSED = text("cause IS NOT NULL")
_UNASKED = text("unasked")


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
    """The reference of a photo or a document."""
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
        belongs("participant_id", "participants"),
        Index(None, "lane", "rank", "due_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index(None, "claimed_by", sqlite_where=_CLAIMED, postgresql_where=_CLAIMED),
        Index(None, "space_id", "participant_id", "id"),
        Index(None, "participant_id", sqlite_where=_NOT_SENT, postgresql_where=_NOT_SENT),
        Index(
            None,
            *("space_id", "cause", "participant_id"),
            unique=True,
            sqlite_where=_CAUSED,
            postgresql_where=_CAUSED,
        ),
        Index(None, "space_id", "participant_id", "made_at", sqlite_where=_UNASKED, postgresql_where=_UNASKED),
        {"sqlite_with_rowid": False},
    )
    participant_id: Mapped[int]
    conversation_id: Mapped[int | None]
    lane: Mapped[str | None]
    """The channel and our account there that it waits to leave by: those of the address it was for when it was put."""
    rank: Mapped[int] = mapped_column(server_default=text("1"))
    """Which leave first: 0 what may have left already, 1 what answers somebody, 2 what we begin ourselves."""
    kind: Mapped[str]
    """`reply`, `receipt`, `relay`, `notice` (for one door alone), `reminder` or `broadcast`: decides what an uncertain
    delivery becomes."""
    body: Mapped[str] = mapped_column(info=PERSON)
    """A packed flows.messages.Message."""
    veil: Mapped[str | None]
    """What takes the place of a body that may show a secret, once that has left or was answered."""
    state: Mapped[str]
    """`waiting`, `claimed`, `sent`, `paused` (with its broadcast), `held` (uncertain and not to be repeated), `failed`,
    `cancelled`, or `undone` (taken back after it was sent)."""
    tries: Mapped[int]
    error: Mapped[str | None]
    due_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    address_id: Mapped[int | None]
    """The address by which it leaves, chosen when it is claimed; of a notice it is given."""
    external: Mapped[str | None] = mapped_column(info=PERSON)
    """The platform's id of the message once sent, for edits."""
    made_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    cause: Mapped[str | None]
    """What made us begin: `<occasion>:<what it is about>`, each once a person; nothing for what answers somebody. Its
    body is worded when it leaves (flows/occasions)."""
    unasked: Mapped[bool] = mapped_column(server_default=false())
    """Whether nobody asked for it: then it leaves only in the hours, and counts towards the ceiling of a month."""
    expires_at: Mapped[datetime | None]
    """Since when it is too old to be sent."""
    clicked_at: Mapped[datetime | None]
    """When its button was pressed first."""
    seen_at: Mapped[datetime | None]
    """When the page it is drawn on was opened with it, of what we began; nothing where nobody can know."""


class Pace(Base):
    """What several couriers have sent by one account lately: the row that each of them locks before it takes more."""

    __tablename__ = "paces"
    lane: Mapped[str] = mapped_column(primary_key=True)
    ledger: Mapped[str]
    """As bot/ledger.py writes it. People are in it by the ids of their addresses, for a minute at most."""


class Night(Base):
    """A night in which what was kept long enough was forgotten, by whoever wrote its row (storage/retention.py)."""

    __tablename__ = "nights"
    day: Mapped[str] = mapped_column(primary_key=True)
    """The date on which it ended, as YYYY-MM-DD."""


class File(Row):
    """A photo, its metadata removed, or a document as it came, under the digest of its bytes."""

    __tablename__ = "files"
    __table_args__ = (UniqueConstraint("space_id", "digest"),)
    digest: Mapped[str]
    media_type: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary, info=PERSON)
    created_at: Mapped[datetime]
