"""Phases in which residents are told something: the presentation of what is going to be asked, and the analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from flows.answers import Choice, OneOf
from flows.conversation import Ending, Go, Talk
from flows.forms import Fault, Faults, Field
from flows.giving import called, decided
from flows.messages import Media
from flows.module import Module
from flows.prompt import Prompt
from flows.texts import Said, Words, _, translate

NEXT, MENU = Choice("next", _("What comes next")), Choice("menu", _("See the menu"))
SECURE = "https://"


class Telling(Module):
    """What a phase that only tells something has in common: a text, and the way on."""

    gathers: ClassVar[bool] = False
    repeatable = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        faults = [*cls.faults(settings)]
        if faults:
            raise Faults(*faults)
        return cls(settings)

    @classmethod
    def faults(cls, settings: Mapping[str, Any]) -> Sequence[Fault]:
        return ()

    def words(self, name: str) -> tuple[Said, ...]:
        """The organiser's words of this field, where there are some."""
        given = self.settings.get(name) or {}
        return (Words(given),) if any(given.values()) else ()


class Presentation(Telling):
    """Explain before asking: a text, an illustration, a link to read on."""

    kind = "presentation"
    name = _("Presentation")
    purpose = _("Residents read what it is about, before they are asked.")

    @classmethod
    def faults(cls, settings: Mapping[str, Any]) -> Sequence[Fault]:
        found = []
        if not any((settings.get("text") or {}).values()):
            found.append(Fault("text", _("Write what residents are told.")))
        found += [
            Fault("link", _("Write an address that begins with https://."))
            for address in (settings.get("link") or {}).values()
            if address and not address.startswith(SECURE)
        ][:1]
        picture = settings.get("picture")
        if picture and not any(picture["description"].values()):
            found.append(Fault("picture", _("Say what is in the picture, for those who do not see it.")))
        return found

    @classmethod
    def form(cls) -> Sequence[Field]:
        return (
            Field("text", "long_words", _("What residents read"), _("A few sentences."), required=True),
            Field("picture", "picture", _("A picture")),
            Field("link", "words", _("The address of a page to read on"), _("It begins with https://."), rare=True),
        )

    async def converse(self, talk: Talk) -> Ending:
        phase = talk.phase
        more = tuple(_("To read more: {address}", address=address) for address in self.words("link"))
        prompt = Prompt(
            _("What would you like to do?"),
            OneOf((NEXT, MENU)),
            before=(*self.words("text"), *more, *decided(phase)),
            media=self._picture(talk),
        )
        return Go(kind=await talk.ask("way", prompt, echo=False))

    def _picture(self, talk: Talk) -> Media | None:
        picture = self.settings.get("picture")
        if not picture:
            return None
        described = translate(Words(picture["description"]), talk.person.language or "")
        return Media("picture", picture["address"], described)


class Analysis(Telling):
    """What was given is being read: who decides, and when the answer comes."""

    kind = "analysis"
    name = _("Analysis")
    purpose = _("Residents read who studies what they gave, who decides, and when the answer comes.")

    @classmethod
    def form(cls) -> Sequence[Field]:
        return (Field("text", "long_words", _("How you study what was given"), _("It may be left empty.")),)

    async def converse(self, talk: Talk) -> Ending:
        phase = talk.phase
        talk.say(*(self.words("text") or (_("What you gave is being read."),)))
        talk.say(*decided(phase), *called(talk))
        return None
