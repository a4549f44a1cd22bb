"""A random town, as a plain model and in the database: who lives there, what they did, and what they were sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import left_out
from storage.models import (
    Address,
    Arrival,
    Ballot,
    Consent,
    Consultation,
    Contribution,
    Conversation,
    Delivery,
    Mute,
    Participant,
    Phase,
    Relay,
    Space,
    Wish,
)
from storage.rules import (
    Agreed,
    AllOf,
    Answered,
    AnyOf,
    Began,
    CameBy,
    Facts,
    FirstTime,
    InArea,
    LatelyIn,
    Muted,
    Not,
    ReachedBy,
    Rule,
    Speaks,
    Supports,
    TookPart,
    Unfinished,
    Verdict,
    WantsResult,
)

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=31)
AREAS, LANGUAGES, CHANNELS = ("gare", "bourg"), ("fr", "en"), ("web", "telegram", "signal")
RELAYS = (71, 72)
PHASES = {11: 1, 12: 1, 21: 2}
"""The consultation of each."""
IDEAS = (901, 902, 903)
INTO = {903: 901}
"""Which was merged into which."""
CAP = 2
SENT, CAST, HIDDEN, OPEN, ENDED = "sent", "cast", "hidden", "open", "ended"
"""What became of a conversation: a contribution that counts, a ballot, a contribution that was hidden; or nothing yet,
or nothing at all."""


@dataclass(frozen=True)
class Deed:
    phase: int
    became: str
    heard: datetime = NOW


@dataclass(frozen=True)
class Resident:
    language: str | None
    area: str | None
    channel: str | None
    reachable: bool
    stopped: bool
    agreed: frozenset[int]
    deeds: tuple[Deed, ...]
    supports: frozenset[int]
    came_by: frozenset[int]
    had: tuple[tuple[bool, datetime, str], ...]
    """What was sent to them: whether unasked, when, and what became of it."""
    muted: frozenset[int] = frozenset()
    """Phases."""
    wishes: tuple[tuple[int, bool], ...] = ()
    """What they said of the result of consultations."""
    reminded: frozenset[tuple[int, datetime]] = frozenset()
    """Of which of their conversations, and when that left."""

    def took_part(self) -> set[int]:
        return {deed.phase for deed in self.deeds if deed.became in (SENT, CAST)}

    def judge(self, rule: Rule) -> Verdict:
        match rule:
            case AllOf():
                verdicts = [self.judge(inner) for inner in rule.rules]
                return False if False in verdicts else None if None in verdicts else True
            case AnyOf():
                verdicts = [self.judge(inner) for inner in rule.rules]
                return True if True in verdicts else None if None in verdicts else False
            case Not():
                verdict = self.judge(rule.rule)
                return None if verdict is None else not verdict
            case InArea() | Answered():
                return rule.judge(Facts(area=self.area))
        return self.holds(rule)

    def holds(self, leaf: Rule) -> bool:
        match leaf:
            case Speaks():
                return self.language in leaf.languages
            case ReachedBy():
                return self.channel in leaf.channels
            case CameBy():
                return bool(self.came_by & set(leaf.relays))
            case TookPart():
                return bool(self.took_part() & set(leaf.phases))
            case Unfinished():
                return any(self.in_the_middle_of(phase) for phase in leaf.phases)
            case Supports():
                return bool(self.supports & {INTO.get(idea, idea) for idea in leaf.ideas})
            case Agreed():
                return bool(self.agreed & set(leaf.consultations))
            case FirstTime():
                return len({PHASES[phase] for phase in self.took_part()}) <= 1
            case Began():
                return any(deed.phase in leaf.phases for deed in self.deeds)
            case LatelyIn():
                return any(
                    deed.phase in leaf.phases and (deed.heard == NOW or (number, NOW) in self.reminded)
                    for number, deed in enumerate(self.deeds)
                )
            case Muted():
                return bool(self.muted & set(leaf.phases))
            case WantsResult():
                return any(wanted and which in leaf.consultations for which, wanted in self.wishes)
        raise AssertionError(leaf)

    def in_the_middle_of(self, phase: int) -> bool:
        became = {deed.became for deed in self.deeds if deed.phase == phase}
        return OPEN in became and became <= {OPEN, ENDED}

    def why_not(self, silent: Sequence[str]) -> str | None:
        counted = [1 for unasked, at, state in self.had if unasked and at == NOW and state != "cancelled"]
        for reason, holds in (
            (left_out.STOPPED, self.stopped),
            (left_out.NEVER_AGREED, not self.agreed),
            (left_out.UNREACHABLE, self.channel is None or not self.reachable),
            (left_out.SILENT, self.channel in silent),
            (left_out.ENOUGH, len(counted) >= CAP),
        ):
            if holds:
                return reason
        return None


def some(*names: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True).map(tuple)


residents = st.builds(
    Resident,
    st.none() | st.sampled_from(LANGUAGES),
    st.none() | st.sampled_from(AREAS),
    st.none() | st.sampled_from(CHANNELS),
    st.sampled_from((True, True, False)),
    st.sampled_from((False, False, True)),
    st.frozensets(st.sampled_from((1, 2)), max_size=2),
    st.lists(
        st.builds(
            Deed,
            st.sampled_from(sorted(PHASES)),
            st.sampled_from((SENT, CAST, HIDDEN, OPEN, OPEN, ENDED)),
            st.sampled_from((NOW, LONG_AGO)),
        ),
        max_size=4,
    ).map(tuple),
    st.frozensets(st.sampled_from(IDEAS[:2]), max_size=2),
    st.frozensets(st.sampled_from(RELAYS), max_size=2),
    st.lists(
        st.tuples(st.booleans(), st.sampled_from((NOW, NOW, LONG_AGO)), st.sampled_from(("sent", "sent", "cancelled"))),
        max_size=4,
    ).map(tuple),
    st.frozensets(st.sampled_from(sorted(PHASES)), max_size=2),
    st.dictionaries(st.sampled_from((1, 2)), st.booleans(), max_size=2).map(lambda said: tuple(said.items())),
    st.dictionaries(st.integers(0, 3), st.sampled_from((NOW, LONG_AGO))).map(lambda said: frozenset(said.items())),
)
leaves: st.SearchStrategy[Rule] = st.one_of(
    st.builds(InArea, some(*AREAS)),
    st.just(Answered("visits", ("daily",))),
    st.builds(Speaks, some(*LANGUAGES)),
    st.builds(ReachedBy, some(*CHANNELS)),
    st.builds(CameBy, some(*RELAYS)),
    st.builds(TookPart, some(*PHASES)),
    st.builds(Unfinished, some(*PHASES)),
    st.builds(Supports, some(*IDEAS)),
    st.builds(Agreed, some(1, 2)),
    st.just(FirstTime()),
    st.builds(Began, some(*PHASES)),
    st.builds(LatelyIn, some(*PHASES)),
    st.builds(Muted, some(*PHASES)),
    st.builds(WantsResult, some(1, 2)),
)
rules: st.SearchStrategy[Rule] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)


# -- the town in the database --------------------------------------------------------------------------------------


async def found_town(connection: AsyncConnection) -> None:
    """Its consultations, phases and ideas, which no example changes."""
    for space_id, slug in ((1, "montaubry"), (2, "elsewhere")):
        space = {"id": space_id, "slug": slug, "name": {}, "languages": ["fr"], "zone": "Europe/Paris", "cap": CAP}
        await connection.execute(insert(Space).values(**space, contact={}, privacy={}, created_at=NOW))
    for id_ in (1, 2):
        words: dict[str, Any] = {name: {} for name in ("title", "topic", "why", "decides")}
        row = {"space_id": 1, "id": id_, "slug": str(id_), "state": "open", "created_at": NOW}
        await connection.execute(insert(Consultation).values(**row, **words))
    for id_ in RELAYS:
        name = {"kind": "place", "name": str(id_), "folded": str(id_)}
        await connection.execute(insert(Relay).values(space_id=1, id=id_, created_at=NOW, **name))
    for position, (id_, consultation_id) in enumerate(PHASES.items(), 1):
        row = {"space_id": 1, "id": id_, "consultation_id": consultation_id, "position": position}
        await connection.execute(insert(Phase).values(**row, kind="ideas", settings={}, version=1))


def ideas() -> list[dict[str, Any]]:
    return [
        {**given_row(id_, None, 12, "merged" if id_ in INTO else "sent"), "parent_id": INTO.get(id_)} for id_ in IDEAS
    ]


def given_row(id_: int, person: int | None, phase: int, state: str) -> dict[str, Any]:
    row = {"space_id": 1, "id": id_, "phase_id": phase, "participant_id": person, "conversation_id": None}
    more: dict[str, Any] = {
        "parent_id": None,
        "key": "idea",
        "kind": "idea",
        "state": state,
        "text": "Un banc",
        "fields": {},
    }
    return {**row, **more, "origin": "web", "created_at": NOW, "updated_at": NOW}


def rows_of(id_: int, one: Resident) -> dict[Any, list[dict[str, Any]]]:
    """What the database holds of a resident."""
    key = {"space_id": 1, "participant_id": id_}
    person: dict[str, Any] = {
        "space_id": 1, "id": id_, "language": one.language, "area": one.area, "groups": [], "channel": "web",
        "address_id": id_ if one.channel else None, "created_at": NOW, "stopped_at": NOW if one.stopped else None,
    }  # fmt: skip
    address = {
        **key, "id": id_, "channel": one.channel, "account": "1", "sender": str(id_), "created_at": NOW,
        "unreachable": None if one.reachable else "blocked",
    }  # fmt: skip
    talks, given_ = [], []
    for number, deed in enumerate(one.deeds, id_ * 100):
        talks.append({
            **key, "id": number, "phase_id": deed.phase, "kind": "ideas", "journal": "{}", "channel": "web",
            "state": OPEN if deed.became == OPEN else ENDED, "begun_at": NOW, "heard_at": deed.heard,
            "sent_at": None if deed.became in (OPEN, ENDED) else NOW,
        })  # fmt: skip
        if deed.became in (SENT, HIDDEN):
            given_.append({**given_row(number, id_, deed.phase, deed.became), "conversation_id": number})
    ballots = [
        {"space_id": 1, "id": id_ * 100 + idea, "phase_id": 12, "subject": str(idea), "voter": str(id_)}
        for idea in one.supports
    ]
    had = [
        {**key, "id": id_ * 100 + at, "kind": "broadcast", "body": "", "state": state, "tries": 1, "due_at": made_at}
        | {"made_at": made_at, "unasked": unasked}
        for at, (unasked, made_at, state) in enumerate(one.had)
    ]
    reminders = [
        {**key, "id": id_ * 100 + 50 + number, "kind": "reminder", "body": "", "state": "sent", "tries": 1}
        | {
            "due_at": NOW,
            "made_at": LONG_AGO,
            "sent_at": at,
            "unasked": False,
            "cause": f"stopped:{id_ * 100 + number}",
        }
        for number, at in one.reminded
    ]
    had = [{**row, "sent_at": None, "cause": None} for row in had]
    return {
        Participant: [person],
        Address: [address] if one.channel else [],
        Consent: [{**key, "id": id_ * 100 + which, "consultation_id": which, "words": "", "given_at": NOW}
                  for which in one.agreed],
        Conversation: talks,
        Contribution: given_,
        Arrival: [
            {**key, "consultation_id": which, "relay_id": relay, "came_at": NOW}
            for which, relay in enumerate(sorted(one.came_by), 1)
        ],
        Ballot: [{**ballot, "value": "support", "cast_at": NOW} for ballot in ballots],
        Delivery: [*had, *reminders],
        Mute: [{**key, "id": id_ * 100 + phase, "phase_id": phase, "at": NOW} for phase in one.muted],
        Wish: [{**key, "id": id_ * 100 + which, "consultation_id": which, "wanted": wanted, "at": NOW}
               for which, wanted in one.wishes],
    }  # fmt: skip


async def settle(connection: AsyncConnection, crowd: Sequence[Resident]) -> None:
    written = [rows_of(id_, one) for id_, one in enumerate(crowd, 1)]
    tables = (Wish, Mute, Delivery, Arrival, Ballot, Contribution, Conversation, Consent, Address, Participant)
    for table in tables:
        await connection.execute(delete(table))
    for table in reversed(tables):
        rows = [row for one in written for row in one[table]]
        rows += ideas() if table is Contribution else []
        if rows:
            await connection.execute(insert(table), rows)
