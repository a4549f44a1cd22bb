"""Results: what came of the phases before, in short lines; who decides now, and when the answer comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

from flows import summary
from flows.answers import Choice
from flows.conversation import Ending, Talk
from flows.forms import Field
from flows.giving import called, decided
from flows.module import Module
from flows.summary import Before, titled
from flows.telling import unpack
from flows.texts import Said, Words, _


class Results(Module):
    """The figures are those that the panel shows: each module states its own once."""

    kind = "results"
    name = _("Results")
    purpose = _("Residents read in the chat what came of the phases before.")
    gathers = False
    repeatable = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.text = settings.get("text") or {}

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        return cls(settings)

    @classmethod
    def form(cls) -> Sequence[Field]:
        return (Field("text", "long_words", _("What you say about the results")),)

    async def converse(self, talk: Talk) -> Ending:
        phase = talk.phase
        before = Before(phase.space_id, phase.consultation_id, phase.position, talk.now)
        told = await talk.know("told", summary.earlier, before)
        own: tuple[Said, ...] = (Words(self.text),) if self.text else ()
        if not told:
            talk.say(*own, _("There are no results to read here yet."), *decided(phase), *called(talk))
            return None
        one = told[0]
        if len(told) > 1:
            choices = [Choice(f"p{each['position']}", titled(each)) for each in told]
            taken = await talk.choose(
                "which", _("Which results would you like to read?"), choices, before=own, echo=False
            )
            one, own = next(each for each in told if f"p{each['position']}" == taken), ()
        lines = await talk.know("lines", summary.of_phase, (phase.space_id, one["phase"]))
        talk.say(*own, titled(one), *map(unpack, lines))
        talk.say(*(decided(phase) or (_("Thank you to everybody who took part."),)), *called(talk))
        return None
