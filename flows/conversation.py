"""Talk: what a module's conversation is written against.

A conversation is a function of its answers. For each message it is run again from the top: `ask` hands back the
recorded answer, or the run stops there and its prompt is shown. So back and correct drop an entry and run again,
and resuming after a restart costs nothing. A flow does no I/O: it meets the database through `know` and `do`,
which suspend the run with a Call; whoever runs the turn (flows/turn.py) collects equal calls and answers them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from flows.answers import Choice, FreeText, Heard, Json, Misread, OneOf, Reader
from flows.commands import Command
from flows.folding import fold
from flows.journal import (
    ANSWER,
    DONE,
    KEPT,
    KNOWN,
    LARGEST_ENTRY,
    ONCE,
    REFUSED,
    ROUND,
    SECRET,
    TOLD,
    Journal,
    TooLarge,
)
from flows.messages import Line, Media
from flows.rendering import PLAIN, Capabilities
from flows.texts import Said, _, translate
from storage.contributions import NewContribution
from storage.participants import Person
from storage.phases import PhaseFacts, SpaceFacts
from storage.refusals import Refusal

A = TypeVar("A")
R = TypeVar("R")
Verb: TypeAlias = "Callable[[AsyncConnection, Sequence[A]], Awaitable[Sequence[R | Refusal]]]"
"""A storage verb: takes a sequence, returns as many results, each a value a journal can hold, or a refusal."""

MOST_REQUESTS = 50

MISSING: Json = object()
"""No answer was recorded; None is the answer of somebody who skipped."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question as it is put: what comes before it, the question, what explains it, and who reads the answer."""

    text: Said
    reader: Reader
    before: tuple[Said, ...] = ()
    after: tuple[Said, ...] = ()
    listed: tuple[Said, ...] = ()
    media: Media | None = None
    progress: tuple[int, int] | None = None
    _worded: dict[str, Worded] = field(default_factory=dict, init=False, compare=False, repr=False)

    def worded(self, language: str) -> Worded:
        """Its words in this language, kept: a questionnaire's prompts are put thousands of times."""
        known = self._worded.get(language)
        if known is None:
            known = self._worded[language] = Worded(
                tuple(Line(translate(text, language), "echo") for text in self.before),
                (
                    Line(translate(self.text, language), "ask"),
                    *(Line(translate(text, language), "list") for text in self.listed),
                ),
                tuple(Line(translate(text, language)) for text in self.after),
                tuple((choice.id, translate(choice.label, language)) for choice in self.reader.choices()),
            )
        return known


@dataclass(frozen=True, slots=True)
class Worded:
    """A prompt's words in one language; choices as (id, label)."""

    before: tuple[Line, ...]
    asked: tuple[Line, ...]
    after: tuple[Line, ...]
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a conversation takes place, and when: all that a flow may know without asking."""

    space: SpaceFacts
    phase: PhaseFacts | None
    person: Person
    conversation: int
    now: datetime
    channel: Capabilities = PLAIN
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A verb a flow waits for. `write` tells a `do` from a `know`."""

    verb: Verb[Any, Any]
    argument: Any
    write: bool


@dataclass(frozen=True, slots=True)
class Show:
    """A run stopped at this prompt. `reason` is why the answer was not read; `former` what it was before."""

    key: str
    prompt: Prompt
    optional: bool = False
    back: bool = False
    reason: Said | None = None
    former: Said | None = None
    keep: bool = False
    secret: bool = False
    doubt: Command | None = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class Aside:
    """The message was a command, and the prompt that waits could not have taken it as an answer."""

    command: Command


@dataclass(frozen=True, slots=True)
class Tell:
    """A delivery to somebody else, worded in their language when it leaves."""

    participant_id: int
    lines: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Again:
    """What a conversation returns to forget these keys and run from the top; `correcting` offers to keep them."""

    keys: tuple[str, ...]
    language: str | None = None
    correcting: bool = False


@dataclass(frozen=True, slots=True)
class Go:
    """What a conversation returns to hand on in the same transaction: to a module of the house, to a phase, to a
    conversation; with none of them, back to the one that still waits, or to the menu."""

    kind: str | None = None
    phase: int | None = None
    conversation: int | None = None
    language: str | None = None


Ending: TypeAlias = "Again | Go | None"


class FlowChanged(Exception):
    """Something was done in this conversation that the flow, as it is now, does not come to any more."""


class FlowMisused(TypeError):
    """A module broke a rule of conversations: a key twice, a foreign await, too many requests."""


