"""Voters who say anything at any time, and a plain model of what each of them has cast.

The model knows nothing of runs, journals and keys. It reads the screen as a resident does (the candidates come in an
order drawn for each), remembers what it chose, and what it sent last.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import orjson

from flows.messages import Message
from flows.voting.settings import APPROVAL, BORDA, FOR_AGAINST, JUDGMENT, ONE_OF, POINTS, SCHULZE

NAMES = {"1": "oak", "2": "elm", "3": "ash", "4": "fir"}
GRADES = {"Very good": "very_good", "Good": "good", "Fair": "fair", "Poor": "poor", "To be rejected": "reject"}
BOTH = {"For": "for", "Against": "against"}
POINTS_EACH = 4
SETTINGS: dict[str, Any] = {
    "question": {"en": "Which tree?"},
    "options": [{"id": id_, "label": {"en": f"The {id_}"}} for id_ in NAMES.values()],
    "points": POINTS_EACH,
}
METHODS = (FOR_AGAINST, ONE_OF, APPROVAL, BORDA, SCHULZE, JUDGMENT, POINTS)
NONSENSE = ("...", "I don't know!", "99", "-", "9, 8")


@dataclass
class Voter:
    """One person. `cast` is the value of the ballot sent last, None while there is none."""

    chance: random.Random
    method: str
    change: bool
    secret: bool
    most: int = 4
    taken: list[tuple[str, Any]] = field(default_factory=list)
    """What was chosen so far, an entry for each answer."""
    blank: bool = False
    stage: str = "fill"
    cast: str | None = None
    labels: list[str] = field(default_factory=list)
    asked: str = ""

    def sees(self, message: Message) -> None:
        self.labels = [button.label for button in message.buttons if not button.minor]
        asked = [line.text for line in message.lines if line.role == "ask"]
        self.asked = asked[0] if asked else ""

    # -- what is said --------------------------------------------------------------------------------------

    def speaks(self) -> str:
        """What this person types next; the model has taken it in."""
        kind = self.chance.random()
        if kind < 0.12:
            return self.chance.choice(NONSENSE)
        if self.stage == "over":
            return self._again()
        if kind < 0.24:
            self._back()
            return "back"
        if self.stage == "recap":
            return self._decides()
        label = self.chance.choice(self.labels)
        self._answers(label)
        return self.chance.choice((label, label.upper(), f" {label} "))

    def _again(self) -> str:
        """Taking up what was sent: an open ballot is read over, a secret one is filled in anew."""
        if self.change:
            self.stage = "fill" if self.secret else "recap"
            if self.secret:
                self.taken, self.blank = [], False
        return "correct"

    def _back(self) -> None:
        if self.blank:
            self.blank, self.stage = False, "fill"
        elif self.taken:
            self.taken.pop()
            self.stage = "fill"

    def _decides(self) -> str:
        if self.chance.random() < 0.4:
            self.taken, self.blank, self.stage = [], False, "fill"
            return "change"
        self.cast, self.stage = self._value(), "over"
        return "send"

    def _answers(self, label: str) -> None:
        if label == "Blank vote":
            self.blank, self.stage = True, "recap"
        elif label in ("Begin", "That is all"):
            self.taken.append((label, None))
            self.stage = "fill" if label == "Begin" else "recap"
        elif self.method in (JUDGMENT, POINTS):
            candidate = NAMES[self.asked.partition(".")[0]]
            self.taken.append((candidate, GRADES[label] if self.method == JUDGMENT else int(label)))
            self._stop_at(len(NAMES) + 1)
        else:
            self.taken.append((BOTH[label] if self.method == FOR_AGAINST else NAMES[label], None))
            self._stop_at(1 if self.method in (FOR_AGAINST, ONE_OF) else self.most)

    def _stop_at(self, answers: int) -> None:
        """A ranking of all goes on by itself once one is left; points once there are none."""
        whole = self.method in (BORDA, SCHULZE) and self.most == len(NAMES) == len(self.taken) + 1
        spent = self.method == POINTS and sum(mark for _one, mark in self.taken if mark) == POINTS_EACH
        if len(self.taken) == answers or whole or spent:
            self.stage = "recap"

    # -- what it comes to ----------------------------------------------------------------------------------

    def _value(self) -> str:
        chosen = [one for one, _mark in self.taken if one not in ("Begin", "That is all")]
        marks = {one: mark for one, mark in self.taken if one in NAMES.values() and mark not in (None, 0)}
        value: Any
        if self.method in (FOR_AGAINST, ONE_OF):
            value = chosen[0] if chosen else None
        elif self.method in (JUDGMENT, POINTS):
            value = dict(sorted(marks.items()))
        elif self.method == APPROVAL:
            value = sorted(chosen)
        else:
            rest = [one for one in NAMES.values() if one not in chosen]
            value = chosen + (rest if self.most == len(NAMES) and len(rest) == 1 else [])
        return orjson.dumps(None if self.blank or not value else value).decode()
