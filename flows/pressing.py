"""What questions to the town have brought: who asked, which press most, how many were answered; and the table."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import Cell, Count, Figure, Figures, Filter, PhaseRef
from flows.texts import Said, _, plural, translate
from storage import answers, questions, spaces, supporting
from storage.questions import QUESTION, Listing, Question
from storage.scope import Reader

PRESSING = "pressing"
SHOWN = 20
"""How many questions a figure shows."""
CHUNK = 200
NOBODY = 0
"""Who reads for the panel supports nothing."""


async def results(connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
    """The people who asked, and the questions that others see, the most supported first. Support has no channel, so a
    filter leaves it as it is."""
    scope = where.scope(phase, QUESTION)
    people = await answers.people(connection, scope)
    [page] = await questions.pressing(connection, [Listing(Reader(phase.space_id, phase.phase_id, NOBODY), 0, SHOWN)])
    assert isinstance(page, dict)
    supporters = await supporting.supporters(connection, Filter().scope(phase, QUESTION))
    rows = tuple(
        Count(str(one["id"]), _label(one), one["support"], one["support"] / supporters if supporters else 0.0)
        for one in page["questions"]
    )
    title = _("The most supported questions")
    asked_in_all = plural("{count} question was asked.", "{count} questions were asked.", page["total"])
    figure = Figure(PRESSING, 1, title, title, "bars", supporters, rows, several=True, note=asked_in_all)
    return Figures(
        people=people,
        by_channel=tuple(await answers.by_channel(connection, scope)),
        by_place=tuple(await answers.by_place(connection, scope)),
        figures=(figure,),
        apart=await answers.apart(connection, scope),
    )


def _label(question: Question) -> Said:
    return _("{text} (answered)", text=question["text"]) if question["answered"] else question["text"]


async def table(connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
    """One row a question that others see, the most pressing first; nobody's name or id is in it."""
    zone = ZoneInfo((await spaces.load(connection, phase.space_id)).zone)
    header = (_("Number"), _("Day"), _("Hour"), _("Question"), _("Support"), _("Official answer"))
    yield [translate(name, language) for name in header]
    reader, read = Reader(phase.space_id, phase.phase_id, NOBODY), 0
    while True:
        [page] = await questions.pressing(connection, [Listing(reader, read, CHUNK)])
        assert isinstance(page, dict)
        said = await questions.answered(connection, phase.space_id, [one["id"] for one in page["questions"]])
        for number, one in enumerate(page["questions"], read + 1):
            at, answer = questions.moment(one).astimezone(zone), said.get(one["id"], {})
            words = answer.get(language) or next(iter(answer.values()), None)
            yield [number, f"{at:%Y-%m-%d}", f"{at:%H:%M}", one["text"], one["support"], words]
        read += CHUNK
        if read >= page["total"]:
            return
