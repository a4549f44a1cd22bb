"""The journal: who did what in the panel, and when, in plain words. A resident's words are never in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from admin_web.forms import number
from admin_web.session import Me, panel, signed_in
from admin_web.site import site_of
from admin_web.team import ROLE_NAMES
from flows.moderating import REASONS
from flows.texts import Lowered, Said, Text, Value, Words, _
from storage import audit
from storage.audit import Noted

A_PAGE = 50


def routes() -> list[BaseRoute]:
    return [Route("/panel/journal", signed_in(show), methods=["GET"])]


async def show(request: Request, me: Me) -> Response:
    asked = request.query_params.get("page", "")
    page = min(max(1, number(asked) if asked else 1), 1_000_000)
    async with site_of(request).database.read() as connection:
        count = await audit.count(connection, me.space_id)
        found = await audit.listed(connection, me.space_id, (page - 1) * A_PAGE, A_PAGE)
    last = max(1, -(-count // A_PAGE))
    return panel(request, me, "journal.html", found=found, page=page, last=last, said=said, address=address)


_WORDS: Mapping[str, Text] = {
    "open": _("opened the consultation “{title}”"),
    "close": _("closed the consultation “{title}”"),
    "turned_open": _("opened by itself, on its date: “{title}”"),
    "turned_over": _("closed by itself, on its date: “{title}”"),
    "copy": _("began the consultation “{title}” from another one"),
    "archive": _("put the consultation “{title}” into the archive"),
    "take_out": _("took the consultation “{title}” out of the archive"),
    "tried": _("tried the talk of a consultation"),
    "write": _("wrote the consultation “{title}”"),
    "rewrite": _("changed what is said of “{title}”, or its dates"),
    "add_step": _("added a step to “{title}”"),
    "set_step": _("changed a step of “{title}”"),
    "up_step": _("moved a step of “{title}”"),
    "down_step": _("moved a step of “{title}”"),
    "open_step": _("opened a step of “{title}”"),
    "close_step": _("closed a step of “{title}”"),
    "remove_step": _("removed a step of “{title}”"),
    "letters": _("made codes for letters, “{title}” (codes: {count})"),
    "town": _("changed who is responsible and what is kept"),
    "hours": _("changed the hours of messages (a month at most: {most})"),
    "areas": _("added areas (areas: {count})"),
    "name_area": _("renamed the area {name}"),
    "remove_area": _("removed the area {name}"),
    "group": _("added the group {name}"),
    "name_group": _("renamed the group {name}"),
    "remove_group": _("removed the group {name} (people in it: {people})"),
    "put_group": _("put somebody into the group {name}"),
    "take_off_group": _("took somebody off the group {name}"),
    "poster": _("made a poster for {place}, “{title}”"),
    "card": _("made a sheet for a person who is a relay, “{title}”"),
    "relay": _("added a relay"),
    "set_relay": _("changed a relay"),
    "remove_relay": _("removed a relay, with its count of people: {people}"),
    "contacts": _("imported contacts (new: {new}, refused lines: {refused})"),
    "set_contact": _("corrected a contact"),
    "erase_contact": _("erased a contact"),
    "withdraw_contact": _("erased a contact who agreed no more"),
    "export_contacts": _("downloaded the contacts (contacts: {count})"),
    "contact_letters": _("wrote letters to contacts, “{title}” (letters: {count})"),
    "add_round": _("drew up the round “{team}” (doors: {doors})"),
    "close_round": _("closed the round “{team}”"),
    "show": _("read a text and let it be seen"),
    "hide": _("hid a text. The reason: {reason}"),
    "settle": _("settled what was reported of a text (reports: {reports})"),
    "merge": _("merged a text into another that says the same"),
    "write_message": _("wrote a message to many"),
    "send_message": _("sent a message to many, or planned it (people: {people})"),
    "pause_message": _("paused a message to many"),
    "resume_message": _("let a message to many go on"),
    "cancel_message": _("called off a message to many"),
    "unplan_message": _("put off a planned message to many"),
    "discard_message": _("threw away the draft of a message to many"),
    "release_message": _("had a message to many sent again to those in doubt"),
    "give_up_message": _("gave up those in doubt of a message to many"),
    "take_back_message": _("took back a message to many"),
    "reply": _("answered a text (people told: {people})"),
    "score": _("scored a text (criteria: {criteria})"),
    "type_in": _("typed in a text (people at the table: {people})"),
    "type_in_ballots": _("typed in ballots on paper (ballots: {ballots})"),
    "type_in_spoilt": _("typed in spoilt ballots on paper (ballots: {ballots})"),
    "correct_ballots": _("corrected ballots on paper: {before}, now {ballots}. The reason: {reason}"),
    "withdraw": _("withdrew proposal {number} of a vote (people told: {people})"),
    "welcome": _("added {name} to the team, as: {role}"),
    "role": _("changed the role of {name}. Now: {role}"),
    "password": _("changed their own password"),
    "open_door": _("opened the door {door}"),
    "change_key": _("changed the key of the door {door}"),
    "close_door": _("closed the door {door}"),
    "pay_door": _("chose fast paid sending for the door {door}"),
    "free_door": _("chose free sending for the door {door}"),
}


def said(entry: Noted) -> Said:
    """What was done, after the name of who did it; the bare word where this program knows no sentence for it."""
    sentence = _WORDS.get(entry.action)
    if sentence is None:
        return entry.action
    return Text(sentence.singular, {name: _detail(name, value) for name, value in entry.details.items()})


def _detail(name: str, value: Any) -> Value:
    if name == "reason" and value in REASONS:
        return Lowered(REASONS[value])
    if name == "role" and value in ROLE_NAMES:
        return Lowered(ROLE_NAMES[value])
    if isinstance(value, Mapping):
        return Words(value)
    return value if isinstance(value, int) else str(value)


def address(entry: Noted) -> str | None:
    """Where to look at what it was done to."""
    pages = {
        "consultations": "/panel/consultations",
        "contributions": "/panel/contributions",
        "organisers": "/panel/team",
        "groups": "/panel/settings/groups",
        "broadcasts": "/panel/messages",
        "relays": "/panel/people/relays",
    }
    return f"{pages[entry.about]}/{entry.about_id}" if entry.about in pages else None
