"""The results of a collection of ideas: what is supported by how many people, themes, the organiser's questions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.counting.result import rank
from flows.figures import Cell, Count, Figure, Figures, Filter, OpenText, Page, PhaseRef
from flows.ideas.settings import Settings
from flows.ideas.telling import STATES, STATUSES, attached
from flows.open_texts import open_texts
from flows.questionnaires import tables, tallies
from flows.texts import Said, Words, _, plural, translate
from storage import areas, ideas_counted, spaces, supporting
from storage.attached import BESIDE
from storage.ideas import IDEA
from storage.ideas_counted import Row, Supported
from storage.scope import Scope

FIRST = 20
"""Ideas in the figure; all of them are in the export."""
SUPPORT, THEMES, TEXTS = "-support", "-themes", "-ideas"
"""Figures that are no questions of the organiser's: their ids have no hyphen."""


async def results(connection: AsyncConnection, phase: PhaseRef, settings: Settings, where: Filter) -> Figures:
    """People are those who gave an idea that counts; who supports is said in the figure of support."""
    scope = where.scope(phase, IDEA)
    own = await tallies.results(connection, phase, settings.own, where, IDEA)
    ideas = await ideas_counted.supported(connection, scope)
    figures = [_ideas(ideas, own), await _support(connection, scope, ideas)]
    if settings.themes:
        figures.append(await _themes(connection, scope, settings, own.people))
    asked = (replace(figure, number=figure.number + len(figures)) for figure in own.figures)
    return replace(own, figures=(*figures, *asked), started=None, stages=())


def _ideas(ideas: Sequence[Supported], own: Figures) -> Figure:
    title, typed = plural("{count} idea", "{count} ideas", len(ideas)), own.apart.tables + own.apart.team
    note = plural(
        "{count} of them comes from a table or the team.", "{count} of them come from tables or the team.", typed
    )
    return Figure(TEXTS, 1, title, _("Ideas"), "texts", own.people, note=note if typed else None)


async def _support(connection: AsyncConnection, scope: Scope, ideas: Sequence[Supported]) -> Figure:
    """The most supported first. Equal support shares a rank, and no chance decides between them."""
    people = await supporting.supporters(connection, scope)
    texts = {str(idea.id): idea.text for idea in ideas}
    placed = rank({str(idea.id): (idea.support, None) for idea in ideas})
    rows = tuple(
        Count(
            place.candidate,
            _("{rank}. {choice}", rank=place.rank, choice=texts[place.candidate]),
            int(place.score),
            int(place.score) / people if people else 0.0,
        )
        for place in placed[:FIRST]
    )
    note = _(
        "Each person supports an idea once, and as many ideas as they like. The rank of an idea is one more than the "
        "number of ideas with more support; equal support shares its rank, in the order the ideas came."
    )
    title = _("Which ideas are supported")
    return Figure(SUPPORT, 2, title, _("Support"), "bars", people, rows, ordered=True, several=True, note=note)


async def _themes(connection: AsyncConnection, scope: Scope, settings: Settings, people: int) -> Figure:
    """The people who gave ideas on each theme, and how many ideas those are."""
    found = await ideas_counted.themes(connection, scope)
    labels = {theme.id: theme.label for theme in settings.themes}
    rows = []
    for id_, label in {**labels, **{gone: gone for gone in found if gone not in labels}}.items():
        count, authors = found.get(id_, (0, 0))
        said = plural("{theme} ({count} idea)", "{theme} ({count} ideas)", count, theme=label)
        rows.append(Count(id_, said, authors, authors / people if people else 0.0))
    return Figure(THEMES, 3, _("What the ideas are about"), _("Themes"), "bars", people, tuple(rows), several=True)


async def texts(
    connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
) -> tuple[int, list[OpenText]]:
    """The ideas themselves, or the open answers to one of the organiser's questions."""
    if question_id in (SUPPORT, THEMES):
        return 0, []
    question = None if question_id == TEXTS else question_id
    return await open_texts(connection, phase, IDEA, question, where, page)


COLUMNS: tuple[Said, ...] = (
    *(_("Number"), _("Day"), _("Hour"), _("Door"), _("Place")),
    *(_("Idea"), _("Details"), _("Theme"), _("District"), _("Support")),
    *(_("Arguments for"), _("Arguments against"), _("State"), _("Answer of the town"), _("People at the table")),
    _("Photos or documents"),
)


async def table(
    connection: AsyncConnection, phase: PhaseRef, settings: Settings, language: str
) -> AsyncIterator[Sequence[Cell]]:
    """The header, then one row an idea that was not withdrawn, the oldest first, with the organiser's questions."""
    zone = ZoneInfo((await spaces.load(connection, phase.space_id)).zone)
    names = {area.slug: area.name for area in await areas.listed(connection, phase.space_id)}
    own = tables.columns(settings.own, language)
    yield tables.distinct([*(translate(name, language) for name in COLUMNS), *(column.header for column in own)])
    number = 0
    async for row in ideas_counted.rows(connection, phase.space_id, phase.phase_id):
        number += 1
        at = row.at.astimezone(zone)
        parts = settings.own.parts(row.fields.get("own") or {})
        cells = tables.cells(parts, row.fields.get("own") or {}, own)
        yield [number, f"{at:%Y-%m-%d}", f"{at:%H:%M}", *_cells(row, settings, names, language), *cells]


def _cells(row: Row, settings: Settings, names: Mapping[str, Mapping[str, str]], language: str) -> tuple[Cell, ...]:
    theme = next((translate(one.label, language) for one in settings.themes if one.id == row.theme), row.theme)
    area = translate(Words(names[row.area]), language) if row.area and row.area in names else row.area
    state = translate(STATES[row.state], language) if row.state in STATES else row.state
    status = translate(STATUSES[row.status], language) if row.status and row.status in STATUSES else row.status
    details = row.fields.get("details")
    sent = attached(row.fields.get(BESIDE) or ())
    came = translate(sent, language) if sent is not None else None
    given = (row.origin, row.place, row.text, details, theme, area)
    return (*given, row.support, row.arguments_for, row.arguments_against, state, status, row.people, came)
