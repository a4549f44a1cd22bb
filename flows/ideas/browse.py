"""Reading the ideas of others by rounds: a few at a time, then one; supporting it, arguing, following, reporting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows import reporting
from flows.answers import Choice, FreeText, Json
from flows.conversation import Ending, Round, Talk
from flows.giving import called, language_of
from flows.ideas import giving, telling
from flows.ideas.giving import LONGEST_REMARK, Names
from flows.ideas.propose import EVERYWHERE, SUPPORT
from flows.ideas.settings import Settings
from flows.prompt import Prompt
from flows.texts import Said, Words, _
from flows.ways import way
from storage import areas, ideas, supporting
from storage.ideas import AGAINST, DETAIL, FOR, PRIME, Look
from storage.supporting import Following

RANDOM = Choice("random", _("In an order drawn at random"))
NEW = Choice("new", _("The newest first"))
NEAR, AREA = Choice("near", _("Those of my district")), Choice("area", _("Those of one district"))
THEME = Choice("theme", _("Those on one theme"))
SEARCH = Choice("search", _("Search for a word"))
MORE_IDEAS = Choice("more", _("More ideas"))
HOW = Choice("how", _("Read in another way"))
DONE = Choice("done", _("I have finished"))

TAKE_BACK = Choice("back", _("Take back my support"))
ARGUMENTS = Choice("arguments", _("Read or give arguments"))
ELSE = Choice("else", _("Something else"))
LIST = Choice("list", _("Other ideas"))
ADD_FOR = Choice(FOR, _("Give an argument for"))
ADD_AGAINST = Choice(AGAINST, _("Give an argument against"))
ADD_DETAIL = Choice(DETAIL, _("Add a detail"))
FOLLOW = Choice("follow", _("Follow this idea"))
LEAVE_OFF = Choice("leave", _("Follow it no longer"))
REPORT = Choice("report", _("Report this idea"))
RETURN = Choice("return", _("Return to the idea"))

START: Mapping[str, Json] = {"order": "random", "round": 0}


async def browse(talk: Talk, settings: Settings) -> Ending:
    """Each round shows one thing, and its state says which: how to read, a list, or an idea of it."""
    names = await talk.know("areas", areas.named, talk.scene.space.id)
    seed = talk.chance("order").randrange(PRIME)
    for round_ in talk.rounds("look", dict(START)):
        state = round_.state
        if "id" in state:
            following = await _idea(round_, settings, names, state)
        elif "order" in state:
            following = await _list(round_, settings, names, seed, state)
        else:
            following = await _how(round_, settings, names, state)
        if following is None:
            break
        round_.state = {**following, "round": state["round"] + 1}
    talk.say(_("Thank you for reading."), *called(talk))
    return None


# -- which ideas ---------------------------------------------------------------------------------------------------


async def _how(round_: Round, settings: Settings, names: Names, state: Mapping[str, Json]) -> dict[str, Json] | None:
    mine = next((one["slug"] for one in names if one["slug"] == round_.person.area), None)
    areas_ = [*([NEAR] if mine else []), *([AREA] if names else [])]
    ways = [RANDOM, NEW, *areas_, *([THEME] if settings.themes else []), SEARCH, DONE]
    question = _("How would you like to read the ideas?")
    taken = await way(round_, "how", question, ways)
    if taken == NEAR.id:
        return {"order": "new", "area": mine}
    if taken == AREA.id:
        choices = [Choice(one["slug"], Words(one["name"])) for one in names]
        return {"order": "new", "area": await round_.choose("area", _("Which district?"), choices)}
    if taken == THEME.id:
        return {"order": "random", "theme": await round_.choose("theme", _("Which theme?"), settings.themes)}
    if taken == SEARCH.id:
        words = await round_.ask("words", _("Which words are you looking for?"), FreeText(100), echo=False)
        return {"order": "search", "words": words}
    return {"order": taken} if taken != DONE.id else None


async def _list(
    round_: Round, settings: Settings, names: Names, seed: int, state: dict[str, Json]
) -> dict[str, Json] | None:
    page = await round_.know("page", ideas.browse, _look(round_, seed, state))
    found = page["ideas"]
    ways = [*telling.numbers(found), *([MORE_IDEAS] if page["after"] is not None else []), HOW, DONE]
    if not found:
        nothing = _("There is no idea here yet.")
        taken = await way(round_, "list", nothing, (HOW, DONE))
    else:
        heading = _heading(settings, names, state)
        lines, after = telling.listed(found), (_("To read one, choose its number."),)
        first = state["round"] == 0
        taken = await way(round_, "list", heading, ways, listed=lines, after=after, back=first)
    if taken == MORE_IDEAS.id:
        return {**state, "after": page["after"]}
    if taken in (HOW.id, DONE.id):
        return {} if taken == HOW.id else None
    return {**state, "id": found[int(taken) - 1]["id"]}


def _look(round_: Round, seed: int, state: Mapping[str, Json]) -> Look:
    phase, after = round_.phase, state.get("after")
    return Look(
        phase.space_id,
        phase.id,
        state["order"],
        seed,
        state.get("theme"),
        state.get("area"),
        state.get("words", ""),
        language_of(round_),
        (after[0], after[1]) if after else None,
    )


def _heading(settings: Settings, names: Names, state: Mapping[str, Json]) -> Said:
    theme = next((one.label for one in settings.themes if one.id == state.get("theme")), None)
    if theme is not None:
        return _("Ideas on this theme: {theme}.", theme=theme)
    if state.get("area") is not None:
        return _("Ideas for {area}.", area=giving.named(names, state["area"]) or EVERYWHERE.label)
    if state["order"] == "search":
        return _("Ideas that hold “{words}”.", words=state["words"])
    return _("Ideas, the newest first.") if state["order"] == "new" else _("Ideas, in an order drawn at random.")


# -- one idea ------------------------------------------------------------------------------------------------------


async def _idea(round_: Round, settings: Settings, names: Names, state: dict[str, Json]) -> dict[str, Json] | None:
    """The idea and what can be done with it; a list follows, or the idea again."""
    rest = {name: value for name, value in state.items() if name not in ("id", "at")}
    idea = await round_.know("idea", ideas.read, giving.reader_of(round_, state["id"]))
    if idea is None:
        round_.say(_("This idea is no longer there."))
        return rest
    own = [] if idea["mine"] else [TAKE_BACK if idea["supported"] else SUPPORT]
    at = state.get("at", 0)
    ways = (*own, *telling.nexts(idea, at), ARGUMENTS, ELSE, LIST, DONE)
    counted, before = telling.counted(idea), tuple(telling.whole(round_, settings, names, idea))
    media = telling.media(round_, idea, at)
    taken = await way(round_, "way", counted, ways, before=before, media=media, yes=SUPPORT.id, leads_back=LIST.id)
    if taken in (SUPPORT.id, TAKE_BACK.id):
        await giving.support(round_, idea["id"], wanted=taken == SUPPORT.id)
        return rest
    if taken in (LIST.id, DONE.id):
        return rest if taken == LIST.id else None
    if taken == telling.NEXT:
        return {**state, "at": at + 1}
    await (_arguments(round_, idea, state) if taken == ARGUMENTS.id else _else(round_, idea, state))
    return state


async def _arguments(round_: Round, idea: Mapping[str, Any], state: Mapping[str, Json]) -> None:
    """The newest of each side, and a word of one's own. Nobody answers an argument."""
    found = await round_.know("arguments", ideas.arguments, giving.reader_of(round_, idea["id"]))
    sides = ((_("For"), FOR), (_("Against"), AGAINST), (_("Detail"), DETAIL))
    texts = [(side, text) for side, kind in sides for text in found[kind]]
    lines = tuple(
        _("{number}. {name}: {answer}", number=number, name=side, answer=text)
        for number, (side, text) in enumerate(texts, 1)
    )
    heading = _("What residents say of it, the newest of each side:") if lines else _("Nobody has argued yet.")
    ways = (ADD_FOR, ADD_AGAINST, RETURN)
    taken = await way(round_, "side", heading, ways, listed=lines, leads_back=RETURN.id)
    if taken != RETURN.id:
        await _write(round_, taken, idea, state)


