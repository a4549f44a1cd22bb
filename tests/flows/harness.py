"""A conversation without a database: `h.hear("benches")` answers with the lines the resident would read.

Verbs are answered by plain functions over one argument; those not given accept everything. The same Turn and the
same routing run here as in the house.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from flows.conversation import Ending, Go, Talk
from flows.journal import Journal
from flows.menu import HOUSE
from flows.messages import Incoming, Message, Place
from flows.module import Module
from flows.rendering import Capabilities
from flows.routing import Destination, Known, obey, route
from flows.run import Call, Scene, Tell
from flows.turn import Act, Errand, Turn
from storage import contributions, participants, wishes
from storage.conversations import Record
from storage.participants import Person
from storage.phases import PhaseFacts, SpaceFacts
from storage.refusals import Refusal

START = datetime(2027, 3, 6, 9, 40, tzinfo=UTC)

SPACE = SpaceFacts(
    1,
    "montaubry",
    {"fr": "Montaubry", "en": "Montaubry"},
    ["fr", "en"],
    "Europe/Paris",
    {
        "name": "Claire Morel",
        "phone": "02 61 91 00 12",
        "hours": {"fr": "du lundi au vendredi, de 9 h à 12 h", "en": "Monday to Friday, 9 am to noon"},
        "host": {"fr": "la mairie de Montaubry", "en": "the town hall of Montaubry"},
    },
    {},
)

PHASE = PhaseFacts(
    2,
    1,
    3,
    "centre-ville",
    "test",
    {},
    1,
    {"fr": "Le centre-ville et vous", "en": "The town centre and you"},
    {"fr": "le centre-ville", "en": "the town centre"},
    {
        "fr": "Vos réponses aident à choisir les travaux de 2028.",
        "en": "Your answers help to choose the works of 2028.",
    },
    {},
    "open",
    None,
    datetime(2027, 3, 19, 19, 0, tzinfo=UTC),
    None,
)

CONVERSATION = 0x1234_5678_9ABC_DEF0


@dataclass
class Flow(Module):
    """A module that is one function, as tests write them."""

    flow: Callable[[Talk], Awaitable[Ending]]
    editable: bool = False

    @classmethod
    def load(cls, settings: Mapping[str, Any]) -> Self:
        raise NotImplementedError

    async def converse(self, talk: Talk) -> Ending:
        return await self.flow(talk)


def talking(flow: Callable[[Talk], Awaitable[Ending]], *, editable: bool = False, **options: Any) -> Harness:
    """A harness in which this flow has shown its first prompt."""
    harness = Harness(Flow(flow, editable), **options)
    harness.begin()
    return harness


@dataclass
class Harness:
    """One person in one module. `consented=False` begins at first contact."""

    module: Module
    language: str | None = "en"
    consented: bool = True
    verbs: Mapping[Any, Callable[[Any], Any]] = field(default_factory=dict)
    channel: Capabilities = field(default_factory=lambda: Capabilities("test"))
    now: datetime = START
    phase: PhaseFacts = PHASE
    record: Record = field(init=False)
    person: Person = field(init=False)
    messages: list[Message] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    tells: list[Tell] = field(default_factory=list)
    gone: Go | None = None
    secret: bool = False
    """Whether what was heard last must not be kept."""

    def __post_init__(self) -> None:
        self.person = Person(1, 7, self.language, None, [], CONVERSATION, 8, "test", None)
        self.record = Record(
            1,
            CONVERSATION,
            7,
            PHASE.id,
            "test",
            "open",
            None,
            Journal().dumps(),
            None,
            "test",
            None,
            self.now,
        )

    # -- what a resident does ------------------------------------------------------------------------------

    def begin(self) -> list[str]:
        """The first prompt."""
        return self._run(Destination(self.record, Errand(Act.BEGIN)))

    def hear(self, text: str) -> list[str]:
        """Type a text; answers the lines read in return."""
        return self._route(text=text)

    def tap(self, label: str, *, of: Message | None = None) -> list[str]:
        """Press the button with this label under the last message, or under an older one."""
        buttons = (of or self.messages[-1]).buttons
        found = [button for button in buttons if button.label == label]
        assert found, f"no button {label!r} among {[button.label for button in buttons]}"
        return self._route(tap=found[0].data)

    def press(self, message: Message, label: str) -> list[str]:
        """Press a button under an older message."""
        return self.tap(label, of=message)

    def place(self, latitude: float, longitude: float) -> list[str]:
        return self._route(place=Place(latitude, longitude))

    def back(self) -> list[str]:
        return self.hear("/back")

    def skip(self) -> list[str]:
        return self.hear("/skip")

    def upgrade(self, flow: Callable[[Talk], Awaitable[Ending]]) -> None:
        """The program is replaced by one with this flow, while the conversation waits."""
        self.module = Flow(flow)

    def reopen(self) -> list[str]:
        """Change what was sent."""
        return self.hear("/correct")

    # -- what is seen --------------------------------------------------------------------------------------

    @property
    def buttons(self) -> list[str]:
        """The labels under the last message."""
        return [button.label for button in self.messages[-1].buttons]

    @property
    def answers(self) -> dict[str, Any]:
        """The journal's answers by key."""
        return Journal.loads(self.record.journal).answers()

    @property
    def journal(self) -> Journal:
        return Journal.loads(self.record.journal)

    # -- the house in miniature ----------------------------------------------------------------------------

    def _route(self, **heard: Any) -> list[str]:
        self.now += timedelta(seconds=5)
        incoming = Incoming("test", "montaubry", "someone", str(self.now), self.now, **heard)
        return self._run(route(incoming, self._known()))

    def _known(self) -> Known:
        return Known(self.person, self.channel, self.record, self.record, [self.record])

    def _run(self, destination: Destination) -> list[str]:
        self.messages, self.gone = [], destination.go
        while destination.record is not None and destination.errand is not None:
            turn = self._turn(destination.record, destination.errand)
            self.record, self.gone, self.secret = turn.record, turn.go, turn.secret
            self.messages += turn.messages
            self.tells += turn.tells
            if turn.command is None:
                break
            destination = obey(turn.command, self._known())
            self.gone = destination.go
        if self.gone is not None and self.gone.conversation is not None:
            return self._run(Destination(self.record, Errand(Act.SHOW)))
        return [line.text for message in self.messages for line in message.lines]

    def _turn(self, record: Record, errand: Errand) -> Turn:
        sent = record.sent_at is not None
        scene = Scene(SPACE, self.phase, self.person, record.id, self.now, self.channel, None, sent)
        turn = Turn(scene, record.copy(), self.module, errand)
        call = turn.start()
        while call is not None:
            self.calls.append(call)
            call = turn.answer(self._answer(call))
        return turn

    def _answer(self, call: Call) -> Any:
        if call.verb in self.verbs:
            try:
                return self.verbs[call.verb](call.argument)
            except Refusal as refusal:
                return refusal
        if call.verb is participants.consented:
            return self.consented
        if call.verb is wishes.said:
            return None
        return 1000 + len(self.calls) if call.verb is contributions.put else True


__all__ = ["HOUSE", "START", "Flow", "Harness", "talking"]
