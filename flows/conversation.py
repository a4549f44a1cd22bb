"""Talk: what a module's conversation is written against.

A conversation is a function of its answers. For each message it is run again from the top: `ask` hands back the
recorded answer, or the run stops there and its prompt is shown. So back and correct drop an entry and run again,
and resuming after a restart costs nothing. A flow does no I/O: it meets the database through `know` and `do`,
which suspend the run with a Call; whoever runs the turn (flows/turn.py) collects equal calls and answers them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import orjson

from flows.answers import Choice, Json, OneOf, Reader
from flows.hearing import carry_over, put, stands
from flows.journal import ANSWER, DONE, KEPT, KNOWN, ONCE, REFUSED, ROUND, SECRET, TOLD
from flows.prompt import Prompt
from flows.run import Call, Run, Scene, Tell, Verb
from flows.texts import Said
from storage.ballots import NewBallot
from storage.contributions import NewContribution
from storage.participants import Person
from storage.phases import PhaseFacts
from storage.refusals import Refusal
from storage.value import value

A = TypeVar("A")
R = TypeVar("R")
G = TypeVar("G", bound=NewContribution)

MISSING: Json = object()
"""No answer was recorded; None is the answer of somebody who skipped."""


@value
class Again:
    """What a conversation returns to forget these keys and run from the top; `correcting` offers to keep them."""

    keys: tuple[str, ...]
    language: str | None = None
    correcting: bool = False


@value
class Go:
    """What a conversation returns to hand on in the same transaction: to a module of the house, to a phase, to a
    conversation; with none of them, back to the one that still waits, or to the menu.

    With `answers` (keys and values that were given already, or none) a phase is begun anew; and a conversation may be
    taken up to `reopen` what was sent. With `person` the phase is put to that participant, `place` telling where,
    through the one who is talked with.
    """

    kind: str | None = None
    phase: int | None = None
    conversation: int | None = None
    language: str | None = None
    answers: tuple[tuple[str, Json], ...] | None = None
    reopen: bool = False
    person: int | None = None
    place: str | None = None


Ending: TypeAlias = "Again | Go | None"


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
    def phase(self) -> PhaseFacts:
        """The phase it is about. Only conversations of the house have none, and ask for none."""
        assert self._run.scene.phase is not None
        return self._run.scene.phase

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
    def sent(self) -> bool:
        """Whether something was sent in this conversation, now or before."""
        return self._run.scene.sent or self._run.sent

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

    def over(self, name: str) -> None:
        """What was asked and done below this name led to what holds now without it: it counts as met again, and an
        answer that is still on its way there is not waited for."""
        run, key = self._run, self._prefix + name
        for earlier in run.journal.entries:
            if earlier == key or earlier.startswith(f"{key}."):
                run.met[earlier] = None
        if run.target is not None and run.target.startswith(f"{key}."):
            run.heard, run.live = None, True
        run.asked.clear()

    def met(self, key: str) -> Json:
        """A recorded answer, met again at the price of a look-up; MISSING where the question has to be asked.

        Whether its choices are still offered is not looked at: whoever skips `ask` sees to that.
        """
        run, key = self._run, self._prefix + key
        entry = run.journal.entries.get(key)
        if entry is None or key == run.revised:
            return MISSING
        if key in run.met:
            run.meet(key)
        run.met[key] = None
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
            entry = carry_over(run, self._prefix + renamed, key)
        if entry is not None and stands(run, key, prompt, reader, entry[1]):
            run.asked.append(key)
            return entry[1]
        flag = SECRET if secret else ONCE if once else KEPT
        return await put(run, key, prompt, reader, optional, flag, echo, back)

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
        run.sent = run.sent or isinstance(argument, NewContribution | NewBallot)
        run.asked.clear()
        run.journal.seal()
        return result  # type: ignore[no-any-return]

    def contribution(self, made: type[G], kind: str, *, key: str | None = None, **given: Any) -> G:
        """What this person gives to the phase, here and now. `key` tells apart what one conversation gives of a kind;
        `given` is what else there is to say of it, by the names of `made`."""
        scene, phase = self.scene, self.phase
        said: dict[str, Any] = {"fields": {}, "parts": ()} | given
        return made(
            space_id=phase.space_id,
            phase_id=phase.id,
            participant_id=scene.person.id,
            conversation_id=scene.conversation,
            key=key or kind,
            kind=kind,
            origin=scene.channel.name,
            place=scene.place,
            at=scene.now,
            **said,
        )

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
        entry = run.journal.entries.get(key)
        if entry is None or entry[1] == 1:  # until the first round is over, what led to it may be corrected
            entry = run.journal.entries[key] = [ROUND, 1, state]
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
