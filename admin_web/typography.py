"""French asks for spaces that don't break; texts are written with plain ones, and the server puts the others."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_NO_BREAK = "\N{NO-BREAK SPACE}"
_MONTHS = "janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
_SPACES = re.compile(
    r" (?=[?!:;»%€])"
    r"|(?<=«) "
    r"|(?<=\d) (?=h\b)|(?<=\bh) (?=\d\d\b)|(?<=\d) (?=min\b)|(?<=min) (?=\d)"
    rf"|(?<=\d) (?=(?:{_MONTHS})\b)|(?<=1er) (?=(?:{_MONTHS})\b)"
    r"|(?<=\d) (?=\d{3}\b)"
)
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")


def typeset(text: str, language: str) -> str:
    """The text as it is set on a page: French gets its no-break spaces and its apostrophes."""
    if language != "fr":
        return text
    return _APOSTROPHE.sub("’", _SPACES.sub(_NO_BREAK, text))


_COMPOUND = re.compile(r"\b[^\W_]+-[^\W_]+\b")
_LONGEST_COMPOUND = 13
"""What fits in a large title on the narrowest phone."""


def headline(text: str) -> Markup:
    """A large title: its compound words (`centre-ville`) stay on one line."""

    def whole(found: re.Match[str]) -> str:
        word = found[0]
        return f'<span class="nowrap">{word}</span>' if len(word) <= _LONGEST_COMPOUND else word

    return Markup(_COMPOUND.sub(whole, str(escape(text))))
