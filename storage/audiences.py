"""Who a rule is for, as SQL: how many people we know of, before anybody is asked or written to.

`matching` says in SQL what `Rule.judge` says in Python (tests hold them to the same answers): a condition that is true,
false, or NULL where it can't be known. Answers to questions are nobody's fixed property, so a rule over them is NULL.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, cast, func, literal, not_, null, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from storage.models import Participant
from storage.rules import Aged, AllOf, AnyOf, InArea, InGroup, Not, Rule, Tagged
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


def matching(rule: Rule, year: int) -> ColumnElement[bool]:
    """The condition on participants that holds for those this rule is for, in this year."""
    match rule:
        case InArea():
            return and_(Participant.area.is_not(None), Participant.area.in_(rule.areas), _proved(rule, "area"))
        case InGroup():
            return or_(*(listed_in(Participant.groups, literal(group)) for group in rule.groups))
        case Tagged():
            return or_(*(listed_in(Participant.tags, literal(tag)) for tag in rule.tags))
        case Aged():
            bounds = [] if rule.least is None else [Participant.born <= year - rule.least]
            bounds += [] if rule.most is None else [Participant.born >= year - rule.most]
            return and_(Participant.born.is_not(None), *bounds, _proved(rule, "born"))
        case AllOf():
            return and_(*(matching(inner, year) for inner in rule.rules))
        case AnyOf():
            return or_(*(matching(inner, year) for inner in rule.rules))
        case Not():
            return not_(matching(rule.rule, year))
    return cast(null(), Boolean)


def _proved(rule: InArea | Aged, what: str) -> ColumnElement[bool]:
    return Participant.proved.contains(what) if rule.checked else true()


async def count(connection: AsyncConnection, space_id: int, rules: Sequence[Rule | None], now: datetime) -> list[int]:
    """How many people of a space are known so far to be among those each of these rules is for; None is everybody."""
    found: list[int] = []
    for rule in rules:
        query = select(func.count()).where(Participant.space_id == space_id, Participant.erased_at.is_(None))
        asked = query if rule is None else query.where(matching(rule, now.year))
        found.append((await connection.execute(asked)).scalar_one())
    return found
