"""What a module can do whose phases are answered as a whole: the panel asks it, and knows no module's name."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import PhaseRef
from flows.texts import Said
from storage.spreading import Audience
from storage.value import value


@value
class Addressed:
    """The contribution that the reply hangs at, whom it is sent to, and the line it begins with."""

    contribution_id: int
    audience: Audience
    intro: Said


@runtime_checkable
class Replies(Protocol):
    """A reply to one of its phases is kept where residents read it, and sent to those whom it concerns."""

    async def addressed(self, connection: AsyncConnection, phase: PhaseRef, now: datetime) -> Addressed: ...


@runtime_checkable
class Eventful(Protocol):
    """In its phases things happen that the organiser's first page tells."""

    async def event(self, connection: AsyncConnection, phase: PhaseRef) -> tuple[Said, datetime] | None:
        """What happened last, and when."""
        ...
