"""An official reply as it is typed in the panel, and the one way in which it leaves, whatever it is about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from admin_web.session import Me
from flows.run import Tell
from flows.telling import pack_tell
from flows.texts import Said, Text, _
from storage import official
from storage.official import Reply
from storage.spreading import Audience
from storage.value import value

LONGEST_REPLY = 1_500


@value
class Answer:
    """To a contribution: a new status (None: as before), words by language, and what is sent to the audience."""

    contribution_id: int
    status: str | None
    text: Mapping[str, str]
    lines: tuple[Said, ...]
    audience: Audience


def typed(me: Me) -> dict[str, str]:
    """The reply in the languages in which something was written."""
    texts = {language: me.form.text(f"text_{language}", 20_000) for language in me.space.languages}
    return {language: text for language, text in texts.items() if text}


def too_long(texts: Mapping[str, str]) -> Text | None:
    """What is wrong with it, if anything."""
    if any(len(text) > LONGEST_REPLY for text in texts.values()):
        return _("An answer has {count} characters at most.", count=LONGEST_REPLY)
    return None


async def give(connection: AsyncConnection, me: Me, answer: Answer, now: datetime) -> int:
    """Keep it, and send it to those whom it concerns, in the language of each; answers how many they are."""
    body, by = pack_tell(Tell(0, answer.lines)), me.session.organiser_id
    reply = Reply(me.space_id, answer.contribution_id, by, answer.status, answer.text, body, answer.audience, now)
    [told] = await official.reply(connection, [reply])
    return told
