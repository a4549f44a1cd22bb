"""Doors of a town at which people take their turns: each turn one transaction, as reception makes them, on as many
connections as there are people at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import addresses, ballots, erasure, joining, linking, participants
from storage.addresses import Unlinking
from storage.ballots import NewBallot
from storage.database import Database
from storage.linking import NewLink, Typed
from storage.models import Address, Contribution
from storage.participants import AddressKey, Moved, Person
from storage.types import new_id
from tests.storage.written import NOW

Turn: TypeAlias = Callable[[AsyncConnection, Person, int], Awaitable[Any]]
MOST_TRIES = 30


@dataclass
class Doors:
    """`open_phase` and `secret_phase` are votes. `clashes` counts transactions that were begun again."""

    database: Database
    space_id: int
    open_phase: int
    secret_phase: int
    clashes: int = 0
    codes: dict[int, str] = field(default_factory=dict)
    ticks: int = 0

    @property
    def now(self) -> datetime:
        return NOW + timedelta(milliseconds=self.ticks)

    def key(self, door: int) -> AddressKey:
        return AddressKey("web" if door % 2 else "signal", "montaubry", f"door-{door}")

    async def again(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """A transaction, begun anew as long as somebody else was quicker. That two wait for each other is a failure."""
        for _ in range(MOST_TRIES):
            self.ticks += 1
            try:
                async with self.database.write() as connection:
                    return await work(connection)
            except Moved:
                self.clashes += 1
            except IntegrityError:
                self.clashes += 1
            except OperationalError as error:
                raise AssertionError(f"two waited for each other: {error.orig}") from error
            await asyncio.sleep(0)
        raise AssertionError("begun again for ever")

    async def turn(self, door: int, act: Turn) -> Any:
        """Somebody is heard at this door, and does this."""

        async def work(connection: AsyncConnection) -> Any:
            key = self.key(door)
            found = await participants.find(connection, [key])
            if key not in found:
                person = Person(self.space_id, new_id(), "fr", None, [], None, None, key.channel, None)
                found = await participants.welcome(connection, [(key, person)], self.now)
            elif found[key][0].erased_at is not None:
                person = Person(self.space_id, new_id(), "fr", None, [], None, found[key][1], key.channel, None)
                await participants.replace_erased(connection, person, self.now)
                found[key] = (person, found[key][1])
            person, address_id = found[key]
            person.address_id = address_id
            result = await act(connection, person, address_id)
            await participants.save(connection, [person])
            return result

        return await self.again(work)

    async def write(self, door: int, mark: str) -> list[str]:
        """Somebody writes this, and reads all that is theirs."""

        async def act(connection: AsyncConnection, person: Person, _address: int) -> list[str]:
            row = {"space_id": self.space_id, "id": new_id(), "phase_id": self.open_phase, "key": mark, "text": mark}
            whose = {"participant_id": person.id, "kind": "idea", "state": "sent", "fields": {}, "origin": "web"}
            times = {"created_at": self.now, "updated_at": self.now}
            await connection.execute(insert(Contribution).values(**row, **whose, **times))
            mine = select(Contribution.text).where(Contribution.participant_id == person.id)
            return [text or "" for text in (await connection.execute(mine)).scalars()]

        found: list[str] = await self.turn(door, act)
        return found

    async def issue(self, door: int) -> str:
        async def act(connection: AsyncConnection, person: Person, _address: int) -> Any:
            new = NewLink(self.space_id, person.id, self.now.isoformat())
            return (await linking.issue(connection, [new]))[0]

        code: str = await self.turn(door, act)
        self.codes[door] = code
        return code

    async def redeem(self, door: int, code: str) -> Any:
        async def act(connection: AsyncConnection, person: Person, _address: int) -> Any:
            typed = Typed(self.space_id, person.id, code, self.now.isoformat())
            return (await linking.redeem(connection, [typed]))[0]

        return await self.turn(door, act)

    async def join(self) -> list[Any]:
        """Whatever is to be joined; a result for each."""
        async with self.database.read() as connection:
            waiting = await linking.waiting(connection)
        return [await self.again(partial(self._join, one)) for one in waiting]

    async def _join(self, one: tuple[int, int], connection: AsyncConnection) -> Any:
        return await joining.join(connection, *one, self.now)

    async def vote(self, door: int, *, secret: bool) -> Any:
        phase = self.secret_phase if secret else self.open_phase

        async def act(connection: AsyncConnection, person: Person, _address: int) -> Any:
            new = NewBallot(self.space_id, phase, person.id, "vote", f"door-{door}", self.now, secret=secret)
            return (await ballots.cast(connection, [new]))[0]

        return await self.turn(door, act)

    async def unlink(self, door: int, other: int) -> Any:
        async def act(connection: AsyncConnection, person: Person, here: int) -> Any:
            there = select(Address.id).where(Address.sender == self.key(other).sender)
            taken = Unlinking(self.space_id, person.id, await connection.scalar(there) or 0, here)
            return (await addresses.unlink(connection, [taken]))[0]

        return await self.turn(door, act)

    async def erase(self, door: int) -> None:
        async def act(connection: AsyncConnection, person: Person, _address: int) -> None:
            await erasure.erase(connection, [(self.space_id, person.id, self.now.isoformat())])
            person.erased_at = self.now

        await self.turn(door, act)
