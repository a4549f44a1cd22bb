"""An idea as it is read in a chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flows.answers import Choice, Json
from flows.conversation import Talk
from flows.giving import quoted, supporters
from flows.ideas.giving import Names, named
from flows.ideas.settings import Settings
from flows.texts import Joined, Said, Words, _, plural

ATTACHED: Mapping[str, Said] = {"photo": _("one photo"), "document": _("one document")}
CAME: Mapping[str | None, Said] = {
    "photo": _("A photo came with it."),
    "document": _("A document came with it."),
}

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
    if idea["attached"] in CAME:
        lines.append(CAME[idea["attached"]])
    return [*lines, *progress(talk, idea)]


def attached(sent: Json) -> Said | None:
    """What was sent with an idea, in a list or a table; None for nothing."""
    return ATTACHED[next(iter(sent))] if sent else None


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
