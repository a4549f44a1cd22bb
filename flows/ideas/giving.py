"""What is given in a collection of ideas, and what is said when it was taken, or was not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flows import gist
from flows.answers import Choice, FreeText, Heard, Json, Misread, OneOf
from flows.conversation import Talk
from flows.folding import clean, fold
from flows.giving import language_of, quoted, supporters, too_many
from flows.host import closed
from flows.prompt import Prompt
from flows.texts import Said, Words, _, plural
from storage import supporting, written
from storage.ballots import NewBallot
from storage.ideas import DETAIL, IDEA, Reader
from storage.refusals import Closed, Gone, Refusal, TooMany
from storage.supporting import OwnText
from storage.written import NewText

LONGEST_IDEA, LONGEST_MORE, LONGEST_REMARK = 200, 600, 300
"""Characters of an idea, of what more is said about it, and of an argument or a detail: they are read in a chat."""

Names: TypeAlias = "Sequence[Mapping[str, Any]]"
"""The areas of a space as `{slug, name}`."""

NO_THANKS = Choice("none", _("No thank you"))


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
    return Reader(talk.phase.space_id, talk.phase.id, idea, talk.person.id)


async def support(talk: Talk, idea: int, *, wanted: bool = True) -> bool:
    """Support an idea, or take it back; says how many do now. False when it was refused, which is said as well."""
    phase = talk.phase
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


def refused(talk: Talk, refusal: Refusal) -> tuple[Said, ...]:
    """Why nothing was taken, and what to do; one of the gate's is raised again, to be worded on the way in."""
    match refusal:
        case Closed():
            return closed(talk.scene, talk.phase)
        case TooMany():
            return (too_many(refusal),)
        case Gone():
            return (_("This is no longer there, so nothing was changed."),)
        case OwnText():
            return (_("This idea is yours. Only other people can support it."),)
    raise refusal


def the_answer(talk: Talk) -> list[Said]:
    """When the town answers, and where that is read."""
    phase, reach = talk.phase, talk.scene.channel.reach
    if phase.answer_on is None:
        return []
    answer = _("The answer comes on {day}. It is shown here.", day=phase.answer_on)
    return [answer, *([reach] if reach is not None else [])]


def seen(talk: Talk, kind: str) -> Said | None:
    """When others see what was just given; nothing where they see it now."""
    if kind == DETAIL or talk.phase.moderation == "before":
        return _("Others see this text after it was read over.")
    return None


def named(names: Names, slug: str | None) -> Said | None:
    """An area by its name; one that is gone by none."""
    return next((Words(one["name"]) for one in names if one["slug"] == slug), None)


# -- readers of this room ------------------------------------------------------------------------------------------


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
        number = text.isdigit() and self.match(text) is None
        if meant == "yes" or number or (heard.tap is None and not text):
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
