"""Similar texts: what a phase holds already that is like a new text, and what holds the words of a search.

Everything is worked out in the database from one row a stem of each text, so that several processes agree and a
rollback leaves nothing. Weights are whole ten-thousandths: their sums are the same on both databases.

A text is a vector of unit length, each stem weighing the root of its share in the text. The text asked with weighs its
stems the same way, times how rare each is in the phase, and the score is the cosine between both.
docs/decisions/similar-texts.md says what was tried, how good it is and how fast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import log, sqrt
from typing import Any, TypedDict

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    String,
    bindparam,
    case,
    cast,
    delete,
    distinct,
    func,
    insert,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from storage.models import Contribution, Term
from storage.prepared import Prepared, rows
from storage.value import value
from storage.words import stem, stems, words

SHOWN = 3
"""How many similar texts are shown."""
BAR = 0.25
"""The lowest score that is worth showing."""
COUNTED = 2_500
"""The texts of a stem are counted up to here, and the newest so many are looked at."""
READ = 6_000
"""Rows that one question reads at most: the rarest stems find the candidates, the others only tell them apart."""
TEXTS = 10_000
"""The texts of a phase are counted up to here; what more there are makes no stem rarer beside the others."""
CANDIDATES = 20
"""How many of the best by their rarest stems are compared with all stems of the text."""
RAREST = 40
"""How many stems of a text are asked for."""
WHOLE = 10_000
"""A weight of one."""
SOUGHT = 8
"""How many words of a search count."""
FIRST, LAST = "\x01", "\U0010ffff"
"""Before and after every character of a word, in the order of bytes."""


@value
class Text:
    """The words of a contribution, which stands or will stand by the end of the transaction.

    Stems meet only where they were cut alike: all texts of a phase and whoever asks take the same `language`, that of
    the space, unless the phase knows better.
    """

    space_id: int
    phase_id: int
    contribution_id: int
    text: str
    language: str


@value
class Asked:
    """What is looked for in a phase; `but` is the contribution that is being written and not to be found."""

    space_id: int
    phase_id: int
    text: str
    language: str
    limit: int = SHOWN
    bar: float = BAR
    but: int | None = None


class Near(TypedDict):
    """A contribution that is near, by its score from 0 to 1. A dictionary, since a journal gives it back as one."""

    id: int
    score: float


async def index(connection: AsyncConnection, texts: Sequence[Text]) -> None:
    """Keep the words of these contributions instead of what was kept for them; the last of two for one counts."""
    latest = {(text.space_id, text.contribution_id): text for text in texts}
    await forget(connection, list(latest))
    await _WRITE.write(connection, [row for text in latest.values() for row in _rows(text)])


async def forget(connection: AsyncConnection, contributions: Sequence[tuple[int, int]]) -> None:
    """Keep no words of these (space, contribution) any more: they are withdrawn, hidden, or their author is erased."""
    if contributions:
        await connection.execute(delete(Term).where(tuple_(Term.space_id, Term.contribution_id).in_(contributions)))


_WRITE = Prepared(insert(Term), "space_id", "phase_id", "stem", "contribution_id", "weight")


def _rows(text: Text) -> Iterator[tuple[int, int, str, int, int]]:
    found = stems(text.text, text.language)
    length = sum(found.values())
    for one, count in found.items():
        yield text.space_id, text.phase_id, one, text.contribution_id, max(1, _weight(sqrt(count / length)))


def _weight(share: float) -> int:
    return round(WHOLE * share)


# -- similar -------------------------------------------------------------------------------------------------------


async def similar(connection: AsyncConnection, asked: Sequence[Asked]) -> Sequence[list[Near]]:
    """For each text the nearest that are sent, the best first and of equal ones the newest; nothing below the bar."""
    wanted = [stems(one.text, one.language) for one in asked]
    counts = await _counts(connection, asked, wanted)
    sizes = await _sizes(connection, asked)
    results = []
    for number, (one, stemmed) in enumerate(zip(asked, wanted, strict=True)):
        of = {found: counts.get((number, found), 0) for found in stemmed}
        query = _query(stemmed, of, sizes[one.space_id, one.phase_id])
        results.append(await _nearest(connection, one, query) if query else [])
    return results


async def _counts(
    connection: AsyncConnection, asked: Sequence[Asked], wanted: Sequence[Mapping[str, int]]
) -> Mapping[tuple[int, str], int]:
    """By the number of the text and the stem: how many texts of its phase hold the stem."""
    pairs = zip(asked, wanted, strict=True)
    given = [(number, one.space_id, one.phase_id, found) for number, (one, them) in enumerate(pairs) for found in them]
    return {(row[0], row[1]): row[2] for row in await _COUNT.read(connection, given)} if given else {}


async def _sizes(connection: AsyncConnection, asked: Sequence[Asked]) -> Mapping[tuple[int, int], int]:
    """How many contributions each (space, phase) has."""
    phases = {(one.space_id, one.phase_id) for one in asked}
    return {(row[0], row[1]): row[2] for row in await _SIZE.read(connection, [list(one) for one in phases])}


def _query(stemmed: Mapping[str, int], of: Mapping[str, int], size: int) -> list[tuple[str, int, int]]:
    """The rarest stems that some text holds: (stem, weight, 0 to compare, 1 to read, 2 to read the newest of)."""
    rare = {one: sqrt(count) * log(1 + max(size, 1) / max(of[one], 1)) for one, count in stemmed.items()}
    norm = sqrt(sum(weight * weight for weight in rare.values()))
    left, query = READ, []
    for one in sorted((one for one in stemmed if of[one]), key=lambda one: (of[one], one))[:RAREST]:
        left -= of[one]
        query.append((one, _weight(rare[one] / norm), 0 if left < 0 else 2 if of[one] == COUNTED else 1))
    return query


async def _nearest(connection: AsyncConnection, asked: Asked, query: Sequence[tuple[str, int, int]]) -> list[Near]:
    """The best of the candidates; where too many of them may not be shown, of more candidates."""
    given = [(asked.space_id, asked.phase_id, *row) for row in query]
    candidates = CANDIDATES
    while True:
        found = await _SCORE.read(connection, given, candidates)
        shown = [(score, id_) for id_, score, sent in found if sent and id_ != asked.but]
        if len(shown) >= asked.limit or len(found) < candidates:
            break
        candidates *= 8
    best = [Near(id=id_, score=min(1.0, score / WHOLE**2)) for score, id_ in sorted(shown, reverse=True)]
    return [near for near in best if near["score"] >= asked.bar][: asked.limit]


def _count() -> Prepared:
    """For each (number, space, phase, stem): how many texts hold the stem."""
    given = rows("given", number=Integer(), space_id=BigInteger(), phase_id=BigInteger(), stem=String())
    held = select(Term.contribution_id).where(*_holds(Term, given))
    return Prepared(select(given.c.number, given.c.stem, _up_to(COUNTED, held.correlate(given))), "given")


def _size() -> Prepared:
    """For each (space, phase): how many contributions it has."""
    given = rows("given", space_id=BigInteger(), phase_id=BigInteger())
    there = select(Contribution.id).where(
        Contribution.space_id == given.c.space_id, Contribution.phase_id == given.c.phase_id
    )
    return Prepared(select(given.c.space_id, given.c.phase_id, _up_to(TEXTS, there.correlate(given))), "given")


def _up_to(most: int, of: Select[int]) -> ScalarSelect[int]:
    """How many rows these are; counting ends at the most."""
    some = of.limit(_literal(most)).offset(_literal(0)).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _literal(number: int) -> ColumnElement[int]:
    """A number of ours in the text of a statement: a prepared one knows only parameters with names."""
    return literal_column(str(number), Integer())


def _score() -> Prepared:
    """The best by the stems that are to be read, scored by all: (contribution, score, whether it is sent).

    Space and phase stand in every row of the query, not in parameters of their own: told those, PostgreSQL without
    statistics takes the whole phase for four rows and reads it all.
    """
    query = _query_table()
    candidates = (
        select(func.min(Term.space_id).label("space_id"), Term.contribution_id.label("id"))
        .where(*_holds(Term, query), query.c.read > _literal(0), Term.contribution_id >= query.c.first)
        .group_by(Term.contribution_id)
        .order_by(func.sum(query.c.weight * Term.weight).desc(), Term.contribution_id.desc())
        .limit(bindparam("candidates", type_=Integer()))
        .offset(_literal(0))
        .cte("candidates")
    )
    # Told apart in subqueries of each candidate, so that neither database begins with the rows of a common stem.
    other = aliased(Term)
    score = (
        select(cast(func.sum(query.c.weight * other.weight), BigInteger))
        .where(*_holds(other, query), other.contribution_id == candidates.c.id)
        .correlate(candidates)
        .scalar_subquery()
    )
    sent = (
        select(Contribution.state == literal_column("'sent'"))
        .where(Contribution.space_id == candidates.c.space_id, Contribution.id == candidates.c.id)
        .correlate(candidates)
        .scalar_subquery()
    )
    scored = select(candidates.c.id, score, sent)
    return Prepared(scored, "query", "candidates")


def _query_table() -> CTE:
    """What `_query` gives as a table, with the first contribution whose row of the stem is read."""
    given = rows(
        "query", space_id=BigInteger(), phase_id=BigInteger(), stem=String(), weight=BigInteger(), read=Integer()
    )
    newest = (
        select(Term.contribution_id)
        .where(*_holds(Term, given))
        .order_by(Term.contribution_id.desc())
        .offset(_literal(COUNTED - 1))
        .limit(_literal(1))
        .correlate(given)
        .scalar_subquery()
    )
    first = case((given.c.read == _literal(2), newest), else_=_literal(0))
    return select(*given.c, first.label("first")).cte("query")


def _holds(term: type[Term], given: FromClause) -> tuple[ColumnElement[bool], ...]:
    """That the row is one of the stem given."""
    return term.space_id == given.c.space_id, term.phase_id == given.c.phase_id, term.stem == given.c.stem


_COUNT, _SIZE, _SCORE = _count(), _size(), _score()


# -- search --------------------------------------------------------------------------------------------------------


async def search(connection: AsyncConnection, asked: Sequence[Asked]) -> Sequence[list[Near]]:
    """For each search the contributions that are sent and hold all its words, or words that begin so.

    Those come first of whose text the words are the larger share, and of equal ones the newest. Of words so common
    that too many texts hold each of them, some texts are looked at and not all.
    """
    return [await _sought(connection, one) for one in asked]


async def _sought(connection: AsyncConnection, asked: Asked) -> list[Near]:
    typed = list(dict.fromkeys(words(asked.text, asked.language)))[:SOUGHT]
    if not typed:
        return []
    spans = [
        (asked.space_id, asked.phase_id, number, *span)
        for number, word in enumerate(typed)
        for span in _spans(word, stem(word, asked.language))
    ]
    counts = Counter[int]()
    for number, count in await _COUNT_SPANS.read(connection, spans):
        counts[number] += count
    rarest = min(range(len(typed)), key=lambda number: counts[number])
    query = [(*span, int(span[2] == rarest)) for span in spans]
    but = -1 if asked.but is None else asked.but
    found = await _SEARCH.read(connection, query, len(typed), but, asked.limit)
    return [Near(id=id_, score=min(1.0, score / len(typed) / WHOLE)) for id_, score in found]


def _spans(word: str, stemmed: str) -> list[tuple[str, str]]:
    """From which stem on and before which other: what begins with the word, and the word's own stem."""
    begins = (word, word + LAST)
    return [begins] if stemmed.startswith(word) else [begins, (stemmed, stemmed + FIRST)]


