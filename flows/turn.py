"""A turn: one message in, the replies out.

Turn runs a conversation until it waits for the database (a Call), shows a prompt, or ends; whoever drives it
answers the calls. It never touches the database and never changes anything but its own conversation and person.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from flows.answers import Heard, Json, OneOf
from flows.commands import Command, command
from flows.composing import compose, doubts, with_menu
from flows.conversation import Again, Ending, Go, Talk
from flows.early import Asked
from flows.entrance import enter
from flows.host import closed
from flows.journal import ANSWER, Journal, TooLarge
from flows.messages import AS_ANSWER, AS_COMMAND, BACK, KEEP, SKIP, Message
from flows.module import Module
from flows.run import (
    Aside,
    Call,
    FlowChanged,
    FlowMisused,
    Run,
    Scene,
    Show,
    Tell,
)
from flows.texts import Said, _
from storage.conversations import Record
from storage.value import value

MOST_AGAIN = 10
OWN = (BACK, KEEP, AS_ANSWER, AS_COMMAND)
"""Buttons of the engine's own that mean something only under the prompt that waits."""
TOO_LATE = _("It is too late to change that answer here.")
TOO_LONG = _(
    "Your answers so far are kept, but this one is too long to keep with them. "
    "Please send a shorter one, or go back and shorten another."
)


class Act(Enum):
    """What this turn's message asks of its conversation."""

    BEGIN = "the conversation has just begun"
    HEAR = "an answer to the prompt that waits, or to an earlier one"
    BACK = "the question before"
    SHOW = "show the prompt that waits, again"
    RESUME = "show the prompt that waits to somebody who was elsewhere"
    REOPEN = "change what was sent"


@value
class Errand:
    """One message as its conversation gets it: the act, what was heard, and for which key (the waiting one if None).

    `lead` is said before everything else.
    """

    act: Act
    heard: Heard | None = None
    key: str | None = None
    lead: tuple[Said, ...] = ()


