"""The house's own conversations: who answers a message nobody waits for.

Each is a Module like those of flows/modules, but belongs to no phase: menu, help, language, privacy, erasing,
stopping, return codes. When one ends, the person is back in the conversation that still waits, if there is one.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import date, time

from flows.answers import Choice
from flows.commands import Command
from flows.conversation import Ending, Go, Talk
from flows.doors import Link, Linking, Unlink, WhereToWrite, doors_of, several
from flows.giving import called
from flows.host import LANGUAGE_NAMES, host
from flows.module import HouseModule, Module
from flows.street import Join, StreetList
from flows.texts import Lowered, Said, Words, _
from storage import erasure, offers, participants, reminded, returning
from storage.hours import Hours
from storage.participants import HoursChosen
from storage.reminded import Muting
from storage.returning import NewCode


class Menu(HouseModule):
    """What can be done here now."""

    kind = "menu"

    async def converse(self, talk: Talk) -> Ending:
        open_now = await talk.know("offers", offers.to, (talk.scene.space.id, talk.person.id, talk.now.isoformat()))
        space = talk.scene.space
        to_come = await talk.know("to_come", offers.to_come, (space.id, talk.now.isoformat()))
        given = await talk.know("given", offers.given, (space.id, talk.person.id))
        choices = [Choice(_choice_of(offer["phase"]), Words(offer["title"])) for offer in open_now]
        lead: tuple[Said, ...] = (_("This is the robot of {host}.", host=host(talk.scene)),)
        if not open_now:
            lead += (_("Nothing is open for answers at the moment."),)
        rest = [
            *([Choice("given", _("What I have given"))] if given else []),
            *([Choice("next", _("What comes next"))] if to_come else []),
            Choice("help", _("Help")),
            Choice("language", _("Language")),
            Choice("hours", _("When to write to me")),
            Choice("link", _("Use another device")),
            Choice("privacy", _("My data")),
        ]
        taken = await talk.choose("what", _("What would you like to do?"), choices + rest, before=lead, echo=False)
        phase = next((offer["phase"] for offer in open_now if _choice_of(offer["phase"]) == taken), None)
        return Go(phase=phase) if phase is not None else Go(kind=taken)


def _choice_of(phase: int) -> str:
    """A phase as a choice of the menu: never a position, which means another one once something opens or closes."""
    return "p" + base64.b32encode(phase.to_bytes(8, "big")).decode().lower().rstrip("=")


class Given(HouseModule):
    """What this person has given, to see and change it."""

    kind = "given"

    async def converse(self, talk: Talk) -> Ending:
        given = await talk.know("given", offers.given, (talk.scene.space.id, talk.person.id))
        if not given:
            talk.say(_("You have not sent anything yet."))
            return None
        choices = [Choice(_choice_of(one["phase"]), Words(one["title"])) for one in given]
        taken = await talk.choose("which", _("Which would you like to see?"), choices, echo=False)
        one = next(one for one in given if _choice_of(one["phase"]) == taken)
        return Go(conversation=one["conversation"], reopen=True)


class Next(HouseModule):
    """What opens, and which answers are promised, with their days."""

    kind = "next"

    async def converse(self, talk: Talk) -> Ending:
        space = talk.scene.space
        to_come = await talk.know("to_come", offers.to_come, (space.id, talk.now.isoformat()))
        lines: list[Said] = []
        for one in to_come:
            if one["opens"] is not None:
                opens = talk.scene.local(one["opens"])
                lines.append(_("{title}: opens on {moment}.", title=Words(one["title"]), moment=opens))
            else:
                day = date.fromisoformat(one["answer"])
                lines.append(_("{title}: the result comes out on {day}.", title=Words(one["title"]), day=day))
        talk.say(*(lines or [_("No date is set at the moment.")]))
        return None


class Help(HouseModule):
    """How to use the robot, and a person to call."""

    kind = "help"

    async def converse(self, talk: Talk) -> Ending:
        lines: list[Said] = [
            _("Answer by a button or in your own words."),
            _("At any moment you can write: back, skip, stop, continue, correct, menu, language, privacy, erase."),
        ]
        talk.say(*lines, *called(talk))
        return None


class Language(HouseModule):
    """Speak another language."""

    kind = "language"

    async def converse(self, talk: Talk) -> Ending:
        offered = [Choice(code, LANGUAGE_NAMES.get(code, code)) for code in talk.scene.space.languages]
        chosen = await talk.choose("language", _("Which language do you want me to speak?"), offered, echo=False)
        return Go(language=chosen)


class WhenToWrite(HouseModule):
    """When this person may be written to unasked: hours of their own in place of the town's."""

    kind = "hours"

    async def converse(self, talk: Talk) -> Ending:
        choices = [Choice(id_, label) for id_, (label, _hours) in PARTS_OF_THE_DAY.items()]
        choices += [Choice(WhereToWrite.kind, _("Choose where"))] if several(await doors_of(talk)) else []
        choices.append(Choice("never", _("Never")))
        rarely = _("I rarely write first: a reminder, something that opens or closes, a result.")
        when = await talk.choose("when", _("When may I write to you first?"), choices, before=(rarely,), echo=False)
        if when in ("never", WhereToWrite.kind):
            return Go(kind=Stop.kind if when == "never" else when)
        label, own = PARTS_OF_THE_DAY[when]
        kept = own.to_json() if own is not None else None
        await talk.do("kept", participants.choose_hours, HoursChosen(talk.scene.space.id, talk.person.id, kept))
        talk.say(_("Noted: {answer}.", answer=Lowered(label)), _("I still answer you at any hour."))
        return None


EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
PARTS_OF_THE_DAY: Mapping[str, tuple[Said, Hours | None]] = {
    "town": (_("In office hours"), None),
    "morning": (_("In the morning"), Hours(EVERY_DAY, ((time(8), time(12)),))),
    "afternoon": (_("In the afternoon"), Hours(EVERY_DAY, ((time(12), time(18)),))),
    "evening": (_("In the evening"), Hours(EVERY_DAY, ((time(18), time(21)),))),
}
"""Nothing where the hours of the space hold."""


class Privacy(HouseModule):
    """What is kept, how long, and who reads it."""

    kind = "privacy"

    async def converse(self, talk: Talk) -> Ending:
        here = _("I keep your answers, the language you speak, and what is needed to write back to you.")
        anywhere = _("I keep your answers, the language you speak, and what is needed to write back to you anywhere.")
        kept = anywhere if several(await doors_of(talk)) else here
        identity = talk.scene.channel.identity
        talk.say(kept, *([identity] if identity is not None else []))
        own = [Words(talk.scene.space.privacy)] if talk.scene.space.privacy else []
        talk.say(*own, _("To erase everything, write “erase”."))
        return None


class Delete(HouseModule):
    """Erase the person completely; what was sent stays in the totals without anybody."""

    kind = "delete"

    async def converse(self, talk: Talk) -> Ending:
        here = _("I erase who you are, what you wrote in this chat, and what was not sent.")
        everywhere = _("I erase who you are, what you wrote here and elsewhere, and what was not sent.")
        before = (
            everywhere if several(await doors_of(talk)) else here,
            _(
                "Answers already sent stay in the totals, without your name or your own words, "
                "and can no longer be changed."
            ),
        )
        sure = [Choice("yes", _("Yes, erase everything")), Choice("no", _("No, keep it"))]
        answer = await talk.choose("sure", _("Do you want to erase everything?"), sure, before=before, echo=False)
        if answer == "no":
            talk.say(_("Nothing was erased."))
            return None
        await talk.do("erase", erasure.erase, (talk.scene.space.id, talk.person.id, talk.now.isoformat()))
        talk.say(_("It is done. Nothing that leads to you is kept. Thank you for taking part."))
        return None


class Stop(HouseModule):
    """Put everything aside; said where a conversation was under way or not."""

    kind = "stop"

    async def converse(self, talk: Talk) -> Ending:
        nowhere = _("I have stopped, and I will not write to you first, here or elsewhere.")
        talk.say(
            nowhere if several(await doors_of(talk)) else _("I have stopped, and I will not write to you first."),
            _("Your answers are kept. To go on, write “continue”. To erase everything, write “erase”."),
        )
        return None


class Later(HouseModule):
    """Leave a reminder be."""

    kind = "later"

    async def converse(self, talk: Talk) -> Ending:
        talk.say(_("All right. What you answered is kept. To go on, write “continue”."))
        return None


class Mute(HouseModule):
    """No more reminders of what the last one was about."""

    kind = "mute"

    async def converse(self, talk: Talk) -> Ending:
        who = (talk.scene.space.id, talk.person.id)
        last = await talk.know("last", reminded.last, who)
        if last is None:
            talk.say(_("I have reminded you of nothing. For no more messages at all, write “stop”."))
            return None
        await talk.do("muted", reminded.mute, Muting(*who, last["phase"], talk.now))
        talk.say(
            _("It is noted. I will not remind you of “{title}” again.", title=Words(last["title"])),
            _("What you answered is kept. To go on, write “continue”.")
            if last["begun"]
            else _("You may take part all the same: write “menu”."),
        )
        return None


class Sent(HouseModule):
    """Somebody comes back to what they have sent already: the module has said so (`already`), and nothing is asked."""

    kind = "sent"

    async def converse(self, talk: Talk) -> Ending:
        return None


class Return(HouseModule):
    """A code that finds this conversation again on another device."""

    kind = "code"

    async def converse(self, talk: Talk) -> Ending:
        argument = NewCode(talk.scene.space.id, talk.person.id, talk.scene.conversation, talk.now.isoformat())
        code = await talk.do("code", returning.issue, argument)
        talk.say(
            _("Your return code: {code}", code=code),
            _("On another device, open this page and write it there. It works once, for seven days."),
        )
        return None


_FOR_EVERYBODY = (
    *(Menu, Given, Next, Help, Language, WhenToWrite, Privacy, Delete, Stop, Later, Mute, Sent, Return),
    *(Link, Linking, Unlink, WhereToWrite),
)
HOUSE: Mapping[str, Module] = {module.kind: module.load({}) for module in (*_FOR_EVERYBODY, Join, StreetList)}

ANSWERED_BY: Mapping[Command, str] = {
    Command.MENU: Menu.kind,
    Command.HELP: Help.kind,
    Command.LANGUAGE: Language.kind,
    Command.PRIVACY: Privacy.kind,
    Command.DELETE: Delete.kind,
    Command.STOP: Stop.kind,
    Command.LATER: Later.kind,
    Command.MUTE: Mute.kind,
    Command.RETURN: Return.kind,
    Command.LINK: Link.kind,
    Command.UNLINK: Unlink.kind,
    Command.ROUND: StreetList.kind,
}
"""Which conversation of the house answers a command; the others act on the conversation that waits."""

PUTS_ASIDE = frozenset({Stop.kind, Later.kind, Mute.kind})
"""Those that put aside what waits, until it is taken up again."""
FINAL = PUTS_ASIDE | {Delete.kind, Linking.kind, StreetList.kind}
"""Those after which nothing that waits is shown again."""
CONFIRMED = frozenset({Delete.kind, Linking.kind})
"""Of these, those of which that holds only once the person has said yes."""
