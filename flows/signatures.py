"""What a petition has brought: its signatures day by day, the reasons given, and the table of an export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import Cell, Count, Figure, Figures, Filter, OpenText, Page, PhaseRef
from flows.open_texts import open_texts
from flows.texts import Text, _, plural, translate
from storage import answers, petitions, spaces
from storage.milestones import SIGNATURE
from storage.signing import WHY

DAYS, REASONS = "days", "why"
MOST_DAYS = 60
"""The last ones are drawn, of a petition that takes longer."""


async def results(connection: AsyncConnection, phase: PhaseRef, goal: int, where: Filter) -> Figures:
    """The signatures that count, by channel, by poster and by day; and how many said why."""
    scope = where.scope(phase, SIGNATURE)
    people = await answers.people(connection, scope)
    by_day = await answers.by_day(connection, scope, (await spaces.load(connection, phase.space_id)).zone)
    rows = tuple(
        Count(f"{day:%Y%m%d}", Text("{day}", {"day": day}), count, count / people) for day, count in by_day[-MOST_DAYS:]
    )
    wanted = plural("{count} signature of {goal}.", "{count} signatures of {goal}.", people, goal=goal)
    why, by_the_day = _("Why they sign"), _("Signatures day by day")
    said = await answers.people(connection, where.scope(phase, WHY))
    return Figures(
        people=people,
        by_channel=tuple(await answers.by_channel(connection, scope)),
        by_place=tuple(await answers.by_place(connection, scope)),
        figures=(
            Figure(DAYS, 1, by_the_day, by_the_day, "bars", people, rows, ordered=True, note=wanted),
            Figure(REASONS, 2, why, why, "texts", said),
        ),
    )


async def texts(
    connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
) -> tuple[int, list[OpenText]]:
    """The reasons that others see and that hold these words, the newest first: how many, and one page of them."""
    if question_id != REASONS:
        return 0, []
    return await open_texts(connection, phase, WHY, None, where, page)


async def table(connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
    """One row a signature that counts, the oldest first; nobody's name or id is in it."""
    zone = ZoneInfo((await spaces.load(connection, phase.space_id)).zone)
    header = (_("Number"), _("Day"), _("Hour"), _("Door"), _("Place"), _("Why they sign"))
    yield [translate(name, language) for name in header]
    words = await petitions.words(connection, phase.space_id, phase.phase_id)
    number = 0
    async for one in answers.responses(connection, Filter().scope(phase, SIGNATURE)):
        number += 1
        at = one.at.astimezone(zone)
        yield [number, f"{at:%Y-%m-%d}", f"{at:%H:%M}", one.origin, one.place, words.get(one.id)]
