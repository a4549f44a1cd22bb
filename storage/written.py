"""Texts that residents give for others to read: they are written, changed and withdrawn.

A text stands by itself (an idea, a question), or is about one that does (an argument, a detail): nobody answers those.
Where its phase shows similar ones, it is found by its words for as long as it is there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

from sqlalchemy import bindparam, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import contributions, gate, similar
from storage.attached import BESIDE
from storage.contributions import NewContribution
from storage.gate import Doorway
from storage.models import Contribution
from storage.refusals import Closed, Gone, Refusal
from storage.value import value
from storage.words import fold

NOWHERE = ("withdrawn", "merged")
"""The states of a text that is there no more, for its author neither."""

# -- giving --------------------------------------------------------------------------------------------------------


@value
class NewText(NewContribution):
    """A text as it is given. One that is found by its words has a `language`, in which they are cut to stems."""

    language: str | None = None


async def put(connection: AsyncConnection, given: Sequence[NewText]) -> Sequence[int | Refusal]:
    """Write these as `contributions.put` does and with its refusals; answers their ids.

    Refuses what is about a text that others no longer see (Gone).
    """
    about = await shown(connection, {(item.space_id, item.parent_id) for item in given if item.parent_id is not None})
    stands = [item.parent_id is None or (item.space_id, item.parent_id) in about for item in given]
    accepted = [item for item, stand in zip(given, stands, strict=True) if stand]
    made = await contributions.put(connection, accepted)
    await similar.index(
        connection,
        [
            similar.Text(item.space_id, item.phase_id, id_, item.text or "", item.language)
            for item, id_ in zip(accepted, made, strict=True)
            if isinstance(id_, int) and item.language is not None
        ],
    )
    left = iter(made)
    return [next(left) if stand else Gone() for stand in stands]


async def shown(
    connection: AsyncConnection, keys: Collection[tuple[int, int]]
) -> dict[tuple[int, int], tuple[int, int | None]]:
    """The (phase, author) of those of these texts, by (space, id), that others see and that stand by themselves. They
    stand until the transaction ends: nobody merges them meanwhile (storage/merging.py)."""
    if not keys:
        return {}
    rows = await connection.execute(
        select(Contribution.space_id, Contribution.id, Contribution.phase_id, Contribution.participant_id)
        .where(
            tuple_(Contribution.space_id, Contribution.id).in_(keys),
            Contribution.state == "sent",
            Contribution.text.is_not(None),
            Contribution.parent_id.is_(None),
        )
        .order_by(Contribution.space_id, Contribution.id)
        .with_for_update(read=True, key_share=True)
    )
    return {(space_id, id_): (phase_id, author) for space_id, id_, phase_id, author in rows}


# -- changing one's own --------------------------------------------------------------------------------------------

What: TypeAlias = Literal["text", "details", "theme", "area", "attached"]


@value
class Own:
    """A text of somebody's own, at the moment they do something about it."""

    space_id: int
    phase_id: int
    contribution_id: int
    participant_id: int
    at: datetime

    @property
    def key(self) -> tuple[int, int]:
        return self.space_id, self.contribution_id


@value
class Change(Own):
    """This of it becomes `new`; what came with it can only be taken away. `language` and `read_first` are those of
    NewText."""

    what: What = "text"
    new: str | None = None
    language: str | None = None
    read_first: bool = False


async def withdraw(connection: AsyncConnection, given: Sequence[Own]) -> Sequence[bool | Refusal]:
    """Take these back, until closing (Closed): from then on nobody sees them. What is not theirs, or was withdrawn, is
    Gone."""
    _doors, before = await _theirs(connection, given)
    done = [one for one, row in zip(given, before, strict=True) if not isinstance(row, Refusal)]
    if done:
        rows = [{"s": one.space_id, "i": one.contribution_id, "then": one.at} for one in done]
        await connection.execute(_WITHDRAW, rows)
    await similar.forget(connection, [one.key for one in done])
    return [row if isinstance(row, Refusal) else True for row in before]


async def change(connection: AsyncConnection, given: Sequence[Change]) -> Sequence[bool | Refusal]:
    """Correct these, with the refusals of `withdraw`.

    A text that was hidden, and every text where texts are read before others see them, waits to be read again.
    """
    doors, before = await _theirs(connection, given)
    done = [(one, row) for one, row in zip(given, before, strict=True) if not isinstance(row, Refusal)]
    if done:
        await connection.execute(_CHANGE, [_changed(one, row, doors[one.phase_id]) for one, row in done])
    texts = [
        similar.Text(one.space_id, one.phase_id, one.contribution_id, one.new or "", one.language)
        for one, _row in done
        if one.what == "text" and one.language is not None
    ]
    await similar.index(connection, texts)
    return [row if isinstance(row, Refusal) else True for row in before]


_COLUMNS = ("state", "text", "theme", "area", "fields", "read_at")


async def _theirs(
    connection: AsyncConnection, given: Sequence[Own]
) -> tuple[dict[int, Doorway], list[Mapping[str, Any] | Refusal]]:
    """What stands at the gate, by phase; and each of these as it stands, or why nothing is done about it."""
    doors = await gate.doorways(connection, {(one.space_id, one.phase_id) for one in given})
    whose = (Contribution.space_id, Contribution.id, Contribution.phase_id, Contribution.participant_id)
    rows = await connection.execute(
        select(*whose, *(getattr(Contribution, name) for name in _COLUMNS)).where(
            tuple_(Contribution.space_id, Contribution.id).in_([one.key for one in given]),
            Contribution.state.not_in(NOWHERE),
        )
    )
    found: dict[Any, Mapping[str, Any]] = {tuple(row[:4]): dict(zip(_COLUMNS, row[4:], strict=True)) for row in rows}

    def judge(one: Own) -> Mapping[str, Any] | Refusal:
        if not doors[one.phase_id].is_open(one.at):
            return Closed()
        return found.get((*one.key, one.phase_id, one.participant_id)) or Gone()

    return doors, [judge(one) for one in given]


def _changed(one: Change, before: Mapping[str, Any], door: Doorway) -> dict[str, Any]:
    """The row as it becomes."""
    row = dict(before)
    inside: Mapping[str, Any] = {"details": one.new, BESIDE: []}
    changed = {one.what: inside[one.what]} if one.what in inside else {}
    row |= {"fields": {**before["fields"], **changed}} if changed else {one.what: one.new}
    if one.what in ("text", "details"):
        waits = row["state"] == "hidden" or one.read_first or door.moderation == "before"
        row |= {"state": "waiting" if waits else row["state"], "read_at": None}
    row["folded"] = row["text"] and fold(row["text"])
    new = {f"new_{name}": value for name, value in row.items()}
    return {"s": one.space_id, "i": one.contribution_id, "then": one.at, **new}


_THIS = update(Contribution).where(Contribution.space_id == bindparam("s"), Contribution.id == bindparam("i"))
_WITHDRAW = _THIS.values(state="withdrawn", updated_at=bindparam("then"))
_CHANGE = _THIS.values(
    {name: bindparam(f"new_{name}") for name in (*_COLUMNS, "folded")} | {"updated_at": bindparam("then")}
)
