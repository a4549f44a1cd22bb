"""The bytes of what people send. The daemon has fetched them from Signal by the time it tells of the message."""

from __future__ import annotations

import base64
import binascii

from bot.signal.api import Call, Daemon, Wrong


async def download(daemon: Daemon, number: str, name: str, most: int) -> bytes:
    """The file that the daemon keeps under this name. Raises as Daemon.call does; Wrong when it has more than `most`
    bytes."""
    match await daemon.call(number, Call("getAttachment", {"id": name})):
        case {"data": str(encoded)} if len(encoded) <= most * 4 // 3 + 4:
            try:
                return base64.b64decode(encoded, validate=True)
            except binascii.Error:
                raise Wrong("the file is no base64") from None
    raise Wrong("the file is too large, or not there")
