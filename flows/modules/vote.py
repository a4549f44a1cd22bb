"""A vote: one ballot a person, by one of seven methods, changed until closing if its settings say so.

What a vote asks is in flows/voting/booth.py, what its settings are in settings.py beside it, and how ballots become
figures in results.py; docs/votes.md tells it to citizens.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Json
from flows.conversation import Again, Ending, Talk
from flows.figures import Cell, Figures, Filter, OpenText, Page, PhaseRef
from flows.forms import Field
from flows.giving import called, closing
from flows.host import closed
from flows.module import Module
from flows.texts import Joined, Said, Words, _
from flows.voting import choices, paper, results, settings, telling
from flows.voting.booth import CHOICE, RECAP, Booth, recap
from flows.wishing import offer_result
from storage import ballots
from storage.ballots import NewBallot
from storage.phases import PhaseFacts
from storage.refusals import AlreadyVoted, Closed
from storage.tallying import VOTE


class Vote(Module):
    """One ballot a person, cast after a recap."""

    kind = "vote"
    name = _("Vote")
    purpose = _("To decide: for or against, one or several proposals, a ranking, grades, or points.")
    editable = True
    kept = _("Your vote was sent and counts.")
    offers = "options"

    def __init__(self, vote: settings.Vote) -> None:
        self.vote = vote
        self.editable = vote.change
        self.seals = vote.secret

    @classmethod
    def load(cls, given: Mapping[str, Any]) -> Self:
        return cls(settings.read(given))

    @classmethod
    def form(cls) -> Sequence[Field]:
        return settings.form()

    def announce(self, talk: Talk) -> Said | None:
        vote = _("It is a vote {topic}.", topic=Words(talk.phase.topic))
        return Joined((vote, _("It takes about one minute.")), " ")

    def already(self) -> tuple[Said, ...]:
        thanks, menu = _("You have voted already. Thank you."), _("To see what else is open, write “menu”.")
        if not self.vote.change:
            return thanks, Joined((_("Your vote cannot be changed any more."), menu), " ")
        return thanks, Joined((_("To change your vote, write “correct”."), menu), " ")

    # -- the conversation ----------------------------------------------------------------------------------

    async def converse(self, talk: Talk) -> Ending:
        if talk.past("vote"):
            await offer_result(talk)
            return None
        booth = Booth(talk, self.vote, self._before(talk))
        choice = await booth.fill_in()
        if await recap(booth, choice) == "change":
            return Again((CHOICE, RECAP))
        if await self._cast(talk, choice):
            await offer_result(talk, *self._thanks(talk))
        return None

    def _before(self, talk: Talk) -> tuple[Said, ...]:
        """What becomes of the choice, said before it is asked for; and of the one cast before, if there is one."""
        if talk.scene.sent:
            return (_("The vote that you sent counts until you send another."),)
        if self.vote.secret:
            return (_("This vote is secret: after closing, the program keeps only the totals."),)
        if self.vote.change:
            return (_("Only totals are published. The program keeps your vote, so that you can change it."),)
        return (_("Only totals are published."),)

    async def _cast(self, talk: Talk, choice: Json) -> bool:
        """Cast the ballot, and say that it was taken or why it was not; answers whether it was."""
        phase = talk.phase
        try:
            await talk.do("vote", ballots.cast, self._ballot(talk, choice))
        except Closed:
            talk.say(_("Your vote could not be sent."), *closed(talk.scene, phase))
        except AlreadyVoted:
            talk.say(_("You have voted already, and the first vote counts."), *called(talk))
        else:
            return True
        return False

    def _ballot(self, talk: Talk, choice: Json) -> NewBallot:
        phase = talk.phase
        return NewBallot(
            space_id=phase.space_id,
            phase_id=phase.id,
            participant_id=talk.person.id,
            subject=VOTE,
            value=choices.packed(self.vote, choice),
            at=talk.now,
            change=self.vote.change,
            secret=self.vote.secret,
        )

    def _thanks(self, talk: Talk) -> Sequence[Said]:
        """That it is sent, and until when it can be changed."""
        lines: list[Said] = [_("Your vote is recorded. Thank you.")]
        if not self.vote.change:
            lines.append(_("Your vote cannot be changed any more."))
        else:
            lines.append(telling.change_until(closing(talk)))
        return lines

    # -- results -------------------------------------------------------------------------------------------

    async def results(self, connection: AsyncConnection, phase: PhaseRef, where: Filter) -> Figures:
        return await results.results(connection, phase, self.vote, where)

    async def texts(
        self, connection: AsyncConnection, phase: PhaseRef, question_id: str, where: Filter, page: Page
    ) -> tuple[int, list[OpenText]]:
        """Nobody writes anything in a vote."""
        return 0, []

    def table(self, connection: AsyncConnection, phase: PhaseRef, language: str) -> AsyncIterator[Sequence[Cell]]:
        return results.table(connection, phase, self.vote, language)

    # -- an option is withdrawn ------------------------------------------------------------------------------

    def withdrawn(self, option: str, phase: PhaseFacts, zone: str) -> Sequence[Said]:
        return telling.withdrawn(self.vote, option, phase, zone)

    # -- ballots on paper ------------------------------------------------------------------------------------

    def paper_hints(self) -> Sequence[Said]:
        return paper.hints(self.vote)

    def read_paper(self, text: str) -> str:
        return paper.read(self.vote, text)

    def tell_paper(self, value: str) -> Said:
        return paper.tell(self.vote, value)
