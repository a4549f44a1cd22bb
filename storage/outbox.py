"""The outbox: deliveries not yet sent. Each waits in a lane, that of our account it is to leave by.

In a lane what answers somebody leaves before what we begin ourselves, and otherwise what was due first. What is for
the same participant never overtakes its elders, except that answers overtake the rest. By which of their doors it
leaves is worked out when it is taken (storage/addressing.py); what would leave by another lane moves there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Update,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from storage.addressing import NOTICE, Served, its_address
from storage.models import Address, Delivery, Participant
from storage.prepared import Prepared, among
from storage.types import new_id
from storage.value import names, value
from storage.veiling import VEILED

ANSWERS = frozenset({"reply", "receipt", "relay", NOTICE})
"""Kinds that answer somebody, or pass on what somebody said; reminders and broadcasts we begin ourselves."""
DOUBTED, ANSWER, BULK = 0, 1, 2
"""Ranks: what may have left already, what answers somebody, and the rest."""
WAITING: ColumnElement[str] = literal_column("'waiting'")
"""Written out: an index of what waits serves no query that has the state as a parameter."""
PAUSED = "lane paused"
"""Why a delivery waits whose account was asked to send nothing for a while."""


@value
class LaneKey:
    """A channel, and our account there."""

    channel: str
    account: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.account}"


@value
class NewDelivery:
    """A message to leave. `kind`: `reply`, `receipt`, `relay`, `notice`, `reminder` or `broadcast`; `body` a packed
    Message, or a packed Tell that is worded when it leaves. `lane` is given by whoever knows it, to spare a look; a
    notice has the address that it is for. `veil` is kept in place of a body that may show a secret, once it has left.
    """

    space_id: int
    participant_id: int
    conversation_id: int | None
    kind: str
    body: str
    at: datetime
    lane: LaneKey | None = None
    veil: str | None = None
    address_id: int | None = None


_COLUMNS = (
    *("space_id", "id", "participant_id", "conversation_id", "rank", "kind", "body", "veil", "due_at", "made_at"),
    "address_id",
)
_LAST_HEARD = and_(Address.space_id == Participant.space_id, Address.id == Participant.address_id)
_ITS_LANE = (
    select(Address.channel.concat(literal_column("':'")).concat(Address.account))
    .join(Participant, _LAST_HEARD)
    .where(Participant.space_id == bindparam("s"), Participant.id == bindparam("p"))
)
_NEW = insert(Delivery).values(state=WAITING, tries=literal_column("0"))
_PUT = Prepared(_NEW, *_COLUMNS, "lane")
_PUT_IN_ITS_LANE = Prepared(_NEW.values(lane=_ITS_LANE.scalar_subquery()), *_COLUMNS, "s", "p")


async def put(connection: AsyncConnection, new: Sequence[NewDelivery]) -> None:
    """Add deliveries in this order."""
    rows = [_row(item) for item in new]
    await _PUT.write(connection, [row for row in rows if row[-1] is not None])
    elsewhere = [(*row[:-1], row[0], row[2]) for row in rows if row[-1] is None]
    await _PUT_IN_ITS_LANE.write(connection, elsewhere)


def _row(item: NewDelivery) -> tuple[Any, ...]:
    return (
        item.space_id,
        new_id(),
        item.participant_id,
        item.conversation_id,
        ANSWER if item.kind in ANSWERS else BULK,
        item.kind,
        item.body,
        item.veil,
        item.at,
        item.at,
        item.address_id,
        None if item.lane is None else str(item.lane),
    )


@value
class Mover:
    """Somebody who is written to by this lane from now on."""

    space_id: int
    participant_id: int
    lane: LaneKey


async def follow(connection: AsyncConnection, movers: Sequence[Mover]) -> None:
    """What waits for these people leaves where they are now."""
    given = [{"s": one.space_id, "p": one.participant_id, "to": str(one.lane)} for one in movers]
    await _change(connection, _MOVED, given)


_MOVED = (
    update(Delivery)
    .where(Delivery.space_id == bindparam("s"), Delivery.participant_id == bindparam("p"))
    .where(Delivery.sent_at.is_(None), Delivery.state == WAITING, Delivery.kind != NOTICE)
    .values(lane=bindparam("to"))
)


# -- taking what may leave -----------------------------------------------------------------------------------------


@value
class Claimed:
    """A delivery this courier is to send, with the address chosen for it; `tries` counts those before this one.
    `erased`: it says goodbye to somebody who was erased. `cause`, `unasked` and `expires_at` are those of
    models.Delivery."""

    space_id: int
    id: int
    participant_id: int
    kind: str
    body: str
    tries: int
    language: str | None
    address_id: int
    channel: str
    account: str
    sender: str
    erased: bool
    made_at: datetime
    cause: str | None = None
    unasked: bool = False
    expires_at: datetime | None = None


CLAIMABLE = select(
    Delivery.space_id,
    Delivery.id,
    Delivery.participant_id,
    Delivery.kind,
    Delivery.body,
    Delivery.tries,
    Participant.language,
    Address.id.label("address_id"),
    Address.channel,
    Address.account,
    Address.sender,
    Participant.erased_at.is_not(None),
    Delivery.made_at,
    Delivery.cause,
    Delivery.unasked,
    Delivery.expires_at,
    Address.unreachable,
).join(Participant, and_(Participant.space_id == Delivery.space_id, Participant.id == Delivery.participant_id))
"""The columns of a Claimed, and why it can't be sent; which address is joined depends on whether it was chosen yet."""


