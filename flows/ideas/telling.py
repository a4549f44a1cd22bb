"""An idea as it is read in a chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.answers import Choice, Json
from flows.conversation import Talk
from flows.giving import quoted, supporters
from flows.ideas.giving import Names, named
from flows.ideas.settings import Settings
from flows.messages import Media
from flows.questionnaires.questions import Given
from flows.texts import Joined, Said, Words, _, plural, translate
from storage.attached import address_of

NEXT = "next"

STATUSES: Mapping[str, Said] = {
    "received": _("The town has received this idea."),
    "studied": _("The town is studying this idea."),
    "accepted": _("The town has accepted this idea."),
    "done": _("This idea has been carried out."),
    "not_kept": _("The town will not carry out this idea."),
}
"""How far the town is with an idea, as a sentence."""
STATES: Mapping[str, Said] = {
    "sent": _("sent"),
    "waiting": _("sent, visible after it was read"),
    "hidden": _("not shown"),
    "merged": _("merged into another"),
}
"""The state of something one gave, in a list."""


def listed(ideas: Sequence[Mapping[str, Any]]) -> tuple[Said, ...]:
    """A line an idea: its number, its text, how many support it."""
    return tuple(
        _(
            "{number}. {text}: {support}",
            number=number,
            text=idea["text"],
            support=plural("{count} supporter", "{count} supporters", idea["support"]),
        )
        for number, idea in enumerate(ideas, 1)
    )


def numbers(ideas: Sequence[Mapping[str, Any]]) -> list[Choice]:
    """The buttons of such a list."""
    return [Choice(str(number), str(number)) for number in range(1, len(ideas) + 1)]


def whole(talk: Talk, settings: Settings, names: Names, idea: Mapping[str, Any]) -> list[Said]:
    """All there is to read of an idea but how many support it."""
    proposed: Said = _("Proposed on {day}.", day=talk.scene.local(idea["at"]).date())
    about = [theme.label for theme in settings.themes if theme.id == idea["theme"]]
    area = named(names, idea["area"])
    places = [*about, *([area] if area is not None else [])]
    lines: list[Said] = [quoted(idea["text"]), Joined((proposed, *([idea["details"]] if idea["details"] else [])), " ")]
    lines += [Joined(tuple(places))] if places else []
    return [*lines, *came(idea), *progress(talk, idea)]


# -- what came with it ---------------------------------------------------------------------------------------------


def seen(idea: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a prompt can show of what came with an idea: nothing until all may read it, nor what has not arrived."""
    return [one for one in idea["attached"] if one["id"] is not None] if idea["state"] == "sent" else []


def came(idea: Mapping[str, Any]) -> list[Said]:
    """That something came with it, where no prompt shows it."""
    kinds = [] if seen(idea) else [one["kind"] for one in idea["attached"]]
    return [_("Sent with it: {what}.", what=counted_kinds(kinds))] if kinds else []


def media(talk: Talk, idea: Mapping[str, Any], at: int = 0) -> Media | None:
    """What a prompt shows that came with it; after the last the first again."""
    shown = seen(idea)
    if not shown:
        return None
    one = shown[at % len(shown)]
    said: Said = _("The photo sent with this idea") if one["picture"] else _("The document sent with this idea")
    if len(shown) > 1:
        said = _("{what} ({number} of {count})", what=said, number=at % len(shown) + 1, count=len(shown))
    description = translate(said, talk.person.language or talk.scene.space.languages[0])
    return Media("picture" if one["picture"] else "document", address_of(idea["id"], one["id"]), description)


def nexts(idea: Mapping[str, Any], at: int) -> list[Choice]:
    """The button for what comes after it, if there is something."""
    shown = seen(idea)
    if len(shown) < 2:
        return []
    following = shown[(at + 1) % len(shown)]
    return [Choice(NEXT, _("See the next photo") if following["picture"] else _("See the next document"))]


def attached(sent: Sequence[Json]) -> Said | None:
    """What was sent with an idea, in a list or a table; None for nothing."""
    return counted_kinds([next(iter(one)) for one in sent]) if sent else None


def counted_kinds(kinds: Sequence[str]) -> Said:
    """One photo and two documents."""
    photos, documents = kinds.count("photo"), kinds.count("document")
    said = [plural("{count} photo", "{count} photos", photos)] if photos else []
    return Joined((*said, *([plural("{count} document", "{count} documents", documents)] if documents else [])))


def told(settings: Settings, fields: Mapping[str, Any]) -> list[tuple[Said, Said]]:
    """The details of an idea, and the answers to the organiser's own questions; how to reach somebody is never among
    them."""
    own, details = fields.get("own") or {}, fields.get("details")
    given = [(one, own.get(one.question.id)) for one in settings.interviews if not isinstance(one.question, Given)]
    answers = [(one.question.name, one.shown(answer)) for one, answer in given if answer is not None]
    return [*([(_("Details"), details)] if details else []), *answers]


def progress(talk: Talk, idea: Mapping[str, Any]) -> list[Said]:
    """How far the town is with it, and what it replied last."""
    lines: list[Said] = [STATUSES[idea["status"]]] if idea["status"] in STATUSES else []
    last = [one for one in idea["progress"] if any(one["text"].values())][:1]
    return lines + [
        _("The town’s answer, {day}: {text}", day=talk.scene.local(one["at"]).date(), text=Words(one["text"]))
        for one in last
    ]


def counted(idea: Mapping[str, Any]) -> Said:
    """How many support it, and how many arguments there are."""
    if not idea["for"] and not idea["against"]:
        return supporters(idea["support"])
    both = (
        plural("{count} argument for", "{count} arguments for", idea["for"]),
        plural("{count} against", "{count} against", idea["against"]),
    )
    return Joined((supporters(idea["support"]), _("{arguments}.", arguments=Joined(both))), " ")
