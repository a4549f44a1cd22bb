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

from flows.early import Asked

LARGEST_ENTRY = 4_000
LARGEST_JOURNAL = 64_000
"""Bytes. `know` and `do` return ids and what is shown, never whole tables."""

ANSWER, KNOWN, DONE, REFUSED, TOLD, ROUND = "a", "k", "d", "x", "t", "r"
WALLS = (DONE, TOLD)
"""What Back does not go behind."""
KEPT, ONCE, SECRET = 0, 1, 2
"""An answer that stays when the conversation is reopened, one that does not, one that is blanked once it is cast."""

EVERYTHING = "*"
"""Among the secret keys: all of them."""


class TooLarge(Exception):
    """A conversation remembers more than fits its journal."""


@dataclass(slots=True)
class Journal:
    """`entries` in the order of the run, those it did not come to (`unmet` of them) last; `was` keeps the former
    value of an answer being corrected, `correcting` the key that is corrected by itself; `held` a text that waits for
    its question; `doubt` a text that may be a command or an answer; `secrets` the keys whose prompts want a secret,
    kept also when all else goes: an older button can be pressed at any time; `asked` when the question came up that
    waits, where that matters (flows/early.py)."""

    entries: dict[str, list[Any]] = field(default_factory=dict)
    was: dict[str, Any] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)
    doubt: str | None = None
    unmet: int = 0
    correcting: str | None = None
    secrets: list[str] = field(default_factory=list)
    asked: Asked | None = None

    def dumps(self) -> str:
        parts: dict[str, Any] = {"e": self.entries}
        if self.was:
            parts["w"] = self.was
        if self.held:
            parts["h"] = self.held
        if self.doubt is not None:
            parts["d"] = self.doubt
        if self.unmet:
            parts["u"] = self.unmet
        if self.correcting is not None:
            parts["c"] = self.correcting
        if self.secrets:
            parts["s"] = self.secrets
        if self.asked is not None:
            parts["a"] = [self.asked.at, self.asked.written]
        packed = orjson.dumps(parts)
        if len(packed) > LARGEST_JOURNAL:
            raise TooLarge(f"a journal of {len(packed)} bytes")
        return packed.decode()

    @staticmethod
    def loads(packed: str) -> Journal:
        parts = orjson.loads(packed)
        if len(parts) == 1:
            return Journal(parts["e"])
        return Journal(
            parts["e"],
            parts.get("w", {}),
            parts.get("h", {}),
            parts.get("d"),
            parts.get("u", 0),
            parts.get("c"),
            parts.get("s", []),
            Asked(*parts["a"]) if "a" in parts else None,
        )

    def answers(self) -> dict[str, Any]:
        """The answers alone, by key; None where skipped."""
        return {key: entry[1] for key, entry in self.entries.items() if entry[0] == ANSWER}

    def order(self, met: Iterable[str]) -> None:
        """Put what the run met first, in its order; what it did not come to is kept behind it."""
        first = [key for key in met if key in self.entries]
        self.unmet = len(self.entries) - len(first)
        if first != list(self.entries)[: len(first)]:
            self.entries = {key: self.entries[key] for key in first} | self.entries

    def last_answer(self, waiting: str | None) -> str | None:
        """The answer met last, unless something was done or told since, or a new round has begun."""
        for key in list(self.entries)[: len(self.entries) - self.unmet][::-1]:
            entry = self.entries[key]
            if entry[0] in WALLS or (entry[0] == ROUND and entry[1] > 1):
                return None
            if entry[0] == ANSWER and key != waiting:
                return key
        return None

    def walled(self, key: str) -> bool:
        """Whether something was done or told after this answer."""
        keys = list(self.entries)
        return any(self.entries[name][0] in WALLS for name in keys[keys.index(key) + 1 :])

    def forget(self, keys: Iterable[str], *, remember: bool = True) -> None:
        """Drop these entries (a key names its parts too), and the refusals after them, which they may have led to.
        A dropped answer is remembered as what it was."""
        prefixes = [(key, f"{key}.") for key in keys]
        names = [name for name in self.entries if any(name == key or name.startswith(dot) for key, dot in prefixes)]
        if not names:
            return
        order = list(self.entries)
        names += [name for name in order[order.index(names[0]) :] if self.entries[name][0] == REFUSED]
        for name in dict.fromkeys(names):
            entry = self.entries.pop(name)
            if remember and entry[0] == ANSWER:
                self.was[name] = entry[1]

    # -- secrets -------------------------------------------------------------------------------------------

    def ask_secret(self, key: str) -> None:
        """What answers this prompt is a secret, from now on."""
        if key not in self.secrets:
            self.secrets.append(key)

    def wants_secret(self, key: str | None) -> bool:
        """Whether what is heard for this key must not be kept."""
        return key in self.secrets or EVERYTHING in self.secrets

    def holds_secret(self) -> bool:
        """Whether a secret stands in it that was not cast yet."""
        given = (entry[0] == ANSWER and entry[2] == SECRET and entry[1] is not None for entry in self.entries.values())
        return bool(self.secrets) and (any(given) or bool(self.was or self.held) or self.doubt is not None)

    def seal(self) -> None:
        """Something was cast: the choices that were secret are in it and nowhere else, nor is a digest of them."""
        self.was.clear()
        if not self.secrets:
            return
        for key, entry in list(self.entries.items()):
            if entry[0] == ANSWER and entry[2] == SECRET:
                entry[1] = None
            elif entry[0] == KNOWN:
                del self.entries[key]
        self.held.clear()
        self.doubt = None

    def reopen(self) -> None:
        """For editing what was sent: answers stay; what was asked once, read, done, refused or looped goes."""
        self.entries = {key: entry for key, entry in self.entries.items() if entry[0] == ANSWER and entry[2] == KEPT}
        self.was, self.held, self.doubt, self.unmet, self.correcting = {}, {}, None, 0, None


SEALED = Journal(secrets=[EVERYTHING]).dumps()
"""What is left of a conversation about a secret phase once that is over."""