@dataclass(slots=True)
class Turn:
    """The run of one errand through one conversation.

    Drive it with `start()`, then `answer(result)` for as long as it hands back a Call. Then `messages`, `tells`,
    `go`, `command` (a command the prompt could not take, typed as `word`) and the changed `record` say what to do.
    `wrote` tells that a `do` of this turn has been asked for; `secret` that what was heard must not be kept, `veiled`
    that the messages may show a secret; `passed_over` that it was a button pressed twice, which changes nothing.
    """

    scene: Scene
    record: Record
    module: Module
    errand: Errand
    messages: list[Message] = field(default_factory=list)
    tells: list[Tell] = field(default_factory=list)
    go: Go | None = None
    command: Command | None = None
    word: str | None = None
    wrote: bool = False
    secret: bool = False
    veiled: bool = False
    passed_over: bool = False
    _journal: Journal = field(init=False)
    _run: Run = field(init=False)
    _flow: Coroutine[Any, Any, Ending] | None = field(init=False, default=None)
    _heard: Heard | None = field(init=False, default=None)
    _target: str | None = field(init=False, default=None)
    _revised: str | None = field(init=False, default=None)
    _said: list[tuple[Said, ...]] = field(init=False, default_factory=list)
    _again: int = field(init=False, default=0)

    # -- driving -------------------------------------------------------------------------------------------

    def start(self) -> Call | None:
        """Begin; the first call to answer, or None when the turn is over."""
        self._journal = Journal.loads(self.record.journal)
        if self.errand.heard is not None:
            self.secret = self._journal.wants_secret(self.errand.key or self.record.waiting)
        self.veiled = self._journal.holds_secret()
        if self.errand.lead:
            self._said.append(self.errand.lead)
        phase = self.scene.phase
        if phase is not None and not phase.is_open(self.scene.now):
            kept = self.module.kept if self.record.sent_at is not None else None
            self._finish(closed(self.scene, phase, kept))
            return None
        if not self._prepare():
            return None
        self._begin()
        return self._step(None)

    def answer(self, result: Any) -> Call | None:
        """Hand a call's result (or refusal) to the flow; the next call, or None when the turn is over."""
        return self._step(result)

    def close(self) -> None:
        """Give up: the batch was rolled back."""
        if self._flow is not None:
            self._flow.close()

    @property
    def _typed(self) -> str | None:
        return self.errand.heard.text if self.errand.heard is not None else None

    def _begin(self) -> None:
        """A run in which nothing was answered yet is heard from its top; another from this turn's answer on."""
        journal = self._journal
        answered = bool(journal.was) or any(entry[0] == ANSWER for entry in journal.entries.values())
        begun = answered and self.errand.act is not Act.BEGIN
        live = self._heard is None and not begun
        self._run = Run(self.scene, journal, self._heard, self._target, live, journal.correcting, self._revised)
        self._flow = enter(Talk(self._run), self.module)

    def _step(self, result: Any) -> Call | None:
        while True:
            assert self._flow is not None
            try:
                request = self._flow.send(result)
            except StopIteration as stop:
                if self._ended(stop.value):
                    return None
                result = None
                continue
            except FlowChanged:
                self._broke()
                return None
            if isinstance(request, Call):
                self.wrote = self.wrote or request.write
                return request
            self._flow.close()
            if isinstance(request, Show):
                try:
                    self._show(request)
                except TooLarge:
                    if self.wrote or self.errand.act is not Act.HEAR:
                        raise
                    self._take_back()
                    result = None
                    continue
            elif isinstance(request, Aside):
                self.command, self.word = request.command, self._typed
            else:
                raise FlowMisused(f"a flow awaited {request!r}")
            return None

    # -- before the run ------------------------------------------------------------------------------------

    def _prepare(self) -> bool:
        """Read the errand against the journal; False when the turn is over without a run."""
        act, heard = self.errand.act, self.errand.heard
        if act is Act.REOPEN:
            return self._reopen()
        if act is Act.BACK:
            self._drop_last()
        elif act is Act.HEAR and heard is not None:
            return self._aim(heard, self.errand.key or self.record.waiting)
        return True

    def _reopen(self) -> bool:
        """Only where every road of a module ends in the same `do` keys can what was sent be taken up again; elsewhere
        a module may show what was given in a conversation of its own."""
        if self.module.editable:
            self._journal.reopen()
            return True
        if self.module.own is not None and self.scene.phase is not None:
            self.go = Go(phase=self.scene.phase.id, answers=self.module.own)
            return False
        final = _("What was sent here cannot be changed any more.")
        if self.record.waiting is None:
            self._finish((final,))
            return False
        self._said.append((final,))
        return True

    def _aim(self, heard: Heard, key: str | None) -> bool:
        """Decide which prompt this answer is for. An old press corrects its own answer or comes too late."""
        journal = self._journal
        self._heard, self._target = heard, key
        if key is None or key == self.record.waiting:
            return self._aim_at_own_buttons(heard, key)
        entry = journal.entries.get(key)
        answered = entry is not None and entry[0] == ANSWER
        if heard.tap in OWN or (answered and entry is not None and _takes(heard.tap, entry[1])):
            return self._pass_over()  # pressed twice: it had its answer
        if not answered or journal.walled(key):
            self._heard = self._target = None
            self._said.append((TOO_LATE,))
            return True
        self._revised = key
        return True

    def _aim_at_own_buttons(self, heard: Heard, key: str | None) -> bool:
        """The engine's own buttons, and the doubt about a command word, under the prompt that waits."""
        journal = self._journal
        doubt, journal.doubt = journal.doubt, None
        if heard.tap is None and doubt is None:
            return True  # the common case: plain words
        meant = command(doubt) if doubt is not None else None
        tap = heard.tap or (_of_the_two(heard.text or "", meant[0]) if meant is not None else None)
        if tap in (AS_ANSWER, AS_COMMAND) and meant is None:
            return self._pass_over()
        if tap == AS_COMMAND and meant is not None:
            self.record.journal = journal.dumps()
            self.command, self.word = meant[0], doubt
            return False
        if tap == AS_ANSWER:
            self._heard = replace(heard, tap=None, text=doubt, command=None)
        elif tap == KEEP and key not in journal.was:
            self._heard = None
        elif tap == BACK:
            self._heard = None
            self._drop_last()
        return True

    def _pass_over(self) -> bool:
        self.passed_over = True
        return False

    def _drop_last(self) -> None:
        """Forget the answer met last; a refusal that followed it is tried again."""
        key = self._journal.last_answer(self.record.waiting)
        if key is not None:
            self._journal.forget([key])

    # -- after the run -------------------------------------------------------------------------------------

    def _collect(self) -> None:
        """Take over what the run said and told; put the journal in the order in which the run met it."""
        run = self._run
        self._said += run.said
        self.tells += run.tells
        self.secret = self.secret or run.secret
        self._journal.order(run.met)
        if run.sent and self.record.sent_at is None:
            self.record.sent_at = self.scene.now

    def _show(self, show: Show) -> None:
        run, journal, left = self._run, self._journal, self._run.heard
        if left is not None and left.command is not None:
            self.command, self.word = (
                left.command,
                left.text,
            )  # the prompt it was typed to has vanished, or waits behind a new one
            return
        if left is not None and left.text is not None and run.target is not None:
            journal.held[run.target] = left.text
        elif left is not None and self._revised is not None:
            self._said.append((TOO_LATE,))
        self._collect()
        if not self._shows_again(show):
            journal.asked = self._asked()
        journal.doubt = journal.doubt if show.doubt else None
        journal.correcting = show.key if show.alone else None
        if show.secret:
            journal.ask_secret(show.key)
        self.record.journal = journal.dumps()
        self.record.waiting, self.record.state = show.key, "open"
        self.messages = self._compose(show, run.echo)

    def _shows_again(self, show: Show) -> bool:
        """Whether this prompt was the last thing the person was asked."""
        return show.key == self.record.waiting and (show.reason is not None or self.errand.act is Act.SHOW)

    def _asked(self) -> Asked | None:
        """When a prompt that comes up now does so; kept only where an answer may be meant for the one before."""
        now = self.scene.now
        return None if self.scene.channel.buttons else Asked.by(now, self.scene.written or now)

    def _take_back(self) -> None:
        """The answer is more than the journal holds: run as if it had not been given, and say so."""
        self.errand = Errand(Act.SHOW, lead=(TOO_LONG,))
        self._journal = Journal.loads(self.record.journal)
        self._heard = self._target = self._revised = None
        self._said = [self.errand.lead]
        self.tells.clear()
        self._begin()

    def _ended(self, ending: Ending) -> bool:
        """The flow returned: run again from the top, hand on, or end. True when the turn is over."""
        self._collect()
        if isinstance(ending, Again):
            self._start_again(ending)
            return False
        if isinstance(ending, Go):
            self._speak(ending.language)
            self.go = ending
        self._end("ended", self._run.echo)
        return True

    def _start_again(self, ending: Again) -> None:
        self._again += 1
        if self._again > MOST_AGAIN:
            raise FlowMisused("a conversation that begins again for ever")
        self._journal.forget(ending.keys, remember=ending.correcting)
        self._journal.correcting = ending.keys[0] if ending.correcting and ending.keys else None
        self._speak(ending.language)
        self._said = [self.errand.lead] if self.errand.lead else []
        self._heard = self._target = self._revised = None
        self._begin()

    def _broke(self) -> None:
        """The flow changed under what was done: nothing is written but the end, with an explanation."""
        self.tells.clear()
        changed = _("These questions have changed since you began. What you sent is kept. Write “menu” to go on.")
        self._said = [(changed,)]
        self._end("broken", None, keep=True)

    def _finish(self, lines: tuple[Said, ...]) -> None:
        """End without a run: it is closed."""
        self._said.append(lines)
        self._end("ended", None, keep=True)

    def _end(self, state: str, echo: Said | None, *, keep: bool = False) -> None:
        """An ended talk keeps its answers only if it can be reopened."""
        self.record.waiting, self.record.state = None, state
        if not keep:
            stays = self.module.editable and self.record.sent_at is not None
            kept = self._journal if stays else Journal(secrets=self._journal.secrets)
            self.record.journal = kept.dumps()
        self.messages = self._compose(None, echo)
        if self.scene.phase is not None and self.go is None and self.messages:
            self.messages[-1] = with_menu(self.messages[-1], self._language)

    @property
    def _language(self) -> str:
        return self.scene.person.language or self.scene.space.languages[0]

    def _speak(self, language: str | None) -> None:
        if language is not None:
            self.scene.person.language = language
            self.scene.person.changed = True

    def _compose(self, show: Show | None, echo: Said | None) -> list[Message]:
        self.veiled = self.veiled or self.secret or self._journal.holds_secret()
        return compose(self._said, show, echo, self.record.id, self._language)


def _of_the_two(text: str, meant: Command) -> str | None:
    """The button under the doubt about a command word that a text means."""
    found = OneOf(doubts(meant)).match(text)
    return found.id if found is not None else None


def _takes(tap: str | None, answer: Json) -> bool:
    """Whether this press is what the answer is already."""
    return tap == answer or (tap == SKIP and answer is None)
