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


def account_of(token: str) -> str:
    """The number of the bot whose key this is: it stands before the colon."""
    return token.partition(":")[0]


async def introduce(api: Api) -> Me:
    """Ask the platform whose key this is. Raises as Api.call does."""
    match await api.call(Call("getMe", {})):
        case {"id": int(number), "username": str(name), "first_name": str(title)}:
            return Me(str(number), name, title)
    raise Away("no bot")
