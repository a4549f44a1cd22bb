"""What a message means: which conversation it is for, and as what. Decided without touching the database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from flows.answers import NO_DOCUMENT, Heard
from flows.commands import Command, code_in, command, named
from flows.composing import pressed
from flows.conversation import Go
from flows.doors import Linking
from flows.early import told
from flows.menu import ANSWERED_BY, Menu
from flows.messages import COMMAND_TAP, SKIP, TAKES, Incoming
from flows.occasion import PHASE, TALK, Taken
from flows.pictures import TOO_LARGE
from flows.rendering import Capabilities
from flows.street import Join
from flows.texts import Said, _
from flows.turn import Act, Errand
from storage import rounds
from storage.conversations import Record
from storage.participants import Person
from storage.phases import CodeFacts
from storage.value import value


@value
class Known:
    """What is known of the person a message came from: the conversation typed text goes to, the one a tap names,
    all those about a phase (the oldest first), what the code says that came with it, and where a button under what we
    began leads (`taken`), if that is of their space.
    `early`: it is a number, a yes or a no, and the question that waits could not have been read (flows/early.py).
    `tests`: it brought the code of a broadcast, which is sent to them."""

    person: Person
    channel: Capabilities
    current: Record | None
    tapped: Record | None = None
    mine: Sequence[Record] = ()
    code: CodeFacts | None = None
    taken: Taken | None = None
    tests: bool = False
    early: bool = False


@value
class Destination:
    """Where a message goes: to this conversation with this errand, or on to another (`go`), saying `lead` first."""

    record: Record | None = None
    errand: Errand | None = None
    go: Go | None = None
    lead: tuple[Said, ...] = ()


def route(incoming: Incoming, known: Known) -> Destination:
    """The one place where it is decided what a message is."""
    if incoming.unread is not None:
        return _show(known, (UNREAD.get(incoming.unread, UNREADABLE),))
    if incoming.code is not None:
        return _by_code(incoming.code, known)
    if incoming.tap is not None:
        return _by_tap(incoming.tap, known)
    return _by_text(incoming, known)


def may_be_a_code(incoming: Incoming, channel: Capabilities, current: Record | None) -> bool:
    """Whether a text may be the code of a poster: one word, typed where links bring none, by somebody who is not
    answering a question of the town's."""
    if channel.links or incoming.text is None or incoming.code is not None:
        return False
    asked = current is not None and current.waiting is not None and current.phase_id is not None
    return not asked and CODE.fullmatch(incoming.text.strip()) is not None


CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{2,63}")
"""The form of a code, and of a consultation's address."""


UNREADABLE = _("I can’t read this kind of message yet. Please answer by a button or in writing.")
UNREAD: Mapping[str, Said] = {
    "voice": _("I can’t listen to voice messages. Please answer by a button or in writing."),
    "edit": _("I keep what you wrote first. To change an answer, write “correct”."),
    "document": NO_DOCUMENT,
    "large": TOO_LARGE,
    "older": _("This is about an older message of mine: I have not counted it. To change an answer, write “correct”."),
    "contact": _("This number is somebody else’s, and I don’t keep it. Please answer by a button or in writing."),
}
"""Kinds of messages that deserve better than UNREADABLE."""


def _by_code(code: str, known: Known) -> Destination:
    if known.code is not None:
        return Destination(go=Go(phase=known.code.phase_id))
    if known.tests:
        return _show(known, (_("This is only for you: a message to many, as the others will get it."),))
    if rounds.is_code(code):
        return Destination(go=Go(kind=Join.kind, answers=((Join.CODE, code),)))
    if not code:
        return Destination(go=Go(kind=Menu.kind)) if known.current is None else _show(known)
    lead = (_("I don’t know this code. Perhaps it is over, or a letter is missing."),)
    return Destination(go=Go(kind=Menu.kind), lead=lead)


