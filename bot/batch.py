"""One batch of incoming messages in one transaction: the set-based half of reception.

Everything is loaded with one statement a table, run in waves (bot/waves.py), and written with one statement a table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import sorry, welcoming
from bot.aiming import Read, aim
from bot.coming import Coming
from bot.seats import (
    Poison,
    Seat,
    Surroundings,
    address_of,
    at_door,
    begun,
    door_of,
    fit,
    is_of,
    key_of,
    leads_to,
    take_seat,
)
from bot.waves import ride
from flows.commands import Command, command
from flows.composing import merged, pressed, veil
from flows.conversation import Go
from flows.journal import Journal
from flows.menu import CONFIRMED, FINAL, PUTS_ASIDE, Delete, Sent, Stop
from flows.messages import Incoming
from flows.occasion import PHASE
from flows.routing import Destination, Known, obey, resume, route
from flows.run import Scene
from flows.telling import pack_tell
from flows.texts import Said, plural
from flows.turn import Act, Errand, Turn
from storage import broadcast_rows, conversations, inbox, outbox, participants, phases, spreading, veiling
from storage.conversations import Record
from storage.inbox import MessageKey, Note
from storage.outbox import LaneKey, NewDelivery
from storage.participants import Person
from storage.phases import CodeFacts, PhaseFacts, SpaceFacts
from storage.types import new_id

MOST_HOPS = 5


class Batch:
    """The messages of one transaction. `failed` names those whose flows raised: they are set aside, not run."""

    def __init__(self, connection: AsyncConnection, around: Surroundings, now: datetime) -> None:
        self.connection = connection
        self.around = around
        self.now = now
        self.seats: list[Seat] = []
        self.records: dict[int, Record] = {}
        self.complete: set[int] = set()
        self.touched: dict[int, Record] = {}
        self.phases: dict[int, PhaseFacts] = {}
        self.coming = Coming()
        self.read = Read()
        self.tells: list[NewDelivery] = []
        self.passing: list[Note] = []
        self.at_doors: dict[tuple[int, int], Person] = {}

    # -- loading -------------------------------------------------------------------------------------------

    async def seat(self, messages: Sequence[Incoming], *, noted: bool = False) -> None:
        """Give every message that was not noted before its seat; load whom and what they are about.

        `noted`: they stand in the inbox already and are tried again.
        """
        keyed: dict[MessageKey, Incoming] = {}
        for item in messages:
            keyed.setdefault(key_of(item), fit(item))
        known = set() if noted else await inbox.known(self.connection, keyed)
        spaces = await self.around.spaces(self.connection)
        come = [(k, spaces[door_of(i)], i) for k, i in keyed.items() if k not in known and door_of(i) in spaces]
        await self._note_presence([one for one in come if one[2].presence is not None])
        fresh = [(key, address_of(item), space, item) for key, space, item in come if item.presence is None]
        come_from = [(address, item, space) for _, address, space, item in fresh]
        people = await welcoming.people(self.connection, come_from, self.now)
        await welcoming.move(self.connection, [(address, *people[address]) for _, address, _, _ in fresh], self.now)
        aimed = await aim(self.connection, [(people[address][0], item) for _key, address, _space, item in fresh])
        for (_key, address, space, _item), item in zip(fresh, aimed, strict=True):
            person = people[address][0]
            self.seats.append(take_seat(item, space, person, self.around.channels[item.channel], self.now))
        await self._load_conversations()
        led_to = (seat.taken.about for seat in self.seats if seat.taken is not None and seat.taken.to == PHASE)
        await self._load_phases([*(record.phase_id for record in self.records.values()), *led_to])
        await self.coming.look_up(self.connection, self.seats, self.now)
        await self.read.look_up(self.connection, self.seats, self.records)

    async def _note_presence(self, come: Sequence[tuple[MessageKey, SpaceFacts, Incoming]]) -> None:
        """Who has shut their door is written to no more, until they open it again; nothing is answered."""
        reach = {address_of(item): "blocked" if item.presence == "left" else None for _, _, item in come}
        await participants.set_reach(self.connection, reach)
        self.passing = [Note(new_id(), space.id, None, key, self.now) for key, space, _ in come]

    async def _load_conversations(self) -> None:
        """Those typed text goes to and those named by taps; for whom it matters, all about a phase."""
        wanted: set[tuple[int, int]] = set()
        whole: set[tuple[int, int]] = set()
        for seat in self.seats:
            person, item = seat.person, seat.incoming
            if person.current_id is not None:
                wanted.add((person.space_id, person.current_id))
            if item.tap is not None and (parts := pressed(item.tap)) is not None:
                wanted.add((person.space_id, parts[0]))
            asks = item.code or seat.taken is not None or command(item.text or "")
            if not person.fresh and (person.current_id is None or asks):
                whole.add((person.space_id, person.id))
            if person.fresh:
                self.complete.add(person.id)
        self.records |= await conversations.load(self.connection, wanted)
        if whole:
            await self._load_whole(whole)

    async def _load_whole(self, people: set[tuple[int, int]]) -> None:
        for record in await conversations.of_participants(self.connection, sorted(people)):
            self.records.setdefault(record.id, record)
        self.complete |= {participant_id for _space, participant_id in people}

    async def _load_phases(self, ids: Iterable[int | None]) -> None:
        missing = {id_ for id_ in ids if id_ is not None and id_ not in self.phases}
        if missing:
            self.phases |= await phases.load(self.connection, missing)

    # -- running -------------------------------------------------------------------------------------------

    async def run(self, failed: Mapping[MessageKey, Exception]) -> None:
        """Run every message, those of one participant in their order: one of each at a time."""
        waiting = list(self.seats)
        while waiting:
            first: dict[int, Seat] = {}
            rest: list[Seat] = []
            for seat in waiting:
                if seat.person.id in first:
                    rest.append(seat)
                else:
                    first[seat.person.id] = seat
            for seat in first.values():
                seat.error = failed.get(seat.key)
            await self._run([seat for seat in first.values() if seat.error is None])
            waiting = rest

    async def _run(self, seats: Sequence[Seat]) -> None:
        """Route these messages, run their turns in waves, and follow those that hand on."""
        active = [seat for seat in seats if await self._guarded(seat, self._begin_with(seat))]
        while active:
            await ride(self.connection, active)
            active = [seat for seat in active if seat.error is None and await self._guarded(seat, self._follow(seat))]

    @staticmethod
    async def _guarded(seat: Seat, step: Awaitable[bool]) -> bool:
        """What goes wrong between two turns (settings nobody can read any more) concerns one message as well."""
        try:
            return await step
        except (SQLAlchemyError, Poison):
            raise
        except Exception as error:
            seat.fell(error)
            return False

    async def _begin_with(self, seat: Seat) -> bool:
        destination = self._routed(seat)
        heard = destination.errand is not None and destination.errand.heard is not None
        if seat.incoming.tap is not None and not heard and self._is_secret(seat):
            seat.note.tap = None  # a button from a vote that has ended
        return await self._place(seat, destination)

    def _routed(self, seat: Seat) -> Destination:
        self.coming.recognise(seat, self._current(seat))
        known, person = self.coming.by(seat), seat.person
        if known is not None and (known.area or known.group):
            person.area = known.area or person.area
            person.groups = sorted({*person.groups, known.group}) if known.group else person.groups
            person.changed = True
        found = self._known(seat, known)
        if found.early:
            seat.note.shown = None  # it may be a secret again, that was sent before
        return route(seat.incoming, found)

    def _known(self, seat: Seat, code: CodeFacts | None = None) -> Known:
        person, current = seat.person, self._current(seat)
        parts = pressed(seat.incoming.tap) if seat.incoming.tap is not None else None
        tapped = self.records.get(parts[0]) if parts is not None else None
        tests = self.coming.test(seat) is not None
        led_to = leads_to(seat, self.phases)
        early = self.read.too_early(seat, current, self.now)
        return Known(person, seat.channel, current, tapped, self._mine(person), code, led_to, tests, early)

    def _current(self, seat: Seat) -> Record | None:
        return self.records.get(seat.person.current_id) if seat.person.current_id is not None else None

    def _mine(self, person: Person) -> list[Record]:
        if person.id not in self.complete:
            return []
        mine = [r for r in self.records.values() if person.id in (r.participant_id, r.through_id) and r.phase_id]
        return sorted(mine, key=lambda record: record.id)

    async def _place(self, seat: Seat, destination: Destination) -> bool:
        """Seat a turn where the message goes; False when there is nothing to run."""
        if seat.hops == MOST_HOPS:
            raise RuntimeError("a message handed on for ever")
        record, errand = destination.record, destination.errand
        if destination.go is not None:
            record, errand = await self._go(seat, destination.go, destination.lead)
        if record is None or errand is None:
            return False
        if record.phase_id not in self.phases:
            await self._load_phases([record.phase_id])
        phase = self.phases.get(record.phase_id) if record.phase_id is not None else None
        sent = record.sent_at is not None
        person, channel = seat.person, seat.channel
        if record.through_id is not None:
            person, channel = await self._person_at_door(record), at_door(channel)
        aloud = record.through_id is not None
        told = (record.place, sent, aloud, seat.incoming.at, self.around.pages)
        scene = Scene(seat.space, phase, person, record.id, self.now, channel, *told)
        seat.turn = Turn(scene, record.copy(), self.around.module(record.kind, phase), errand)
        seat.hops += 1
        return True

    async def _person_at_door(self, record: Record) -> Person:
        """Whom this conversation is about. Whoever holds it is locked, and nobody else writes to either."""
        key = record.space_id, record.participant_id
        if key not in self.at_doors:
            self.at_doors |= await participants.by_ids(self.connection, [key])
        return self.at_doors[key]

    async def _go(self, seat: Seat, go: Go, lead: tuple[Said, ...]) -> tuple[Record | None, Errand | None]:
        """The conversation a Go leads to, begun or taken up again."""
        if go.kind is not None:
            return self._begin(seat, go.kind, None, go), Errand(Act.BEGIN, lead=lead)
        if seat.person.id not in self.complete:
            await self._load_whole({(seat.person.space_id, seat.person.id)})
        if go.conversation in self.records:
            record = self.records[go.conversation]
            return (record, Errand(Act.REOPEN, lead=lead)) if go.reopen else self._take_up(record, lead)
        if go.phase is None:
            again = resume(self._known(seat)).go
            assert again is not None
            return await self._go(seat, again, lead)
        await self._load_phases([go.phase])
        phase = self.phases[go.phase]
        module = self.around.module(phase.kind, phase)
        mine = [record for record in self._mine(seat.person) if is_of(record, phase, go.person or seat.person.id)]
        unsent = [record for record in mine if record.sent_at is None or record.waiting is not None]
        if unsent and unsent[-1].state != "broken" and go.answers is None:
            return self._take_up(unsent[-1], lead)
        if mine and mine[-1].sent_at is not None and not module.repeatable:
            return self._begin(seat, Sent.kind, None, Go()), Errand(Act.BEGIN, lead=(*lead, *module.already()))
        return self._begin(seat, phase.kind, phase, go), Errand(Act.BEGIN, lead=lead)

    def _begin(self, seat: Seat, kind: str, phase: PhaseFacts | None, go: Go) -> Record:
        code = self.coming.by(seat)
        return begun(seat, kind, phase, go, code.place if code is not None else None, self.now)

    def _take_up(self, record: Record, lead: tuple[Said, ...]) -> tuple[Record, Errand]:
        """Show what waits again, saying how many answers are kept."""
        phase = self.phases.get(record.phase_id) if record.phase_id is not None else None
        module = self.around.module(record.kind, phase) if phase is not None else None
        left = module.left(Journal.loads(record.journal).answers()) if module is not None else None
        if left is not None and left.kept and not lead and phase is not None and phase.is_open(self.now):
            lead = (plural("Your answer is kept.", "Your {count} answers are kept.", left.kept),)
        return record, Errand(Act.RESUME, lead=lead)

    async def _follow(self, seat: Seat) -> bool:
        """Take over what a turn did; True when the message is handed on to another conversation."""
        turn, person = seat.turn, seat.person
        seat.followed = True
        record = turn.record
        seat.note.conversation_id = record.id
        if turn.secret:
            seat.note.shown = seat.note.tap = None
        seat.veiled = seat.veiled or turn.veiled
        if turn.passed_over:
            return False
        if turn.command is None:
            record.heard_at = self.now
        self.records[record.id] = self.touched[record.id] = record
        seat.messages += turn.messages
        self.tells += [
            NewDelivery(record.space_id, tell.participant_id, None, "relay", pack_tell(tell), self.now)
            for tell in turn.tells
        ]
        if record.kind == Delete.kind and turn.wrote:
            person.erased_at = self.now
        self._make_current(person, record)
        if turn.command is not None:
            if turn.command in (Command.CONTINUE, Command.CORRECT) and person.id not in self.complete:
                await self._load_whole({(person.space_id, person.id)})
            return await self._place(seat, obey(turn.command, self._known(seat), turn.word))
        if turn.go is not None:
            return await self._place(seat, Destination(go=turn.go))
        return await self._return(seat, record)

    async def _return(self, seat: Seat, record: Record) -> bool:
        """When a conversation of the house has ended, the person is back in the one that still waits."""
        final = record.kind in FINAL and (record.kind not in CONFIRMED or seat.turn.wrote)
        if record.phase_id is not None or record.state == "open" or final:
            return False
        if seat.person.id not in self.complete:
            await self._load_whole({(seat.person.space_id, seat.person.id)})
        destination = resume(self._known(seat))
        if destination.go is None or destination.go.conversation is None:
            return False
        waiting = self.records[destination.go.conversation]
        return await self._place(seat, Destination(waiting, Errand(Act.RESUME)))

    def _make_current(self, person: Person, record: Record) -> None:
        """Typed text goes to the conversation that waits now; a stop is remembered until something is taken up."""
        waits = record.id if record.waiting is not None and record.state == "open" else None
        if waits is not None or person.current_id == record.id:
            person.changed = person.changed or person.current_id != waits
            person.current_id = waits
        if record.kind in PUTS_ASIDE:
            person.current_id, person.changed = None, True
        if record.kind == Stop.kind:
            person.stopped_at = self.now
        elif person.stopped_at is not None and record.phase_id is not None:
            person.stopped_at, person.changed = None, True

    # -- writing -------------------------------------------------------------------------------------------

    async def write(self) -> None:
        """Everything the batch changed, one statement a table; the caller commits."""
        everybody = [*(seat.person for seat in self.seats), *self.at_doors.values()]
        people = {person.id: person for person in everybody if person.changed}
        await self.coming.note_arrivals(self.connection, self.seats, self.now)
        await conversations.save(self.connection, [self.touched[id_] for id_ in sorted(self.touched)])
        await participants.save(self.connection, [people[id_] for id_ in sorted(people)])
        for seat in self.seats:
            if seat.error is not None:
                language = seat.person.language or seat.space.languages[0]
                seat.messages = [sorry.given_up(language) if self._is_secret(seat) else sorry.trying_again(language)]
        veiled = {(seat.person.space_id, seat.person.id) for seat in self.seats if seat.veiled}
        await veiling.veil(self.connection, sorted(veiled))
        await spreading.click(self.connection, [click for seat in self.seats for click in seat.clicks(self.now)])
        await outbox.put(self.connection, [*self._replies(), *self.tells])
        await broadcast_rows.send_tests(self.connection, self.coming.tries(self.seats, self.now))

    async def note(self) -> None:
        """Note the messages, so that a repeat ends there; those that failed are kept to be tried again."""
        for seat in self.seats:
            if seat.error is not None:
                self._set_aside(seat, type(seat.error).__name__)
            if seat.person.erased_at is not None:
                seat.note.participant_id = seat.note.shown = seat.note.conversation_id = None
        await inbox.note(self.connection, [*self.passing, *(seat.note for seat in self.seats)])

    def _replies(self) -> list[NewDelivery]:
        return [
            NewDelivery(
                seat.person.space_id,
                seat.person.id,
                seat.note.conversation_id,
                "reply",
                message.pack(),
                self.now,
                LaneKey(seat.key.channel, seat.key.account),
                veil(seat.person.language or seat.space.languages[0]) if seat.veiled else None,
            )
            for seat in self.seats
            for message in merged(seat.messages)
        ]

    def _set_aside(self, seat: Seat, error: str) -> None:
        """Kept to be tried again; where a secret may be in it, nothing is kept and its sender says it anew."""
        note = seat.note
        note.error = error
        if self._is_secret(seat):
            note.state, note.shown, note.tap, note.attached = "dead", None, None, None
        else:
            note.state, note.body, note.retry_at = "aside", seat.incoming.pack(), self.now + inbox.RETRY_AFTER[0]

    def _is_secret(self, seat: Seat) -> bool:
        """Whether the prompt this message is for wants a secret."""
        known = self._known(seat)
        parts = pressed(seat.incoming.tap) if seat.incoming.tap is not None else None
        record = known.tapped if seat.incoming.tap is not None else known.current
        if record is None:
            return False
        return Journal.loads(record.journal).wants_secret(parts[1] if parts is not None else record.waiting)
