"""What to do next: choices that are nothing to note, and nothing to remind of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flows import gist
from flows.answers import Choice, FreeText, Heard, Json, Misread, OneOf
from flows.commands import WORDS, Command
from flows.conversation import Go, Talk
from flows.folding import clean, fold
from flows.messages import Media
from flows.prompt import Prompt
from flows.texts import Said, _

SOME_WORDS = 3
"""So many are a text; fewer are more likely a way that was not understood."""
SEND_IT = ("envoyez", "envoie", "j'envoie", "send it")


def words(command: Command) -> set[str]:
    """What is written for a command, in any language, folded."""
    return {fold(word) for commands in WORDS.values() for word in commands[command]}


@dataclass(frozen=True)
class Ways(OneOf):
    """What can be done next. "Back" and "correct" mean those that are named so, where they are offered."""

    leads_back: str = ""
    corrects: str = ""

    @cached_property
    def by_label(self) -> dict[str, Choice]:
        meant = {Command.BACK: self.by_id.get(self.leads_back), Command.CORRECT: self.by_id.get(self.corrects)}
        said = {word: found for command, found in meant.items() if found is not None for word in words(command)}
        return super().by_label | said

    def echo(self, value: Json) -> Said | None:
        return None


@dataclass(frozen=True)
class Recap(Ways):
    """What to do with what is read over: to `send` it, or to correct it.

    Under a list of `entries` with numbers a number never sends: it is that of an entry to be corrected, and kept as it
    is. All options are read, so that an older button still works; `shown` are offered.
    """

    corrects: str = "fix"
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
        return super().by_label | dict.fromkeys(self.sends, self.by_id["send"])

    def match(self, text: str, *, numbers: bool = True) -> Choice | None:
        return super().match(text, numbers=numbers and self.entries is None)

    def _what_to_do(self) -> Said:
        if self.entries is None:
            return super()._what_to_do()
        if self.entries == 0:
            return _("To send, write “send”. To change it, write “change”.")
        return _("To send, write “send”. To correct an answer, write its number.")


@dataclass(frozen=True)
class WaysOrText(Ways):
    """Ways, or at once the text that one of them asks for, kept as `{"text": …}`: some words, not only a few, that mean
    none of the ways."""

    most: int = 0

    def offers(self, value: Json) -> bool:
        return isinstance(value, dict) or super().offers(value)

    def read(self, heard: Heard) -> Json:
        try:
            return super().read(heard)
        except Misread:
            text = clean(heard.text or "")
            if heard.tap is not None or len(text.split()) < SOME_WORDS or _means_nothing(fold(text)):
                raise
            return {"text": FreeText(self.most).read(heard)}


def _means_nothing(said: str) -> bool:
    """Whether these words neither choose nor propose anything: thanks, a yes, "I do not know"."""
    return gist.is_only_thanks(said) or gist.yes_or_no(said) is not None


async def way_or_text(
    talk: Talk, choices: Sequence[Choice], asks: Choice, most: int, before: tuple[Said, ...] = ()
) -> str | Go:
    """The id of the way taken from the beginning, kept as `what`. Who writes at once the `text` that one of them `asks`
    for goes on as if they had been asked."""
    reader = WaysOrText(tuple(choices), most=most)
    what = await talk.ask("what", Prompt(_("What would you like to do?"), reader, before), echo=False)
    if not isinstance(what, dict):
        return str(what)
    talk.say(_("Noted: {answer}.", answer=what["text"].rstrip(" .")))
    return Go(phase=talk.phase.id, answers=(("what", asks.id), ("text", what["text"])))


async def way(
    talk: Talk,
    key: str,
    text: Said,
    choices: Sequence[Choice],
    *,
    before: tuple[Said, ...] = (),
    after: tuple[Said, ...] = (),
    listed: tuple[Said, ...] = (),
    media: Media | None = None,
    back: bool = False,
    yes: str = "yes",
    leads_back: str = "",
    corrects: str = "",
) -> str:
    """The id of the way taken."""
    reader = Ways(tuple(choices), yes=yes, leads_back=leads_back, corrects=corrects)
    taken: str = await talk.ask(key, Prompt(text, reader, before, after, listed, media), echo=False, back=back)
    return taken
