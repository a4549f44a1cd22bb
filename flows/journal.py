"""The journal of a conversation: what was answered, read, done and told, from which the rest is worked out.

It is kept as JSON in one column. An entry is a short list, its first element saying what it is:

    ["a", value, flag]          an answer; None when it was skipped; the flag is KEPT, ONCE or SECRET
    ["k", digest, result]       a read, for the argument with this digest
    ["d", result]               something done
    ["x", refusal, details]     something refused
    ["t"]                       something told to somebody else
    ["r", number, state]        the round a loop is in
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

LARGEST_ENTRY = 4_000
LARGEST_JOURNAL = 64_000
"""Bytes. `know` and `do` return ids and what is shown, never whole tables."""

ANSWER, KNOWN, DONE, REFUSED, TOLD, ROUND = "a", "k", "d", "x", "t", "r"
KEPT, ONCE, SECRET = 0, 1, 2
"""An answer that stays when the conversation is reopened, one that does not, one that is blanked once it is cast."""


class TooLarge(Exception):
    """A conversation remembers more than fits its journal."""


@dataclass(slots=True)
class Journal:
    """`entries` in the order of the run; `was` keeps the former value of an answer being corrected;
    `held` a text that waits for its question; `doubt` a text that may be a command or an answer."""

    entries: dict[str, list[Any]] = field(default_factory=dict)
    was: dict[str, Any] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    doubt: str | None = None

    def dumps(self) -> str:
        parts: dict[str, Any] = {"e": self.entries}
        if self.was:
            parts["w"] = self.was
        if self.held:
            parts["h"] = self.held
        if self.doubt is not None:
            parts["d"] = self.doubt
        packed = orjson.dumps(parts)
        if len(packed) > LARGEST_JOURNAL:
            raise TooLarge(f"a journal of {len(packed)} bytes")
        return packed.decode()

    @staticmethod
    def loads(packed: str) -> Journal:
        parts = orjson.loads(packed)
        return Journal(parts["e"], parts.get("w", {}), parts.get("h", {}), parts.get("d"))

    def answers(self) -> dict[str, Any]:
        """The answers alone, by key; None where skipped."""
        return {key: entry[1] for key, entry in self.entries.items() if entry[0] == ANSWER}

    def forget(self, keys: Iterable[str], *, remember: bool = True) -> None:
        """Drop these entries (a key names its parts too); a dropped answer is remembered as what it was."""
        for key in list(keys):
            for name in [name for name in self.entries if name == key or name.startswith(f"{key}.")]:
                entry = self.entries.pop(name)
                if remember and entry[0] == ANSWER:
                    self.was[name] = entry[1]

    def seal(self) -> None:
        """Something was cast: the choices that were secret are in it and nowhere else."""
        for entry in self.entries.values():
            if entry[0] == ANSWER and entry[2] == SECRET:
                entry[1] = None
        self.was.clear()

    def reopen(self) -> None:
        """For editing what was sent: answers stay; what was asked once, read, done, refused or looped goes."""
        self.entries = {key: entry for key, entry in self.entries.items() if entry[0] == ANSWER and entry[2] == KEPT}
        self.was, self.held, self.doubt = {}, {}, None
