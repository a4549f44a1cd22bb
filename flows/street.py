"""What a volunteer does in chat on a field round: join it by its code, see one door after the other, and say what came
of it. An answer is begun here, with the consent that was read aloud, and goes on in the phase's own conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flows.answers import Choice, FreeText
from flows.conversation import Ending, Go, Round, Talk
from flows.entrance import STREET_LIST
from flows.giving import called
from flows.host import host
from flows.module import HouseModule
from flows.prompt import Prompt
from flows.texts import Said, Words, _, plural, translate
from flows.ways import way
from storage import doorsteps
from storage.doorsteps import Agreed, Ahead, Joining, Leaf, Named, Noted, RoundClosed, TakingBack
from storage.refusals import Refusal

LONGEST_NAME = 30
BEFORE = 2
"""Doors of the list that are shown before the one they stand at."""
LONGEST_LABEL = 30
"""Characters of a button: a longer line of the list is shown by its beginning and its end."""

ANSWER = Choice("answer", _("An answer"))
NOBODY = Choice("nobody", _("Nobody there"))
REFUSED = Choice("refused", _("They do not want to"))
LIST = Choice("list", _("The list"))
AGAIN = Choice("again", _("One more at the door before"))
UNDO = Choice("to_visit", _("Still to be visited"))
FIX = Choice("fix", _("Correct an answer"))
TAKE = Choice("take", _("Take an answer back"))
END = Choice("end", _("I stop here"))
ON = Choice("on", _("Further on"))
HERE = Choice("here", _("The next door"))
AGREED, DECLINED = Choice("yes", _("Yes, they agree")), Choice("no", _("No, they do not"))
SURE = (Choice("yes", _("Yes, take it back")), Choice("no", _("No, leave it")))


class Join(HouseModule):
    """A volunteer shows the code of a round, and says how they are called."""

    kind = "join"
    CODE = "code"

    async def converse(self, talk: Talk) -> Ending:
        space, me = talk.scene.space.id, talk.person.id
        code = await talk.ask(self.CODE, _("Which code is on your sheet?"), echo=False)
        found = await talk.do("join", doorsteps.join, Joining(space, me, code, talk.now.isoformat()))
        if "wait" in found:
            wait = found["wait"]
            talk.say(plural("Please try again in {count} minute.", "Please try again in {count} minutes.", wait))
            return None
        if "wrong" in found:
            talk.say(_("I don’t know this code. Perhaps the round is over, or a letter is missing."), *called(talk))
            return None
        name = found["name"]
        if name is None:
            seen = _("Only the organisers see it.")
            asked = Prompt(
                _("Thank you for your help. What is your first name?"), FreeText(LONGEST_NAME), after=(seen,)
            )
            name = await talk.ask("name", asked, echo=False, back=False)
            await talk.do("named", doorsteps.name, Named(space, me, found["round"], name))
        talk.say(
            _("Good round, {name}. Never write the name of who lives there.", name=name),
            _("To come back to the list at any time, write “round”."),
        )
        return Go(kind=STREET_LIST)


class StreetList(HouseModule):
    """The doors of a volunteer's round, one after the other."""

    kind = STREET_LIST

    async def converse(self, talk: Talk) -> Ending:
        me = (talk.scene.space.id, talk.person.id)
        for round_ in talk.rounds("list", {}):
            walk = await round_.know("walk", doorsteps.walking, me)
            if walk is None:
                return Go(kind=Join.kind)
            if not _is_open(walk, talk.now):
                talk.say(_("{team}: there is nothing to ask at the doors now.", team=walk["team"]), *called(talk))
                return None
            try:
                ending = await _step(round_, walk)
            except RoundClosed:
                talk.say(_("This round is over. Thank you for walking it."))
                return None
            if ending is not None:
                return ending if ending != STOPPED else None
        raise AssertionError("rounds end by themselves")


STOPPED = Go(kind="stopped")
"""Handed back by a step after which the talk is over."""


def _is_open(walk: Mapping[str, Any], now: datetime) -> bool:
    begun = walk["opens"] is None or datetime.fromisoformat(walk["opens"]) <= now
    return bool(walk["open"]) and begun and (walk["closes"] is None or now < datetime.fromisoformat(walk["closes"]))


async def _step(round_: Round, walk: Mapping[str, Any]) -> Go | None:
    """One look at a door or at the list; None to go on with the next, from the round's state."""
    state = round_.state
    if state.get("page") is not None:
        await _choose_from_list(round_, walk)
        return None
    who = (round_.scene.space.id, round_.person.id)
    seen = await round_.know("seen", doorsteps.ahead, Ahead(*who, walk["round"], state.get("door")))
    taken = await _ask_what(round_, seen)
    door = seen["before"] if taken == AGAIN.id else next(iter(seen["doors"]), None)
    if taken == END.id:
        round_.say(_("Thank you. To go on later, write “round”."))
        return STOPPED
    if taken == LIST.id or door is None:
        round_.state = {"page": 1 if door is None else door["position"] - BEFORE}
        return None
    if taken in (ANSWER.id, AGAIN.id):
        return await _ask_consent(round_, walk, door)
    if taken in (FIX.id, TAKE.id):
        return await _change(round_, door, taken)
    await _note(round_, door, taken)
    return None


async def _note(round_: Round, door: Mapping[str, Any], state: str) -> None:
    await round_.do("note", doorsteps.note, Noted(round_.scene.space.id, round_.person.id, door["id"], state))
    round_.state = {"noted": [state, door["line"]]}


