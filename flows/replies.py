"""What a module can do that takes official replies: the panel asks it, and knows no module's name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol, runtime_checkable

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import PhaseRef
from storage.refusals import Refusal


@runtime_checkable
class Replies(Protocol):
    """The reply is kept where residents read it, and sent to everybody whom it concerns."""

    async def reply(
        self,
        connection: AsyncConnection,
        phase: PhaseRef,
        contribution: int | None,
        text: Mapping[str, str],
        organiser: int | None,
        now: datetime,
    ) -> int | Refusal:
        """To this contribution, or to the phase as a whole; answers to how many people it is sent, or why it can't
        be given."""
        ...
