"""Who a rule is for, as SQL: how many people we know of, before anybody is asked or written to.

`matching` says in SQL what `Rule.judge` says in Python (tests hold them to the same answers): a condition that is true,
false, or NULL where it can't be known. Answers to questions are nobody's fixed property, so a rule over them is NULL.
What only the database keeps (rules.Kept) is said here alone, and is always known.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from storage import relays, reminded, taking_part
from storage.merging import MERGED
from storage.models import Address, Ballot, Consent, Contribution, Conversation, Mute, Participant, Phase, Wish
from storage.rules import (
    Aged,
    Agreed,
    AllOf,
    AnyOf,
    Began,
    CameBy,
    FirstTime,
    InArea,
    InGroup,
    Kept,
    LatelyIn,
    Muted,
    Not,
    ReachedBy,
    Rule,
    Speaks,
    Supports,
    Tagged,
    TookPart,
    Unfinished,
    WantsResult,
)
from storage.types import Document


class listed_in(GenericFunction[bool]):  # noqa: N801  (it is a function of SQL)
    """Whether a JSON list holds this text."""

    type = Boolean()
    inherit_cache = True


class without(GenericFunction[Any]):  # noqa: N801
    """A JSON list without this text, its order kept."""

    type = Document
    inherit_cache = True


def _read_as(function: type[GenericFunction[Any]], backend: str, sql: str) -> None:
    """What a function of a column and a text is on this database."""

    @compiles(function, backend)
    def compiled(element: Any, compiler: Any, **options: Any) -> str:
        column, text = (compiler.process(clause, **options) for clause in element.clauses)
        return sql.format(column=column, text=text)


_read_as(listed_in, "sqlite", "EXISTS (SELECT 1 FROM json_each({column}) WHERE json_each.value = {text})")
_read_as(listed_in, "postgresql", "jsonb_exists(CAST({column} AS jsonb), {text})")
_read_as(without, "sqlite", "(SELECT json_group_array(value) FROM json_each({column}) WHERE value <> {text})")
_read_as(without, "postgresql", "CAST({column} AS jsonb) - CAST({text} AS text)")


def matching(rule: Rule, space_id: int, now: datetime) -> ColumnElement[bool]:
    """The condition on participants of this space that holds for those this rule is for, in the year that it is."""
    match rule:
        case InArea():
            return and_(Participant.area.is_not(None), Participant.area.in_(rule.areas), _proved(rule, "area"))
        case InGroup():
            return or_(*(listed_in(Participant.groups, literal(group)) for group in rule.groups))
        case Tagged():
            return or_(*(listed_in(Participant.tags, literal(tag)) for tag in rule.tags))
        case Aged():
            bounds = [] if rule.least is None else [Participant.born <= now.year - rule.least]
            bounds += [] if rule.most is None else [Participant.born >= now.year - rule.most]
            return and_(Participant.born.is_not(None), *bounds, _proved(rule, "born"))
        case Kept():
            return _kept(rule, space_id, now)
        case AllOf():
            return and_(*(matching(inner, space_id, now) for inner in rule.rules))
        case AnyOf():
            return or_(*(matching(inner, space_id, now) for inner in rule.rules))
        case Not():
            return not_(matching(rule.rule, space_id, now))
    return cast(null(), Boolean)


def _proved(rule: InArea | Aged, what: str) -> ColumnElement[bool]:
    return Participant.proved.contains(what) if rule.checked else true()


def _kept(rule: Kept, space_id: int, now: datetime) -> ColumnElement[bool]:
    """The same for what is kept beside a participant; true or false, never NULL. Each is a list of ids that the
    database makes once, whether it then looks at one person or at everybody."""
    match rule:
        case Speaks():
            return func.coalesce(Participant.language, "").in_(rule.languages)
        case ReachedBy():
            here = (Address.space_id == space_id, Address.channel.in_(rule.channels))
            return Participant.id.in_(select(Address.participant_id).where(*here))
        case CameBy():
            return Participant.id.in_(relays.arrived_by(space_id, rule.relays))
        case TookPart():
            found = taking_part.took_part(space_id, rule.phases)
            return Participant.id.in_(_participants(found))
        case Unfinished():
            return Participant.id.in_(taking_part.unfinished(space_id, rule.phases))
        case Supports():
            return cast(Participant.id, String).in_(_supporters(space_id, rule.ideas))
        case Agreed():
            agreed = (Consent.space_id == space_id, Consent.consultation_id.in_(rule.consultations))
            return Participant.id.in_(select(Consent.participant_id).where(*agreed))
        case FirstTime():
            return Participant.id.not_in(_more_than_once(space_id))
    return _announced(rule, space_id, now)


def _announced(rule: Kept, space_id: int, now: datetime) -> ColumnElement[bool]:
    """The same for what the program's own announcements ask."""
    match rule:
        case Began():
            begun = (Conversation.space_id == space_id, Conversation.phase_id.in_(rule.phases))
            return Participant.id.in_(select(Conversation.participant_id).where(*begun))
        case LatelyIn():
            return Participant.id.in_(reminded.lately(space_id, rule.phases, now))
        case Muted():
            muted = (Mute.space_id == space_id, Mute.phase_id.in_(rule.phases))
            return Participant.id.in_(select(Mute.participant_id).where(*muted))
        case WantsResult():
            wished = (Wish.space_id == space_id, Wish.consultation_id.in_(rule.consultations), Wish.wanted)
            return Participant.id.in_(select(Wish.participant_id).where(*wished))
    raise TypeError(rule)


