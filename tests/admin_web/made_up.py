"""A way of taking part with results that are made up, so that pages are tested before and without any real one."""

from collections.abc import AsyncIterator, Sequence
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.figures import Cell, Count, Figure, Figures, Filter, HeatRow, OpenText, Page, PhaseRef, Stage
from flows.texts import Words

TEXTS = [
    OpenText("Les trottoirs sont trop hauts devant la pharmacie.", "web", "Boulangerie", date(2027, 3, 8)),
    OpenText("On attend debout devant la poste, il faudrait un banc à l'ombre.", "paper", None, date(2027, 3, 5)),
    *(OpenText(f"Le samedi, où laisser mon vélo numéro {n} ?", "web", None, date(2027, 3, 4)) for n in range(60)),
]


def counts(people: int, **rows: int) -> tuple[Count, ...]:
    return tuple(Count(id, Words(fr=id.replace("_", " ")), number, number / people) for id, number in rows.items())


FIGURES = Figures(
    people=138,
    by_channel=(("web", 108), ("paper", 30)),
    by_place=(("Boulangerie", 41), ("La Poste", 8)),
    started=136,
    figures=(
        Figure(
            "transport",
            2,
            Words(fr="Comment venez-vous le plus souvent ?"),
            Words(fr="Transport"),
            "bars",
            138,
            counts(138, À_pied=61, En_voiture=45, À_vélo=20, En_bus_ou_en_navette_depuis_la_gare_ou_ailleurs=12),
        ),
        Figure(
            "seats",
            4,
            Words(fr="Trouvez-vous facilement où vous asseoir ?"),
            Words(fr="Où s'asseoir"),
            "scale",
            138,
            counts(138, jamais=29, rarement=46, parfois=39, souvent=20, toujours=4),
            ordered=True,
            note=Words(fr="Moyenne : 2,5 sur 5, de 138 personnes."),
        ),
        Figure(
            "likely",
            5,
            Words(fr="De 0 à 10, conseilleriez-vous le marché ?"),
            Words(fr="Le marché"),
            "scale",
            110,
            counts(110, **{f"n{n}": n * 2 for n in range(11)}),
            ordered=True,
        ),
        Figure(
            "square",
            6,
            Words(fr="Que pensez-vous de chaque lieu ?"),
            Words(fr="Les lieux"),
            "heat",
            100,
            heat=tuple(
                HeatRow(place, Words(fr=place), counts(100, bien=10 + n, moyen=60 - n, mal=30))
                for n, place in enumerate(("La place", "La gare", "Le pont"))
            ),
        ),
        Figure(
            "change",
            7,
            Words(fr="Que faudrait-il changer en premier ?"),
            Words(fr="À changer"),
            "texts",
            len(TEXTS),
        ),
    ),
    stages=(
        Stage("consent", Words(fr="Accord"), 136, 0),
        Stage("transport", Words(fr="2. Transport"), 136, 5),
        Stage("seats", Words(fr="4. Où s'asseoir"), 131, 12),
        Stage("change", Words(fr="7. À changer"), 119, 11),
    ),
)


class MadeUp:
    """Has results, whatever was sent."""

    def __init__(self, figures: Figures = FIGURES) -> None:
        self.figures = figures

    async def results(self, _connection: AsyncConnection, _phase: PhaseRef, where: Filter) -> Figures:
        return self.figures if where.place != "Nulle part" else Figures(people=0)

    async def texts(
        self, _connection: AsyncConnection, _phase: PhaseRef, _question_id: str, where: Filter, page: Page
    ) -> tuple[int, list[OpenText]]:
        found = [text for text in TEXTS if page.search in text.text and where.channel in (None, text.origin)]
        return len(found), found[page.offset : page.offset + page.limit]

    async def table(
        self, _connection: AsyncConnection, _phase: PhaseRef, _language: str
    ) -> AsyncIterator[Sequence[Cell]]:
        yield ["Envoyée le", "Venue au centre", "Note", "À changer"]
        yield ["2027-03-08", "tous les jours", 2, "=cmd|' /C calc'!A0"]
        yield ["2027-03-09", None, -2.5, "-1"]
