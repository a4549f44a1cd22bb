"""What to do next: choices that are nothing to note, and nothing to remind of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flows import gist
from flows.answers import Choice, Heard, Json, OneOf
from flows.commands import WORDS, Command
from flows.conversation import Talk
from flows.folding import fold
from flows.prompt import Prompt
from flows.texts import Said, _

SEND_IT = ("envoyez", "envoie", "j'envoie", "send it")


def words(command: Command) -> set[str]:
    """What is written for a command, in any language, folded."""
    return {fold(word) for commands in WORDS.values() for word in commands[command]}


@dataclass(frozen=True)
class Ways(OneOf):
    """What can be done next. "Back" means the one called `leads_back`, where there is one."""

    leads_back: str = ""

    @cached_property
    def by_label(self) -> dict[str, Choice]:
        found = self.by_id.get(self.leads_back)
        return super().by_label | (dict.fromkeys(words(Command.BACK), found) if found is not None else {})

    def echo(self, value: Json) -> Said | None:
        return None


@dataclass(frozen=True)
class Recap(Ways):
    """What to do with what is read over: to `send` it or to `fix` it, which "correct" means as well.

    Under a list of `entries` with numbers a number never sends: it is that of an entry to be corrected, and kept as it
    is. All options are read, so that an older button still works; `shown` are offered.
    """

    fix: str = "fix"
    entries: int | None = None
    shown: int | None = None
    sends: tuple[str, ...] = SEND_IT

    def choices(self) -> Sequence[Choice]:
        return self.options[: self.shown]

    def read(self, heard: Heard) -> Json:
        """The id of a way, or the number of an entry: "3", "correct 3"."""
        number = gist.number(fold(heard.text or ""))
        if number is not None and 1 <= number <= (self.entries or 0):
            return number
        return super().read(heard)

    @cached_property
    def by_label(self) -> dict[str, Choice]:
        fix, send = self.by_id[self.fix], self.by_id["send"]
        return super().by_label | dict.fromkeys(words(Command.CORRECT), fix) | dict.fromkeys(self.sends, send)

    def match(self, text: str, *, numbers: bool = True) -> Choice | None:
        return super().match(text, numbers=numbers and self.entries is None)

    def _what_to_do(self) -> Said:
        if self.entries is None:
            return super()._what_to_do()
        if self.entries == 0:
            return _("To send, write “send”. To change it, write “change”.")
        return _("To send, write “send”. To correct an answer, write its number.")


async def way(
    talk: Talk,
    key: str,
    text: Said,
    choices: Sequence[Choice],
    *,
    before: tuple[Said, ...] = (),
    after: tuple[Said, ...] = (),
    listed: tuple[Said, ...] = (),
    back: bool = False,
    yes: str = "yes",
    leads_back: str = "",
) -> str:
    """The id of the way taken."""
    prompt = Prompt(text, Ways(tuple(choices), yes=yes, leads_back=leads_back), before, after, listed)
    taken: str = await talk.ask(key, prompt, echo=False, back=back)
    return taken
