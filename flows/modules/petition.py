"""A petition: read it, sign once, say why if you like, take it back until closing; milestones and the town's answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from flows import reporting, signatures
from flows.answers import YES_OR_NO, Choice, OneOf
from flows.conversation import Ending, Talk
from flows.figures import Cell, Figures, Filter, OpenText, Page, PhaseRef
from flows.forms import Fault, Faults, Field
from flows.giving import called, quoted, reading, to_change, too_many
from flows.host import closed, host
from flows.moderating import quoted as in_one_line
from flows.module import Module
from flows.prompt import Prompt
from flows.replies import Addressed
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Said, Text, Words, _, plural
from flows.ways import way
from storage import milestones, petitions, signing
from storage.contributions import NewContribution
from storage.milestones import GOAL, HALF, SIGNATURE, TEN, Signer, Wish
from storage.petitions import Look, Reason, Standing
from storage.refusals import AlreadySent, Closed, TooMany
from storage.scope import Reader
from storage.signing import OPENED, WHY, Signature, Silence, Unsigned, Withdrawal

SIGN, MORE, NO = Choice("sign", _("I sign")), Choice("more", _("Read more")), Choice("no", _("No thank you"))
TAKE_BACK, WORDS, KEEP = (
    Choice("back", _("Take my signature back")),
    Choice("why", _("Say why I sign")),
    Choice("keep", _("Change nothing")),
)
REPORT, RETURN = Choice("report", _("Report one of these reasons")), Choice("return", _("Return to the petition"))
OTHER_WORDS = Choice("why", _("Change my words"))
NEWS, NO_NEWS = Choice("news", _("Receive news of it")), Choice("news", _("Receive no more news"))
SURE = (Choice("yes", _("Yes, take it back")), Choice("no", _("No, keep my signature")))


class Petition(Module):
    """One signature a person; the words somebody gives with it are read apart, and it counts without them."""

    kind = "petition"
    name = _("Petition")
    purpose = _("Residents sign a text; when enough of them have, the authority answers, or a vote opens.")
    own = ()
    kept = _("Your signature counts, unless you took it back.")
    repeatable = True

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.text, self.about = Words(settings["text"]), settings.get("about") or {}
        self.goal: int = settings["goal"]
        self.silence: int | None = settings.get("silence")
        self.opens_next = bool(settings.get("opens_next"))

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        faults = []
        if not any((settings.get("text") or {}).values()):
            faults.append(Fault("text", _("Write what the petition asks for.")))
        for name in ("goal", "silence"):
            number = settings.get(name)
            if (name == "goal" or number is not None) and not (isinstance(number, int) and number > 0):
                faults.append(Fault(name, _("Write a whole number from 1 on.")))
        if faults:
            raise Faults(*faults)
        return cls(settings)

    @classmethod
    def form(cls) -> Sequence[Field]:
        return (
            Field("text", "words", _("What the petition asks for"), _("One sentence."), required=True),
            Field("about", "long_words", _("Why, for those who want to read more")),
            Field("goal", "number", _("How many signatures are wanted"), required=True, least=1),
            Field(
                "silence",
                "number",
                _("It ends after so many days without a signature"),
                _("Leave it empty where only its dates end it."),
                least=1,
                rare=True,
            ),
            Field("opens_next", "flag", _("Reaching the goal opens the next phase"), default=False, rare=True),
        )

    # -- the conversation ----------------------------------------------------------------------------------

    async def converse(self, talk: Talk) -> Ending:
        if not talk.past("signature"):
            phase = _here(talk)
            look = Look(*phase, talk.person.id, self.silence, talk.person.language or "", talk.now)
            standing = await talk.know("standing", petitions.standing, look)
            if standing["mine"] is not None:
                return await self._again(talk, standing)
            if await self._has_ended(talk, standing):
                talk.say(_("This petition has ended: nobody signed it any more."), *_count(standing), *called(talk))
                return None
            if not await self._wants_to(talk, standing) or not await self._sign(talk):
                return None
        return await self._why(talk)

    async def _has_ended(self, talk: Talk, standing: Standing) -> bool:
        """Whether silence has ended it; then it is closed, now that somebody looks."""
        ends = _moment(standing["ends"])
        if ends is None or ends > talk.now:
            return False
        return await talk.do("ended", signing.close, Silence(*_here(talk), self.silence, talk.now))

    async def _wants_to(self, talk: Talk, standing: Standing) -> bool:
        """Read it, and maybe more of it; whether they sign."""
        sign, taken = _("Do you want to sign?"), REPORT.id
        if not talk.past("report"):
            before = (*self._shown(standing), *_answer(talk, standing))
            more = [MORE] if self.about or standing["reasons"] else []
            taken = await way(talk, "sign", sign, [SIGN, *more, NO], before=before, back=True, yes=SIGN.id)
        if taken == MORE.id:
            taken = await self._more(talk)
        if taken == REPORT.id:
            taken = await way(talk, "after", sign, [SIGN, NO], back=True, yes=SIGN.id)
        if taken == NO.id:
            talk.say(_("All right. Nothing was signed."), *self._until(talk, standing))
        return taken == SIGN.id

    async def _more(self, talk: Talk) -> str:
        """More of it, with the reasons of some others, one of which may be reported; the way taken from there."""
        reasons = await talk.know("reasons", petitions.reasons, Reader(*_here(talk), talk.person.id))
        if reasons:
            talk.say(_("Some of those who signed say why:"), *(quoted(one["text"]) for one in reasons))
        about = (Words(self.about),) if self.about else ()
        new = [one for one in reasons if not one["reported"]]
        ways = [SIGN, NO, *([REPORT] if new else [])]
        taken = await way(talk, "read", _("Do you want to sign?"), ways, before=about, back=True, yes=SIGN.id)
        if taken == REPORT.id:
            await _report(talk, new)
        return taken

    def _shown(self, standing: Standing) -> tuple[Said, ...]:
        """The petition, and how it stands."""
        asks = _("Petition: “{text}”", text=self.text)
        count = plural(
            "{count} signature of the {goal} that are wanted.",
            "{count} signatures of the {goal} that are wanted.",
            standing["count"],
            goal=self.goal,
        )
        return asks, count

    def _until(self, talk: Talk, standing: Standing) -> tuple[Said, ...]:
        """When it ends by silence, where that may come first."""
        ends = _moment(standing["ends"])
        if ends is None:
            return ()
        return (_("Without a new signature it ends on {moment}.", moment=talk.scene.local(ends)),)

    async def _sign(self, talk: Talk) -> bool:
        """Sign; False where it was refused, and they were told why."""
        phase = talk.phase
        signature = talk.contribution(
            Signature, SIGNATURE, goal=self.goal, silence=self.silence, opens_next=self.opens_next, news=self._news
        )
        try:
            signed = await talk.do("signature", signing.sign, signature)
        except Closed:
            talk.say(_("Your signature could not be kept."), *closed(talk.scene, phase))
        except AlreadySent:
            talk.say(_("You have signed this petition already, and your signature counts."), *called(talk))
        else:
            thanks = _("It is signed. Thank you.")
            place = plural("You are the first to sign.", "You are now {count} to have signed.", signed["count"])
            talk.say(thanks, place, *self._milestone(signed["milestone"], opened=signed["opened"]))
            return True
        return False

    def _milestone(self, name: str | None, *, opened: bool) -> tuple[Said, ...]:
        """What this signature has reached, as it is said to whoever gave it."""
        reached = {
            TEN: _("Yours is the tenth signature."),
            HALF: _("With your signature, half of the {goal} are there.", goal=self.goal),
            GOAL: _("With your signature, the goal is reached: {goal}.", goal=self.goal),
        }
        lines = (reached[name],) if name is not None else ()
        return (*lines, _("So the next step is open: see the menu.")) if opened else lines

    @cached_property
    def _news(self) -> Mapping[str, str]:
        """What the others who signed are told of each milestone, if they want news; packed."""
        short = Words({language: in_one_line(text) for language, text in self.text.items() if text})
        of, stop = _("The petition you signed: “{text}”", text=short), _("To receive no more news, write “menu”.")
        lines: dict[str, tuple[Said, ...]] = {name: (said,) for name, said in self._milestones.items()}
        lines[OPENED] = (*lines[GOAL], _("So the next step is open: see the menu."))
        return {name: pack_tell(Tell(0, (of, *said, stop))) for name, said in lines.items()}

    @property
    def _milestones(self) -> Mapping[str, Said]:
        return {
            TEN: _("Ten people have signed it."),
            HALF: _("Half of the {goal} signatures are there.", goal=self.goal),
            GOAL: _("The goal is reached: {goal} signatures.", goal=self.goal),
        }

    # -- why, and what comes after -------------------------------------------------------------------------

    async def _why(self, talk: Talk) -> Ending:
        """Ask why they sign, which may be left; and say what comes next."""
        phase = talk.phase
        reader = OneOf((Choice("no", _("No thank you")),), other=True)
        question = Prompt(_("Would you like to say why?"), reader, after=(_("Others see it, without your name."),))
        why = await talk.ask("why", question, echo=False, back=False)
        lines: tuple[Said, ...] = ()
        if isinstance(why, dict):
            text = why["other"]
            try:
                words = talk.contribution(NewContribution, WHY, text=text, single=False)
                await talk.do("words", signing.explain, words)
                lines = (reading(phase, text),)
            except TooMany as refusal:
                lines = (too_many(refusal),)
            except Unsigned:
                talk.say(_("Your words could not be kept: your signature was taken back."), *called(talk))
                return None
            except Closed:
                lines = (_("Your words could not be kept: this has closed in the meantime."),)
        if not await talk.know("wanted", milestones.wanted, Signer(*_here(talk), talk.person.id)):
            if lines:
                talk.say(*lines)
            lines = await self._ask_for_news(talk)
        talk.say(*lines, to_change(talk, _("take your signature back")))
        talk.say(*self._next(talk), *called(talk))
        return None

    async def _ask_for_news(self, talk: Talk) -> tuple[Said, ...]:
        """Whether they want to hear how the petition gets on."""
        question = _("Would you like to hear here how the petition gets on?")
        if await talk.choose("news", question, YES_OR_NO, echo=False, back=False) == "no":
            return ()
        await talk.do("wish", milestones.wish, Wish(*_here(talk), talk.person.id, True))
        return (_("It is noted."),)

    def _next(self, talk: Talk) -> tuple[Said, ...]:
        phase = talk.phase
        if phase.answer_on is not None:
            return (_("The answer of {host} comes by {day}. You receive it here.", host=host(talk.scene),
                      day=phase.answer_on),)  # fmt: skip
        return (_("When {host} answers, you receive it here.", host=host(talk.scene)),)

    async def _again(self, talk: Talk, standing: Standing) -> Ending:
        """Somebody comes back who has signed: say something else, or take it back."""
        phase, signed = talk.phase, _moment(standing["mine"])
        assert phase is not None
        assert signed is not None
        day = talk.scene.local(signed).date()
        before: tuple[Said, ...] = (_("You signed this petition on {day}.", day=day), *self._shown(standing)[1:])
        before += _answer(talk, standing)
        if standing["words"] is not None:
            before += (_("You said: “{words}”", words=standing["words"]),)
        news = await talk.know("following", milestones.wanted, Signer(*_here(talk), talk.person.id))
        ways = [OTHER_WORDS if standing["words"] is not None else WORDS, NO_NEWS if news else NEWS, TAKE_BACK, KEEP]
        taken = await way(talk, "again", _("What would you like to do?"), ways, before=before, back=True)
        if taken == WORDS.id:
            return await self._why(talk)
        if taken == NEWS.id:
            await talk.do("wish", milestones.wish, Wish(*_here(talk), talk.person.id, not news))
            none = _("It is noted. You receive no more news of it.")
            talk.say(none if news else _("It is noted. You receive its news here."), *self._next(talk))
            return None
        if taken == KEEP.id:
            talk.say(_("All right. Your signature counts."), *called(talk))
            return None
        sure = await talk.choose("sure", _("Do you want to take your signature back?"), SURE, echo=False)
        if sure == "no":
            talk.say(_("All right. Your signature counts."), *called(talk))
            return None
        try:
            await talk.do("withdrawn", signing.withdraw, Withdrawal(*_here(talk), talk.person.id, talk.now))
        except Closed:
            talk.say(_("Your signature was counted already."), *closed(talk.scene, phase))
            return None
        talk.say(_("It is done. Your signature does not count any more."), _("To sign again, write “menu”."))
        return None

    # -- the authority's answer and the results ------------------------------------------------------------

    async def addressed(self, connection: AsyncConnection, phase: PhaseRef, now: datetime) -> Addressed:
        """The answer is for all who look at the petition, and sent to everybody whose signature counts."""
        petition = await petitions.itself(connection, phase.space_id, phase.phase_id, now)
        intro = _("The petition you signed is answered: “{text}”", text=self.text)
        return Addressed(petition, petitions.signers(phase.space_id, phase.phase_id), intro)

    async def event(self, connection: AsyncConnection, phase: PhaseRef) -> tuple[Said, datetime] | None:
        """The last milestone."""
        last = await milestones.last(connection, phase.space_id, phase.phase_id)
        return (self._milestones[last[0]], last[1]) if last is not None else None

    async def results(self, connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
        return await signatures.results(connection, phase, self.goal, where)

    async def texts(
        self, connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
    ) -> tuple[int, list[OpenText]]:
        return await signatures.texts(connection, phase, question_id, where, page)

    def table(self, connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
        return signatures.table(connection, phase, language)


def _here(talk: Talk) -> tuple[int, int]:
    return talk.phase.space_id, talk.phase.id


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written is not None else None


async def _report(talk: Talk, reasons: Sequence[Reason]) -> None:
    """Report one of these, after asking which where there are several."""
    which = 0
    if len(reasons) > 1:
        lines = tuple(
            Text("{number}. {text}", {"number": number, "text": quoted(one["text"])})
            for number, one in enumerate(reasons, 1)
        )
        numbers = [Choice(f"n{number}", str(number)) for number in range(1, len(reasons) + 1)]
        taken = await talk.choose("which", _("Which one?"), [*numbers, RETURN], listed=lines, echo=False)
        if taken == RETURN.id:
            return
        which = int(taken[1:]) - 1
    await reporting.report(talk, reasons[which]["id"], RETURN)


def _count(standing: Standing) -> tuple[Said, ...]:
    return (plural("{count} person has signed it.", "{count} people have signed it.", standing["count"]),)


def _answer(talk: Talk, standing: Standing) -> tuple[Said, ...]:
    """What the authority has answered, where it has."""
    answered = _moment(standing["answered"])
    if standing["answer"] is None or answered is None:
        return ()
    day = talk.scene.local(answered).date()
    return _("The answer of {host}, {day}:", host=host(talk.scene), day=day), quoted(standing["answer"])
