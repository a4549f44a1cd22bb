"""Questions to the town: ask one, see whether it was asked already, support others', read the official answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from flows import pressing, reporting
from flows.answers import Choice, FreeText
from flows.conversation import Ending, Go, Round, Talk
from flows.figures import Cell, Figures, Filter, OpenText, Page, PhaseRef
from flows.forms import Field
from flows.giving import called, language_of, quoted, reading, supporters, to_change, too_many
from flows.host import closed, host
from flows.module import Module
from flows.open_texts import open_texts
from flows.prompt import Prompt
from flows.run import Verb
from flows.texts import Joined, Lowered, Said, Words, _, plural
from flows.ways import way, way_or_text
from storage import questions, supporting, written
from storage.ballots import NewBallot
from storage.questions import QUESTION, Listing, Near, Question, Wanted, Whole
from storage.refusals import Closed, Gone, TooMany
from storage.scope import Reader
from storage.supporting import SUPPORT
from storage.written import Change, NewText, Own

ASK, READ, MINE = (
    Choice("ask", _("Ask a question")),
    Choice("read", _("Read the questions")),
    Choice("mine", _("My questions")),
)
DIFFERENT = Choice("different", _("No, mine is different"))
LIST, MORE, LEAVE = Choice("list", _("See the list")), Choice("more", _("More questions")), Choice("leave", _("Enough"))
I_SUPPORT, NO_MORE = Choice("support", _("I support it")), Choice("drop", _("Take my support back"))
CORRECT, WITHDRAW = Choice("correct", _("Correct my question")), Choice("withdraw", _("Take my question back"))
REPORT, RETURN = Choice("report", _("Report this question")), Choice("return", _("Return to the question"))
LONGEST = 240
"""Characters of a question: it is read in a list."""
A_PAGE = 5


class Questions(Module):
    """Questions of everybody, the most supported first: of equal ones the older comes first."""

    kind = "questions"
    name = _("Questions to the town")
    purpose = _("Residents ask and support questions; whoever asked or supported one is sent the answer.")
    own = (("what", MINE.id),)
    found = frozenset({QUESTION})
    repeatable = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        about = settings.get("about") or {}
        self.about: tuple[Said, ...] = (Words(about),) if any(about.values()) else ()

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        return cls(settings)

    @classmethod
    def form(cls) -> Sequence[Field]:
        example = _("One sentence, for example: “Ask the mayor about the works in the centre.”")
        return (Field("about", "words", _("What can be asked about"), example),)

    # -- the conversation ----------------------------------------------------------------------------------

    async def converse(self, talk: Talk) -> Ending:
        ways = [ASK, READ, MINE]
        what = await way_or_text(talk, ways, ASK, LONGEST, self.about)
        if isinstance(what, Go):
            return what
        if what == ASK.id:
            return await self._ask(talk)
        return await self._read(talk, mine=what == MINE.id)

    # -- asking --------------------------------------------------------------------------------------------

    async def _ask(self, talk: Talk) -> Ending:
        """The question in a sentence; what is like it is shown before anything is kept."""
        prompt = Prompt(_("What is your question? One sentence is enough."), FreeText(LONGEST))
        text = await talk.ask("text", prompt, echo=False)
        near = await talk.know("near", questions.near, Near(_reader(talk), text, language_of(talk)))
        if near:
            taken = await _which_is_it(talk, near)
            if taken is not None:
                return await self._same(talk, taken)
        if not await self._keep(talk, text):
            return None
        talk.say(to_change(talk, _("correct or withdraw it")), *called(talk))
        return None

    async def _same(self, talk: Talk, taken: int) -> Ending:
        """Somebody else's question is the same: its answer if it has one, or support."""
        wanted = Wanted(_reader(talk), taken, talk.person.language or "")
        try:
            found = await talk.know("same_one", questions.one, wanted)
        except Gone:
            talk.say(_("This question is not there any more."), *called(talk))
            return None
        if found["answer"] is not None:
            talk.say(*_shown(talk, found))
            return None
        if await _support(talk, found["question"], back=False):
            talk.say(_promised(talk), to_change(talk, _("take your support back")))
        return None

    async def _keep(self, talk: Talk, text: str) -> bool:
        """Ask it; False where it was refused, and they were told why."""
        phase = talk.phase
        question = talk.contribution(NewText, QUESTION, text=text, language=language_of(talk), single=False)
        try:
            await talk.do("question", written.put, question)
        except Closed:
            talk.say(_("Your question could not be kept."), *closed(talk.scene, phase))
        except TooMany as refusal:
            talk.say(too_many(refusal))
        else:
            talk.say(reading(phase, text), _promised(talk))
            return True
        return False

    # -- reading, supporting, taking back ------------------------------------------------------------------

    async def _read(self, talk: Talk, *, mine: bool) -> Ending:
        """A list, a question of it, what to do with it; and again."""
        for round_ in talk.rounds("list", {"from": 0, "one": None}):
            opened = round_.state["one"]
            if opened is None:
                opened = await _list(round_, mine=mine)
            if opened in (None, LEAVE.id):
                return Go(kind="menu") if opened is not None else None
            if opened == MORE.id:
                round_.state = {"from": round_.state["from"] + A_PAGE, "one": None}
                continue
            way = await self._one(round_, opened)
            if way == LEAVE.id:
                return Go(kind="menu")
            round_.state = {"from": 0, "one": opened if way == REPORT.id else None}
        raise AssertionError("rounds end by themselves")

    async def _one(self, talk: Talk, id_: int) -> str:
        """One question, with its answer; the way taken from there."""
        try:
            found = await talk.know("one", questions.one, Wanted(_reader(talk), id_, talk.person.language or ""))
        except Gone:
            talk.say(_("This question is not there any more."))
            return LIST.id
        question = found["question"]
        ways = [*_ways(question), LIST, *([] if question["mine"] or question["reported"] else [REPORT]), LEAVE]
        asks, before = _("What would you like to do?"), _shown(talk, found)
        yes, back, corrects = I_SUPPORT.id, LIST.id, CORRECT.id
        taken = await way(talk, "way", asks, ways, before=before, yes=yes, leads_back=back, corrects=corrects)
        if taken in (I_SUPPORT.id, NO_MORE.id) and await _support(talk, question, back=taken == NO_MORE.id):
            talk.say(*([_promised(talk)] if taken == I_SUPPORT.id else []))
        elif taken == CORRECT.id:
            await _correct(talk, question)
        elif taken == WITHDRAW.id:
            await _withdraw(talk, question)
        elif taken == REPORT.id:
            await reporting.report(talk, id_, RETURN)
        return taken

    # -- results -------------------------------------------------------------------------------------------

    async def results(self, connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
        return await pressing.results(connection, phase, where)

    async def texts(
        self, connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
    ) -> tuple[int, list[OpenText]]:
        return await open_texts(connection, phase, QUESTION, None, where, page)

    def table(self, connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
        return pressing.table(connection, phase, language)


# -- parts of the conversation -----------------------------------------------------------------------------------


def _reader(talk: Talk) -> Reader:
    return Reader(talk.phase.space_id, talk.phase.id, talk.person.id)


async def _which_is_it(talk: Talk, near: Sequence[Question]) -> int | None:
    """Which of those already asked is the same; None where none of them is."""
    if len(near) == 1:
        same = Choice("n1", _("Yes, read the answer") if near[0]["answered"] else _("Yes, I support it"))
        before = (_("A question like it was asked already:"), quoted(near[0]["text"]), _state(near[0]))
        taken = await talk.choose("same", _("Is it the same as yours?"), [same, DIFFERENT], before=before, echo=False)
    else:
        numbers = [Choice(f"n{number}", str(number)) for number in range(1, len(near) + 1)]
        asks = _("Questions like it were asked already. Is one of them the same as yours?")
        taken = await talk.choose("same", asks, [*numbers, DIFFERENT], listed=_lines(near), echo=False)
    return None if taken == DIFFERENT.id else near[int(taken[1:]) - 1]["id"]


async def _list(talk: Round, *, mine: bool) -> int | str | None:
    """A list to choose from: the id of a question, a way on, or None where there is nothing."""
    if mine:
        total, found = 0, await talk.know("mine", questions.mine, _reader(talk))
    else:
        page = await talk.know("page", questions.pressing, Listing(_reader(talk), talk.state["from"], A_PAGE))
        total, found = page["total"], page["questions"]
    if not found:
        nothing = _("No question here is yours, or supported by you.") if mine else _("Nothing is asked here yet.")
        talk.say(nothing, _("To ask a question, write “menu”."))
        return None
    more = [MORE] if talk.state["from"] + len(found) < total else []
    numbers = [Choice(f"n{number}", str(number)) for number in range(1, len(found) + 1)]
    heading = _("What you asked, and what you support.") if mine else _("The most supported questions come first.")
    before = (heading,)
    which = _("Which one would you like to read?")
    ways = [*numbers, *more, LEAVE]
    taken = await way(talk, "which", which, ways, before=before, listed=_lines(found), back=True)
    return taken if taken in (MORE.id, LEAVE.id) else found[int(taken[1:]) - 1]["id"]


def _lines(questions: Sequence[Question]) -> tuple[Said, ...]:
    return tuple(
        _("{number}. {question}: {state}", number=number, question=quoted(one["text"]), state=Lowered(_state(one)))
        for number, one in enumerate(questions, 1)
    )


def _state(question: Question) -> Said:
    """How far a question is."""
    if question["state"] == "waiting":
        return _("It is read before others see it.")
    if question["state"] == "hidden":
        return _("It is not shown to others.")
    supported = supporters(question["support"])
    return Joined((_("Answered."), supported), " ") if question["answered"] else supported


def _shown(talk: Talk, found: Whole) -> tuple[Said, ...]:
    """A question as it is read, with its answer."""
    question, answer = found["question"], found["answer"]
    lines = (quoted(question["text"]), _state(question))
    if answer is None:
        return lines
    day = talk.scene.local(answer["at"]).date()
    return (*lines, _("The answer of {host}, {day}:", host=host(talk.scene), day=day), answer["text"])


def _ways(question: Question) -> list[Choice]:
    """What can be done with it: one's own is corrected or taken back; another's is supported until it is answered."""
    if question["mine"]:
        return [] if question["answered"] else [CORRECT, WITHDRAW]
    if question["supported"]:
        return [NO_MORE]
    return [] if question["answered"] else [I_SUPPORT]


async def _support(talk: Talk, question: Question, *, back: bool) -> bool:
    """Support a question, or take the support back; False where it was refused, and they were told why."""
    phase, who = talk.phase, _reader(talk)
    assert phase is not None
    value = None if back else SUPPORT
    ballot = NewBallot(
        who.space_id, who.phase_id, who.participant_id, str(question["id"]), value, talk.now, change=True
    )
    try:
        count = await talk.do("support", supporting.support, ballot)
    except Closed:
        talk.say(_("Your support could not be noted."), *closed(talk.scene, phase))
    except Gone:
        talk.say(_("This question is not there any more."), *called(talk))
    else:
        now = plural("You are the first to support it.", "You are now {count} to support it.", count)
        talk.say(_("It is done."), _("You do not support it any more.") if back else now)
        return True
    return False


async def _correct(talk: Talk, question: Question) -> None:
    """Another text instead of one's own, which is read anew where texts are read first."""
    phase = talk.phase
    new = await talk.ask("new", Prompt(_("Write it anew, as it should read."), FreeText(LONGEST)), echo=False)
    language = language_of(talk)
    change = Change(phase.space_id, phase.id, question["id"], talk.person.id, talk.now, new=new, language=language)
    if await _done(talk, "corrected", written.change, change):
        waits = phase.moderation == "before" or question["state"] != "sent"
        talk.say(_("It is corrected."), *([_("Others see this text after it was read over.")] if waits else []))


async def _withdraw(talk: Talk, question: Question) -> None:
    own = Own(talk.phase.space_id, talk.phase.id, question["id"], talk.person.id, talk.now)
    if await _done(talk, "withdrawn", written.withdraw, own):
        talk.say(_("It is done. Your question is not shown any more."))


async def _done(talk: Talk, key: str, verb: Verb[Any, Any], change: Own) -> bool:
    """Whether one's own question was changed so; otherwise they were told why not."""
    try:
        await talk.do(key, verb, change)
    except Closed:
        talk.say(_("Your question was kept."), *closed(talk.scene, talk.phase))
    except Gone:
        talk.say(_("This question is not there any more."))
    else:
        return True
    return False


def _promised(talk: Talk) -> Said:
    return _("When {host} answers, you receive it here.", host=host(talk.scene))
