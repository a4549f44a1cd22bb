"""How a message leaves: its calls one after the other, each made once as far as we know."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.channels import Outgoing
from bot.parts import Parts, remember
from bot.telegram.api import Call, Wrong
from bot.telegram.writing import write
from storage.files import SCHEME

MOST_FILES = 1_000
"""Files of which it is remembered what the platform calls them."""

Make: TypeAlias = "Callable[[Call], Awaitable[Any]]"
"""Makes a call and answers its result; raises as Api.call does."""
Seen: TypeAlias = tuple[str, str]
"""One of our accounts, and the address of a file: each bot has its own names for files."""


@dataclass
class Sending:
    """What is remembered between messages, until the house closes: the rest of those that were sent in part, so that
    a repeat does not begin anew, and the names of files, so that they travel once."""

    _parts: Parts[Call] = field(init=False, default_factory=Parts)
    _names: OrderedDict[Seen, str] = field(init=False, default_factory=OrderedDict)

    async def send(self, make: Make, outgoing: Outgoing) -> str | None:
        """The platform's id of the last message, which is the prompt; None for an empty one. Raises as `make` does."""
        if self._parts.begun(outgoing):
            return await self._make(make, outgoing, self._parts.rest(outgoing))
        if outgoing.message.media is None:
            return await self._make(make, outgoing, write(outgoing))
        return await self._show(make, outgoing, (outgoing.account, outgoing.message.media.address))

    async def _show(self, make: Make, outgoing: Outgoing, seen: Seen) -> str | None:
        """With what it shows: under the name it has there, or as bytes, or by its address. Where the platform refuses
        that, the name may have expired, or the address told it nothing: once more with the bytes, or in words."""
        name = self._names.pop(seen, None)
        try:
            return await self._make(make, outgoing, write(outgoing, name or await outgoing.file()))
        except Wrong:
            if self._parts.begun(outgoing):
                raise
            return await self._make(
                make, outgoing, write(outgoing, await outgoing.file() if name else None, by_address=False)
            )

    async def _make(self, make: Make, outgoing: Outgoing, calls: Sequence[Call]) -> str | None:
        async def make_one(call: Call) -> Any:
            sent = await make(call)
            self._remember_name(outgoing, sent)
            return sent

        sent = await self._parts.make(make_one, outgoing, calls)
        return str(sent["message_id"]) if isinstance(sent, dict) else None

    def _remember_name(self, outgoing: Outgoing, sent: Any) -> None:
        """What the platform calls the file that it has just shown."""
        media = outgoing.message.media
        if media is None or not media.address.startswith(SCHEME):
            return  # what stands elsewhere may change, and what a resident sent may be hidden
        match sent:
            case {"photo": [*_, {"file_id": str(name)}]} | {"document": {"file_id": str(name)}}:
                remember(self._names, (outgoing.account, media.address), name, MOST_FILES)


GONE = "message to delete not found"
"""What the platform says of a message that was deleted before."""


async def take_back(make: Make, sender: str, external: str) -> None:
    """Delete a message, which may be gone already. Raises as `make` does."""
    try:
        await make(Call("deleteMessage", {"chat_id": sender, "message_id": int(external)}))
    except Wrong as error:
        if GONE not in error.description.lower():
            raise
