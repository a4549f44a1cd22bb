"""Residents who say anything at any time, and a plain model of what must become of it.

The model knows nothing of runs and journals: it is a dictionary of answers, and the same questions written as a plain
function. What a resident says is chosen at random; what it means is known, because the resident chose it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Choice
from flows.commands import command
from flows.composing import WHAT_IT_DOES, pressed
from flows.conversation import Ending, Talk
from flows.messages import AS_ANSWER, AS_COMMAND, BACK, KEEP, SKIP, Message
from flows.texts import translate
from storage.refusals import Refusal

CHOICES: dict[str, tuple[Choice, ...]] = {
    "tree": (Choice("oak", "Oak"), Choice("ash", "Ash")),
    "where": (Choice("park", "The park"), Choice("lane", "The lane")),
    "what": (Choice("apple", "Apples"), Choice("pear", "Pears"), Choice("done", "That will do")),
    "part.many": tuple(Choice(f"n{number}", str(number)) for number in range(1, 6)),
    "rate": (Choice("good", "Good"), Choice("bad", "Bad")),
}
OPTIONAL = {"why", "rate"}
WORDS = ("stop", "help", "menu", "back", "skip", "continue", "language", "privacy", "correct")
NONSENSE = ("...", "I don't know!", "99", "-", "\u202e?")


async def reserve(_connection: AsyncConnection, given: Sequence[str]) -> Sequence[str | Refusal]:
    return list(given)


async def look_up(_connection: AsyncConnection, given: Sequence[str]) -> Sequence[str | Refusal]:
    return [f"known {one}" for one in given]


async def everything(talk: Talk) -> Ending:
    """A talk that uses all there is: choices, texts, a condition, something known, rounds, a part, a wall."""
    tree = await talk.choose("tree", "tree?", CHOICES["tree"])
    name = await talk.ask("name", "name?")
    assert await talk.know("known", look_up, name) == f"known {name}"
    where = await talk.choose("where", "where?", CHOICES["where"]) if tree == "oak" else None
    if where == "park":
        await talk.ask("why", "why?", optional=True)
    for basket in talk.rounds("basket", []):
        what = await basket.choose("what", "what?", CHOICES["what"])
        if what == "done":
            break
        basket.state = [*basket.state, [what, await basket.ask("many", "many?")]]
    await talk.part("part").choose("many", "part.many?", CHOICES["part.many"])
    await talk.do("reserve", reserve, tree)
    talk.say("Reserved.")
    await talk.choose("rate", "rate?", CHOICES["rate"], optional=True)
    await talk.ask("end", "end?")
    return None


class Waits(Exception):
    """The model has come to a question without an answer."""


WALL, ROUND = "#wall", "#round"


@dataclass
class Model:
    """What was answered, the round, and what the baskets of earlier rounds hold."""

    answers: dict[str, Any] = field(default_factory=dict)
    was: dict[str, Any] = field(default_factory=dict)
    """What Back took away: it may be kept when its question comes again."""
    round: int = 1
    basket: list[list[str]] = field(default_factory=list)
    reserved: bool = False
    met: list[str] = field(default_factory=list)
    waiting: str | None = None
    doubt: str | None = None
    away: bool = False
    """Whether the person is in a conversation of the house, or has stopped."""

    def __post_init__(self) -> None:
        self.walk()

    def walk(self) -> None:
        """Go through the questions again, and stop at the first without an answer."""
        self.met, self.waiting = [], None
        try:
            self._questions()
        except Waits as waits:
            self.waiting = str(waits)

    def _questions(self) -> None:
        tree = self._ask("tree")
        self._ask("name")
        if tree == "oak" and self._ask("where") == "park":
            self._ask("why")
        while True:
            if self.round > 1:
                self.met.append(ROUND)
            what = self._ask(f"basket.{self.round}.what")
            if what == "done":
                break
            self.basket.append([what, self._ask(f"basket.{self.round}.many")])
            for key in ("what", "many"):
                del self.answers[f"basket.{self.round}.{key}"]
            self.round += 1
        self._ask("part.many")
        if not self.reserved:
            self.was.clear()
        self.reserved = True
        self.met.append(WALL)
        self._ask("rate")
        self._ask("end")

    def _ask(self, key: str) -> Any:
        if key not in self.answers:
            raise Waits(key)
        self.met.append(key)
        return self.answers[key]

    # -- what is said --------------------------------------------------------------------------------------

    def answer(self, value: Any) -> None:
        assert self.waiting is not None
        self.answers[self.waiting] = value
        self.was.pop(self.waiting, None)
        self._go_on()

    def back(self) -> None:
        last = self.met[-1] if self.met else WALL
        if last not in (WALL, ROUND):
            self.was[last] = self.answers.pop(last)
        self._go_on()

    def skip(self) -> None:
        if self.waiting is not None and base(self.waiting) in OPTIONAL:
            self.answer(None)
        else:
            self._go_on()

    def command(self, word: str) -> None:
        self.away = word in ("stop", "menu", "language")
        if word == "back":
            self.back()
        elif word == "skip":
            self.skip()
        else:
            self._go_on()

    def press(self, key: str, value: str) -> None:
        """A button of the present prompt, or an older one."""
        if key == self.waiting:
            self._press_present(value)
            return
        if value in (BACK, KEEP, AS_ANSWER, AS_COMMAND) or (key in self.answers and self._same(key, value)):
            return
        behind = self.met[self.met.index(key) :] if key in self.met else [WALL]
        if WALL not in behind and key in self.answers:
            self.answers[key] = None if value == SKIP else value
        self._go_on()

    def _press_present(self, value: str) -> None:
        if value in (AS_ANSWER, AS_COMMAND):
            if self.doubt is None:
                return
            word = self.doubt
            self.answer(word) if value == AS_ANSWER else self.command(word)
        elif value == BACK:
            self.back()
        elif value == SKIP:
            self.skip()
        elif value == KEEP and self.waiting not in self.was:
            self._go_on()
        else:
            self.answer(self.was[str(self.waiting)] if value == KEEP else value)

    def _same(self, key: str, value: str) -> bool:
        return bool(self.answers[key] == value or (value == SKIP and self.answers[key] is None))

    def _go_on(self) -> None:
        self.doubt = None
        self.walk()


def base(key: str) -> str:
    """The question of a key, whatever its round."""
    return key.split(".")[2] if key.startswith("basket.") else key


@dataclass
class Resident:
    """One person: chooses what to say, and tells the model what it means."""

    chance: random.Random
    model: Model = field(default_factory=Model)
    seen: list[str] = field(default_factory=list)
    said: int = 0

    def sees(self, messages: Sequence[Message], conversation: int) -> None:
        """Remember every button there ever was in this conversation, once its questions have begun."""
        offered = [button.data for message in messages for button in message.buttons]
        for data in offered:
            parts = pressed(data)
            if parts is not None and parts[0] == conversation and not parts[1].startswith("consent"):
                self.seen.append(data)

    def speaks(self) -> dict[str, str]:
        """What this person says next, as a text or a tap; the model has already taken it in."""
        if self.model.away:
            self.model.command("continue")
            return {"text": "/continue"}
        kind = self.chance.choices(("answer", "press", "command", "slash", "nonsense"), (60, 22, 8, 6, 8))[0]
        if kind == "press" and self.seen:
            recent = self.chance.choice(self.seen[-8:]) if self.chance.random() < 0.6 else self.chance.choice(self.seen)
            return self._press(recent)
        if kind == "command":
            return self._command(self.chance.choice(WORDS))
        if kind == "slash":
            word = self.chance.choice(WORDS)
            self.model.command(word)
            return {"text": f"/{word}"}
        if kind == "nonsense":
            return self._nonsense()
        return self._answer()

    def _press(self, data: str) -> dict[str, str]:
        parts = pressed(data)
        assert parts is not None
        self.model.press(parts[1], parts[2])
        return {"tap": data}

    def _command(self, word: str) -> dict[str, str]:
        choices = self._choices()
        doubted = command(self.model.doubt) if self.model.doubt is not None else None
        if doubted is not None and word in str(translate(WHAT_IT_DOES[doubted[0]], "en")).lower().split():
            self.model.command(str(self.model.doubt))  # said again: it was meant as the command
        elif choices is None and not self._is_shown(word):
            self.model.doubt = word
        else:
            self.model.command(word)
        return {"text": self.chance.choice((word, word.upper(), f" {word}! "))} if choices else {"text": word}

    def _is_shown(self, word: str) -> bool:
        """Whether a button of ours stands there with this word: then it is that button."""
        return word == "back" or (word == "skip" and base(str(self.model.waiting)) in OPTIONAL)

    def _nonsense(self) -> dict[str, str]:
        text = self.chance.choice(NONSENSE)
        if self._choices() is None:
            return self._answer()
        self.model.doubt = None
        return {"text": text}

    def _answer(self) -> dict[str, str]:
        choices = self._choices()
        if self.model.doubt is not None and self.chance.random() < 0.6:
            which = self.chance.choice((AS_ANSWER, AS_COMMAND))
            self.model._press_present(which)
            return {"text": "1" if which == AS_ANSWER else "2"}
        if choices is None:
            self.said += 1
            text = f"words {self.said}"
            self.model.answer(text)
            return {"text": text}
        index = self.chance.randrange(len(choices))
        label = str(choices[index].label)
        self.model.answer(choices[index].id)
        return {"text": self.chance.choice((label, label.upper(), label.lower(), f"{label}.", str(index + 1)))}

    def _choices(self) -> tuple[Choice, ...] | None:
        assert self.model.waiting is not None
        return CHOICES.get(base(self.model.waiting))
