"""What `palabre check` looks at, one file for each side of a house: the machine, the way in from outside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was looked at and found; `todo` says what to do where it is not well."""

    what: str
    found: str
    todo: str | None = None

    def __str__(self) -> str:
        line = f"{'well ' if self.todo is None else 'wrong'}  {self.what}: {self.found}"
        return line if self.todo is None else f"{line}. {self.todo}"
