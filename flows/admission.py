"""Admission: whether somebody is among those a phase is for; what was not checked is asked, and a code can prove it.

A refusal says whom it is for, and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.answers import Choice
from flows.conversation import Round, Talk
from flows.host import person_to_call
from flows.prompt import Prompt
from flows.texts import Joined, Said, Words, _, plural
from flows.values import Number
from storage import access, areas, letters, participants
from storage.letters import Shown
from storage.participants import Settled
from storage.phases import PhaseFacts
from storage.rules import Aged, InArea, InGroup, Rule

ELSEWHERE = Choice("-elsewhere", _("Elsewhere"))
CODE = Choice("code", _("I have a code"))
MISTAKE = Choice("mistake", _("My answer was wrong"))
LEAVE = Choice("leave", _("See what else there is"))
OLDEST = 120
"""Years."""


async def admitted(talk: Talk, phase: PhaseFacts) -> bool:
    """True once this person may take part; otherwise they were told why not."""
    rule = access.in_force(phase.stages, talk.now)
    if talk.past("admitted") or rule is None or _holds(talk, rule):
        return rule is None or _holds(talk, rule)
    names = await talk.know("areas", areas.named, talk.scene.space.id)
    for round_ in talk.rounds("entry", {}):
        known = await _ask(round_, rule, names)
        known.apply(talk.person)
        if _holds(talk, rule):
            await talk.do("admitted", participants.settle, known)
            return True
        way = await _refuse(round_, rule, names)
        if way == LEAVE.id:
            return False
        round_.state = {"code": way == CODE.id}
    raise AssertionError("rounds end by themselves")


def _holds(talk: Talk, rule: Rule) -> bool:
    return rule.judge(access.facts(talk.person, talk.now)) is True


async def _ask(round_: Round, rule: Rule, names: Sequence[Mapping[str, Any]]) -> Settled:
    """What is missing to judge, as it is said; or what a code proves."""
    person, leaves = round_.person, list(rule.leaves())
    if round_.state.get("code"):
        return await _by_code(round_)
    area, born = None, None
    if any(isinstance(leaf, InArea) and not leaf.checked for leaf in leaves) and "area" not in person.proved and names:
        offered = [*(Choice(one["slug"], Words(one["name"])) for one in names), ELSEWHERE]
        question = _("Where do you live? I do not ask for your address.")
        area = await round_.choose("area", question, offered)
    if any(isinstance(leaf, Aged) and not leaf.checked for leaf in leaves) and "born" not in person.proved:
        year = round_.now.year
        born = await round_.ask("born", Prompt(_("In which year were you born?"), Number(year - OLDEST, year)))
    return Settled(person.space_id, person.id, area, born)


async def _by_code(round_: Round) -> Settled:
    """What the town knows of whoever has this code. One that is wrong proves nothing."""
    person, phase = round_.person, round_.scene.phase
    assert phase is not None
    nothing = Settled(person.space_id, person.id)
    code = await round_.ask("code", _("Write the code of your letter."), secret=True, echo=False)
    if code is None:
        return nothing
    shown = Shown(person.space_id, phase.consultation_id, person.id, code, round_.now.isoformat())
    found = await round_.do("redeem", letters.redeem, shown)
    if "wait" in found:
        round_.say(plural("Please try again in {count} minute.", "Please try again in {count} minutes.", found["wait"]))
        return nothing
    if "wrong" in found:
        round_.say(_("I do not know this code, or it was used already."))
        return nothing
    round_.say(_("Your code is right."))
    proved = tuple(name for name in ("area", "born") if found[name] is not None)
    return Settled(person.space_id, person.id, found["area"], found["born"], found["group"], proved)


async def _refuse(round_: Round, rule: Rule, names: Sequence[Mapping[str, Any]]) -> str:
    """Why not, and what can be done; the way taken."""
    leaves = list(rule.leaves())
    reasons = [_("This is not for everybody at the moment."), *(whom(leaf, names) for leaf in leaves)]
    call = person_to_call(round_.scene)
    ways = [CODE] if any(isinstance(leaf, InGroup) or getattr(leaf, "checked", False) for leaf in leaves) else []
    said = any(isinstance(leaf, InArea | Aged) and not leaf.checked for leaf in leaves)
    ways += [MISTAKE] if said else []
    after = (call,) if call is not None else ()
    question = _("What would you like to do?")
    before = tuple(reasons)
    return await round_.choose("way", question, [*ways, LEAVE], before=before, after=after, echo=False, back=False)


def whom(leaf: Rule, names: Sequence[Mapping[str, Any]]) -> Said:
    """Whom a part of a rule is for, as a sentence."""
    match leaf:
        case InArea():
            called = [Words(one["name"]) for one in names if one["slug"] in leaf.areas]
            return _("It is for those who live here: {areas}.", areas=Joined(tuple(called)))
        case Aged(least=None):
            return _("It is for people of at most {most} years.", most=leaf.most or 0)
        case Aged(most=None):
            return _("It is for people of at least {least} years.", least=leaf.least or 0)
        case Aged():
            return _("It is for people from {least} to {most} years.", least=leaf.least or 0, most=leaf.most or 0)
        case _other:
            return _("It is for those who have received a code, or stand on a list of ours.")
