"""Contacts: those who agreed that the town writes to them, with where and when they did.

A contact is no participant. Each may be written a letter with a personal code (storage/letters.py), which hands their
area, groups and tags on to whoever comes by it, and says that they came; nothing joins the two afterwards.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import letters, models
from storage.consultations import Consultation
from storage.letters import Known
from storage.models import Organiser, PersonalCode, Withdrawal
from storage.refusals import AlreadyExists
from storage.types import new_id
from storage.value import columns, selected, value
from storage.words import fold

AT_ONCE = 500
"""Rows of one statement."""


@value
class NewContact:
    """A contact as it is read: the e-mail address in small letters, the phone as E.164, `area` and `groups` as slugs.
    `source` and `agreed_on` say where and when they agreed."""

    name: str
    source: str
    agreed_on: date
    email: str | None = None
    phone: str | None = None
    street: str | None = None
    area: str | None = None
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def marks(self) -> tuple[str, ...]:
        """By what they can be known again: the e-mail address, and the name with the phone or the postal address, for
        one phone or one house may be a family's."""
        name = fold(self.name)
        email = (f"email {self.email.casefold()}",) if self.email else ()
        phone = (f"phone {self.phone} {name}",) if self.phone else ()
        return (*email, *phone, *((f"street {fold(self.street)} {name}",) if self.street else ()))

    @property
    def same(self) -> str:
        """What two lines about the same person have in common: the first of their marks."""
        return self.marks[0]

    def row(self) -> dict[str, Any]:
        """The columns it fills."""
        searched = fold(" ".join(part for part in (self.name, self.email, self.phone, self.street) if part))
        given = columns(self)
        lists = {"groups": list(self.groups), "tags": list(self.tags), "agreed_on": self.agreed_on.isoformat()}
        return {**given, **lists, "same": self.same, "folded": searched}


@value
class Contact:
    """A contact that is kept; `agreed_on` is a civil day in ISO format, `imported_by` an organiser's id."""

    space_id: int
    id: int
    name: str
    email: str | None
    phone: str | None
    street: str | None
    area: str | None
    groups: Sequence[str]
    tags: Sequence[str]
    source: str
    agreed_on: str
    imported_by: int
    imported_at: datetime

    @property
    def day(self) -> date:
        """On which they agreed."""
        return date.fromisoformat(self.agreed_on)

    def line(self) -> NewContact:
        """As it was read."""
        lists = {
            "groups": tuple(self.groups),
            "tags": tuple(self.tags),
            "agreed_on": self.day,
        }
        given = {name: value for name, value in columns(self).items() if name in _LINE}
        return NewContact(**{**given, **lists})


_LINE = frozenset(("name", "email", "phone", "street", "area", "groups", "tags", "source", "agreed_on"))
_CONTACT = selected(Contact, models.Contact)


# -- importing -----------------------------------------------------------------------------------------------------


@value
class Before:
    """Of some lines (NewContact.same), which are about somebody who is a contact, and which about somebody who agreed
    no more, since when (a civil day in ISO format)."""

    there: frozenset[str]
    withdrawn: dict[str, str] = field(default_factory=dict)


async def known(connection: AsyncConnection, space_id: int, lines: Iterable[NewContact]) -> Before:
    """What is known already of the people of these lines."""
    there: set[str] = set()
    withdrawn: dict[str, str] = {}
    for part in _parts(lines):
        table, same = models.Contact, {one.same for one in part}
        rows = await connection.execute(select(table.same).where(table.space_id == space_id, table.same.in_(same)))
        there.update(row.same for row in rows)
        digests = {_digest(space_id, mark): one.same for one in part for mark in one.marks}
        gone = await connection.execute(
            select(Withdrawal.digest, Withdrawal.withdrawn_on).where(
                Withdrawal.space_id == space_id, Withdrawal.digest.in_(digests)
            )
        )
        for row in gone:
            withdrawn[digests[row.digest]] = max(row.withdrawn_on, withdrawn.get(digests[row.digest], ""))
    return Before(frozenset(there), withdrawn)


def _parts(many: Iterable[Any]) -> Iterable[list[Any]]:
    rest = iter(many)
    while part := list(islice(rest, AT_ONCE)):
        yield part


def _digest(space_id: int, mark: str) -> str:
    return hashlib.sha256(f"contact:{space_id}:{mark}".encode()).hexdigest()