def claimed(row: Any) -> Claimed:
    return Claimed(*row[: len(names(Claimed))])


@value
class Claim:
    """`taken` is in the order in which it is to be sent. `passed` are those that were next and left the lane unsent:
    their people can't be written to (`shut`), or are written to by another lane now."""

    taken: list[Claimed]
    passed: int = 0
    shut: int = 0


@value
class Wanted:
    """What may leave now by a lane: nothing for addresses that are `resting`, with `one_each` only one to each
    participant, and with `only` (the platform's id) what is for this one person. `served` are the channels of whoever
    asks, without which it is that of the lane alone."""

    lane: LaneKey
    now: datetime
    one_each: bool = False
    resting: Collection[int] = ()
    only: str | None = None
    served: Served | None = None

    def due(self, rank: int) -> Select[Any]:
        """Those of this rank, which `given` are the parameters of."""
        return _due(rank, self.one_each, self.only is not None, self.served or Served((self.lane.channel,)))

    def given(self) -> dict[str, Any]:
        known = {"lane": str(self.lane), "now": self.now, "resting": list(self.resting)}
        return known | ({"only": self.only} if self.only is not None else {})


async def any_due(connection: AsyncConnection, wanted: Wanted, *, bulk: bool = True) -> bool:
    """Whether there is anything to claim (without `bulk` only answers) apart from what is in doubt: needs no writer."""
    for rank in (ANSWER, BULK) if bulk else (ANSWER,):
        if (await connection.execute(_one(wanted.due(rank)), wanted.given())).first() is not None:
            return True
    return False


async def claim(connection: AsyncConnection, wanted: Wanted, by: str, limit: int = 100, bulk: int = 100) -> Claim:
    """Take so many deliveries that are due, answers first, and never one whose elder still has to leave: `limit` of the
    answers, and of the rest no more than make `bulk` with them.
    Unless it is to be one each, all of a participant's may be taken together. Their participants are locked with them,
    so that no other courier takes what follows.
    """
    rows: list[Any] = []
    for rank, most in ((ANSWER, limit), (BULK, bulk)):
        if len(rows) < most:
            given = wanted.given() | {"most": most - len(rows)}
            if wanted.one_each:
                given["resting"] += [row.address_id for row in rows]
            rows += sorted(await connection.execute(_first(wanted.due(rank)), given), key=lambda row: int(row.id))
    if rows and connection.dialect.name != "sqlite":
        rows = await _still_free(connection, rows)
    rows = _without_gaps(rows)
    mine = [row for row in rows if LaneKey(row.channel, row.account) == wanted.lane]
    strayed = [row for row in rows if LaneKey(row.channel, row.account) != wanted.lane]
    shut = [row for row in mine if row.unreachable is not None]
    taken = [claimed(row) for row in mine if row.unreachable is None]
    mine_now = {"by": by, "at": wanted.now}
    await _change(connection, _CLAIM, [{**_this(one), **mine_now, "to": one.address_id} for one in taken])
    await _change(connection, _SHUT, [{**_this(row), "why": row.unreachable} for row in shut])
    await _change(connection, _STRAYED, [{**_this(row), "to": f"{row.channel}:{row.account}"} for row in strayed])
    return Claim(taken, len(shut) + len(strayed), len(shut))


