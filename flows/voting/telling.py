"""What voters are told outside of their conversation, and until when they may change their vote."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from flows.giving import closes_on
from flows.texts import Said, Words, _
from flows.voting.settings import ONE_OF, Vote
from storage.phases import PhaseFacts


def change_until(moment: date | datetime | None) -> Said:
    """Until when a vote can be changed, as it is told (giving.closing), and how."""
    if moment is None:
        return _("To change it as long as the vote is open, write “correct”.")
    return _("To change it until {moment}, write “correct”.", moment=moment)


def withdrawn(vote: Vote, option: str, phase: PhaseFacts, zone: str) -> Sequence[Said]:
    """The same words for everybody who voted: whom it concerns would tell what they chose."""
    [gone] = [candidate for candidate in vote.published if candidate.id == option]
    title = Words(phase.title)
    lines = [_("A proposal is withdrawn from the vote “{title}”: {proposal}.", title=title, proposal=gone.line)]
    if vote.method == ONE_OF:
        lines.append(_("If you chose it, your vote counts as blank."))
    else:
        lines.append(_("If it is in your vote, your vote counts without it."))
    return [*lines, change_until(closes_on(phase, ZoneInfo(zone)))] if vote.change else lines
