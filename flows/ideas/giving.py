"""What is given in a collection of ideas, and what is said when it was taken, or was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from flows import gist
from flows.answers import Choice, FreeText, Heard, Json, Misread, OneOf
from flows.conversation import Talk
from flows.folding import clean, fold
from flows.host import closed, person_to_call
from flows.prompt import Prompt
from flows.texts import Said, Words, _, plural
from storage import supporting, written
from storage.ballots import NewBallot
from storage.ideas import DETAIL, IDEA, Reader
from storage.phases import PhaseFacts
from storage.refusals import Closed, Gone, Refusal, TooMany
from storage.supporting import OwnText
from storage.written import NewText

LONGEST_IDEA, LONGEST_MORE, LONGEST_REMARK = 200, 600, 300
"""Characters of an idea, of what more is said about it, and of an argument or a detail: they are read in a chat."""

Names: TypeAlias = "Sequence[Mapping[str, Any]]"
"""The areas of a space as `{slug, name}`."""

NO_THANKS = Choice("none", _("No thank you"))


def phase_of(talk: Talk) -> PhaseFacts:
    assert talk.scene.phase is not None
    return talk.scene.phase


def language_of(talk: Talk) -> str:
    """The language all ideas of a space are cut to stems in."""
    return talk.scene.space.languages[0]


def new(talk: Talk, key: str, kind: str, text: str, parent: int | None = None, **given: Any) -> NewText:
    """A text of this person for this phase."""
    return talk.contribution(
        NewText,
        kind,
        key=key,
        text=text,
        parent_id=parent,
        read_first=kind == DETAIL,
        language=language_of(talk) if kind == IDEA else None,
        single=False,
        **given,
    )


def reader_of(talk: Talk, idea: int) -> Reader:
    return Reader(phase_of(talk).space_id, phase_of(talk).id, idea, talk.person.id)


async def support(talk: Talk, idea: int, *, wanted: bool = True) -> bool:
    """Support an idea, or take it back; says how many do now. False when it was refused, which is said as well."""
    phase = phase_of(talk)
    value = supporting.SUPPORT if wanted else None
    ballot = NewBallot(phase.space_id, phase.id, talk.person.id, str(idea), value, talk.now, change=True)
    try:
        count = await talk.do("support", supporting.support, ballot)
    except Refusal as refusal:
        talk.say(*refused(talk, refusal))
        return False
    if wanted:
        now = plural("You are the first to support this idea.", "You are now {count} to support this idea.", count)
        talk.say(_("It is done. {now}", now=now))
    else:
        talk.say(_("It is done. You no longer support this idea."), supporters(count))
    return True


def supporters(count: int) -> Said:
    if count == 0:
        return _("Nobody supports it yet.")
    return plural("{count} person supports it.", "{count} people support it.", count)


def quoted(text: str) -> Said:
    return _("“{text}”", text=text)


def refused(talk: Talk, refusal: Refusal) -> tuple[Said, ...]:
    """Why nothing was taken, and what to do."""
    match refusal:
        case Closed():
            return closed(talk.scene, phase_of(talk), sent=False)
        case TooMany():
            return (too_many(refusal),)
        case Gone():
            return (_("This is no longer there, so nothing was changed."),)
        case OwnText():
            return (_("This idea is yours. Only other people can support it."),)
    return (_("This is not for everybody at the moment, so nothing was kept."), *call(talk))


def too_many(refusal: TooMany) -> Said:
    most = int(refusal.details.get("most", 1))
    return plural(
        "One text can be given here in 24 hours. This one was not sent.",
        "{count} texts can be given here in 24 hours. This one was not sent.",
        most,
    )


def until(talk: Talk) -> Said:
    """How to change what was given, and until when."""
    closes = phase_of(talk).closes_at
    if closes is None:
        return _("To correct or withdraw it: “What I have given”, in the menu.")
    there = closes.astimezone(ZoneInfo(talk.scene.space.zone))
    moment = there.date() if (there.hour, there.minute) == (23, 59) else there
    return _("To correct or withdraw it until {moment}: “What I have given”, in the menu.", moment=moment)


def the_answer(talk: Talk) -> list[Said]:
    """When the town answers, and where that is read."""
    phase, reach = phase_of(talk), talk.scene.channel.reach
    if phase.answer_on is None:
        return []
    answer = _("The answer comes on {day}. It is shown here.", day=phase.answer_on)
    return [answer, *([reach] if reach is not None else [])]


def call(talk: Talk) -> list[Said]:
    """A person to call, where there is one."""
    found = person_to_call(talk.scene)
    return [found] if found is not None else []


def seen(talk: Talk, kind: str) -> Said | None:
    """When others see what was just given; nothing where they see it now."""
    if kind == DETAIL or phase_of(talk).moderation == "before":
        return _("Others see this text after it was read over.")
    return None


def day_of(talk: Talk, at: str) -> Any:
    """The civil day of a moment in ISO format."""
    return datetime.fromisoformat(at).astimezone(ZoneInfo(talk.scene.space.zone)).date()


def named(names: Names, slug: str | None) -> Said | None:
    """An area by its name; one that is gone by none."""
    return next((Words(one["name"]) for one in names if one["slug"] == slug), None)


# -- readers of this room ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ways(OneOf):
    """A choice of what to do next: nothing to note, and nothing to remind of."""

    def echo(self, value: Json) -> Said | None:
        return None


async def way(
    talk: Talk,
    key: str,
    text: Said,
    choices: Sequence[Choice],
    *,
    before: tuple[Said, ...] = (),
    after: tuple[Said, ...] = (),
    listed: tuple[Said, ...] = (),
) -> str:
    """The id of the way taken."""
    prompt = Prompt(text, Ways(tuple(choices)), before, after, listed)
    taken: str = await talk.ask(key, prompt, echo=False, back=False)
    return taken


@dataclass(frozen=True)
class Remark(OneOf):
    """A text in one's own words, or "no thank you", which a bare "no" or "thanks" means as well."""

    options: tuple[Choice, ...] = (NO_THANKS,)
    other: bool = True

    def read(self, heard: Heard) -> Json:
        """`none`, or {"other": text}."""
        text = clean(heard.text or "")
        meant = gist.yes_or_no(fold(text)) if text else None
        if heard.tap is None and (meant == "no" or (text and gist.is_only_thanks(fold(text)))):
            return NO_THANKS.id
        if meant == "yes" or (heard.tap is None and not text):
            raise Misread(_("Please write it in a few words."))
        if heard.tap is not None or self.match(text) is not None:
            return super().read(heard)
        return {"other": FreeText(LONGEST_REMARK).read(heard)}


async def detail(talk: Talk, idea: int) -> None:
    """Offer to add a detail; others see it once a moderator read it."""
    question = _("Would you like to add a detail? The exact place, for example.")
    given = await talk.ask("detail", Prompt(question, Remark()), back=False, echo=False)
    if given != NO_THANKS.id:
        await give(talk, DETAIL, DETAIL, given["other"], idea)


async def give(talk: Talk, key: str, kind: str, text: str, idea: int) -> None:
    """Add an argument or a detail to an idea under a key of its own, and say what becomes of it."""
    try:
        await talk.do("given", written.put, new(talk, key, kind, text, idea))
    except Refusal as refusal:
        talk.say(*refused(talk, refusal))
        return
    if kind == DETAIL:
        thanks = _("Thank you. Your detail is visible after it was read over, without your name:")
    elif seen(talk, kind) is not None:
        thanks = _("Thank you. Your argument is visible after it was read over, without your name:")
    else:
        thanks = _("Thank you. Your argument is visible, without your name:")
    talk.say(thanks, quoted(text))
