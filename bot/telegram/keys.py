"""The tokens of our bots: those of the settings, and those of the panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.telegram.reading import CHANNEL
from bot.telegram.replies import TOKEN
from storage import accounts, phases
from storage.accounts import Account
from storage.phases import SpaceFacts
from storage.value import value


@value
class Key:
    """The token of one of our accounts, and whose it is. `settled`: it stands in the settings, not in the panel."""

    account: str
    space_id: int
    token: str = field(repr=False)
    settled: bool


@value
class Keys:
    """The key of each account, the accounts that are listed, and the spaces by their id."""

    by_account: Mapping[str, Key]
    listed: Sequence[Account]
    spaces: Mapping[int, SpaceFacts]

    @property
    def without(self) -> list[Account]:
        """Accounts whose key nobody knows any more: the settings have lost it."""
        return [one for one in self.listed if one.account not in self.by_account]

    @property
    def known(self) -> set[str]:
        """All accounts, with a key or without."""
        return {one.account for one in self.listed} | set(self.by_account)


async def read(connection: AsyncConnection, tokens: Mapping[str, str]) -> Keys:
    """Those of the settings, `tokens` by the slug of the space, win over those of the panel. A space that is not there
    has none, and what has not the form of a token is none."""
    listed = [one for one in await accounts.listed(connection) if one.channel == CHANNEL]
    spaces = await phases.spaces(connection)
    found = {
        one.account: Key(one.account, one.space_id, one.token, settled=False)
        for one in listed
        if one.token is not None and TOKEN.fullmatch(one.token)
    }
    for slug, token in tokens.items():
        if slug in spaces:
            found[account_of(token)] = Key(account_of(token), spaces[slug].id, token, settled=True)
    return Keys(found, listed, {space.id: space for space in spaces.values()})


def account_of(token: str) -> str:
    """The number of the bot whose key this is: it stands before the colon."""
    return token.partition(":")[0]