# -- at a door -------------------------------------------------------------------------------------------------


async def _ask_what(round_: Round, seen: Mapping[str, Any]) -> str:
    """What came of the door they stand before."""
    before = _noted(round_.state.get("noted"))
    again = [AGAIN] if seen["before"] is not None and seen["before"]["answers"] else []
    if not seen["doors"]:
        done = plural("The list is done: {count} answer.", "The list is done: {count} answers.", seen["answers"])
        question = _("What would you like to do?")
        return await way(round_, "what", question, [*again, LIST, END], before=(*before, done))
    door, *ahead = seen["doors"]
    is_known = door["answers"] or door["state"] != "to_visit"
    after: tuple[Said, ...] = ()
    if is_known:
        after = (_("Noted here: {state}.", state=_state(door)),)
    elif ahead:
        after = (_("Then: {line}.", line=ahead[0]["line"]),)
    choices = [ANSWER, NOBODY, REFUSED, *again]
    if door["mine"]:
        choices = [ANSWER, FIX, TAKE]
    elif is_known and not door["answers"]:
        choices += [UNDO]
    return await way(round_, "what", _("Door: {line}", line=door["line"]), [*choices, LIST], before=before, after=after)


def _noted(noted: tuple[str, str] | None) -> tuple[Said, ...]:
    if noted is None:
        return ()
    state, line = noted
    return (_("Noted, {line}: {state}.", line=line, state=STATES[state]),)


STATES: Mapping[str, Said] = {
    "to_visit": _("still to be visited"),
    "nobody": _("nobody there"),
    "refused": _("does not want to be asked"),
    "taken": _("the answer is taken back"),
    "too_late": _("the answer can no longer be taken back"),
}


def _state(door: Mapping[str, Any]) -> Said:
    if door["answers"]:
        return plural("{count} answer", "{count} answers", door["answers"])
    return STATES[door["state"]]


READ_ALOUD, DO_YOU_AGREE = _("Read aloud:"), _("Do you agree to answer?")
PROMISED = (
    _("The results are published without names."),
    _("Which door the answers came from is forgotten when the round ends."),
)


async def _ask_consent(round_: Round, walk: Mapping[str, Any], door: Mapping[str, Any]) -> Go | None:
    """What is read aloud before the first question; it is kept word by word with the consent."""
    scene, person = round_.scene, round_.person
    hello = _("Hello. I come from {host}, with questions {topic}.", host=host(scene), topic=Words(walk["topic"]))
    why = [Words(walk["why"])] if walk["why"] else []
    round_.say(READ_ALOUD, hello, *why)
    agreed = await round_.choose("aloud", DO_YOU_AGREE, [AGREED, DECLINED], before=PROMISED, echo=False)
    if agreed == DECLINED.id:
        await _note(round_, door, REFUSED.id)
        return None
    language = person.language or scene.space.languages[0]
    said: tuple[Said, ...] = (_("Read aloud by a volunteer:"), hello, *why, *PROMISED, DO_YOU_AGREE)
    words = " ".join(translate(one, language) for one in said)
    given = Agreed(scene.space.id, person.id, door["id"], walk["consultation"], language, words, round_.now)
    answers = await round_.do("begin", doorsteps.begin, given)
    return Go(phase=walk["phase"], person=answers, place=walk["team"])


async def _change(round_: Round, door: Mapping[str, Any], taken: str) -> Go | None:
    """Correct or take back what was answered at this door through this volunteer."""
    mine, which = door["mine"], 0
    if len(mine) > 1:
        numbered = [Choice(f"n{index}", str(index + 1)) for index in range(len(mine))]
        which = int((await round_.choose("which", _("Which of the answers here?"), numbered, echo=False))[1:])
    if taken == FIX.id:
        return Go(conversation=mine[which], reopen=True)
    before = (_("It no longer counts, and all that was said is erased."),)
    if await round_.choose("sure", _("Take this answer back?"), SURE, before=before, echo=False) == "no":
        round_.state = {}
        return None
    back = TakingBack(round_.scene.space.id, round_.person.id, mine[which], round_.now)
    try:
        await round_.do("back", doorsteps.take_back, back)
    except Refusal:
        round_.state = {"noted": ["too_late", door["line"]]}
    else:
        round_.state = {"noted": ["taken", door["line"]]}
    return None


# -- the list --------------------------------------------------------------------------------------------------


async def _choose_from_list(round_: Round, walk: Mapping[str, Any]) -> None:
    """Some doors of the list with what came of each; the one they go to."""
    here = Leaf(round_.scene.space.id, walk["round"], round_.state["page"])
    page = await round_.know("leaf", doorsteps.leaf, here)
    lines = [_("{line}: {state}", line=door["line"], state=_state(door)) for door in page["doors"]]
    choices = [Choice(f"d{index}", _short(door["line"])) for index, door in enumerate(page["doors"])]
    on = [ON] if page["next"] is not None else []
    taken = await way(round_, "door", _("Which door?"), [*choices, *on, HERE], listed=tuple(lines))
    if taken == HERE.id:
        round_.state = {}
    elif taken == ON.id:
        round_.state = {"page": page["next"]}
    else:
        round_.state = {"door": page["doors"][int(taken[1:])]["id"]}


def _short(line: str) -> str:
    """A line as it fits on a button."""
    if len(line) <= LONGEST_LABEL:
        return line
    head, tail = line[:14], line[-14:]
    return f"{head.rpartition(' ')[0] or head}… {tail.partition(' ')[2] or tail}"
