"""Server-sent events, read as their bytes come in (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

LARGEST = 4 << 20
"""Bytes of one event. Files are not in it, and a text has a few kilobytes."""

log = structlog.get_logger()


@dataclass
class Events:
    """The events of one connection; the daemon writes the JSON of each in one line."""

    _rest: bytearray = field(init=False, default_factory=bytearray)
    _data: list[bytes] = field(init=False, default_factory=list)
    _passing: bool = field(init=False, default=False)
    """The line that is coming is too long, and passed over."""

    def feed(self, part: bytes) -> list[Any]:
        """The JSON of the events that are whole now; what is none is passed over."""
        self._rest += part
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        found = []
        for line in lines:
            if self._passing:
                self._passing = False
            elif (event := self._line(bytes(line.removesuffix(b"\r")))) is not None:
                found.append(event)
        if len(self._rest) > LARGEST:
            log.error("an event nobody can read", channel="signal", error="too long")
            self._rest.clear()
            self._passing = True
        return found

    def _line(self, line: bytes) -> Any:
        """The event that this line ends."""
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        if line or not self._data:
            return None
        whole, self._data = b"\n".join(self._data), []
        try:
            return orjson.loads(whole)
        except orjson.JSONDecodeError:
            log.error("an event nobody can read", channel="signal", error="no JSON")
            return None