async def _write(round_: Round, kind: str, idea: Mapping[str, Any], state: Mapping[str, Json]) -> None:
    questions = {
        FOR: _("Why are you for it? Write about the idea, and name nobody."),
        AGAINST: _("Why are you against it? Write about the idea, and name nobody."),
        DETAIL: _("Which detail? The exact place, for example."),
    }
    prompt = Prompt(questions[kind], FreeText(LONGEST_REMARK))
    text = await round_.ask("text", prompt, echo=False)
    await giving.give(round_, f"{kind}.{state['round']}", kind, text, idea["id"])


async def _else(round_: Round, idea: Mapping[str, Any], state: Mapping[str, Json]) -> None:
    ways = (
        ADD_DETAIL,
        LEAVE_OFF if idea["followed"] else FOLLOW,
        *(() if idea["mine"] or idea["reported"] else (REPORT,)),
        RETURN,
    )
    taken = await way(round_, "else", _("What would you like to do?"), ways, leads_back=RETURN.id)
    if taken == ADD_DETAIL.id:
        await _write(round_, DETAIL, idea, state)
    elif taken in (FOLLOW.id, LEAVE_OFF.id):
        await _follow(round_, idea, wanted=taken == FOLLOW.id)
    elif taken == REPORT.id:
        await reporting.report(round_, idea["id"], RETURN)


async def _follow(round_: Round, idea: Mapping[str, Any], *, wanted: bool) -> None:
    space_id = round_.phase.space_id
    await round_.do("follow", supporting.follow, Following(space_id, idea["id"], round_.person.id, wanted))
    told = _("It is noted. The town’s answers to this idea are sent to you here.")
    round_.say(told if wanted else _("It is noted. You follow this idea no longer."))
