"""The way in: what every conversation passes before its module: the language, admission, who speaks, and consent."""

from __future__ import annotations

from flows.admission import ADMITTED, admitted, not_any_more
from flows.answers import Choice
from flows.conversation import Again, Ending, Go, Talk
from flows.feedback import feedback
from flows.host import LANGUAGE_NAMES, greeting, host
from flows.module import Module
from flows.texts import Said, Words, _, translate
from storage import participants
from storage.participants import ConsentGiven
from storage.phases import PhaseFacts
from storage.refusals import NotEligible

AGREE = _("Do you agree to answer?")
STREET_LIST = "round"
"""The conversation of the house in which a volunteer sees the doors of their round (flows/street.py)."""
AGREED = Go()
"""Handed back by `consent` when the conversation may go on."""
YES = Choice("yes", _("Yes, begin"))
WHO = Choice("who", _("Who reads my answers?"))
NO = Choice("no", _("No thank you"))


async def enter(talk: Talk, module: Module) -> Ending:
    """The way in and the module. A volunteer who put it to somebody else is back at their street list afterwards."""
    ending = await _enter(talk, module)
    return Go(kind=STREET_LIST) if talk.scene.aloud and not isinstance(ending, Again) else ending


async def _enter(talk: Talk, module: Module) -> Ending:
    """The language if nothing told it, admission, consent before the first answer; then the module itself,
    and where the phase asks for it the last prompt."""
    if talk.person.language is None:
        language = await talk.choose("language", "Français ? English?", _languages(talk), echo=False)
        return Again(("language",), language=language)
    phase = talk.scene.phase
    if phase is not None:
        if (phase.stages or talk.past(ADMITTED)) and not await admitted(talk, phase):
            return Go()
        if module.gathers and not talk.past("agree") and (refused := await consent(talk, module, phase)) is not AGREED:
            return refused
    try:
        ending = await module.converse(talk)
    except NotEligible:
        assert phase is not None
        talk.say(*await not_any_more(talk, phase))
        return None
    if ending is None and phase is not None and phase.settings.get("feedback") and talk.sent and not talk.scene.aloud:
        await feedback(talk)
    return ending


def _languages(talk: Talk) -> list[Choice]:
    return [Choice(code, LANGUAGE_NAMES.get(code, code)) for code in talk.scene.space.languages]


async def consent(talk: Talk, module: Module, phase: PhaseFacts) -> Ending:
    """AGREED once this person has agreed to take part in this consultation; asked once, recorded with its words."""
    who = (phase.space_id, talk.person.id, phase.consultation_id)
    if await talk.know("agreed", participants.consented, who):
        return AGREED
    announced = module.announce(talk)
    first = [] if talk.past(ADMITTED) else [greeting(talk.scene)]
    talk.say(*first, *([announced] if announced is not None else []))
    purpose = _purpose(phase)
    answer = await talk.choose("consent", AGREE, _offers(talk), before=purpose, echo=False)
    if answer.startswith("lang_"):
        return Again(("consent",), language=answer.removeprefix("lang_"))
    if answer == "who":
        *before, last = _who_reads(talk)
        answer = await talk.choose("consent_who", last, [YES, NO], before=tuple(before), echo=False, back=False)
    if answer == "no":
        talk.say(_("All right. Nothing was asked and nothing is sent. If you change your mind, write “menu”."))
        return None
    language = talk.person.language or ""
    words = " ".join(translate(said, language) for said in (*purpose, AGREE))
    await talk.do("agree", participants.consent, ConsentGiven(*who, words, talk.now))
    return AGREED


def _offers(talk: Talk) -> list[Choice]:
    others = [code for code in talk.scene.space.languages if code != talk.person.language]
    return [YES, WHO, NO, *(Choice(f"lang_{code}", LANGUAGE_NAMES.get(code, code)) for code in others)]


def _purpose(phase: PhaseFacts) -> tuple[Said, ...]:
    """What it is for, in the organiser's words, and what happens to the answers."""
    return (Words(phase.why), _("The results are published without names.")) if phase.why else ()


def _who_reads(talk: Talk) -> tuple[Said, ...]:
    """Who reads the answers, what this channel tells them, and how to erase everything."""
    scene = talk.scene
    name = scene.space.contact.get("name")
    if name:
        readers = _("The team of {name}, for {host}. They see the answers, not your name.", name=name, host=host(scene))
    else:
        readers = _("Your answers are read at {host}. They see the answers, not your name.", host=host(scene))
    identity = scene.channel.identity
    return (readers, *([identity] if identity is not None else []), _("To erase everything, write “erase”."))
