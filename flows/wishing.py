"""Whoever took part is told when the result comes, and asked once whether to send it to them (R29)."""

from __future__ import annotations

from flows.answers import YES_OR_NO
from flows.conversation import Talk
from flows.giving import called
from flows.texts import Said, Words, _
from storage import wishes
from storage.wishes import Wish

WISH, WISHED = "wish", "wished"


async def offer_result(talk: Talk, *thanks: Said) -> None:
    """Say thanks, and ask where a day was promised; the wish is the person's, for all phases of the consultation. Ends
    with whom to call."""
    phase, reach = talk.phase, talk.scene.channel.reach
    if talk.past(WISHED):
        return
    who = (phase.space_id, talk.person.id, phase.consultation_id)
    if phase.answer_on is None or await talk.know("wish_said", wishes.said, who) is not None:
        talk.say(*thanks, *called(talk))
        return
    talk.say(*thanks)
    if phase.decides:
        when = _("{who} will discuss it on {day}.", who=Words(phase.decides), day=phase.answer_on)
    else:
        when = _("The result comes out on {day}.", day=phase.answer_on)
    after = (reach,) if reach is not None else ()
    question = _("Would you like to receive the result here?")
    wish = await talk.choose(WISH, question, YES_OR_NO, before=(when,), after=after, echo=False)
    await talk.do(WISHED, wishes.note, Wish(*who, wish == "yes", talk.now))
    noted = _("It is noted. You will receive the result here.")
    talk.say(noted if wish == "yes" else _("It is noted. You will not receive it."), *called(talk))
