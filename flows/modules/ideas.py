"""Ideas: an idea box, a call for projects; propose, read, support, argue, and see what becomes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Choice
from flows.conversation import Ending, Go, Talk
from flows.figures import Cell, Figures, Filter, OpenText, Page, PhaseRef
from flows.forms import Field
from flows.ideas import browse, mine, propose, results, settings, telling
from flows.ideas.giving import LONGEST_IDEA
from flows.module import Module
from flows.texts import Said, Words, _
from flows.ways import way_or_text
from storage.ideas import IDEA

PROPOSE = Choice("propose", _("Propose an idea"))
READ = Choice("read", _("Read the ideas"))
MINE = Choice("mine", _("What I have given"))


class Ideas(Module):
    """Many ideas a person, each in a conversation of its own."""

    kind = "ideas"
    name = _("Ideas")
    purpose = _("Residents propose ideas, read those of others, support them and argue for and against.")
    own = (("what", MINE.id),)
    repeatable = True
    kinds: ClassVar[Mapping[str, Said]] = mine.KINDS
    found = frozenset({IDEA})
    typed_in = IDEA
    proposes = True

    def __init__(self, asked: settings.Settings) -> None:
        self.settings = asked
        self.themes: Sequence[Choice] = asked.themes
        self.criteria: Sequence[Choice] = asked.criteria

    @classmethod
    def load(cls, given: Mapping[str, Any]) -> Self:
        return cls(settings.read(given))

    @classmethod
    def form(cls) -> Sequence[Field]:
        return settings.FORM

    def told(self, fields: Mapping[str, Any]) -> Sequence[tuple[Said, Said]]:
        return telling.told(self.settings, fields)

    def announce(self, talk: Talk) -> Said | None:
        topic = Words(talk.phase.topic)
        if self.settings.private:
            return _("You can propose ideas {topic}.", topic=topic)
        return _("You can propose ideas {topic}, and read those of others.", topic=topic)

    async def converse(self, talk: Talk) -> Ending:
        ways = (PROPOSE, MINE) if self.settings.private else (PROPOSE, READ, MINE)
        what = await way_or_text(talk, ways, PROPOSE, LONGEST_IDEA)
        if isinstance(what, Go):
            return what
        if what == PROPOSE.id:
            return await propose.propose(talk, self.settings)
        if what == READ.id:
            return await browse.browse(talk, self.settings)
        return await mine.mine(talk, self.settings)

    # -- results -------------------------------------------------------------------------------------------

    async def results(self, connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
        return await results.results(connection, phase, self.settings, where)

    async def texts(
        self, connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
    ) -> tuple[int, list[OpenText]]:
        return await results.texts(connection, phase, question_id, where, page)

    def table(self, connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
        return results.table(connection, phase, self.settings, language)
