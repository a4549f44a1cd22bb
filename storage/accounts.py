"""Our accounts at platforms: which space each belongs to, its key there, and how it is doing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, Update, delete, exists, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.addressing import any_open
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import columns, names, value

KEY, TAKEN, AWAY, OTHER = "key", "taken", "away", "other"
LIMITED, CAPTCHA, UNREGISTERED = "limited", "captcha", "unregistered"
"""What goes wrong with an account: its key is refused; another program uses it at the same time; the platform can't
be reached; something else. It is to send nothing for a while; a person has to solve a captcha before it sends again;
the platform doesn't know it, or no more."""

CLOSED = "closed"
"""Why nobody can be written to by a door that we closed ourselves."""


@value
class Account:
    """One of ours at a platform. `account` is the platform's id of it, `name` how residents find it, `title` how it is
    called; `token` its key, nothing while the settings hold it. `error` is one of the words above.
    `paid`: what we begin ourselves leaves at the pace that the platform is paid for."""

    space_id: int
    id: int
    channel: str
    account: str
    name: str
    title: str
    token: str | None
    error: str | None = None
    failed_at: datetime | None = None
    worked_at: datetime | None = None
    paid: bool = False

    def __repr__(self) -> str:
        """Without its key."""
        return f"Account({self.channel}, {self.account})"


class TakenElsewhere(Refusal):
    """This account belongs to another space, or did: people came to that one by it."""


_COLUMNS = [getattr(models.Account, name) for name in names(Account)]


async def listed(connection: AsyncConnection, space_id: int | None = None) -> list[Account]:
    """All accounts, or those of a space, the oldest first."""
    query = select(*_COLUMNS).order_by(models.Account.id)
    if space_id is not None:
        query = query.where(models.Account.space_id == space_id)
    return [Account(*row) for row in (await connection.execute(query)).all()]


async def spaces(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """The space of each (channel, account)."""
    rows = await connection.execute(select(models.Account.channel, models.Account.account, models.Account.space_id))
    return {(channel, account): space_id for channel, account, space_id in rows.all()}


async def put(
    connection: AsyncConnection,
    space_id: int,
    channel: str,
    account: str,
    *,
    name: str,
    title: str,
    token: str | None,
    now: datetime,
) -> Account:
    """Keep an account that the platform has just answered for; its key may be a new one. Raises TakenElsewhere."""
    theirs = (models.Account.channel == channel) & (models.Account.account == account)
    row = (await connection.execute(select(*_COLUMNS).where(theirs))).first()
    if row is None:
        made = Account(space_id, new_id(), channel, account, name, title, token, worked_at=now)
        await _open_again(connection, made)
        await connection.execute(insert(models.Account).values(**columns(made), created_at=now))
        return made
    found = Account(*row)
    if found.space_id != space_id:
        raise TakenElsewhere
    changed = {"name": name, "title": title, "token": token, "error": None, "failed_at": None, "worked_at": now}
    await connection.execute(update(models.Account).where(theirs).values(**changed))
    return replace(found, name=name, title=title, token=token, error=None, failed_at=None, worked_at=now)


async def worked(connection: AsyncConnection, channel: str, account: str, now: datetime) -> None:
    """The platform answered as it should."""
    await connection.execute(_of(channel, account).values(error=None, failed_at=None, worked_at=now))


async def pay(connection: AsyncConnection, account: Account, *, paid: bool) -> None:
    """From now on the platform is paid for a faster pace, or no more."""
    await connection.execute(_of(account.channel, account.account).values(paid=paid))


async def failed(connection: AsyncConnection, channel: str, account: str, error: str, now: datetime) -> None:
    """Something went wrong: one of the words above."""
    await connection.execute(_of(channel, account).values(error=error, failed_at=now))


async def named(connection: AsyncConnection, wanted: Sequence[int]) -> Sequence[list[dict[str, str]] | Refusal]:
    """For each of these spaces its accounts that work, as residents find them: `channel` and `name`."""
    mine = models.Account
    rows = await connection.execute(
        select(mine.space_id, mine.channel, mine.name)
        .where(mine.space_id.in_(wanted), or_(mine.error.is_(None), mine.error.not_in((KEY, TAKEN))))
        .order_by(mine.id)
    )
    found: dict[int, list[dict[str, str]]] = defaultdict(list)
    for space_id, channel, name in rows:
        found[space_id].append({"channel": channel, "name": name})
    return [found[space_id] for space_id in wanted]


async def people(connection: AsyncConnection, account: Account) -> int:
    """How many people came by this door."""
    here = models.Address
    counted = select(func.count()).where(here.space_id == account.space_id, _by(account.channel, account.account))
    return (await connection.execute(counted)).scalar_one()


async def remove(connection: AsyncConnection, account: Account) -> None:
    """Close this door: who came by it keeps their answers, and is written to by another of theirs. Who has none is
    written to no more, not even what was to leave."""
    here, delivery = models.Address, models.Delivery
    reached = _by(account.channel, account.account) & here.unreachable.is_(None)
    await connection.execute(update(here).where(reached).values(unreachable=CLOSED))
    theirs = select(here.space_id, here.participant_id).where(_by(account.channel, account.account))
    waiting = (delivery.state == "waiting") & tuple_(delivery.space_id, delivery.participant_id).in_(theirs)
    nowhere = ~any_open(delivery.space_id, delivery.participant_id)
    await connection.execute(update(delivery).where(waiting, nowhere).values(state="cancelled"))
    mine = (models.Account.space_id == account.space_id) & (models.Account.id == account.id)
    await connection.execute(delete(models.Account).where(mine))


async def _open_again(connection: AsyncConnection, account: Account) -> None:
    """Who came by this door before it was closed can be written to again. Raises TakenElsewhere when they came to
    another space: whoever writes would be taken for somebody of that one."""
    here = _by(account.channel, account.account)
    if (await connection.execute(select(exists().where(here, models.Address.space_id != account.space_id)))).scalar():
        raise TakenElsewhere
    closed = here & (models.Address.unreachable == CLOSED)
    await connection.execute(update(models.Address).where(closed).values(unreachable=None))


def _by(channel: str, account: str) -> ColumnElement[bool]:
    """The addresses of those who came by this door."""
    return (models.Address.channel == channel) & (models.Address.account == account)


def _of(channel: str, account: str) -> Update:
    return update(models.Account).where(models.Account.channel == channel, models.Account.account == account)