class _Request:
    """The only thing a flow may await."""

    __slots__ = ("what",)

    def __init__(self, what: Call | Show | Aside) -> None:
        self.what = what

    def __await__(self) -> Generator[Call | Show | Aside, Any, Any]:
        return (yield self.what)


@dataclass(slots=True)
class Run:
    """One run of a conversation from its top: what it met, what it heard, what it said."""

    scene: Scene
    journal: Journal
    heard: Heard | None
    target: str | None
    live: bool
    correcting: frozenset[str] = frozenset()
    met: dict[str, None] = field(default_factory=dict)
    said: list[tuple[Said, ...]] = field(default_factory=list)
    echo: Said | None = None
    answered: str | None = None
    corrected: bool = False
    tells: list[Tell] = field(default_factory=list)
    requests: int = 0
    done: bool = False
    sent: bool = False
    secret: bool = False
    asked: list[str] = field(default_factory=list)

    def meet(self, key: str) -> None:
        if key in self.met:
            raise FlowMisused(f"the key {key!r} came twice in one run")
        self.met[key] = None

    def request(self, what: Call | Show | Aside) -> _Request:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise FlowMisused(f"more than {MOST_REQUESTS} requests in one turn")
        return _Request(what)

    def check_walls(self) -> None:
        """Something new is about to be done: all that was done before must have been met again on the way."""
        for key, entry in self.journal.entries.items():
            if entry[0] in (DONE, TOLD) and key not in self.met:
                raise FlowChanged(key)

    def keep(self, key: str, entry: list[Any]) -> None:
        if entry[0] != ANSWER and len(orjson.dumps(entry)) > LARGEST_ENTRY:
            raise TooLarge(f"the entry {key!r}")
        self.journal.entries[key] = entry