def _by_tap(tap: str, known: Known) -> Destination:
    if tap.startswith(COMMAND_TAP):
        asked = named(tap.removeprefix(COMMAND_TAP))
        return obey(asked, known) if asked is not None else _show(known)
    if tap.startswith(TAKES):
        return _by_taking(known)
    parts = pressed(tap)
    record = known.tapped
    if parts is None or record is None or known.person.id not in (record.participant_id, record.through_id):
        return _show(known, (_too_old(known),))
    if record.state != "open":
        over = _("This was sent already. To change an answer, write “correct”.")
        return _show(known, (over if record.sent_at is not None else _too_old(known),))
    heard = Heard(tap=parts[2], language=known.person.language or "fr", buttons=known.channel.buttons)
    return Destination(record, Errand(Act.HEAR, heard, parts[1]))


def _too_old(known: Known) -> Said:
    return _("This button is too old.") if known.channel.buttons else _("This question is over.")


def _by_taking(known: Known) -> Destination:
    """A button under what we began ourselves."""
    meant = known.taken
    if meant is not None and meant.to == PHASE:
        return Destination(go=Go(phase=meant.about))
    if meant is not None and meant.to == TALK:
        for record in known.mine:
            if record.id == meant.about:
                waits = record.state == "open" and record.waiting is not None
                return Destination(go=Go(conversation=record.id) if waits else Go(phase=record.phase_id))
    return _show(known, (_too_old(known),))


def _by_text(incoming: Incoming, known: Known) -> Destination:
    text = incoming.text or ""
    meant = command(text)
    current = known.current
    if meant is not None and (meant[1] or current is None or current.waiting is None):
        return obey(meant[0], known, text)
    if current is None or current.state != "open" or current.waiting is None:
        if not known.channel.links and rounds.shown(rounds.plain(text)) == text.strip().upper():
            return _by_code(text, known)
        untaken = incoming.attached is not None and incoming.attached.kind == "document"
        return Destination(go=Go(kind=Menu.kind), lead=(NO_DOCUMENT,) if untaken else ())
    if known.early:
        return _show(known, (told(text.strip()),))
    heard = Heard(
        text=incoming.text,
        attached=incoming.attached,
        place=incoming.place,
        language=known.person.language or "fr",
        buttons=known.channel.buttons,
        command=meant[0] if meant is not None else None,
    )
    return Destination(current, Errand(Act.HEAR, heard))


def obey(asked: Command, known: Known, said: str | None = None) -> Destination:
    """What a command does: acts on the conversation that waits, or begins one of the house's own. `said` is the text it
    was typed as, which may hold a code."""
    code = code_in(said) if asked is Command.LINK and said is not None else None
    if code is not None:
        return Destination(go=Go(kind=Linking.kind, answers=((Linking.TYPED, code),)))
    current = known.current if known.current is not None and known.current.waiting is not None else None
    if asked in ANSWERED_BY:
        return Destination(go=Go(kind=ANSWERED_BY[asked]))
    if asked is Command.CORRECT:
        phase = current.phase_id if current is not None else None
        sent = [one for one in known.mine if one.sent_at is not None and phase in (None, one.phase_id)]
        if sent:
            return Destination(sent[-1], Errand(Act.REOPEN))
        return _show(known, (_("Nothing was sent yet. You can correct everything before sending."),))
    if asked is Command.CONTINUE or current is None:
        return resume(known)
    if asked is Command.BACK:
        return Destination(current, Errand(Act.BACK))
    heard = Heard(tap=SKIP, language=known.person.language or "fr")
    return Destination(current, Errand(Act.HEAR, heard, current.waiting))


def resume(known: Known) -> Destination:
    """Back to the conversation that still waits, the last one taken up; the menu when none does."""
    waiting = [record for record in known.mine if record.state == "open" and record.waiting is not None]
    if not waiting:
        return Destination(go=Go(kind=Menu.kind))
    return Destination(go=Go(conversation=max(waiting, key=lambda record: record.heard_at).id))


def _show(known: Known, lead: tuple[Said, ...] = ()) -> Destination:
    """Say something, then show again what waits."""
    if known.current is not None and known.current.waiting is not None:
        return Destination(known.current, Errand(Act.SHOW, lead=lead))
    return replace(resume(known), lead=lead)
