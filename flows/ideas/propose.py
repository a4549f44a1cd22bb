"""Proposing an idea: a sentence, what is like it already, what more there is to say, reading it over, sending it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flows.answers import Choice, FreeText, Json
from flows.conversation import Again, Ending, Talk
from flows.giving import called, language_of, quoted, supporters, to_change, too_many
from flows.ideas import giving, telling
from flows.ideas.giving import LONGEST_IDEA, LONGEST_MORE, Names
from flows.ideas.settings import Settings
from flows.prompt import Prompt
from flows.questionnaires.interview import NO_ANSWER, Place
from flows.texts import Said, Words, _, plural
from flows.values import PhotoAnswer
from flows.ways import Recap, way
from storage import areas, ideas, written
from storage.attached import BESIDE
from storage.ideas import IDEA
from storage.refusals import Refusal, TooMany
from storage.rules import Facts
from storage.shortening import shortened
from storage.similar import Asked

SAME = Choice("yes", _("Yes, I support it"))
READ = Choice("read", _("Read it first"))
OTHER = Choice("no", _("No, it is different"))
SUPPORT = Choice("support", _("I support it"))
MINE = Choice("mine", _("I propose mine"))
SEND = Choice("send", _("Send"))
FIX = Choice("fix", _("Correct"))
DROP = Choice("drop", _("Do not send it"))
NOT_ONE = Choice("-none", _("None of them"))
RETRY = Choice("retry", _("Try to send it again"))
EVERYWHERE = Choice("-all", _("The whole town"))
SEEN = _("Everybody can see it with your idea. Please avoid faces and names.")
PUBLISHED = _("It may be published later with your idea. Please avoid faces and names.")
ATTACHED = ("photo", "photo.2", "photo.3")
"""The keys of what is sent along."""
SHOWN = 100
"""Characters of a long answer in the recap."""


@dataclass
class Draft:
    """An idea that is being written: what it says, and each entry as (key, name, answer) for reading it over."""

    text: str
    details: str | None = None
    theme: str | None = None
    area: str | None = None
    attached: list[Json] = field(default_factory=list)
    own: dict[str, Json] = field(default_factory=dict)
    entries: list[tuple[str, Said, Said]] = field(default_factory=list)


async def propose(talk: Talk, settings: Settings) -> Ending:
    question = settings.question or _("What is your idea? One sentence is enough.")
    text = await talk.ask("text", question, FreeText(LONGEST_IDEA), echo=False)
    names = await talk.know("areas", areas.named, talk.scene.space.id)
    if not settings.private:
        phase = talk.phase
        asked = Asked(phase.space_id, phase.id, text, language_of(talk))
        near = await talk.know("near", ideas.near, asked)
        same = await _same(talk, settings, names, near) if near else None
        if same is not None:
            await _support(talk, same)
            return None
    draft = await _write(talk, settings, names, text)
    return await _recap(talk, settings, draft)


# -- an idea that exists already -----------------------------------------------------------------------------------


async def _same(talk: Talk, settings: Settings, names: Names, near: Sequence[Mapping[str, Any]]) -> int | None:
    """The id of the idea that is the same as theirs, once they support it; None when theirs is different."""
    idea = near[0]
    if len(near) == 1:
        before = (
            _("An idea like yours exists already:"),
            quoted(idea["text"]),
            supporters(idea["support"]),
        )
        question = _("Is it the same idea as yours?")
        taken = await way(talk, "same", question, (SAME, READ, OTHER), before=before)
        if taken == SAME.id:
            return int(idea["id"])
    else:
        lines = telling.listed(near)
        heading = plural(
            "{count} idea like yours exists already:", "{count} ideas like yours exist already:", len(near)
        )
        question = _("Is one of them the same as yours? Its number lets you read it.")
        choices = (*telling.numbers(near), OTHER)
        taken = await way(talk, "same", heading, choices, listed=lines, after=(question,))
        idea = near[int(taken) - 1] if taken != OTHER.id else idea
    if taken == OTHER.id:
        return None
    return int(idea["id"]) if await _read(talk, settings, names, int(idea["id"])) else None


async def _read(talk: Talk, settings: Settings, names: Names, id_: int) -> bool:
    """Show it whole; whether they support it then."""
    idea = await talk.know("idea", ideas.read, giving.reader_of(talk, id_))
    if idea is None:
        talk.say(_("This idea is no longer there."))
        return False
    *before, last = telling.whole(talk, settings, names, idea)
    media = telling.media(talk, idea)
    taken = await way(talk, "read", last, (SUPPORT, MINE), before=tuple(before), media=media)
    return taken == SUPPORT.id


async def _support(talk: Talk, idea: int) -> None:
    if not await giving.support(talk, idea):
        return
    await giving.detail(talk, idea)
    talk.say(_("To take back your support: “What I have given”, in the menu."))
    _end(talk)


# -- a new idea ----------------------------------------------------------------------------------------------------


async def _write(talk: Talk, settings: Settings, names: Names, text: str) -> Draft:
    """What more there is to say, as the settings ask it."""
    draft = Draft(text, entries=[("text", _("Idea"), text)])
    more = Prompt(_("Would you like to say more: why, for whom, how?"), FreeText(LONGEST_MORE, long=True))
    draft.details = await talk.ask("details", more, optional=True, echo=False)
    draft.entries.append(("details", _("Details"), shortened(draft.details, SHOWN) if draft.details else NO_ANSWER))
    if settings.themes:
        draft.theme = await talk.choose("theme", _("What is it about?"), settings.themes)
        label = next(theme.label for theme in settings.themes if theme.id == draft.theme)
        draft.entries.append(("theme", _("Theme"), label))
    if settings.area and names:
        area = await talk.choose("area", _("Which district is it about?"), districts(names))
        draft.area = area if area != EVERYWHERE.id else None
        draft.entries.append(("area", _("District"), giving.named(names, draft.area) or EVERYWHERE.label))
    if settings.photo:
        draft.attached = await _attach(talk, settings)
        draft.entries.append(("photo", _("Photos or documents"), telling.attached(draft.attached) or NO_ANSWER))
    await _own(talk.part("own"), settings, draft)
    return draft


async def _attach(talk: Talk, settings: Settings) -> list[Json]:
    """What is sent along. After each the next is asked for, so that several which come at once are all taken."""
    sent: list[Json] = []
    question: Said = _("Would you like to send a photo or a document (PDF)?")
    seen: tuple[Said, ...] = (PUBLISHED if settings.private else SEEN,)
    for key in ATTACHED:
        one = await talk.ask(key, Prompt(question, PhotoAnswer(documents=True), after=seen), optional=True)
        if one is None:
            break
        sent.append(one)
        question, seen = _("Would you like to send another one? {most} at most.", most=len(ATTACHED)), ()
    return sent


def districts(names: Names) -> list[Choice]:
    return [*(Choice(one["slug"], Words(one["name"])) for one in names), EVERYWHERE]


async def _own(part: Talk, settings: Settings, draft: Draft) -> None:
    """The organiser's own questions, those whose condition holds."""
    chosen: dict[str, Collection[str]] = {}
    facts = Facts(chosen, part.person.area, part.person.groups)
    for number, interview in enumerate(settings.interviews, 1):
        question = interview.question
        if question.when is not None and not question.when.judge(facts):
            chosen[question.id] = ()
            continue
        answer = await interview.ask(part, partial(Place, number, len(settings.interviews)))
        draft.own[question.id] = answer
        chosen[question.id] = question.taken(answer)
        draft.entries.append((f"own.{question.id}", question.name, interview.shown(answer)))


