"""A way of taking part that gathers texts, and a town in which some were written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from sqlalchemy import insert, update

from flows.answers import Choice
from flows.conversation import Ending, Talk
from flows.module import Module
from flows.texts import Words
from storage import models
from storage.models import Contribution, Participant, Report
from storage.types import new_id
from tests.admin_web.conftest import Town


class Gathering(Module):
    kind = "gathering"
    name = "Boîte à idées"
    kinds: ClassVar[Mapping[str, Any]] = {"idea": "Idée", "argument": "Argument"}
    found = frozenset({"idea"})
    typed_in = "idea"
    themes = (Choice("sit", "S’asseoir"), Choice("bike", "Vélo"))
    criteria = (Choice("cost", Words(fr="Coût", en="Cost")), Choice("use", Words(fr="Utilité", en="Use")))

    @classmethod
    def load(cls, _settings: Mapping[str, Any]) -> Self:
        return cls()

    async def converse(self, talk: Talk) -> Ending:
        return None


async def gather(town: Town, moderation: str = "before") -> None:
    """The town's phase gathers texts from now on."""
    async with town.database.write() as connection:
        values = {"kind": "gathering", "moderation": moderation}
        await connection.execute(update(models.Phase).where(models.Phase.id == town.phase.id).values(**values))


async def write(town: Town, text: str, state: str = "waiting", **values: Any) -> int:
    """A text of somebody new; answers its id."""
    person, made = new_id(), new_id()
    usual = {"theme": "sit", "participant_id": person, "kind": "idea", "origin": "web", "phase_id": town.phase.id}
    values = {**usual, **values}
    async with town.database.write() as connection:
        await connection.execute(
            insert(Participant).values(
                space_id=town.space.id, id=person, language="fr", groups=[], channel="web", created_at=town.now
            )
        )
        await connection.execute(
            insert(Contribution).values(
                space_id=town.space.id, id=made, key="idea", state=state, text=text, fields={},
                created_at=town.now, updated_at=town.now, **values,
            )
        )  # fmt: skip
    return made


async def report(town: Town, contribution_id: int, reason: str = "Il accuse quelqu’un") -> None:
    async with town.database.write() as connection:
        await connection.execute(
            insert(Report).values(
                space_id=town.space.id, id=new_id(), contribution_id=contribution_id, reporter="7", reason=reason,
                at=town.now,
            )
        )  # fmt: skip
