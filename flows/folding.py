"""Texts made comparable (fold), fit to be kept (clean) and fit to stand in an address (slug)."""

from __future__ import annotations

import re
import unicodedata

from storage.words import fold

__all__ = ["clean", "fold", "slug"]

LONGEST_SLUG = 40

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
"""Unicode categories that show nothing but can hide or turn words: controls, bidirectional marks, zero widths."""
KEPT = {"\n", "\u200d"}
"""Line breaks, and the joiner inside emoji and some scripts."""


def clean(text: str) -> str:
    """A text as it may be kept: no invisible or turning characters, tabs as spaces, no blank edges."""
    if text.isprintable() and unicodedata.is_normalized("NFC", text):
        return text.strip()  # the common case: one line of ordinary characters
    whole = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return "".join(c for c in whole if c in KEPT or unicodedata.category(c) not in HIDDEN).strip()


def slug(text: str) -> str:
    """A text as a name for addresses, `le-square-de-la-gare`; empty where it has no letter of ours."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")[:LONGEST_SLUG].strip("-")
