"""How the bot presents itself: its menu of commands, and what it says of itself before anybody has written."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from bot.telegram.api import Api, ApiError, Away, Call, NoAnswer

log = structlog.get_logger()


async def present(api: Api, calls: Iterable[Call]) -> None:
    """Make those of these calls (setMyCommands and the like) that would change something: they are counted strictly,
    and a house may start often. What fails is left for the next start."""
    try:
        for call in calls:
            if not await _is_so(api, call):
                await api.call(call)
    except (ApiError, Away, NoAnswer) as error:
        log.warning("a bot could not present itself", channel="telegram", error=type(error).__name__)


async def _is_so(api: Api, call: Call) -> bool:
    """`setMyDescription` is told apart from what `getMyDescription` answers by the parameter it sets."""
    where = {name: given for name, given in call.parameters.items() if name in ("scope", "language_code")}
    [(name, wanted)] = [(name, given) for name, given in call.parameters.items() if name not in where]
    found = await api.call(Call(call.method.replace("set", "get", 1), where))
    return bool((found.get(name) if isinstance(found, dict) else found) == wanted)
