"""One person behind several doors: a code shown at one is typed at another, and from then on they are one.

Who types it is asked first, and leaves word; the two are made one by bot/joining.py, which also says what came of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from flows.answers import Choice
from flows.conversation import Ending, Go, Talk
from flows.host import channel_name
from flows.module import HouseModule
from flows.texts import Joined, Said, Text, _, plural
from storage import accounts, addresses, linking
from storage.addresses import Choosing, SeenDoor, Unlinking
from storage.linking import NewLink, OwnCode, TooManyTries, Typed, UnknownCode
from storage.refusals import Gone


class Link(HouseModule):
    """A code to type at another door."""

    kind = "link"

    async def converse(self, talk: Talk) -> Ending:
        space = talk.scene.space
        robots = await talk.know("robots", accounts.named, space.id)
        code = await talk.do("code", linking.issue, NewLink(space.id, talk.person.id, talk.now.isoformat()))
        where: list[Said] = [
            Text("{channel} ({name})", {"channel": channel_name(one["channel"]), "name": one["name"]}) for one in robots
        ]
        where += [f"{talk.scene.pages}/{space.slug}"] if talk.scene.pages else []
        talk.say(
            _("Your code: {code}", code=code),
            _("Within 15 minutes, write it where you also want to talk with me: {places}.", places=Joined(tuple(where)))
            if where
            else _("Within 15 minutes, write it to me on the other device."),
            _("There and here will then be one conversation. Give this code to nobody."),
        )
        return None


class Linking(HouseModule):
    """Somebody has typed such a code: shall the two be one?"""

    kind = "linking"
    TYPED = "typed"

    async def converse(self, talk: Talk) -> Ending:
        both = _("What you wrote here and there will belong to one person, with one vote.")
        question = _("Do you want to link this conversation with the one that showed you this code?")
        sure = [Choice("yes", _("Yes, link them")), Choice("no", _("No, thank you"))]
        if await talk.choose("sure", question, sure, after=(both,), echo=False) == "no":
            talk.say(_("Nothing was linked."))
            return None
        code = str(talk.recorded(self.TYPED))
        try:
            typed = Typed(talk.person.space_id, talk.person.id, code, talk.now.isoformat())
            await talk.do("join", linking.redeem, typed)
        except UnknownCode:
            talk.say(
                _("I do not know this code. It works once, for 15 minutes."),
                _("For another one, write “link” where it was shown to you."),
            )
        except OwnCode:
            talk.say(_("This code is for another place: write it on the other device, not here."))
        except TooManyTries as refused:
            minutes = int(refused.details["minutes"])
            talk.say(plural("Please try again in {count} minute.", "Please try again in {count} minutes.", minutes))
        else:
            return None
        return Go()


class Unlink(HouseModule):
    """Take one of several doors away."""

    kind = "unlink"

    async def converse(self, talk: Talk) -> Ending:
        person = talk.person
        doors = await doors_of(talk)
        others = [one for one in doors if one["id"] != person.address_id]
        if not others:
            talk.say(_("You talk with me from here only: there is nothing to unlink."))
            return None
        names = named(doors)
        choices = [Choice(_choice_of(one), names[one["id"]]) for one in others]
        question = _("Which one shall no longer be yours?")
        taken = await talk.choose("which", question, choices, before=lines(talk, doors), echo=False)
        one = next(one for one in others if _choice_of(one) == taken)
        sure = [Choice("yes", _("Yes, unlink it")), Choice("no", _("No, change nothing"))]
        stays = _("What you wrote there stays here, with you. Whoever writes there next is somebody new to me.")
        asked = _("Do you want to unlink {door}?", door=names[one["id"]])
        if await talk.choose("sure", asked, sure, after=(stays,), echo=False) == "no":
            talk.say(_("Nothing was changed."))
            return None
        try:
            wanted = Unlinking(person.space_id, person.id, one["id"], person.address_id)
            await talk.do("unlinked", addresses.unlink, wanted)
        except Gone:
            talk.say(_("It was unlinked already."))
            return None
        talk.say(_("It is done. I no longer write to you there."))
        return None


class WhereToWrite(HouseModule):
    """At which of several doors they are written to first."""

    kind = "where"
    LAST = "last"

    async def converse(self, talk: Talk) -> Ending:
        person = talk.person
        doors = await doors_of(talk)
        names = named(doors)
        choices = [
            *(Choice(_choice_of(one), names[one["id"]]) for one in doors),
            Choice(self.LAST, _("Where I wrote last")),
        ]
        question = _("Where may I write to you first?")
        taken = await talk.choose("where", question, choices, before=lines(talk, doors), echo=False)
        chosen = next((one["id"] for one in doors if _choice_of(one) == taken), None)
        try:
            await talk.do("kept", addresses.choose, Choosing(person.space_id, person.id, chosen))
        except Gone:
            talk.say(_("It was unlinked already."))
            return None
        talk.say(
            _("Noted. I still answer you where you write."),
            _("If a message cannot arrive there, it comes by another of your ways."),
        )
        return None


async def doors_of(talk: Talk) -> list[SeenDoor]:
    """Those of who is talked with, the oldest first."""
    return await talk.know("doors", addresses.doors, (talk.person.space_id, talk.person.id))


def several(doors: Sequence[SeenDoor]) -> bool:
    return len(doors) > 1


def named(doors: Sequence[SeenDoor]) -> dict[int, Said]:
    """How each is called, by its id; of several of a channel all have a number."""
    many = Counter(one["channel"] for one in doors)
    seen: Counter[str] = Counter()
    names: dict[int, Said] = {}
    for one in doors:
        seen[one["channel"]] += 1
        name = channel_name(one["channel"])
        number = {"name": name, "number": seen[one["channel"]]}
        names[one["id"]] = Text("{name} {number}", number) if many[one["channel"]] > 1 else name
    return names


def lines(talk: Talk, doors: Sequence[SeenDoor]) -> tuple[Said, ...]:
    """What there is to know them by."""
    names = named(doors)
    return tuple(
        _("{door}: you are here.", door=names[one["id"]])
        if one["id"] == talk.person.address_id
        else _("{door}: since {day}.", door=names[one["id"]], day=talk.scene.local(one["linked"]).date())
        for one in doors
    )


def _choice_of(one: SeenDoor) -> str:
    """Never its position, which would mean another one once a door comes or goes."""
    return f"d{one['id']:x}"


# -- what is said once it was made ---------------------------------------------------------------------------------

IT_IS_DONE = _("It is done: there and here are now one conversation.")
DROPPED = _("Of what you had begun on both sides, I keep what came further.")
LINKED = (
    _("Another conversation has just been linked with yours."),
    _("If it was not you, write “unlink”."),
)
"""Told at every other door."""
GONE = _("The other conversation was erased. Nothing was linked.")


def refused(title: Said) -> tuple[Said, ...]:
    """Both have voted."""
    return (
        _("I cannot link them: you have taken part on both sides in “{title}”.", title=title),
        _("Nothing was changed, here or there."),
    )
