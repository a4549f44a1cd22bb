"""Transcripts: talks as plain text, `tests/talks/*.chat`, that a town clerk can read.

> typed               the resident types
> [Label]             the resident taps
>> typed              the same, at their second door
> (waits)             the resident does nothing, and time passes until the moment told above
    four spaces       the bot; lines one after the other are ONE message, an empty line begins another
    (What it is)      a picture or a document that comes with the message
    [Label] [Label]   the buttons of the message just above
    | four spaces     the bot, at the other door than the line was said at
# comment             what the reader should know; some sentences also set the scene:

# Saturday 6 March 2027, 10:40      the time, in the town's zone
# Her phone is in French.           the language the platform tells (French, English, or "says no language")
# The code is "boulangerie".        what the next [Démarrer] or [Start] carries; nothing if not said
# The program fails here.           the next message makes the program fail; "works again" mends it
# Proposal 2 is withdrawn.          by the town, before the resident's line
# The town writes: "..."            to everybody, with a button into the first by its name, before the resident's line
# Open here: centre-ville, bancs.   in the first comment: which consultations there are (see towns.py), else these
# Old buttons.                      older messages are tapped: only channels with buttons play this one
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
_MOMENT = re.compile(r"[A-Z][a-z]+day (\d{1,2} [A-Z][a-z]+ \d{4}), (\d{1,2}:\d{2})")
_LANGUAGE = re.compile(r"phone (?:is in (French|English)|says (no language))")
ELSEWHERE = "| "
OPENED = ("centre-ville", "bancs")
_OPENED = re.compile(r"Open here: ([a-z, -]+)\.")
_WITHDRAWN = re.compile(r"Proposal (\d+) is withdrawn")
_WRITTEN = re.compile(r'The town writes: "([^"]+)"')
_CODE = re.compile(r'code is "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of the bot: its lines, the labels of its buttons, and whether it came to the other door."""

    lines: tuple[str, ...]
    buttons: tuple[str, ...] = ()
    elsewhere: bool = False


@dataclass(slots=True)
class Turn:
    """What stands before the resident's line, the line, and what the bot answers."""

    comments: list[str]
    said: str
    answers: list[Shown] = field(default_factory=list)
    second: bool = False
    """Whether it was said at the second door."""

    @property
    def tapped(self) -> str | None:
        return self.said[1:-1] if self.said.startswith("[") and self.said.endswith("]") else None

    @property
    def waits(self) -> bool:
        return self.said == "(waits)"

    def moment(self) -> datetime | None:
        found = _MOMENT.search(" ".join(self.comments))
        if found is None:
            return None
        return datetime.strptime(f"{found[1]} {found[2]}", "%d %B %Y %H:%M").replace(tzinfo=PARIS)

    def language(self) -> str | None:
        """The platform's language if the comments tell it: `none` when it says nothing."""
        found = _LANGUAGE.search(" ".join(self.comments))
        if found is None:
            return None
        return "none" if found[2] else found[1][:2].lower()

    def code(self) -> str | None:
        found = _CODE.search(" ".join(self.comments))
        return found[1] if found is not None else None

    def withdrawn(self) -> int | None:
        """The number of the proposal that the town withdraws."""
        found = _WITHDRAWN.search(" ".join(self.comments))
        return int(found[1]) if found is not None else None

    def written(self) -> str | None:
        """What the town writes to everybody."""
        found = _WRITTEN.search(" ".join(self.comments))
        return found[1] if found is not None else None

    def says(self, sentence: str) -> bool:
        return sentence in " ".join(self.comments)


@dataclass(slots=True)
class Transcript:
    """A whole talk; `after` are the comments at its end."""

    turns: list[Turn]
    after: list[str]

    @property
    def opened(self) -> tuple[str, ...]:
        """The consultations of the town."""
        found = _OPENED.search(" ".join(self.turns[0].comments))
        return tuple(found[1].split(", ")) if found is not None else OPENED

    @property
    def needs_two(self) -> bool:
        """Whether the resident has a second door."""
        return any(turn.second for turn in self.turns)

    @property
    def needs_buttons(self) -> bool:
        return any(turn.says("Old buttons.") for turn in self.turns)

    def save(self, path: Path) -> None:
        path.write_text(self.write(), "utf-8")

    def write(self) -> str:
        return "\n".join([*(line for turn in self.turns for line in _lines(turn)), *self.after]) + "\n"


def _lines(turn: Turn) -> Iterator[str]:
    yield from turn.comments
    yield f">> {turn.said}" if turn.second else f"> {turn.said}"
    for index, shown in enumerate(turn.answers):
        if index:
            yield ""
        margin = f"    {ELSEWHERE}" if shown.elsewhere else "    "
        yield from (margin + line for line in shown.lines)
        if shown.buttons:
            yield margin + " ".join(f"[{label}]" for label in shown.buttons)


def read(path: Path) -> Transcript:
    comments: list[str] = []
    turns: list[Turn] = []
    block: list[str] = []
    for line in [*path.read_text("utf-8").splitlines(), "#"]:
        if line.startswith("    "):
            block.append(line[4:])
            continue
        if block:
            turns[-1].answers.append(_shown(block))
            block = []
        if line.startswith((">> ", "> ")):
            marks, _space, said = line.partition(" ")
            turns.append(Turn(comments, said, second=marks == ">>"))
            comments = []
        elif line.startswith("#") or (not line and (comments or not turns)):
            comments.append(line)
    return Transcript(turns, comments[:-1])


def _shown(block: Sequence[str]) -> Shown:
    elsewhere = block[0].startswith(ELSEWHERE)
    *lines, last = [line.removeprefix(ELSEWHERE) for line in block]
    if last.startswith("[") and last.endswith("]"):
        return Shown(tuple(lines), tuple(last[1:-1].split("] [")), elsewhere)
    return Shown((*lines, last), elsewhere=elsewhere)
