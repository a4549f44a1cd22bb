"""What the residents say: the figures of a consultation, live, and its open answers, to be read.

Counting is the module's (flows.figures.Reports); here figures are only filtered, drawn and laid out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web import charts, consultations
from admin_web.channels import channel_name
from admin_web.session import Me, panel, signed_in
from admin_web.site import Site, language_of, site_of
from flows.figures import NOTHING_APART, Figure, Figures, Filter, OpenText, Page, PhaseRef, Reports
from flows.texts import Said, _
from storage import consultations as kept
from storage.consultations import Consultation, Phase
from storage.value import value

QUOTED = 3
"""Open answers shown under their question, the newest."""
A_PAGE = 30
PAPER = "paper"
NOWHERE = "-"
"""How an address says: those who came by no poster."""
SINCE: Mapping[str, Said] = {"today": _("Today"), "yesterday": _("Yesterday"), "week": _("A week ago")}
_DAYS_BEFORE = {"today": 0, "yesterday": 1, "week": 7}


def routes() -> list[BaseRoute]:
    return [
        Route("/panel/consultations/{id:int}/results", signed_in(show), methods=["GET"]),
        Route("/panel/consultations/{id:int}/answers/{question}", signed_in(show_texts), methods=["GET"]),
    ]


@value
class Shown:
    """What a page of results is about: one phase of a consultation, and which of its responses."""

    consultation: Consultation
    phases: list[Phase]
    phase: Phase
    where: Filter
    asked: Mapping[str, str]
    """The filters as the address has them, without the empty ones."""

    @property
    def ref(self) -> PhaseRef:
        return PhaseRef(self.phase.space_id, self.phase.id)

    def address(self, path: str, /, **more: Any) -> str:
        """A page about the same responses."""
        asked = {"step": self.phase.position if len(self.phases) > 1 else "", **self.asked, **more}
        query = urlencode({name: value for name, value in asked.items() if value != ""})
        return f"/panel/consultations/{self.consultation.id}/{path}{'?' if query else ''}{query}"


@value
class Choices:
    """What the filters can be set to: those by whom something was sent."""

    channels: list[str]
    places: list[str]


async def find_shown(request: Request, me: Me) -> tuple[Shown, Reports]:
    """What this address asks for; HTTPException 404 when there is nothing that has results."""
    site = site_of(request)
    consultation = await consultations.find(request, me)
    async with site.database.read() as connection:
        phases = await kept.phases(connection, me.space_id, consultation.id)
    step = request.query_params.get("step", "1")
    wanted = [phase for phase in phases if str(phase.position) == step]
    reports = site.load_module(wanted[0].kind, wanted[0].settings) if wanted else None
    if not isinstance(reports, Reports):
        raise HTTPException(404)
    asked = {
        name: request.query_params[name] for name in ("channel", "place", "since") if request.query_params.get(name)
    }
    since = _since(asked.get("since", ""), consultations.midnight(me, site.clock()))
    place = asked.get("place")
    where = Filter(asked.get("channel"), "" if place == NOWHERE else place, since)
    return Shown(consultation, phases, wanted[0], where, asked), reports


def _since(asked: str, midnight: datetime) -> datetime | None:
    return midnight - timedelta(days=_DAYS_BEFORE[asked]) if asked in _DAYS_BEFORE else None


async def show(request: Request, me: Me) -> Response:
    shown, reports = await find_shown(request, me)
    site = site_of(request)
    figures = await site.counter.figures(reports, shown.phase, shown.where)
    async with site.database.read() as connection:
        quotes = {
            figure.id: await reports.texts(connection, shown.ref, figure.id, shown.where, Page(limit=QUOTED))
            for figure in figures.figures
            if figure.shape in ("texts", "bars") and (figure.people or figures.apart != NOTHING_APART)
        }
    everybody = await site.counter.figures(reports, shown.phase, Filter())
    channels, places = ([name for name, _people in by] for by in (everybody.by_channel, everybody.by_place))
    choices = Choices(channels, places)
    return panel(request, me, "results.html", **_view(request, shown, figures, quotes), choices=choices, since=SINCE)


def _view(
    request: Request, shown: Shown, figures: Figures, quotes: Mapping[str, tuple[int, list[OpenText]]]
) -> dict[str, Any]:
    language = language_of(request)
    paper = dict(figures.by_channel).get(PAPER, 0)
    online = figures.people - paper
    return {
        "shown": shown,
        "consultation": shown.consultation,
        "figures": figures,
        "quotes": quotes,
        "paper": paper,
        "online": online,
        "finished": online / figures.started if figures.started else None,
        "worst": charts.worst_of(figures.stages),
        "draw": lambda figure: charts.draw(figure, language),
        "drop_off": charts.drop_off(figures.stages, language),
        "heat": charts.heat,
        "channel_name": channel_name,
        "nowhere": NOWHERE,
    }


async def show_texts(request: Request, me: Me) -> Response:
    """The open answers of one question, the newest first, a page at a time."""
    shown, reports = await find_shown(request, me)
    search = request.query_params.get("search", "").strip()[:200]
    page = request.query_params.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 and int(page) else 1
    site = site_of(request)
    figure = await figure_of(site, reports, shown.phase, request.path_params["question"])
    async with site.database.read() as connection:
        offset = (number - 1) * A_PAGE
        count, found = await reports.texts(connection, shown.ref, figure.id, shown.where, Page(search, offset, A_PAGE))
    return panel(
        request,
        me,
        "texts.html",
        shown=shown,
        consultation=shown.consultation,
        figure=figure,
        count=count,
        found=found,
        search=search,
        page=number,
        last=max(1, -(-count // A_PAGE)),
        channel_name=channel_name,
    )


async def figure_of(site: Site, reports: Reports, phase: Phase, question: str) -> Figure:
    figures = await site.counter.figures(reports, phase, Filter())
    for figure in figures.figures:
        if figure.id == question:
            return figure
    raise HTTPException(404)
