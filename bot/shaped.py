"""JSON from outside, read as its documentation shapes it: each reader hands out the field, or raises Malformed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from storage.files import REFERENCE

Json: TypeAlias = "Mapping[str, Any]"
LONGEST_WORD = 256
"""Characters of an id, a language, a media type: what we take from a platform as it is."""
LARGEST_NUMBER = 2**63


class Malformed(Exception):
    """Not shaped as documented."""


def object_of(of: Json, name: str) -> Json:
    found = of.get(name)
    if type(found) is not dict:
        raise Malformed
    return found


def list_of(of: Json, name: str) -> list[Any]:
    found = of.get(name)
    if type(found) is not list:
        raise Malformed
    return found


def words_of(of: Json, name: str) -> str:
    found = of.get(name)
    if type(found) is not str:
        raise Malformed
    return found


def short(words: str) -> str:
    """The same, where it is no longer than a word may be and can be printed."""
    if not (0 < len(words) <= LONGEST_WORD and words.isprintable()):
        raise Malformed
    return words


def number_of(of: Json, name: str, least: int = -LARGEST_NUMBER) -> int:
    """A whole number that a database can hold."""
    found = of.get(name)
    if type(found) is not int or not least <= found < LARGEST_NUMBER:
        raise Malformed
    return found


def reference_to(channel: str, account: str, file: str) -> str:
    """How we call a file by its name at a platform. One of another form could be neither shown nor erased."""
    reference = f"{channel}:{account}:{file}"
    if len(file) > LONGEST_WORD or not REFERENCE.fullmatch(reference):
        raise Malformed
    return reference