class Talk:
    """A conversation as its module sees it. Keys are `[a-z0-9_.]{1,32}`; a part's keys begin with its name."""

    __slots__ = ("_prefix", "_run")

    def __init__(self, run: Run, prefix: str = "") -> None:
        self._run = run
        self._prefix = prefix

    # -- where and when ------------------------------------------------------------------------------------

    @property
    def scene(self) -> Scene:
        return self._run.scene

    @property
    def now(self) -> datetime:
        return self._run.scene.now

    @property
    def person(self) -> Person:
        return self._run.scene.person

    @property
    def corrected(self) -> bool:
        """Whether an answer was corrected by this turn's message."""
        return self._run.corrected

    @property
    def live(self) -> bool:
        """Whether what is said now is heard: this turn's message was answered, or the talk begins."""
        return self._run.live

    def chance(self, name: str) -> random.Random:
        """Chance that stays the same for a person throughout the conversation."""
        return random.Random(f"{self._run.scene.conversation}.{self._prefix}{name}")

    def shuffled(self, name: str, choices: Sequence[Choice]) -> tuple[Choice, ...]:
        """The choices in an order drawn once for this conversation; one called `other` or `none` stays last."""
        last = [choice for choice in choices if choice.id in ("other", "none")]
        first = [choice for choice in choices if choice.id not in ("other", "none")]
        self.chance(name).shuffle(first)
        return (*first, *last)

    def past(self, key: str) -> bool:
        """Whether this was done already; then all that was met before it counts as met again, and what led to it
        need not be built anew in every run."""
        key = self._prefix + key
        entry = self._run.journal.entries.get(key)
        if entry is None or entry[0] != DONE:
            return False
        for earlier in self._run.journal.entries:
            self._run.met[earlier] = None
            if earlier == key:
                break
        self._run.asked.clear()
        return True

    def met(self, key: str) -> Json:
        """A recorded answer, met again at the price of a look-up; MISSING where the question has to be asked."""
        run, key = self._run, self._prefix + key
        entry = run.journal.entries.get(key)
        if entry is None:
            return MISSING
        run.meet(key)
        run.asked.append(key)
        return entry[1]

    def recorded(self, key: str) -> Json:
        """A recorded answer, without asking; None where there is none."""
        entry = self._run.journal.entries.get(self._prefix + key)
        return entry[1] if entry is not None and entry[0] == ANSWER else None

    # -- asking --------------------------------------------------------------------------------------------

    async def ask(
        self,
        key: str,
        prompt: Prompt | Said | Callable[[], Prompt],
        reader: Reader | None = None,
        *,
        optional: bool = False,
        once: bool = False,
        secret: bool = False,
        echo: bool | Said = True,
        back: bool = True,
        renamed: str | None = None,
    ) -> Json:
        """The recorded answer (None when it was skipped), or stop here and show the prompt.

        A prompt that takes time to make may be given as a function beside its reader: it is made when it is shown.
        `once`: dropped when the conversation is reopened. `secret`: also blanked by the next `do`, and the text
        of the message is not kept. `echo`: a text of your own instead of the answer's, or none. `back`: whether
        Back is offered when there is something to go back to.
        """
        run = self._run
        if self._prefix:
            key = self._prefix + key
        run.meet(key)
        entries = run.journal.entries
        entry = entries.get(key)
        if entry is None and renamed is not None:
            entry = _carried_over(run.journal, self._prefix + renamed, key)
        if entry is not None:
            run.asked.append(key)
            return entry[1]
        flag = SECRET if secret else ONCE if once else KEPT
        return await self._put(key, prompt, reader, optional, flag, echo, back)

    async def _put(
        self,
        key: str,
        prompt: Prompt | Said | Callable[[], Prompt],
        reader: Reader | None,
        optional: bool,
        flag: int,
        echo: bool | Said,
        back: bool,
    ) -> Json:
        """Read this turn's message if it is for this key; otherwise show the prompt and end the run."""
        run = self._run
        reader = prompt.reader if isinstance(prompt, Prompt) else reader or FreeText()
        reason: Said | None = None
        heard = self._heard_for(key)
        doubt = await self._settle(heard, reader) if heard is not None else None
        if heard is not None and doubt is None:
            try:
                value = _read(reader, heard, optional)
            except Misread as misread:
                reason = misread.reason
            else:
                self._record(key, value, reader, flag, echo)
                return value
        former = run.journal.was.get(key)
        await run.request(
            Show(
                key,
                _full(prompt, reader),
                optional,
                back=back and bool(run.asked),
                reason=reason,
                former=reader.echo(former) if former is not None else None,
                keep=key in run.correcting and former is not None,
                secret=flag == SECRET,
                doubt=doubt,
                word=heard.text or "" if heard is not None else "",
            )
        )
        raise AssertionError("a run that has shown its prompt is closed")

    async def _settle(self, heard: Heard, reader: Reader) -> Command | None:
        """A command word: hand it back where the prompt can't take it as an answer; in doubt, say so."""
        if heard.command is None:
            return None
        if isinstance(reader, OneOf):
            if any(fold(heard.text or "") in labels for _choice, labels in reader.labels):
                return None
            in_doubt = reader.other
        else:
            in_doubt = reader.wants in ("text", "long", "place")
        if in_doubt:
            self._run.journal.doubt = heard.text
            return heard.command
        await self._run.request(Aside(heard.command))
        raise AssertionError("a run set aside for a command is closed")

    def _heard_for(self, key: str) -> Heard | None:
        """This turn's message if it was meant for this key, or a text held for it when an upgrade displaced it."""
        run = self._run
        if run.heard is not None and run.target == key:
            heard, run.heard = run.heard, None
            return heard
        if run.live and key in run.journal.held:
            return Heard(text=run.journal.held.pop(key), language=run.scene.person.language or "fr")
        return None

    def _record(self, key: str, value: Json, reader: Reader, flag: int, echo: bool | Said) -> None:
        run = self._run
        was = run.journal.was.pop(key, None)
        run.journal.entries[key] = [ANSWER, value, flag]
        run.secret = run.secret or flag == SECRET
        run.asked.append(key)
        run.live, run.answered = True, key
        run.corrected = was is not None
        if echo is False or value is None:
            run.echo = None
            return
        shown = reader.echo(value) if echo is True else echo
        if run.corrected:
            run.echo = _("Corrected: {answer}.", answer=shown) if shown is not None else _("Corrected. Thank you.")
        else:
            run.echo = _("Noted: {answer}.", answer=shown) if shown is not None else _("Noted. Thank you.")

    async def choose(
        self,
        key: str,
        prompt: Said,
        choices: Sequence[Choice],
        *,
        before: tuple[Said, ...] = (),
        after: tuple[Said, ...] = (),
        listed: tuple[Said, ...] = (),
        optional: bool = False,
        once: bool = False,
        echo: bool | Said = True,
        back: bool = True,
    ) -> str:
        """The id of the choice taken."""
        full = Prompt(prompt, OneOf(tuple(choices)), before, after, listed)
        answer: str = await self.ask(key, full, optional=optional, once=once, echo=echo, back=back)
        return answer

    # -- meeting the database ------------------------------------------------------------------------------

    async def know(self, key: str, verb: Verb[A, R], argument: A) -> R:
        """A read; the result is recorded, and read anew for another argument."""
        run, key = self._run, self._prefix + key
        run.meet(key)
        digest = hashlib.blake2b(orjson.dumps(argument, default=str), digest_size=6).hexdigest()
        entry = run.journal.entries.get(key)
        if entry is not None and entry[0] == KNOWN and entry[1] == digest:
            result: R = entry[2]
            return result
        found = await run.request(Call(verb, argument, write=False))
        if isinstance(found, Refusal):
            raise found
        run.keep(key, [KNOWN, digest, found])
        return found  # type: ignore[no-any-return]

    async def do(self, key: str, verb: Verb[A, R], argument: A) -> R:
        """A write, done once; a refusal is raised again in every run until Back tries it anew."""
        run, key = self._run, self._prefix + key
        run.meet(key)
        entry = run.journal.entries.get(key)
        if entry is not None and entry[0] == REFUSED:
            raise Refusal.recall(entry[1], entry[2])
        if entry is not None:
            run.asked.clear()
            recorded: R = entry[1]
            return recorded
        run.check_walls()
        result = await run.request(Call(verb, argument, write=True))
        run.live = True
        if isinstance(result, Refusal):
            run.keep(key, [REFUSED, type(result).__name__, result.details])
            raise result
        run.keep(key, [DONE, result])
        run.done = True
        run.sent = run.sent or isinstance(argument, NewContribution)
        run.asked.clear()
        run.journal.seal()
        return result  # type: ignore[no-any-return]

    def tell(self, key: str, participant_id: int, *lines: Said) -> None:
        """A delivery to somebody else, once."""
        run, key = self._run, self._prefix + key
        run.meet(key)
        if key not in run.journal.entries:
            run.check_walls()
            run.keep(key, [TOLD])
            run.tells.append(Tell(participant_id, lines))
        run.asked.clear()

    # -- saying --------------------------------------------------------------------------------------------

    def say(self, *lines: Said) -> None:
        """One message of these lines, heard only from where this turn's message is answered on."""
        if self._run.live:
            self._run.said.append(lines)

    def quiet(self) -> None:
        """Leave the echo out: what is said next says it better."""
        self._run.echo = None

    # -- composing -----------------------------------------------------------------------------------------

    def part(self, name: str) -> Talk:
        """A Talk for a helper; its keys begin with `name.`"""
        return Talk(self._run, f"{self._prefix}{name}.")

    def rounds(self, name: str, state: Json) -> Iterator[Round]:
        """A loop: each round has its own keys; a new one forgets the last and carries only `round.state`."""
        run, key = self._run, self._prefix + name
        run.meet(key)
        entry = run.journal.entries.setdefault(key, [ROUND, 1, state])
        current = Round(run, f"{key}.{entry[1]}.", entry[2])
        if entry[1] > 1:
            run.asked.clear()
        while True:
            yield current
            number = run.journal.entries[key][1]
            run.journal.forget([f"{key}.{number}"], remember=False)
            run.journal.entries[key] = [ROUND, number + 1, current.state]
            run.asked.clear()
            current = Round(run, f"{key}.{number + 1}.", current.state)


class Round(Talk):
    """One turn of a loop. Set `state` to what the next round begins with."""

    __slots__ = ("state",)

    def __init__(self, run: Run, prefix: str, state: Json) -> None:
        super().__init__(run, prefix)
        self.state = state


def _full(prompt: Prompt | Said | Callable[[], Prompt], reader: Reader) -> Prompt:
    if isinstance(prompt, Prompt):
        return prompt
    return prompt() if callable(prompt) else Prompt(prompt, reader)


def _read(reader: Reader, heard: Heard, optional: bool) -> Json:
    """Skip is a tap like another; where nothing can be skipped it is said."""
    if heard.tap == SKIP:
        if optional:
            return None
        raise Misread(_("This question needs an answer."))
    return reader.read(heard)


SKIP = "-skip"
BACK = "-back"
KEEP = "-keep"
AS_ANSWER = "-answer"
AS_COMMAND = "-command"
"""Taps of the engine's own buttons; an organiser's ids have no hyphen."""


def _carried_over(journal: Journal, old: str, new: str) -> list[Any] | None:
    entry = journal.entries.pop(old, None)
    if entry is not None:
        journal.entries[new] = entry
    return entry