def _participants(found: Subquery) -> Select[int]:
    return select(found.c.participant_id).where(found.c.participant_id.is_not(None))


def _supporters(space_id: int, ideas: Sequence[int]) -> Select[str]:
    """The voters who support these; what was merged into another is supported there."""
    idea = Contribution
    subject = case((idea.state == MERGED, idea.parent_id), else_=idea.id)
    its_ballots = (Ballot.space_id == idea.space_id, Ballot.phase_id == idea.phase_id)
    return (
        select(Ballot.voter)
        .join(idea, and_(*its_ballots, Ballot.subject == cast(subject, String)))
        .where(idea.space_id == space_id, idea.id.in_(ideas))
    )


def _more_than_once(space_id: int) -> Select[int]:
    """Who took part in several consultations of the space."""
    found = taking_part.took_part(space_id)
    its_phase = (Phase.space_id == space_id) & (Phase.id == found.c.phase_id)
    return (
        _participants(found)
        .join(Phase, its_phase)
        .group_by(found.c.participant_id)
        .having(func.count(Phase.consultation_id.distinct()) > 1)
    )


MANY = 50
"""Rules counted by one statement: more would be slow to plan."""


async def count(connection: AsyncConnection, space_id: int, rules: Sequence[Rule | None], now: datetime) -> list[int]:
    """How many people of a space are known so far to be among those each of these rules is for; None is everybody."""
    found: list[int] = []
    for at in range(0, len(rules), MANY):
        asked = [true() if rule is None else matching(rule, space_id, now) for rule in rules[at : at + MANY]]
        query = select(*(func.count().filter(condition) for condition in asked))
        row = await connection.execute(query.where(*_living(space_id)))
        found += row.one()
    return found


def people(space_id: int, rule: Rule | None, now: datetime) -> Select[int]:
    """The ids of the people of a space that this rule is for, whether they may be written to or not."""
    them = select(Participant.id).where(*_living(space_id))
    return them if rule is None else them.where(matching(rule, space_id, now))


def _living(space_id: int) -> tuple[ColumnElement[bool], ...]:
    """The participants of a space but those who were erased."""
    return Participant.space_id == space_id, Participant.erased_at.is_(None)
