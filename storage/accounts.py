"""Our accounts at platforms: which space each belongs to, its key there, and how it is doing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Update, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import models
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import columns, names, value

KEY, TAKEN, AWAY, OTHER = "key", "taken", "away", "other"
"""What goes wrong with an account: its key is refused; another program uses it at the same time; the platform can't
be reached; something else."""


@value
class Account:
    """One of ours at a platform. `account` is the platform's id of it, `name` how residents find it, `title` how it is
    called; `token` its key, nothing while the settings hold it. `error` is one of the four words above."""

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

    def __repr__(self) -> str:
        """Without its key."""
        return f"Account({self.channel}, {self.account})"


class TakenElsewhere(Refusal):
    """This account belongs to another space."""


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


async def failed(connection: AsyncConnection, channel: str, account: str, error: str, now: datetime) -> None:
    """Something went wrong: one of the four words."""
    await connection.execute(_of(channel, account).values(error=error, failed_at=now))


async def remove(connection: AsyncConnection, space_id: int, id_: int) -> None:
    """Close this door; who came by it keeps their answers, and is written to no more."""
    mine = (models.Account.space_id == space_id) & (models.Account.id == id_)
    await connection.execute(delete(models.Account).where(mine))


def _of(channel: str, account: str) -> Update:
    return update(models.Account).where(models.Account.channel == channel, models.Account.account == account)