_SPAN: Mapping[str, TypeEngine[Any]] = {
    "space_id": BigInteger(),
    "phase_id": BigInteger(),
    "word": Integer(),
    "first": String(),
    "last": String(),
}


def _count_spans() -> Prepared:
    """For each span: (number of its word, how many rows lie in it)."""
    given = rows("given", **_SPAN)
    held = select(Term.contribution_id).where(*_lies_in(Term, given), Term.phase_id == given.c.phase_id)
    return Prepared(select(given.c.word, _up_to(COUNTED, held.correlate(given))), "given")


def _search() -> Prepared:
    """Those of the texts with the rarest word that hold all words: (contribution, sum of the weights)."""
    given = select(*rows("query", **_SPAN, read=Integer()).c).cte("query")
    candidates = (
        select(Term.contribution_id.label("id"))
        .where(*_lies_in(Term, given), Term.phase_id == given.c.phase_id, given.c.read == _literal(1))
        .distinct()
        .limit(_literal(COUNTED))
        .offset(_literal(0))
        .cte("candidates")
    )
    # A candidate's phase is known. Were it asked for again, SQLite would go by the key, through all rows of each span.
    other = aliased(Term)
    score = cast(func.sum(other.weight), BigInteger)
    found = (
        select(candidates.c.id, score)
        .where(*_lies_in(other, given), other.contribution_id == candidates.c.id)
        .where(Contribution.space_id == other.space_id, Contribution.id == other.contribution_id)
        .where(Contribution.state == literal_column("'sent'"), candidates.c.id != bindparam("but", type_=BigInteger()))
        .group_by(candidates.c.id)
        .having(func.count(distinct(given.c.word)) == bindparam("words", type_=Integer()))
        .order_by(score.desc(), candidates.c.id.desc())
        .limit(bindparam("limit", type_=Integer()))
        .offset(_literal(0))
    )
    return Prepared(found, "query", "words", "but", "limit")


def _lies_in(term: type[Term], given: FromClause) -> tuple[ColumnElement[bool], ...]:
    """That the row is one of a stem in the span, of whatever phase."""
    return term.space_id == given.c.space_id, term.stem >= given.c.first, term.stem < given.c.last


_COUNT_SPANS, _SEARCH = _count_spans(), _search()
