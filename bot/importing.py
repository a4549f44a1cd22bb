"""Bringing a questionnaire's file into a space: a new consultation, or changes to one.

While nobody has begun to answer, the file replaces everything. Afterwards only the words may differ: an answer means
what was asked, so ids, kinds, order, conditions and limits stay as they were.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.mistakes import Mistake
from flows.questionnaires.file import Draft
from flows.questionnaires.illustrations import LARGEST, NotTaken, Open
from flows.questionnaires.questionnaire import Questionnaire
from flows.texts import Joined, Text, Words, _
from storage import consultations, files, making, spaces
from storage.consultations import Consultation, Phase
from storage.spaces import Space
from storage.value import value

KIND = "questionnaire"
WORDS = ("title", "topic", "why", "decides", "does")
"""What a consultation says of itself."""
FIRST_SPACE = "palabre"
"""The slug of the space that is made in an empty database when none is named."""


@value
class Brought:
    """What became of a file. `outcome` is `new`, `replaced`, `reworded` or `unchanged`."""

    space: Space
    consultation: Consultation
    outcome: str


def beside(folder: Path) -> Open:
    """Opens files in this folder and below it, and no other."""
    inside = folder.resolve()

    def open_(name: str) -> bytes:
        try:
            file = (inside / name).resolve()
            if not file.is_relative_to(inside):
                raise NotTaken(_("`{name}` is not in the folder of the questionnaire.", name=name))
            if not file.is_file():
                raise NotTaken(_("There is no file `{name}` here; an address begins with https://.", name=name))
            with file.open("rb") as opened:
                return opened.read(LARGEST + 1)
        except (OSError, ValueError, RuntimeError) as error:  # no right to read it; no name of a file; links in a ring
            raise NotTaken(_("`{name}` cannot be read.", name=name)) from error

    return open_


async def find_or_make_space(
    connection: AsyncConnection, slug: str | None, name: str | None, zone: str, languages: Sequence[str], now: datetime
) -> Space:
    """The space of this slug, or the only one. It is made when its name is given, or in an empty database.

    Raises Mistake when that leaves it open which one is meant.
    """
    towns = await spaces.listed(connection)
    for space in towns:
        if space.slug == slug or (slug is None and len(towns) == 1):
            return space
    if towns and (slug is None or name is None):
        there = ", ".join(space.slug for space in towns)
        asked = f"there is no space {slug}" if slug else "there are several spaces"
        raise Mistake(f"{asked}; name one of {there} with --space, or give a new one its --name.")
    chosen = slug or FIRST_SPACE
    shown = name or chosen.replace("-", " ").title()
    return await spaces.create(
        connection,
        slug=chosen,
        name=dict.fromkeys(languages, shown),
        languages=languages,
        zone=_zone(zone),
        colour=None,
        contact={},
        privacy={},
        now=now,
    )


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ValueError, OSError, LookupError) as error:
        raise Mistake(f"there is no time zone {name}; write it like Europe/Paris.") from error


async def bring_in(connection: AsyncConnection, space: Space, draft: Draft, now: datetime) -> Brought:
    """Write this draft into the space. Raises Mistake when answers stand in the way."""
    for reference, file in draft.files.items():
        await files.put(connection, space.id, reference, file, now)
    found = await consultations.find_by_slug(connection, space.id, draft.slug)
    if found is None:
        return Brought(space, await _create(connection, space, draft, now), "new")
    [phase, *more] = await consultations.phases(connection, space.id, found.id)
    if more or phase.kind != KIND:
        raise Mistake(f"{draft.slug} is more than a questionnaire; change it in the panel.")
    begun = await making.has_begun(connection, phase)
    if begun:
        _check_that_only_words_differ(phase, draft)
    if _is_same(found, phase, draft):
        outcome = "unchanged"
    else:
        await consultations.change(connection, found, **_head(draft))
        await making.change(connection, phase, settings=draft.questionnaire.to_settings())
        outcome = "reworded" if begun else "replaced"
    if found.state == "draft" and not begun:
        closes_at = draft.closes_at(space.zone)
        await consultations.change(connection, found, closes_at=closes_at, answer_on=draft.answer_on)
    return Brought(space, await _again(connection, found), outcome)


async def open_it(connection: AsyncConnection, consultation: Consultation, now: datetime) -> Consultation:
    """Open a consultation from now on; one that is open stays as it is."""
    if consultation.state != "open":
        await consultations.open_now(connection, consultation, now)
    return await _again(connection, consultation)


async def _create(connection: AsyncConnection, space: Space, draft: Draft, now: datetime) -> Consultation:
    made = await consultations.create(
        connection,
        space.id,
        slug=draft.slug,
        **_head(draft),
        opens_at=None,
        closes_at=draft.closes_at(space.zone),
        answer_on=draft.answer_on,
        now=now,
    )
    await consultations.add_phase(connection, made, KIND, draft.questionnaire.to_settings())
    return made


async def _again(connection: AsyncConnection, consultation: Consultation) -> Consultation:
    found = await consultations.find(connection, consultation.space_id, consultation.id)
    assert found is not None
    return found


def _head(draft: Draft) -> dict[str, dict[str, str]]:
    return {name: dict(getattr(draft, name)) for name in WORDS}


def _is_same(found: Consultation, phase: Phase, draft: Draft) -> bool:
    words: Mapping[str, Any] = {name: getattr(found, name) for name in WORDS}
    return words == _head(draft) and phase.settings == draft.questionnaire.to_settings()


def _check_that_only_words_differ(phase: Phase, draft: Draft) -> None:
    before, after = Questionnaire.from_settings(phase.settings), draft.questionnaire
    if (before.replies, len(before.steps)) != (after.replies, len(after.steps)):
        raise Mistake(_TOO_LATE.format(slug=draft.slug, what="the number of questions or replies"))
    for old, new in zip(before.steps, after.steps, strict=True):
        if _shape(old) != _shape(new):
            raise Mistake(_TOO_LATE.format(slug=draft.slug, what=f"question {new.id}"))


_TOO_LATE = "people have begun to answer {slug}, so only its words may change now, and {what} changes more than that."


def _shape(value: Any) -> Any:
    """A question without its words: what its answers depend on."""
    if value is None or isinstance(value, Words | Text | Joined):
        return None
    if isinstance(value, tuple):
        return [_shape(one) for one in value]
    if dataclasses.is_dataclass(value):
        return type(value), [_shape(getattr(value, one.name)) for one in dataclasses.fields(value)]
    return value
