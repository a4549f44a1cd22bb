"""Participants and their addresses, read and written a batch at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, String, any_, bindparam, insert, null, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from storage.models import Address, Consent, Delivery, Participant
from storage.prepared import Prepared, among
from storage.refusals import Refusal
from storage.types import new_id
from storage.value import value


@value
class AddressKey:
    """Who a message came from: the channel, our account there, and the platform's id of the person."""

    channel: str
    account: str
    sender: str


@dataclass(slots=True)
class Person:
    """A participant as a batch holds it; reception writes it back when `changed`."""

    space_id: int
    id: int
    language: str | None
    area: str | None
    groups: list[str]
    current_id: int | None
    address_id: int | None
    channel: str
    stopped_at: datetime | None
    erased_at: datetime | None = None
    born: int | None = None
    proved: str = ""
    tags: Sequence[str] = ()
    """Read only: a turn never changes them."""
    changed: bool = field(default=False, compare=False)
    fresh: bool = field(default=False, compare=False)


_COLUMNS = (
    Participant.space_id,
    Participant.id,
    Participant.language,
    Participant.area,
    Participant.groups,
    Participant.current_id,
    Participant.address_id,
    Participant.channel,
    Participant.stopped_at,
    Participant.erased_at,
    Participant.born,
    Participant.proved,
    Participant.tags,
)


class Moved(Exception):
    """An address was given to somebody else while its participant was waited for: begin the transaction again."""


async def find(connection: AsyncConnection, keys: Iterable[AddressKey]) -> dict[AddressKey, tuple[Person, int]]:
    """The participants behind these addresses, locked, each with the address's id. Raises Moved.

    Whoever is heard from can be reached again. All are locked before any is read: an address leads to whom it led to
    when they were (a person may have several, and they come and go).
    """
    by_account: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key in keys:
        by_account[key.channel, key.account].append(key.sender)
    locked = await _lock_behind(connection, by_account)
    found: dict[AddressKey, tuple[Person, int]] = {}
    people: dict[int, Person] = {}
    silent: list[dict[str, int]] = []
    for (channel, account), senders in by_account.items():
        rows = await _FIND.read(connection, channel, account, senders)
        for sender, address_id, unreachable, *columns in rows:
            if locked is not None and columns[1] not in locked:
                raise Moved
            person = people.get(columns[1])
            if person is None:
                person = people[columns[1]] = Person(*columns)
            found[AddressKey(channel, account, sender)] = (person, address_id)
            if unreachable is not None:
                silent.append({"s": person.space_id, "i": address_id})
    if silent:
        await connection.execute(_REACHED, silent)
    return found


async def _lock_behind(
    connection: AsyncConnection, by_account: Mapping[tuple[str, str], Sequence[str]]
) -> set[int] | None:
    """Lock the participants of these addresses in the order of their ids, as everybody does, and answer who they are;
    None on SQLite, where there is only ever one writer."""
    if connection.dialect.name == "sqlite":
        return None
    channels, accounts = sorted({one for one, _ in by_account}), sorted({one for _, one in by_account})
    senders = sorted({sender for some in by_account.values() for sender in some})
    return {row[0] for row in await _LOCK.read(connection, channels, accounts, senders)}


async def by_ids(connection: AsyncConnection, ids: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Person]:
    """The participants of these (space, participant)."""
    rows = await connection.execute(
        select(*_COLUMNS).where(tuple_(Participant.space_id, Participant.id).in_(list(ids)))
    )
    return {(row[0], row[1]): Person(*row) for row in rows}


_REACHED = (
    update(Address).where(Address.space_id == bindparam("s"), Address.id == bindparam("i")).values(unreachable=None)
)


_THESE = (
    Address.channel == bindparam("channel"),
    Address.account == bindparam("account"),
    among(Address.sender, "senders"),
)


def _one_of(column: InstrumentedAttribute[str], name: str) -> ColumnElement[bool]:
    return column == any_(bindparam(name, type_=ARRAY(String)))