async def put(
    connection: AsyncConnection, space_id: int, new: Sequence[NewContact], organiser_id: int, now: datetime
) -> int:
    """Keep those who are no contacts yet, and change nothing of those who are; answers how many are new. They are
    written in one order, so that two lists at once wait for each other and never in a circle."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    made = {"space_id": space_id, "imported_by": organiser_id, "imported_at": now}
    before = await count(connection, space_id)
    fresh = {one.same: one for one in reversed(new)}
    for part in _parts(fresh[same] for same in sorted(fresh)):
        rows = [{**one.row(), **made, "id": new_id()} for one in part]
        await connection.execute(make(models.Contact).on_conflict_do_nothing(), rows)
    return await count(connection, space_id) - before


# -- looking -------------------------------------------------------------------------------------------------------


async def count(connection: AsyncConnection, space_id: int) -> int:
    found = await connection.execute(select(func.count()).where(models.Contact.space_id == space_id))
    return found.scalar_one()


async def listed(
    connection: AsyncConnection, space_id: int, search: str = "", offset: int = 0, limit: int = -1
) -> tuple[int, list[Contact]]:
    """How many contacts hold these words, and a page of them in the order of their names."""
    table = models.Contact
    words = (table.folded.contains(word, autoescape=True) for word in fold(search).split())
    where = (table.space_id == space_id, *words)
    counted = (await connection.execute(select(func.count()).where(*where))).scalar_one()
    query = select(*_CONTACT).where(*where).order_by(table.folded, table.id).offset(offset)
    rows = await connection.execute(query if limit < 0 else query.limit(limit))
    return counted, [Contact(*row) for row in rows]


async def find(connection: AsyncConnection, space_id: int, contact_id: int) -> Contact | None:
    query = select(*_CONTACT).where(models.Contact.space_id == space_id, models.Contact.id == contact_id)
    row = (await connection.execute(query)).first()
    return Contact(*row) if row else None


async def importer(connection: AsyncConnection, contact: Contact) -> str | None:
    """The name of whoever brought this contact in; None where they are in the team no more."""
    one = (Organiser.space_id == contact.space_id, Organiser.id == contact.imported_by)
    name: str | None = await connection.scalar(select(Organiser.name).where(*one))
    return name


# -- changing ------------------------------------------------------------------------------------------------------


async def change(connection: AsyncConnection, contact: Contact, line: NewContact) -> None:
    """Correct a contact. Raises AlreadyExists when another one says the same."""
    table = models.Contact
    others = (table.space_id == contact.space_id, table.same == line.same, table.id != contact.id)
    if await connection.scalar(select(table.id).where(*others)) is not None:
        raise AlreadyExists(name=line.name)
    this = (table.space_id == contact.space_id, table.id == contact.id)
    await connection.execute(update(table).where(*this).values(**line.row()))


async def erase(connection: AsyncConnection, contact: Contact) -> None:
    """Nothing is left of a contact; the codes of letters to them lead nowhere any more."""
    mine = (PersonalCode.space_id == contact.space_id, PersonalCode.contact_id == contact.id)
    await connection.execute(delete(PersonalCode).where(*mine))
    table = models.Contact
    await connection.execute(delete(table).where(table.space_id == contact.space_id, table.id == contact.id))


async def withdraw(connection: AsyncConnection, contact: Contact, on: date) -> None:
    """They agree no more: erased, and no list on which they agreed before that day brings them back."""
    await erase(connection, contact)
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for mark in contact.line().marks:
        row = {"space_id": contact.space_id, "digest": _digest(contact.space_id, mark)}
        statement = make(Withdrawal).values(**row, withdrawn_on=on.isoformat())
        await connection.execute(
            statement.on_conflict_do_update(index_elements=list(row), set_={"withdrawn_on": on.isoformat()})
        )


# -- letters -------------------------------------------------------------------------------------------------------


async def without_letter(
    connection: AsyncConnection, consultation: Consultation, limit: int
) -> tuple[int, list[Contact]]:
    """How many contacts were written no letter about this consultation yet, and the first of them by name."""
    table = models.Contact
    written = exists().where(
        PersonalCode.space_id == table.space_id,
        PersonalCode.contact_id == table.id,
        PersonalCode.consultation_id == consultation.id,
    )
    where = (table.space_id == consultation.space_id, ~written)
    counted = (await connection.execute(select(func.count()).where(*where))).scalar_one()
    rows = await connection.execute(select(*_CONTACT).where(*where).order_by(table.folded, table.id).limit(limit))
    return counted, [Contact(*row) for row in rows]


async def write(
    connection: AsyncConnection, consultation: Consultation, people: Sequence[Contact], now: datetime
) -> list[str]:
    """A personal code for each of these, as letters.write hands them out: once."""
    return await letters.write(connection, consultation, [Known(contact_id=one.id) for one in people], now)


async def take_back(connection: AsyncConnection, consultation: Consultation) -> int:
    """The codes of contacts for this consultation that nobody used serve no more: letters that were lost are written
    again. Answers how many there were."""
    unused = (PersonalCode.contact_id.is_not(None), PersonalCode.used_by.is_(None))
    here = (PersonalCode.space_id == consultation.space_id, PersonalCode.consultation_id == consultation.id)
    return (await connection.execute(delete(PersonalCode).where(*here, *unused))).rowcount


@value
class Written:
    """Of the contacts, how many were written a letter about a consultation, and how many came by it."""

    letters: int = 0
    came: int = 0


async def came(connection: AsyncConnection, space_id: int) -> dict[int, Written]:
    """By consultation; those to which nobody was written are left out."""
    rows = await connection.execute(
        select(PersonalCode.consultation_id, func.count(), func.count(PersonalCode.used_by))
        .where(PersonalCode.space_id == space_id, PersonalCode.contact_id.is_not(None))
        .group_by(PersonalCode.consultation_id)
    )
    return {row[0]: Written(row[1], row[2]) for row in rows}
