"""A way of taking part that asks one question of each kind a channel has to carry, in a town of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self

from flows.answers import Choice, FreeText
from flows.conversation import Ending, Talk
from flows.module import Module, catalog
from flows.prompt import Prompt
from flows.texts import Said
from flows.values import Number, PhotoAnswer
from storage import codes, consultations, spaces
from storage.consultations import Consultation
from storage.contributions import NewContribution, put
from storage.database import Database
from tests.tables import make_tables

MORNING = datetime(2025, 3, 6, 9, 40, tzinfo=UTC)
WAYS = (Choice("foot", "On foot"), Choice("bike", "By bicycle"), Choice("car", "By car"))


class Little(Module):
    """How, how far, why (may be skipped), a picture (may be skipped), and whether to send it."""

    kind = "little"

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        return cls()

    def announce(self, talk: Talk) -> Said | None:
        return "I ask 4 questions."

    async def converse(self, talk: Talk) -> Ending:
        answers = {
            "how": await talk.choose("how", "How do you come?", WAYS),
            "far": await talk.ask("far", self._prompt(2, "From how many kilometres?", Number(0, 500))),
            "why": await talk.ask(
                "why", self._prompt(3, "What should change?", FreeText(200, long=True)), optional=True
            ),
            "photo": await talk.ask("photo", self._prompt(4, "A picture?", PhotoAnswer()), optional=True),
        }
        sure = [Choice("yes", "Send"), Choice("no", "Do not send")]
        if await talk.choose("send", "Shall I send it?", sure, echo=False) == "no":
            talk.say("Nothing is sent.")
            return None
        phase, person = talk.scene.phase, talk.person
        assert phase is not None
        where = (person.space_id, phase.id, person.id, talk.scene.conversation)
        await talk.do(
            "sent", put, NewContribution(*where, "response", "response", answers, (), person.channel, None, talk.now)
        )
        talk.say("It is sent. Thank you.")
        return None

    @staticmethod
    def _prompt(number: int, text: str, reader: Any) -> Prompt:
        return Prompt(text, reader, before=(f"Question {number} of 4",), progress=(number, 4))


async def build_town(database: Database) -> Consultation:
    """Montaubry with one open consultation, reached by its address `centre` and the poster's code `pain22`."""
    catalog.cache_clear()  # it may have been read before Little was
    async with database.write() as connection:
        await make_tables(connection)
        space = await spaces.create(
            connection,
            slug="montaubry",
            name={"fr": "Montaubry"},
            languages=["fr", "en"],
            zone="Europe/Paris",
            colour="#1f4f93",
            contact={
                "name": "Claire Morel",
                "phone": "02 61 91 00 12",
                "hours": {"fr": "du lundi au vendredi, de 9 h à 12 h", "en": "Monday to Friday, 9 am to noon"},
                "host": {"fr": "la mairie de Montaubry", "en": "the town hall of Montaubry"},
            },
            privacy={},
            now=MORNING,
        )
        made = await consultations.create(
            connection,
            space.id,
            slug="centre",
            title={"fr": "Le centre-ville et vous", "en": "The town centre and you"},
            topic={"fr": "sur le centre-ville", "en": "about the town centre"},
            why={"fr": "Vos réponses aident à choisir les travaux de 2028.", "en": "Your answers help us choose."},
            decides={},
            opens_at=None,
            closes_at=None,
            answer_on=None,
            now=MORNING,
        )
        await consultations.add_phase(connection, made, "little", {})
        await consultations.open_now(connection, made, MORNING)
        await codes.create(connection, made, MORNING, code="pain22", place="Boulangerie")
        return made
