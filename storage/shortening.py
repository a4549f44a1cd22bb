"""The beginning of a text that is too long: for a reader by letters, for a journal, whose size is bounded, by bytes."""

from __future__ import annotations


def shortened(text: str, most: int) -> str:
    """At most so many letters, cut after a word."""
    if len(text) <= most:
        return text
    whole, _space, _rest = text[: most - 1].rpartition(" ")
    return (whole or text[: most - 1]).rstrip(" ,;:.\n") + "…"


def bounded(text: str, most: int) -> str:
    """At most so many bytes, and the mark that there is more."""
    if len(text.encode()) <= most:
        return text
    return text.encode()[:most].decode(errors="ignore").rstrip() + "…"
