"""What we ask the daemon to send, written.

Texts go as they are: Signal knows no markup in them, and neither buttons nor lists; what can be chosen is told in the
text.
"""

from __future__ import annotations

import base64
import mimetypes
from dataclasses import replace
from datetime import timedelta

from bot.channels import Outgoing
from bot.signal.api import Call
from bot.signal.reading import CHANNEL
from bot.signal.replies import SEND
from flows.folding import clean
from flows.messages import Line
from flows.rendering import Capabilities, Rates, render
from flows.texts import _
from storage.files import File

RATES = Rates(overall=5, person=1, group=1)
"""Signal publishes no limit. Its server lets one write to one person a message a second for long; and we send one after
the other, of which the daemon does about five a second."""

CAPABILITIES = Capabilities(
    CHANNEL,
    buttons=False,
    links=False,
    places=False,
    longest=2_000,
    unit="bytes",
    edits=timedelta(hours=24),
    hosted=True,
    writes_first=False,
    rates=RATES,
    identity=_("We don’t keep your phone number."),
)


def write(outgoing: Outgoing, file: File | None = None) -> list[Call]:
    """The calls that send one message, in their order; the last makes the prompt. An empty one needs none.

    `file` is what the message shows; it goes with the first text. Without it, what others see too is told by its
    address.
    """
    message = outgoing.message
    if file is not None and message.media is not None:
        message = replace(message, media=None, lines=(*message.lines, Line(message.media.description)))
    texts = [text for text in render(message, CAPABILITIES, outgoing.language).texts if clean(text)]
    calls = [_send(outgoing.sender, text) for text in texts]
    if file is not None:
        first, *others = calls or [_send(outgoing.sender, "")]
        calls = [Call(SEND, {**first.parameters, "attachments": [_inline(file)]}), *others]
    return calls


def _send(sender: str, text: str) -> Call:
    """To one person a call: of several, some would get it and some not."""
    return Call(SEND, {"recipient": [sender], "message": text})


def _inline(file: File) -> str:
    """The daemon may run on another machine, or be shut in: it is handed the bytes themselves."""
    ending = mimetypes.guess_extension(file.media_type) or ""
    content = base64.b64encode(file.content).decode()
    return f"data:{file.media_type};filename=file{ending};base64,{content}"


def delete(sender: str, external: str) -> Call:
    """The call after which a message of ours is gone from their phone too."""
    return Call("remoteDelete", {"recipient": [sender], "targetTimestamp": int(external)})
