"""Personal codes: what the town's letter carries, so that whoever it wrote to can show that they are meant.

A code is used once, by one participant; only its digest is kept. Eight of thirty characters are 39 bits: of 10,000
codes one is hit in 65 million guesses, and a person has five an hour.

A code may be a contact's (storage/contacts.py). Then it hands on the contact's area, groups and tags, and the link ends
there: it is marked as used by NOBODY, without a time, so that nothing we keep joins the contact to what they say here.
It may be part of a link as well: `centre-ville_KPMR2XW9`.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import attempts
from storage.attempts import Limit
from storage.consultations import Consultation
from storage.models import Contact, Participant, PersonalCode
from storage.participants import Settled
from storage.refusals import Refusal
from storage.returning import ALPHABET
from storage.types import new_id
from storage.value import value

LENGTH = 8
GUESSES = Limit(5, timedelta(hours=1))
"""Of one participant."""
NOBODY = 0
"""By whom a contact's code was used."""
_IN_A_LINK = re.compile(rf"(.+)_([{ALPHABET}]{{{LENGTH}}})", re.IGNORECASE)


def apart(word: str) -> tuple[str, str | None]:
    """The word of a link without the personal code at its end, and that code."""
    found = _IN_A_LINK.fullmatch(word)
    return (found[1], found[2].upper()) if found is not None else (word, None)


@value
class Known:
    """What the town knows of the person it writes to; None where nothing. Of a contact their own line says it."""

    area: str | None = None
    group: str | None = None
    born: int | None = None
    contact_id: int | None = None


async def write(
    connection: AsyncConnection, consultation: Consultation, people: Sequence[Known], now: datetime
) -> list[str]:
    """A code for each of these people, `TKM7 4RWP`. They can't be read again later: only digests are kept."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in people]
    space_id = consultation.space_id
    rows = [
        {
            "space_id": space_id,
            "id": new_id(),
            "consultation_id": consultation.id,
            "digest": digest(space_id, code),
            "area": person.area,
            "group": person.group,
            "born": person.born,
            "contact_id": person.contact_id,
            "used_by": None,
            "used_at": None,
            "created_at": now,
        }
        for code, person in zip(codes, people, strict=True)
    ]
    if rows:
        await connection.execute(insert(PersonalCode), rows)
    return [f"{code[: LENGTH // 2]} {code[LENGTH // 2 :]}" for code in codes]


def digest(space_id: int, code: str) -> str:
    """What is kept of a code; case, spaces and hyphens do not count."""
    plain = "".join(character for character in code.upper() if character in ALPHABET)
    return hashlib.sha256(f"letter:{space_id}:{plain}".encode()).hexdigest()


async def counted(connection: AsyncConnection, consultation: Consultation) -> tuple[int, int]:
    """How many codes were written for a consultation, and how many of them used."""
    row = (
        await connection.execute(
            select(func.count(), func.count(PersonalCode.used_by)).where(
                PersonalCode.space_id == consultation.space_id, PersonalCode.consultation_id == consultation.id
            )
        )
    ).one()
    return row[0], row[1]


@value
class Shown:
    """A participant shows a code for a consultation; `at` in ISO format."""

    space_id: int
    consultation_id: int
    participant_id: int
    code: str
    at: str


async def redeem(connection: AsyncConnection, shown: Sequence[Shown]) -> Sequence[dict[str, Any] | Refusal]:
    """For each: `{"area", "group", "born"}` as the town knows them; `{"area", "groups"}` as a contact said;
    `{"wrong": True}` for a code that is unknown or somebody else's by now; `{"wait": minutes}` after too many guesses.
    """
    return [await _redeem(connection, one) for one in shown]


async def _redeem(connection: AsyncConnection, one: Shown) -> dict[str, Any]:
    now = datetime.fromisoformat(one.at)
    who = attempts.subject("letter", f"{one.space_id}.{one.participant_id}")
    wait = await attempts.attempt(connection, [(who, GUESSES)], now)
    if wait is not None:
        return {"wait": wait // timedelta(minutes=1) + 1}
    this = (PersonalCode.space_id == one.space_id, PersonalCode.digest == digest(one.space_id, one.code))
    free = PersonalCode.used_by.is_(None) | (PersonalCode.used_by == one.participant_id)
    of_contact = PersonalCode.contact_id.is_not(None)
    row = (
        await connection.execute(
            update(PersonalCode)
            .where(*this, free, PersonalCode.consultation_id == one.consultation_id)
            .values(
                used_by=case((of_contact, NOBODY), else_=one.participant_id),
                used_at=case((of_contact, None), else_=func.coalesce(PersonalCode.used_at, now)),
            )
            .returning(PersonalCode.area, PersonalCode.group, PersonalCode.born, PersonalCode.contact_id)
        )
    ).first()
    if row is None:
        return {"wrong": True}
    await attempts.forgive(connection, who)
    if row.contact_id is not None:
        return await _hand_on(connection, one, row.contact_id)
    return {"area": row.area, "group": row.group, "born": row.born}


async def _hand_on(connection: AsyncConnection, one: Shown, contact_id: int) -> dict[str, Any]:
    """What a contact's line says is the participant's from now on: the tags at once, the rest as `settled` has it."""
    line = (Contact.space_id == one.space_id, Contact.id == contact_id)
    contact = (await connection.execute(select(Contact.area, Contact.groups, Contact.tags).where(*line))).one()
    if contact.tags:
        person = (Participant.space_id == one.space_id, Participant.id == one.participant_id)
        theirs = await connection.scalar(select(Participant.tags).where(*person)) or []
        tags = [*theirs, *(tag for tag in contact.tags if tag not in theirs)]
        await connection.execute(update(Participant).where(*person).values(tags=tags))
    return {"area": contact.area, "groups": list(contact.groups)}


def settled(shown: Shown, found: Mapping[str, Any]) -> Settled | None:
    """What is known from now on of whoever showed this; None where the code was not right. What a contact said of
    themselves is their word for it, as it would be here."""
    if "wait" in found or "wrong" in found:
        return None
    who = (shown.space_id, shown.participant_id, found["area"])
    if "groups" in found:
        return Settled(*who, groups=tuple(found["groups"]))
    proved = tuple(name for name in ("area", "born") if found[name] is not None)
    return Settled(*who, found["born"], found["group"], proved)
