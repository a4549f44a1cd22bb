"""What somebody gave: their ideas, arguments and details, and what they support; to see, correct and take back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.answers import Choice, FreeText, Json
from flows.conversation import Ending, Round, Talk
from flows.giving import called, language_of, quoted
from flows.ideas import giving, telling
from flows.ideas.browse import DONE, TAKE_BACK
from flows.ideas.giving import LONGEST_IDEA, LONGEST_MORE, LONGEST_REMARK, Names
from flows.ideas.propose import EVERYWHERE, districts
from flows.ideas.settings import Settings
from flows.moderating import REASONS
from flows.prompt import Prompt
from flows.texts import Said, _, plural
from flows.ways import way
from storage import areas, ideas, written
from storage.ideas import AGAINST, DETAIL, FOR, IDEA, Giver
from storage.refusals import Refusal
from storage.supporting import SUPPORT
from storage.value import columns
from storage.written import Change, Own

MORE = Choice("more", _("See more"))
KEEP = Choice("keep", _("Change nothing"))
WITHDRAW = Choice("withdraw", _("Withdraw it"))
TEXT = Choice("text", _("Correct the text"))
DETAILS = Choice("details", _("Correct the details"))
THEME = Choice("theme", _("Change the theme"))
AREA = Choice("area", _("Change the district"))
ATTACHED = Choice("attached", _("Take the files away"))
SURE = (Choice("yes", _("Yes, withdraw it")), Choice("no", _("No, keep it")))

KINDS: Mapping[str, Said] = {
    IDEA: _("Idea"),
    FOR: _("Argument for"),
    AGAINST: _("Argument against"),
    DETAIL: _("Detail"),
    SUPPORT: _("Your support"),
}


async def mine(talk: Talk, settings: Settings) -> Ending:
    """A list, then one of it, round after round."""
    names = await talk.know("areas", areas.named, talk.scene.space.id)
    for round_ in talk.rounds("own", {}):
        state = round_.state
        following = await (_one(round_, settings, names) if "id" in state else _list(round_))
        if following is None:
            break
        round_.state = following
    return None


async def _list(round_: Round) -> dict[str, Json] | None:
    phase, skip = round_.phase, int(round_.state.get("skip", 0))
    page = await round_.know("mine", ideas.mine, Giver(phase.space_id, phase.id, round_.person.id, skip))
    given = page["given"]
    if not given:
        round_.say(_("There is nothing of yours here at the moment."), *called(round_))
        return None
    lines = tuple(_line(number, one) for number, one in enumerate(given, 1))
    ways = [*telling.numbers(given), *([MORE] if page["more"] else []), DONE]
    after = (_("To see or change one, choose its number."),)
    heading = _("This is what you have given.")
    taken = await way(round_, "which", heading, ways, listed=lines, after=after, leads_back=DONE.id)
    if taken == DONE.id:
        round_.say(_("All right."), *called(round_))
        return None
    if taken == MORE.id:
        return {"skip": skip + len(given)}
    one = given[int(taken) - 1]
    return {"skip": skip, "id": one["id"], "kind": one["kind"]}


def _line(number: int, one: Mapping[str, Any]) -> Said:
    """What it is, its words, and its state; for an idea how many support it."""
    if one["kind"] == SUPPORT:
        return _("{number}. {name}: “{text}”", number=number, name=KINDS[SUPPORT], text=one["text"])
    state = telling.STATES.get(one["state"], one["state"])
    if one["kind"] == IDEA and one["state"] == "sent":
        state = plural("{count} supporter", "{count} supporters", one["support"])
    return _(
        "{number}. {name}: “{text}” ({state})", number=number, name=KINDS[one["kind"]], text=one["text"], state=state
    )


async def _one(round_: Round, settings: Settings, names: Names) -> dict[str, Json]:
    """One of them, as it stands, and what can be done with it."""
    state = round_.state
    rest = {"skip": state["skip"]}
    found = await round_.know("one", ideas.read, giving.reader_of(round_, state["id"]))
    if found is None:
        round_.say(_("This is no longer there."))
    elif state["kind"] == SUPPORT:
        before, media = tuple(telling.whole(round_, settings, names, found)), telling.media(round_, found)
        ways = (TAKE_BACK, KEEP)
        taken = await way(round_, "way", telling.counted(found), ways, before=before, media=media, leads_back=KEEP.id)
        if taken == TAKE_BACK.id:
            await giving.support(round_, found["id"], wanted=False)
    else:
        await _own(round_, settings, names, found)
    return rest


async def _own(round_: Round, settings: Settings, names: Names, found: Mapping[str, Any]) -> None:
    idea = found["kind"] == IDEA
    before = [quoted(found["text"])] if not idea else telling.whole(round_, settings, names, found)
    if found["state"] == "hidden":
        before += [_("It is not shown to others.")]
        reason = REASONS.get(found["reason"], found["reason"])
        before += [_("Why: {reason}", reason=reason)] if reason else []
    elif found["state"] == "waiting":
        before += [_("Others see this text after it was read over.")]
    ways = [TEXT, *([DETAILS] if idea else [])]
    ways += [THEME] if idea and settings.themes else []
    ways += [AREA] if idea and settings.area and names else []
    ways += [ATTACHED] if idea and found["attached"] else []
    question = telling.counted(found) if idea and found["state"] == "sent" else _("What would you like to do?")
    ways += [WITHDRAW, KEEP]
    taken = await way(
        round_,
        "way",
        question,
        ways,
        before=tuple(before),
        media=telling.media(round_, found),
        leads_back=KEEP.id,
        corrects=TEXT.id,
    )
    if taken == WITHDRAW.id:
        await _withdraw(round_, found)
    elif taken != KEEP.id:
        await _change(round_, found, taken, await _anew(round_, settings, names, taken, idea=idea))


async def _anew(round_: Round, settings: Settings, names: Names, what: str, *, idea: bool) -> str | None:
    """What it should be from now on."""
    if what == ATTACHED.id:
        return None
    if what == THEME.id:
        return await round_.choose("new", _("What is it about?"), settings.themes, echo=False)
    if what == AREA.id:
        area = await round_.choose("new", _("Which district is it about?"), districts(names), echo=False)
        return area if area != EVERYWHERE.id else None
    most = LONGEST_MORE if what == DETAILS.id else LONGEST_IDEA if idea else LONGEST_REMARK
    reader = FreeText(most, long=what == DETAILS.id)
    text: str = await round_.ask("new", Prompt(_("Write it anew, as it should read."), reader), echo=False)
    return text


async def _change(round_: Round, found: Mapping[str, Any], what: Any, new: str | None) -> None:
    language = language_of(round_) if found["kind"] == IDEA else None
    own = columns(_theirs(round_, found))
    change = Change(**own, what=what, new=new, language=language, read_first=found["kind"] == DETAIL)
    if await _do(round_, written.change, change):
        reread = what in (TEXT.id, DETAILS.id) and (giving.seen(round_, found["kind"]) or found["state"] != "sent")
        later = [_("Others see this text after it was read over.")] if reread else []
        round_.say(_("It is corrected."), *later)


async def _withdraw(round_: Round, found: Mapping[str, Any]) -> None:
    sure = await round_.choose("sure", _("It is then no longer shown, nor counted. Withdraw it?"), SURE, echo=False)
    if sure == "yes" and await _do(round_, written.withdraw, _theirs(round_, found)):
        round_.say(_("It is withdrawn."))


def _theirs(round_: Round, found: Mapping[str, Any]) -> Own:
    phase = round_.phase
    return Own(phase.space_id, phase.id, found["id"], round_.person.id, round_.now)


async def _do(round_: Round, verb: Any, given: Own) -> bool:
    """Do this about something of theirs; False when it was refused, which is said."""
    try:
        await round_.do("change", verb, given)
    except Refusal as refusal:
        round_.say(*giving.refused(round_, refusal))
        return False
    return True
