"""A volunteer on a field round, as tests imagine one: taps at random what is offered, and remembers what that means."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from flows.messages import Button, Message
from storage.rounds import NOBODY, REFUSED, TO_VISIT, Tally

LINES = ("1 Elm Street", "2 Elm Street", "3 Elm Street", "4 Elm Street, first floor", "5 Elm Street", "6 Elm Street",
         "7 Elm Street, at the back")  # fmt: skip
NOTES = {"Nobody there": NOBODY, "They do not want to": REFUSED, "Still to be visited": TO_VISIT}
PLAN = "Which plan do you prefer?"
LIKELY = {"I stop here": 1, "They do not want to": 1, "Back": 1, "Nobody there": 2, "An answer": 9, "Send": 9,
          "Yes, they agree": 20}  # fmt: skip
"""How likely what is offered is chosen, where it is not 3 times: so that many answers come together."""


@dataclass
class Given:
    """What somebody at a door answers: as it stands in the talk, and as it was sent last."""

    door: str
    by: str
    draft: str = ""
    sent: str = ""


@dataclass
class Street:
    """The plain model of a round: every door's state and who noted it, every answer in the order they were begun."""

    states: dict[str, str] = field(default_factory=lambda: dict.fromkeys(LINES, TO_VISIT))
    noted: dict[str, str | None] = field(default_factory=lambda: dict.fromkeys(LINES))
    given: list[Given] = field(default_factory=list)

    def standing(self, door: str, by: str | None = None) -> list[Given]:
        return [one for one in self.given if one.sent and one.door == door and by in (None, one.by)]

    def tally(self, by: str | None = None) -> Tally:
        """Of one volunteer, or of all of them."""
        answers = [len(self.standing(door, by)) for door in LINES]
        in_vain = [self.states[door] for door in LINES if not self.standing(door) and by in (None, self.noted[door])]
        nobody, refused = in_vain.count(NOBODY), in_vain.count(REFUSED)
        return Tally(sum(count > 0 for count in answers) + nobody + refused, sum(answers), nobody, refused)


@dataclass
class Walker:
    """One volunteer with a phone, and what they see on it."""

    name: str
    street: Street
    chance: random.Random
    shown: Message | None = None
    door: str = ""
    stands: str = ""
    interview: Given | None = None
    which: int = 0
    way: str = ""

    def sees(self, message: Message) -> None:
        self.shown = message

    @property
    def lines(self) -> list[str]:
        return [line.text for line in self.shown.lines] if self.shown is not None else []

    def taps(self) -> Button | None:
        """The button they choose; None where they write "round" to come back to the list."""
        offered = self.shown.buttons if self.shown is not None and self._is_on_round() else ()
        if not offered or self.chance.random() < 0.07:
            self.interview = None
            return None
        [chosen] = self.chance.choices(offered, [LIKELY.get(one.label, 3) for one in offered])
        self._does(chosen.label)
        return chosen

    def _is_on_round(self) -> bool:
        """Not in the menu, nor in an interview that they left before."""
        elsewhere = ("This is the robot", "Here are your answers", "The other answers", "Which one?", PLAN)
        left = elsewhere[:1] if self.interview is not None else elsewhere
        return not any(line.startswith(left) for line in self.lines)

    def _does(self, label: str) -> None:
        door = next((line.removeprefix("Door: ") for line in self.lines if line.startswith("Door: ")), None)
        if door is not None:
            self._at_door(door, label)
        elif label == "One more at the door before":
            self.door = self.stands
        elif label == "Yes, they agree":
            self.interview, self.stands = Given(self.door, self.name), self.door
            self.street.given.append(self.interview)
        elif label == "No, they do not":
            self._note(self.door, REFUSED)
        elif "Which of the answers here?" in self.lines and label.isdigit():
            self.which = int(label) - 1
            self._reopen()
        elif label == "Yes, take it back":
            self.street.given.remove(self._chosen())
        elif self.interview is not None:
            self._in_interview(self.interview, label)

    def _at_door(self, door: str, label: str) -> None:
        self.door, self.way, self.which = door, label, 0
        if label in NOTES:
            self._note(door, NOTES[label])
        elif label == "One more at the door before":
            self.door = self.stands
        elif len(self.street.standing(door, self.name)) == 1:
            self._reopen()

    def _reopen(self) -> None:
        if self.way == "Correct an answer":
            self.interview = self._chosen()

    def _chosen(self) -> Given:
        return self.street.standing(self.door, self.name)[self.which]

    def _note(self, door: str, state: str) -> None:
        self.street.states[door], self.stands = state, door
        self.street.noted[door] = self.name if state != TO_VISIT else None

    def _in_interview(self, interview: Given, label: str) -> None:
        if label == "Send":
            interview.sent, self.interview = interview.draft, None
        elif PLAN in self.lines and label != "Change nothing":
            interview.draft = label