_BEHIND = select(Address.space_id, Address.participant_id).where(
    _one_of(Address.channel, "channels"), _one_of(Address.account, "accounts"), _one_of(Address.sender, "senders")
)
"""One statement for several accounts: whose platforms know them by the same id are locked along."""
_LOCK = Prepared(
    select(Participant.id)
    .where(tuple_(Participant.space_id, Participant.id).in_(_BEHIND))
    .order_by(Participant.id)
    .with_for_update(key_share=True),
    "channels",
    "accounts",
    "senders",
)
"""Others may still write to them meanwhile: a row that only names a participant waits for nobody."""
_FIND = Prepared(
    select(Address.sender, Address.id, Address.unreachable, *_COLUMNS)
    .join(Participant, (Participant.space_id == Address.space_id) & (Participant.id == Address.participant_id))
    .where(*_THESE),
    "channel",
    "account",
    "senders",
)


_REACH = (
    update(Address)
    .where(Address.channel == bindparam("c"), Address.account == bindparam("a"), Address.sender == bindparam("s"))
    .values(unreachable=bindparam("why"))
)


async def set_reach(connection: AsyncConnection, reach: Mapping[AddressKey, str | None]) -> None:
    """Why these addresses can't be written to from now on, or that they can; unknown ones are passed over."""
    if reach:
        rows = [{"c": to.channel, "a": to.account, "s": to.sender, "why": why} for to, why in reach.items()]
        await connection.execute(_REACH, rows)


_ARRIVED = (
    update(Address)
    .where(Address.space_id == bindparam("s"), Address.id == bindparam("i"))
    .values(heard_at=bindparam("at"))
)


async def arrive(connection: AsyncConnection, addresses: Sequence[tuple[int, int]], now: datetime) -> None:
    """The people of these (space, address) were heard at another of theirs before."""
    if addresses:
        await connection.execute(_ARRIVED, [{"s": space_id, "i": id_, "at": now} for space_id, id_ in addresses])


async def welcome(
    connection: AsyncConnection, newcomers: Sequence[tuple[AddressKey, Person]], now: datetime
) -> dict[AddressKey, tuple[Person, int]]:
    """Write participants seen for the first time, each with its address. Nothing is asked of anybody here."""
    if not newcomers:
        return {}
    address_ids = [new_id() for _ in newcomers]
    for (_, person), address_id in zip(newcomers, address_ids, strict=True):
        person.address_id = address_id
    await connection.execute(insert(Participant), [_row(person, now) for _, person in newcomers])
    await connection.execute(
        insert(Address),
        [
            {
                "space_id": person.space_id,
                "id": address_id,
                "participant_id": person.id,
                "channel": key.channel,
                "account": key.account,
                "sender": key.sender,
                "unreachable": None,
                "created_at": now,
            }
            for (key, person), address_id in zip(newcomers, address_ids, strict=True)
        ],
    )
    return {key: (person, aid) for (key, person), aid in zip(newcomers, address_ids, strict=True)}


def _row(person: Person, now: datetime) -> dict[str, object]:
    return {
        "space_id": person.space_id,
        "id": person.id,
        "channel": person.channel,
        "created_at": now,
        "erased_at": None,
        **_changing(person),
    }


def _changing(person: Person) -> dict[str, object]:
    """What a turn may change of its own participant."""
    return {
        "language": person.language,
        "area": person.area,
        "groups": person.groups,
        "born": person.born,
        "proved": person.proved,
        "current_id": person.current_id,
        "address_id": person.address_id,
        "stopped_at": person.stopped_at,
    }


_SAVE = (
    update(Participant)
    .where(Participant.space_id == bindparam("s"), Participant.id == bindparam("i"), Participant.erased_at.is_(None))
    .values(
        language=bindparam("language"),
        area=bindparam("area"),
        groups=bindparam("groups"),
        born=bindparam("born"),
        proved=bindparam("proved"),
        current_id=bindparam("current_id"),
        address_id=bindparam("address_id"),
        stopped_at=bindparam("stopped_at"),
    )
)


async def save(connection: AsyncConnection, people: Sequence[Person]) -> None:
    """Write back what a turn changed of its own participant."""
    if not people:
        return
    await connection.execute(_SAVE, [{"s": one.space_id, "i": one.id, **_changing(one)} for one in people])