def _without_gaps(rows: Sequence[Any]) -> list[Any]:
    """Without those who have an elder that is not among them: it may be due later than they are."""
    kept: list[Any] = []
    for row in rows:
        elders = [one for one in kept if one.participant_id == row.participant_id and one.id < row.id]
        if row.kind == NOTICE or len([one for one in elders if one.kind != NOTICE]) == row.elders:
            kept.append(row)
    return kept


def _this(row: Any) -> dict[str, int]:
    return {"s": row.space_id, "i": row.id}


async def _change(connection: AsyncConnection, statement: Update, given: list[dict[str, Any]]) -> None:
    if given:
        await connection.execute(statement, given)


@cache  # a statement made anew costs more than running it
def _one(due: Select[Any]) -> Select[Any]:
    return due.limit(1)


@cache
def _first(due: Select[Any]) -> Select[Any]:
    """The first ones first, locked."""
    first = due.order_by(Delivery.due_at, Delivery.id).limit(bindparam("most"))
    return first.with_for_update(of=[Delivery, Participant], skip_locked=True)


@cache
def _due(rank: int, one_each: bool, only: bool, served: Served) -> Select[Any]:
    """Those of a rank that are due, and how many `elders` each has that have not left. One that is taken keeps its
    followers back, and so does one that waits: for a later time, or at all where each is to be the only one. What
    nobody asked for and waits for its hours holds back nothing; nor does a notice, which is for one door alone and
    waits for nothing itself."""
    elder = aliased(Delivery)
    older = and_(
        elder.participant_id == Delivery.participant_id,
        elder.space_id + 0 == Delivery.space_id,  # with the bare column SQLite would look through the whole space
        elder.sent_at.is_(None),
        elder.id < Delivery.id,
        elder.rank <= Delivery.rank,
        elder.state.in_(("waiting", "claimed")),
        elder.kind != NOTICE,
        Delivery.kind != NOTICE,
        or_(~elder.unasked, elder.state == "claimed", elder.due_at <= bindparam("now")),
    )
    blocks = true() if one_each else or_(elder.state == "claimed", elder.due_at > Delivery.due_at)
    elders = literal_column("0") if one_each else select(func.count()).where(older).scalar_subquery()
    return (
        CLAIMABLE.add_columns(elders.label("elders"))
        .join(Address, its_address(served, bulk=rank == BULK))
        .where(
            Delivery.state == WAITING,
            Delivery.lane == bindparam("lane"),
            Delivery.rank == literal_column(str(rank)),
            Delivery.due_at <= bindparam("now"),
            ~among(Address.id, "resting"),
            ~exists().where(older, blocks),
            Address.sender == bindparam("only") if only else true(),
        )
    )


THIS = and_(Delivery.space_id == bindparam("s"), Delivery.id == bindparam("i"))
_CLAIM = (
    update(Delivery)
    .where(THIS)
    .values(
        state="claimed",
        tries=Delivery.tries + 1,
        claimed_by=bindparam("by"),
        claimed_at=bindparam("at"),
        address_id=bindparam("to"),
    )
)
_SHUT = update(Delivery).where(THIS).values(state="failed", error=bindparam("why"), **VEILED)
_STRAYED = update(Delivery).where(THIS).values(lane=bindparam("to"))


async def _still_free(connection: AsyncConnection, rows: Sequence[Any]) -> list[Any]:
    """Another courier may have taken an elder between our look and our lock: only a second look can tell."""
    elder = aliased(Delivery)
    older = and_(
        elder.space_id == Delivery.space_id, elder.participant_id == Delivery.participant_id, elder.id < Delivery.id
    )
    free = await connection.execute(
        select(Delivery.id).where(
            tuple_(Delivery.space_id, Delivery.id).in_([(row.space_id, row.id) for row in rows]),
            Delivery.state == "waiting",
            ~exists().where(
                *(older, elder.sent_at.is_(None), elder.rank <= Delivery.rank, elder.state == "claimed"),
                *(elder.kind != NOTICE, Delivery.kind != NOTICE),
            ),
        )
    )
    still = set(free.scalars())
    return [row for row in rows if row.id in still]
