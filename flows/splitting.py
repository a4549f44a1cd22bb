"""How long a text is, as each platform counts, and a long one cut into pieces that can still be read."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["characters", "utf16", "bytes"]
"""What a platform counts: an emoji is one character, two units of UTF-16, four bytes of UTF-8."""

MEASURES: Mapping[Unit, Callable[[str], int]] = {
    "characters": len,
    "utf16": lambda text: len(text.encode("utf-16-be", "surrogatepass")) // 2,
    "bytes": lambda text: len(text.encode("utf-8", "surrogatepass")),
}


def split(text: str, longest: int, unit: Unit = "characters") -> list[str]:
    """A text in pieces of at most `longest` units: cut at a line, else at a space, else between two signs, never
    inside one. Blanks at a cut are left out, and nothing else."""
    measure = MEASURES[unit]
    pieces = []
    while measure(text) > longest:
        cut = _cut(text, _most(text, longest, measure))
        pieces.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    return [piece for piece in (*pieces, text) if piece] or [text]


def _most(text: str, longest: int, measure: Callable[[str], int]) -> int:
    """How many characters at the beginning fit: one at least."""
    return max(bisect_right(range(longest + 1), longest, key=lambda count: measure(text[:count])) - 1, 1)


def _cut(text: str, most: int) -> int:
    """Where to cut a text of which `most` characters fit; inside a sign only where that alone is longer."""
    if (line := text.rfind("\n", 1, most + 1)) > 0:
        return line
    if (space := text.rfind(" ", 1, most + 1)) > 0:
        return space
    return next((cut for cut in range(most, 0, -1) if not _inside(text, cut)), most)


JOINER = "\u200d"
MARKS = {"Mn", "Mc", "Me"}
"""Categories of what is written on the character before it: accents, vowel signs, the frame of a keycap."""
CONTINUING = (
    ("\U0001f3fb", "\U0001f3ff"),  # the colour of a skin
    ("\U000e0020", "\U000e007f"),  # the letters in the flag of a region
    ("\u1160", "\u11ff"),  # vowels and endings of a Korean syllable
    ("\uff9e", "\uff9f"),  # sound marks of narrow Japanese letters
)
FLAG = ("\U0001f1e6", "\U0001f1ff")
"""Two of these letters are a flag."""


def _inside(text: str, cut: int) -> bool:
    """Whether a cut here would tear a sign that people see as one (Unicode Standard Annex 29, its usual cases)."""
    before, after = text[cut - 1], text[cut]
    if before.isascii() and after.isascii():
        return False
    if JOINER in (before, after) or after == "\u200c" or unicodedata.category(after) in MARKS:
        return True
    if any(first <= after <= last for first, last in CONTINUING):
        return True
    return _is_flag(before) and _is_flag(after) and _flags_before(text, cut) % 2 == 1


def _is_flag(character: str) -> bool:
    return FLAG[0] <= character <= FLAG[1]


def _flags_before(text: str, cut: int) -> int:
    """How many letters of flags stand one after the other before this place."""
    start = cut
    while start and _is_flag(text[start - 1]):
        start -= 1
    return cut - start
