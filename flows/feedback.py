"""The last prompt, for whoever likes: was this easy, and what was hard?"""

from __future__ import annotations

from flows.answers import Choice
from flows.conversation import Talk
from flows.prompt import Prompt
from flows.texts import Said, _
from flows.values import Scale
from storage import contributions
from storage.contributions import NewContribution, Part
from storage.refusals import Refusal

KIND = "feedback"
EASY = (1, 5)
HARD_UP_TO = 3
"""Who found it as hard as this is asked what was hard."""
SKIP = (Choice("skip", _("Skip")),)


async def feedback(talk: Talk) -> None:
    """Ask, and keep what is answered as a contribution of its own kind. Nothing is lost by leaving it."""
    part = talk.part("easy")
    before = part.recorded("easy"), part.recorded("hard")
    after: tuple[Said, ...] = (_("1 means very hard. 5 means very easy."),)
    prompt = Prompt(_("Was this easy?"), Scale(*EASY, None, None), after=after)
    easy = await part.ask("easy", prompt, optional=True, back=False, echo=False)
    if easy is None:
        return
    hard = None
    if easy <= HARD_UP_TO:
        hard = await part.ask("hard", _("What was hard?"), optional=True, back=False, echo=False)
    parts = (Part("easy", number=easy), *([Part("hard", text=hard)] if hard else []))
    fields = {"easy": easy, "hard": hard}
    given = talk.contribution(NewContribution, KIND, fields=fields, parts=parts, single=False)
    try:
        await part.do("kept", contributions.put, given)
    except Refusal:
        return
    if before != (easy, hard):  # not again when something else was corrected
        talk.say(_("Noted. Thank you."))
