"""What a module can do whose ballots may be on paper: the panel asks it how one is typed in, and knows no method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from flows.texts import Said


@runtime_checkable
class Papers(Protocol):
    """A ballot on paper carries the published numbers, and is typed in as it stands there."""

    def paper_hints(self) -> Sequence[Said]:
        """How one ballot is typed in, and what the numbers stand for."""
        ...

    def read_paper(self, text: str) -> str:
        """The value of a ballot on which this stands, nothing for a blank one. Raises Misread where it can't count:
        then it is spoilt, or wrongly typed."""
        ...

    def tell_paper(self, value: str) -> Said:
        """What a value says, as it is typed."""
        ...
