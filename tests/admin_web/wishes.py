"""A way of taking part with every kind of field, so that the pages of steps are tested without any real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from flows.answers import Choice
from flows.conversation import Ending, Talk
from flows.forms import Fault, Faults, Field
from flows.module import Module
from flows.texts import Words
from storage import areas, consultations, groups

if TYPE_CHECKING:
    from tests.admin_web.conftest import Town

CHOICES = (Choice("few", Words(fr="Peu", en="Few")), Choice("many", Words(fr="Beaucoup", en="Many")))


def in_the_catalog() -> Iterator[type[Module]]:
    """It stands there as soon as this file is read: the catalog is made of the classes that there are."""
    yield Wishes


class Wishes(Module):
    kind = "wishes"
    name = Words(fr="Des vœux", en="Wishes")
    purpose = Words(fr="Chacun dit ce qu'il souhaite, en une phrase.", en="Everybody says what they wish.")

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        if settings.get("most") == 13:
            raise Faults(Fault("most", Words(fr="Treize porte malheur.", en="Thirteen is bad luck.")))
        return cls()

    async def converse(self, talk: Talk) -> Ending:
        return None

    @classmethod
    def form(cls) -> Sequence[Field]:
        return (
            Field("question", "words", Words(fr="La question", en="The question"), required=True),
            Field("explained", "long_words", Words(fr="Explication", en="Explanation"), Words(fr="Deux phrases.")),
            Field("most", "number", Words(fr="Combien au plus", en="How many"), least=1, most=20, default=3),
            Field("size", "choice", Words(fr="Taille", en="Size"), choices=CHOICES, default="few"),
            Field("shown", "flag", Words(fr="Montrer à tous", en="Show to all"), default=True),
            Field("options", "options", Words(fr="Les options", en="The options"), least=2, most=50),
            Field("drawing", "picture", Words(fr="Un dessin", en="A drawing")),
            Field("secret", "flag", Words(fr="Rester secret", en="Keep secret"), rare=True),
        )


SETTINGS: dict[str, Any] = {
    "question": {"fr": "Quel arbre ?", "en": "Which tree?"},
    "explained": {},
    "most": 3,
    "size": "few",
    "shown": True,
    "secret": False,
    "options": [
        {"id": "o1", "label": {"fr": "Un tilleul", "en": "A lime"}, "about": {"fr": "Il grandit vite."}},
        {"id": "o2", "label": {"fr": "Un chêne", "en": "An oak"}, "about": {}},
    ],
}


async def add_draft(town: Town) -> None:
    """A draft with two steps, one of them this way of taking part; one in the archive; an area, and a group."""
    async with town.database.write() as connection:
        await areas.add(connection, town.space.id, "gare", {"fr": "La Gare", "en": "The station"})
        group = await groups.add(connection, town.space.id, "lettre", {"fr": "Lettre de mars"}, town.now)
        step = await consultations.add_phase(connection, town.consultation, Wishes.kind, SETTINGS)
        draft = await consultations.create(
            connection, town.space.id, slug="arbres", title={"fr": "Des arbres"}, topic={}, why={}, decides={},
            opens_at=None, closes_at=None, answer_on=date(2027, 4, 8), now=town.now,
        )  # fmt: skip
        await consultations.add_phase(connection, draft, Wishes.kind, SETTINGS)
        await consultations.add_phase(
            connection, draft, Wishes.kind, SETTINGS, title={"fr": "Le choix"}, state="waiting"
        )
        put_away = await consultations.create(
            connection, town.space.id, slug="vieux", title={"fr": "Le vieux pont"}, topic={}, why={}, decides={},
            opens_at=None, closes_at=None, answer_on=None, now=town.now,
        )  # fmt: skip
        await consultations.archive(connection, put_away, town.now)
    town.archived = put_away.id
    town.step, town.draft, town.group = step.id, draft.id, group.id
