"""Reporting what others wrote to the moderators: each text once, with a reason. Its author is not told by whom."""

from __future__ import annotations

from flows.answers import Choice
from flows.conversation import Talk
from flows.moderating import REASONS
from flows.texts import _
from storage import supporting
from storage.supporting import AlreadyReported, Reported


async def report(talk: Talk, contribution: int, back: Choice) -> None:
    """Report this text for one of these reasons, or leave it and go `back`; says what came of it."""
    reasons = (Choice(id_, label) for id_, label in REASONS.items())
    reason = await talk.choose("reason", _("Why should it not be there?"), (*reasons, back), echo=False, back=False)
    if reason == back.id:
        return
    given = Reported(talk.phase.space_id, contribution, talk.person.id, reason, talk.now)
    try:
        await talk.do("report", supporting.report, given)
    except AlreadyReported:
        talk.say(_("You have reported this before. A moderator will look at it."))
    else:
        talk.say(_("Thank you. A moderator will look at it. Its author is not told who reported it."))
