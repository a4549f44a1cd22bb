"""A message to many as it is typed: its words in each language, where its button leads, what goes with it, for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from admin_web import audience_form, fields
from admin_web.audience_form import Choice, NotAnAudience, Offers
from admin_web.forms import Form, number
from admin_web.session import Me
from flows import pictures
from flows.messages import DOCUMENT
from flows.texts import Said, Words, _
from storage import consultations, files
from storage.broadcasts import Broadcast, Content
from storage.consultations import Consultation, Phase
from storage.files import File
from storage.rules import from_json
from storage.value import value

LONGEST_TEXT = 800
"""Characters: with a picture a platform takes a thousand, and who writes and how to stop is added."""
LONGEST_BUTTON = 30
LONGEST_DESCRIPTION = 150


@value
class Target:
    """A step that a button may lead into."""

    phase: Phase
    consultation: Consultation

    @property
    def name(self) -> Said:
        return Words(self.phase.title or self.consultation.title)


@value
class Typed:
    """What stands in the form, and what is wrong with it, by the name of its field."""

    text: Mapping[str, str]
    phase: int | None
    button: Mapping[str, str]
    media: Mapping[str, Any] | None
    description: Mapping[str, str]
    whom: Choice
    rule: Mapping[str, Any] | None
    ceiling: str
    faults: Mapping[str, Said]

    @property
    def content(self) -> Content:
        media = {**self.media, "description": dict(self.description)} if self.media is not None else None
        most = int(self.ceiling) if self.ceiling else None
        return Content(self.text, self.phase, self.button, media, self.rule, ceiling=most)


async def targets(connection: AsyncConnection, space_id: int, now: datetime) -> list[Target]:
    """The steps that people can take part in, or will be able to, the newest consultation first."""
    found: list[Target] = []
    for one in await consultations.listed(connection, space_id, now):
        its = one.consultation
        over = its.state == "closed" or (its.closes_at is not None and its.closes_at <= now)
        if not over and its.archived_at is None:
            steps = await consultations.phases(connection, space_id, its.id)
            found += [Target(phase, its) for phase in steps if phase.state != "closed"]
    return found


def shown(one: Broadcast | None, offers: Offers) -> Typed:
    """The form of what was kept; with None an empty one."""
    if one is None:
        return Typed({}, None, {}, None, {}, Choice(), None, "", {})
    description = one.media["description"] if one.media is not None else {}
    rule = from_json(one.audience) if one.audience is not None else None
    whom = audience_form.shown(rule, offers.ready)
    ceiling = "" if one.ceiling is None else str(one.ceiling)
    return Typed(one.text, one.phase_id, one.button, one.media, description, whom, one.audience, ceiling, {})


async def typed(me: Me, places: Sequence[Target], before: Broadcast | None) -> tuple[Typed, File | None]:
    """What was typed, and the file that was chosen, if one was."""
    form, faults = me.form, dict[str, Said]()
    languages = list(me.space.languages)
    text = fields.words(form, "text", languages, 20_000)
    button = fields.words(form, "button", languages, 500)
    description = fields.words(form, "description", languages, 2_000)
    if not text:
        faults["text"] = _("Write what people will read, in one language at least.")
    for name, given, longest in (
        ("text", text, LONGEST_TEXT),
        ("button", button, LONGEST_BUTTON),
        ("description", description, LONGEST_DESCRIPTION),
    ):
        if any(len(words) > longest for words in given.values()):
            faults[name] = _("{count} characters at most, please.", count=longest)
    phase = number(form.text("phase")) if form.text("phase") else None
    if phase not in (None, *(one.phase.id for one in places)):
        faults["phase"] = _("Nobody can take part there any more. Choose another step.")
    media = before.media if before is not None and form.text("media.remove") != "yes" else None
    file, media = await _file(form, media, faults)
    if media is not None and not description:
        faults["description"] = _("Say what is in it, for those who do not see it.")
    whom, rule = audience_form.typed(form), None
    try:
        found = whom.rule()
        rule = found.to_json() if found is not None else None
    except NotAnAudience as refused:
        faults["audience"] = refused.said
    ceiling = form.text("ceiling", 20)
    if ceiling and form.number("ceiling") is None:
        faults["ceiling"] = _("A whole number, or nothing.")
    return Typed(text, phase, button, media, description, whom, rule, ceiling, faults), file


async def _file(
    form: Form, media: Mapping[str, Any] | None, faults: dict[str, Said]
) -> tuple[File | None, Mapping[str, Any] | None]:
    content = await form.file("media")
    if not content:
        return None, media
    try:
        file = await pictures.sent(content) if content.startswith(pictures.PDF) else await pictures.uploaded(content)
    except pictures.NotAPicture as refused:
        faults["media"] = refused.reason
        return None, media
    kind = "document" if file.media_type == DOCUMENT else "picture"
    return file, {"kind": kind, "address": files.reference_of(file.content)}
