"""The chat page's channel: admin_web/chat.py hands in what is sent there, and draws what is due from storage.

So there is nothing to carry: a delivery is sent once it is marked as such. Readers are woken by the commit that put
it into the outbox, whichever process made it (bot/watching.py).
"""

from __future__ import annotations

import asyncio

from bot.channels import Outgoing, Receive
from flows.rendering import FOREVER, Capabilities
from flows.texts import _

CAPABILITIES = Capabilities(
    "web",
    longest=100_000,
    label=1_000,
    edits=FOREVER,
    places=False,
    safe_again=True,
    drawn=True,
    identity=_("This page asks for neither your name nor your number."),
    reach=_("This page cannot write to you when it is closed."),
)


class Web:
    """Chat pages in browsers. The account is the space's slug, the sender a digest of the browser's cookie."""

    capabilities = CAPABILITIES

    async def send(self, outgoing: Outgoing) -> str | None:
        """Nothing leaves this machine: the page shows the delivery itself, under its own key."""
        return outgoing.key

    async def take_back(self, account: str, sender: str, external: str) -> None:
        """The page draws what was sent, and no more than that."""

    async def run(self, receive: Receive) -> None:
        """Pages hand in what they are sent by themselves."""
        await asyncio.Event().wait()