async def add(connection: AsyncConnection, people: Sequence[Person], now: datetime) -> None:
    """Write participants that are not there yet; they have no address."""
    await connection.execute(insert(Participant), [_row(person, now) for person in people])


async def replace_erased(connection: AsyncConnection, person: Person, now: datetime) -> None:
    """Somebody erased writes again before their address was forgotten: it now belongs to a new participant."""
    await add(connection, [person], now)
    assert person.address_id is not None
    await move_address(connection, person.space_id, person.address_id, person.id)


async def move_address(connection: AsyncConnection, space_id: int, address_id: int, participant_id: int) -> None:
    """An address now belongs to another participant (a return code, or somebody erased who comes back)."""
    await connection.execute(
        update(Address)
        .where(Address.space_id == space_id, Address.id == address_id)
        .values(participant_id=participant_id, unreachable=None)
    )


@value
class ConsentGiven:
    """Somebody agreed to take part in a consultation, to these words."""

    space_id: int
    participant_id: int
    consultation_id: int
    words: str
    at: datetime


async def consent(connection: AsyncConnection, given: Sequence[ConsentGiven]) -> Sequence[bool | Refusal]:
    """Record consents; agreeing again changes nothing."""
    keys = [(item.space_id, item.participant_id, item.consultation_id) for item in given]
    known = await consented(connection, keys)
    fresh = {key: item for key, item, already in zip(keys, given, known, strict=True) if not already}
    if fresh:
        await connection.execute(
            insert(Consent),
            [
                {
                    "space_id": item.space_id,
                    "id": new_id(),
                    "participant_id": item.participant_id,
                    "consultation_id": item.consultation_id,
                    "words": item.words,
                    "given_at": item.at,
                }
                for item in fresh.values()
            ],
        )
    return [True for _ in given]


async def consented(connection: AsyncConnection, wanted: Sequence[tuple[int, int, int]]) -> Sequence[bool | Refusal]:
    """Whether, for each (space, participant, consultation), this participant agreed to take part in it."""
    rows = await connection.execute(
        select(Consent.space_id, Consent.participant_id, Consent.consultation_id).where(
            tuple_(Consent.space_id, Consent.participant_id, Consent.consultation_id).in_(wanted)
        )
    )
    agreed = {tuple(row) for row in rows}
    return [key in agreed for key in wanted]


@value
class Settled:
    """What is known of a participant from now on; None leaves it as it is. `proved` names what was checked of it."""

    space_id: int
    participant_id: int
    area: str | None = None
    born: int | None = None
    group: str | None = None
    proved: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def apply(self, person: Person) -> None:
        """To the participant as a batch holds them."""
        person.area = self.area or person.area
        person.born = self.born or person.born
        person.groups = sorted({*person.groups, *self.groups, *((self.group,) if self.group else ())})
        person.proved = " ".join(sorted({*person.proved.split(), *self.proved}))
        person.changed = True


async def settle(connection: AsyncConnection, given: Sequence[Settled]) -> Sequence[bool | Refusal]:
    """Write what these participants said of themselves, or showed."""
    people = await by_ids(connection, {(one.space_id, one.participant_id) for one in given})
    for one in given:
        one.apply(people[one.space_id, one.participant_id])
    await save(connection, list(people.values()))
    return [True for _ in given]


@value
class HoursChosen:
    """When somebody wants to be written to, as JSON (storage/hours.py); None for the hours of the space."""

    space_id: int
    participant_id: int
    hours: Mapping[str, Any] | None


async def choose_hours(connection: AsyncConnection, given: Sequence[HoursChosen]) -> Sequence[bool | Refusal]:
    """Note these. What waits already is looked at again at once: it may leave sooner now, or later."""
    for one in given:
        this = (Participant.space_id == one.space_id, Participant.id == one.participant_id)
        chosen = dict(one.hours) if one.hours is not None else null()
        await connection.execute(update(Participant).where(*this).values(hours=chosen))
        await connection.execute(
            update(Delivery)
            .where(Delivery.space_id == one.space_id, Delivery.participant_id == one.participant_id)
            .where(Delivery.state == "waiting", Delivery.unasked, Delivery.error.is_(None))
            .values(due_at=Delivery.made_at)
        )
    return [True for _ in given]
