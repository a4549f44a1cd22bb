"""Whose key a token is."""

from __future__ import annotations

from bot.telegram.api import Api, Away, Call
from storage.value import value


@value
class Me:
    """A bot as the platform knows it: its number there, how residents find it (without the @), how it is called."""

    account: str
    name: str
    title: str


async def introduce(api: Api) -> Me:
    """Ask the platform whose key this is. Raises as Api.call does."""
    match await api.call(Call("getMe", {})):
        case {"id": int(number), "username": str(name), "first_name": str(title)}:
            return Me(str(number), name, title)
    raise Away("no bot")
