"""Similar texts: how long finding them takes among this many, as in a batch of reception."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from math import sqrt
from typing import Any

from sqlalchemy import insert
from sqlalchemy.schema import CreateIndex, DropIndex

from bot.bench.town import Town, questionnaire, town
from storage.clock import utc_now
from storage.models import Contribution, Term
from storage.prepared import Prepared
from storage.similar import WHOLE, Asked, similar
from storage.types import new_id
from storage.words import stems

ASKED = 100
LENGTH = 12
"""Words of a text that say something, about. Longer ones are asked with in docs/decisions/similar-texts.md."""
COMMONEST = 0.2
"""The share of texts that hold the commonest word; the n-th holds the n-th part of it to the power of 0.6."""
SEED = 1
SYLLABLES = ("ba", "cho", "dru", "fi", "gra", "lo", "mu", "ni", "pla", "vo")


@dataclass
class Shelf:
    """A town whose phase holds texts, and texts to ask with."""

    town: Town
    asked: Sequence[str]

    async def p95_ms(self) -> float:
        """The slowest but five of a hundred lookups, each in a short transaction of its own."""
        took = []
        for text in self.asked:
            async with self.town.database.write(short=True) as connection:
                began = time.perf_counter()
                await similar(connection, [Asked(self.town.space_id, self.town.phase_id, text, "fr")])
                took.append(time.perf_counter() - began)
        return sorted(took)[-ASKED // 20] * 1000


@asynccontextmanager
async def shelf(texts: int) -> AsyncIterator[Shelf]:
    """This many texts, written straight into their tables in the order of the key: the verb takes half a minute."""
    chance = random.Random(SEED)
    async with town(0, questionnaire(1)) as built:
        ids = [new_id() for _ in range(texts)]
        shares = list(_shares())
        async with built.database.write() as connection:
            await _CONTRIBUTIONS.write(connection, [_contribution(built, id_) for id_ in ids])
            [by_text] = Term.metadata.tables["terms"].indexes
            await connection.execute(DropIndex(by_text))
            for word, share in shares:
                holding = sorted(chance.sample(ids, max(1, round(texts * share))))
                await _TERMS.write(connection, [(built.space_id, built.phase_id, word, id_, WEIGHT) for id_ in holding])
            await connection.execute(CreateIndex(by_text))
        words, weights = zip(*shares, strict=True)
        yield Shelf(built, [" ".join(chance.choices(words, weights, k=LENGTH)) for _ in range(ASKED)])


def _shares() -> Iterator[tuple[str, float]]:
    """Made-up stems in the order of the alphabet, each with the share of texts that hold it, until a text is long
    enough."""
    length, shares = 0.0, []
    for number in count():
        share = COMMONEST / (number + 1) ** 0.6
        length += share
        if length > LENGTH:
            break
        shares.append(share)
    yield from zip(sorted(_made_up(len(shares))), random.Random(SEED).sample(shares, len(shares)), strict=True)


def _made_up(many: int) -> list[str]:
    """So many words that are their own stems."""
    found: list[str] = []
    for number in count(1_000):
        word = "".join(SYLLABLES[int(digit)] for digit in str(number)) + "t"
        if len(found) == many:
            break
        if list(stems(word, "fr")) == [word]:
            found.append(word)
    return found


WEIGHT = round(WHOLE / sqrt(LENGTH))
_TERMS = Prepared(insert(Term), "space_id", "phase_id", "stem", "contribution_id", "weight")
_COLUMNS = ("space_id", "id", "phase_id", "key", "kind", "state", "folded", "fields", "origin")
_CONTRIBUTIONS = Prepared(insert(Contribution), *_COLUMNS, "created_at", "updated_at")


def _contribution(built: Town, id_: int) -> tuple[Any, ...]:
    now = utc_now()
    return built.space_id, id_, built.phase_id, "idea", "idea", "sent", None, {}, "bench", now, now
