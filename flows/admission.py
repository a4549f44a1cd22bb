"""Admission: whether somebody is among those a phase is for; what was not checked is asked, and a code can prove it.

A refusal says whom it is for, and what to do. Whoever was let in stays in: when a stage changes meanwhile, the gate
that everything given passes (storage/gate.py) looks again, and `not_any_more` words its refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flows.answers import Choice
from flows.conversation import Round, Talk
from flows.host import greeting, person_to_call
from flows.prompt import Prompt
from flows.texts import Joined, Said, Words, _, plural
from flows.values import Number
from storage import access, areas, letters, participants
from storage.letters import Shown
from storage.participants import Person, Settled
from storage.phases import PhaseFacts
from storage.rules import Aged, AnyOf, InArea, InGroup, Not, Rule, Tagged

ADMITTED = "admitted"
"""Recorded once somebody was let in by what they said or showed."""
ELSEWHERE = Choice("-elsewhere", _("Elsewhere"))
CODE = Choice("code", _("I have a code"))
MISTAKE = Choice("mistake", _("My answer was wrong"))
LEAVE = Choice("leave", _("See what else there is"))
OLDEST = 120
"""Years."""
NOT_FOR_ALL = _("This is not for everybody at the moment.")


async def admitted(talk: Talk, phase: PhaseFacts) -> bool:
    """True once this person may take part; otherwise they were told why not."""
    if talk.past(ADMITTED):
        return True
    rule = access.in_force(phase.stages, talk.now)
    if rule is None or _holds(talk, rule):
        talk.over("entry")  # whoever was asked may be let in meanwhile, by the next stage or by a code shown elsewhere
        return True
    talk.say(greeting(talk.scene))
    names = await talk.know("areas", areas.named, talk.scene.space.id)
    for round_ in talk.rounds("entry", {}):
        known = await _ask(round_, rule, names)
        known.apply(talk.person)
        if _holds(talk, rule):
            await talk.do(ADMITTED, participants.settle, known)
            return True
        in_vain = bool(round_.state.get("code")) and not (known.proved or known.group or known.groups)
        way = await _refuse(round_, rule, names, again=in_vain)
        if way == LEAVE.id:
            return False
        round_.state = {"code": way == CODE.id}
    raise AssertionError("rounds end by themselves")


async def not_any_more(talk: Talk, phase: PhaseFacts) -> list[Said]:
    """What is said to whoever was let in once, and gives something when it is for others by now."""
    rule = access.in_force(phase.stages, talk.now)
    names = await talk.know("areas_now", areas.named, talk.scene.space.id)
    why = [] if rule is None else list(reasons(rule, names))
    call = person_to_call(talk.scene)
    return [NOT_FOR_ALL, *why, _("What you gave last was not sent."), *([call] if call is not None else [])]


def _holds(talk: Talk, rule: Rule) -> bool:
    return rule.judge(access.facts(talk.person, talk.now)) is True


def _to_ask(rule: Rule, person: Person, names: Sequence[Mapping[str, Any]]) -> set[type[InArea] | type[Aged]]:
    """Which of area and age a word is enough for, and was not checked already."""
    said: set[type[InArea] | type[Aged]] = {
        type(leaf) for leaf in rule.leaves() if isinstance(leaf, InArea | Aged) and not leaf.checked
    }
    known: set[type[InArea] | type[Aged]] = {InArea} if "area" in person.proved or not names else set()
    return said - (known | {Aged} if "born" in person.proved else known)


async def _ask(round_: Round, rule: Rule, names: Sequence[Mapping[str, Any]]) -> Settled:
    """What is missing to judge, as it is said; or what a code proves."""
    person = round_.person
    if round_.state.get("code"):
        return await _by_code(round_)
    wanted = _to_ask(rule, person, names)
    area, born = None, None
    if InArea in wanted:
        offered = [*(Choice(one["slug"], Words(one["name"])) for one in names), ELSEWHERE]
        area = await round_.choose("area", _("Where do you live? I do not ask for your address."), offered)
    if Aged in wanted:
        year = round_.now.year
        born = await round_.ask("born", Prompt(_("In which year were you born?"), Number(year - OLDEST, year)))
    return Settled(person.space_id, person.id, area, born)


async def _by_code(round_: Round) -> Settled:
    """What the town knows of whoever has this code. One that is wrong proves nothing."""
    person, phase = round_.person, round_.scene.phase
    assert phase is not None
    nothing = Settled(person.space_id, person.id)
    code = await round_.ask("code", _("Write the code of your letter."), secret=True, echo=False)
    if code is None:  # it was shown in an earlier turn, and is kept nowhere; what it proved stands with the person
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
    return letters.settled(shown, found) or nothing


async def _refuse(round_: Round, rule: Rule, names: Sequence[Mapping[str, Any]], *, again: bool) -> str:
    """Why not, and what can be done; the way taken. `again`: why not was said already."""
    call = person_to_call(round_.scene)
    by_code = any(isinstance(leaf, InGroup) or getattr(leaf, "checked", False) for leaf in rule.leaves())
    ways = [CODE] if by_code else []
    ways += [MISTAKE] if _to_ask(rule, round_.person, names) else []
    before = () if again else (NOT_FOR_ALL, *reasons(rule, names))
    after = (call,) if call is not None else ()
    question = _("What would you like to do?")
    return await round_.choose("way", question, [*ways, LEAVE], before=before, after=after, echo=False, back=False)


def reasons(rule: Rule, names: Sequence[Mapping[str, Any]]) -> Iterator[Said]:
    """Whom a rule is for, in sentences. What it is *not* for is left out: it would name people by what they are not."""
    several = [inner for inner in getattr(rule, "rules", ()) if not isinstance(inner, Not)]
    if not isinstance(rule, Not) and not several:
        yield whom(rule, names)
    if isinstance(rule, AnyOf) and len(several) > 1:
        yield _("One of these is enough:")
    for inner in several:
        yield from reasons(inner, names)


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
        case Tagged():
            return _("It is for those who stand on a list of ours.")
        case _other:
            return _("It is for those who have received a code, or stand on a list of ours.")
