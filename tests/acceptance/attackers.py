"""People who would know who chose what. Each makes a guess for whoever they believe to have found something about.

They are the same for a secret vote and for an open one, where they must succeed.
"""

from __future__ import annotations

import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import comb
from typing import Any, TypeAlias

from tests.acceptance.ballot_box import ASH, OAK, Evidence, Row

Guesses: TypeAlias = "dict[str, str]"
Attacker: TypeAlias = "Callable[[Evidence], Iterable[Guesses]]"

NEAR = 400
"""Bytes round a choice in which somebody's id means something: a row of ours is shorter."""
FEW = 16
"""Guesses of which even all being right is luck."""
MARK = re.compile(rb"(?i)zauber(oak|ash)")


def chance_of(guesses: Guesses, truth: Mapping[str, str]) -> float:
    """How likely it is to be right so often by tossing a coin for each."""
    return _luck(sum(truth[sender] == tree for sender, tree in guesses.items()), len(guesses))


@cache
def _luck(right: int, count: int) -> float:
    return float(Fraction(sum(comb(count, hits) for hits in range(right, count + 1)), 2**count))


def choice_in(value: Any) -> str | None:
    """The one tree that is named here; None where it is none, or both, as where they are offered."""
    named = {match.lower() for match in MARK.findall(str(value).encode())}
    return (OAK if named == {b"oak"} else ASH) if len(named) == 1 else None


def paired(trees: Sequence[str], voters: Sequence[str]) -> Guesses:
    """What lies there in this order is from those who came in that order; where it is little, from parts of them."""
    if not trees:
        return {}
    if 2 * len(trees) > len(voters):
        return dict(zip(voters, trees, strict=False))
    return {sender: trees[number * len(trees) // len(voters)] for number, sender in enumerate(voters)}


def by_order(evidence: Evidence) -> Iterable[Guesses]:
    """Rows as they lie there, and sorted by each of their columns (ids, times, pseudonyms, PostgreSQL's own), against
    the order in which people came."""
    for rows in evidence.tables.values():
        naming = [(row, tree) for row in rows if (tree := choice_in(row))]
        yield paired([tree for _row, tree in naming], list(evidence.voters))
        for name in naming[0][0] if naming else ():
            by_column = sorted(naming, key=lambda pair: _sortable(pair[0][name]))
            yield paired([tree for _row, tree in by_column], list(evidence.voters))


def _sortable(value: Any) -> tuple[float, str]:
    if isinstance(value, str) and (place := re.fullmatch(r"\((\d+),(\d+)\)", value)):  # a ctid
        return int(place[1]) * 1e6 + int(place[2]), ""
    return (float(value), "") if isinstance(value, int | float) else (0.0, str(value))


def by_row(evidence: Evidence) -> Iterable[Guesses]:
    """A row that names a choice and somebody."""
    whose = {str(number): sender for sender, number in evidence.ids.items()}
    whose |= {
        str(row["id"]): whose[str(row["participant_id"])]
        for row in evidence.tables["conversations"]
        if str(row["participant_id"]) in whose
    }
    for rows in evidence.tables.values():
        yield _of_rows(rows, whose)


def _of_rows(rows: Sequence[Row], whose: Mapping[str, str]) -> Guesses:
    found: Guesses = {}
    for row in rows:
        tree = choice_in(row)
        named = {whose[str(value)] for value in row.values() if str(value) in whose}
        if tree is not None and len(named) == 1:
            found[named.pop()] = tree
    return found


def by_bytes(evidence: Evidence) -> Iterable[Guesses]:
    """Somebody's id near a choice, anywhere: in a row, a page that is free, a WAL, a log, a backup."""
    whose = {token: sender for sender, tokens in evidence.voters.items() for token in tokens}
    lengths = {len(token) for token in whose}
    away = [place for step in range(NEAR) for place in (step, -step)]
    for content in evidence.raw.values():
        found: Guesses = {}
        for start, tree in _marks(content):
            places = (content[start + step : start + step + size] for step in away for size in lengths)
            near = next((token for token in places if token in whose), None)
            if near is not None:
                found[whose[near]] = tree
        yield found


def by_place(evidence: Evidence) -> Iterable[Guesses]:
    """The order in which choices stand in a file, those after the same letters, against that in which people came. In
    a page the first row is often the last one."""
    for content in evidence.raw.values():
        page = 4096 if content.startswith(b"SQLite") else 8192
        alike: dict[bytes, list[tuple[int, str]]] = defaultdict(list)
        for start, tree in _marks(content):
            alike[content[max(0, start - 4) : start]].append((start, tree))
        for marks in (marks for marks in alike.values() if len(marks) > FEW):
            backwards = sorted(marks, key=lambda mark: (mark[0] // page, -mark[0]))
            for ordered in (marks, backwards):
                yield paired([tree for _start, tree in ordered], list(evidence.voters))


def _marks(content: bytes) -> list[tuple[int, str]]:
    """Where one choice stands by itself: where both stand close together they are offered."""
    found = [(match.start(), OAK if match[1].lower() == b"oak" else ASH) for match in MARK.finditer(content)]
    return [(start, tree) for start, tree in found if not _offered(content, start, tree)]


def _offered(content: bytes, start: int, tree: str) -> bool:
    around = content[max(0, start - NEAR // 2) : start + NEAR // 2]
    return (b"zauberash" if tree == OAK else b"zauberoak") in around.lower()


def by_key(evidence: Evidence) -> Iterable[Guesses]:
    """Pseudonyms made again with the phase's key."""
    for row in evidence.tables["secret_keys"]:
        if row["key"] is None:
            continue
        of = {
            hmac.digest(bytes(row["key"]), str(number).encode(), "sha256").hex(): sender
            for sender, number in evidence.ids.items()
        }
        ballots = evidence.tables["secret_ballots"]
        yield {of[one["pseudonym"]]: one["value"] for one in ballots if one["pseudonym"] in of}


ATTACKERS: Sequence[Attacker] = (by_order, by_row, by_bytes, by_place)
