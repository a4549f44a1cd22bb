"""How the platform says no."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NO_PARAMETERS: Mapping[str, Any] = {}


class Refusal(Exception):
    """An error answer: its HTTP status, the platform's sentence, and what it says besides (retry_after,
    migrate_to_chat_id)."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, Any] = NO_PARAMETERS) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = dict(parameters)


def bad(sentence: str) -> Refusal:
    """400 with this sentence, whose first letter becomes small unless it begins a NAME_LIKE_THIS."""
    shouted = sentence[1:2] == "_" or sentence[1:2].isupper()
    return Refusal(400, f"Bad Request: {sentence if shouted else sentence[:1].lower() + sentence[1:]}")


def too_many(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})
