"""What a module can do whose options people vote on, whatever the method: one is withdrawn while they do, and what
residents proposed becomes some."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.module import load
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Said, _
from storage import conversations, making, outbox, phases
from storage.consultations import Phase
from storage.outbox import NewDelivery
from storage.phases import PhaseFacts


@runtime_checkable
class Offers(Protocol):
    """Its options stand in the field of its settings that `Module.offers` names."""

    def withdrawn(self, option: str, phase: PhaseFacts, zone: str) -> Sequence[Said]:
        """What everybody hears who has voted, once this option was withdrawn; times are those of this zone."""
        ...


def without(settings: Mapping[str, Any], field: str, option: str) -> dict[str, Any]:
    """The settings once this option is withdrawn: it keeps its place, and so its number."""
    after = [{**one, "withdrawn": True} if one["id"] == option else one for one in settings[field]]
    return {**settings, field: after}


async def withdraw(connection: AsyncConnection, phase: Phase, option: str, zone: str, now: datetime) -> int:
    """Withdraw it, and queue one delivery for each who has voted: the same for all, as whom it concerns would tell what
    they chose. Answers how many. Raises Faults when nobody could vote any more."""
    module = load(phase.kind, phase.settings)
    assert module.offers is not None
    settings = without(phase.settings, module.offers, option)
    changed = load(phase.kind, settings)
    assert isinstance(changed, Offers)
    await making.change(connection, phase, settings=settings)
    facts = (await phases.load(connection, [phase.id]))[phase.id]
    lines = tuple(changed.withdrawn(option, facts, zone))
    them = await conversations.who_sent(connection, phase.space_id, phase.id)
    body = [NewDelivery(phase.space_id, one, None, "broadcast", pack_tell(Tell(one, lines)), now) for one in them]
    await outbox.put(connection, body)
    return len(them)


# -- what residents proposed ---------------------------------------------------------------------------------------


def taken_over(field: str | None, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[int]:
    """The contributions that became options by these settings."""

    def ideas(settings: Mapping[str, Any]) -> list[int]:
        return [one["idea"] for one in settings.get(field or "") or () if "idea" in one]

    known = set(ideas(before))
    return [idea for idea in dict.fromkeys(ideas(after)) if idea not in known]


def put_to_the_vote(text: str, title: Said) -> tuple[Said, ...]:
    """What the author hears of it."""
    return (
        _("Your idea is put to the vote: “{text}”", text=text),
        _("It is one of the proposals of “{title}”. The town may have shortened its words.", title=title),
    )