# -- sending -------------------------------------------------------------------------------------------------------


async def _recap(talk: Talk, settings: Settings, draft: Draft) -> Ending:
    lines = tuple(
        _("{number}. {name}: {answer}", number=number, name=name, answer=answer)
        for number, (_key, name, answer) in enumerate(draft.entries, 1)
    )
    reader = Recap((SEND, FIX, DROP), entries=len(lines))
    prompt = Prompt(_("Here is your idea. It is not sent yet."), reader, listed=lines)
    taken = await talk.ask("recap", prompt, echo=False, back=False)
    if taken == DROP.id:
        talk.say(_("Nothing was sent."))
        return None
    return await (_send(talk, settings, draft) if taken == SEND.id else _correct(talk, draft, taken))


async def _correct(talk: Talk, draft: Draft, taken: str | int) -> Ending:
    """The entry of this number, or the one that is named, is asked again; a new sentence may be like other ideas than
    the one before."""
    numbered = {str(number): entry[0] for number, entry in enumerate(draft.entries, 1)}
    key = numbered.get(str(taken))
    if key is None:
        choices = [*(Choice(number, number) for number in numbered), NOT_ONE]
        key = numbered.get(await way(talk, "which", _("Which one?"), choices))
    if key is None:
        return Again(("recap", "which"))
    also = ("same", "idea", "read") if key == "text" else ()
    return Again((key, "recap", "which", *also), correcting=True)


async def _send(talk: Talk, settings: Settings, draft: Draft) -> Ending:
    fields = {"details": draft.details, BESIDE: draft.attached, "own": draft.own}
    parts = settings.own.parts(draft.own, talk.person.area, talk.person.groups)
    row = giving.new(talk, IDEA, IDEA, draft.text, fields=fields, parts=parts, theme=draft.theme, area=draft.area)
    try:
        await talk.do("sent", written.put, row)
    except TooMany as refusal:
        return await _tomorrow(talk, refusal)
    except Refusal as refusal:
        talk.say(*giving.refused(talk, refusal))
        return None
    if settings.private:
        others: Said | None = _("For now nobody but the organisers reads it.")
    else:
        others = giving.seen(talk, IDEA)
    talk.say(
        _("It is sent. Thank you."),
        *([others] if others is not None else []),
        to_change(talk, _("correct or withdraw it")),
    )
    _end(talk)
    return None


def _end(talk: Talk) -> None:
    """When the town answers, and whom to call."""
    if after := [*giving.the_answer(talk), *called(talk)]:
        talk.say(*after)


async def _tomorrow(talk: Talk, refusal: TooMany) -> Ending:
    """What was written is kept, to be sent later."""
    before = (too_many(refusal), _("What you wrote is kept here."))
    question = _("What would you like to do?")
    taken = await way(talk, "later", question, (RETRY, DROP), before=before)
    if taken == RETRY.id:
        return Again(("sent", "later"))
    talk.say(_("Nothing was sent."))
    return None
