"""A town that votes, secretly or not, and everything that somebody can lay hands on once the vote is over."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import select, text, update

from bot import logging, sealing
from flows.answers import Choice, OneOf
from flows.conversation import Again, Ending, Talk
from flows.prompt import Prompt
from flows.texts import Joined
from storage import ballots
from storage.ballots import NewBallot
from storage.database import Database
from storage.models import Address, Base, Phase
from tests.acceptance.process import palabre
from tests.bot.town import STREET, Town, town

OAK, ASH = "zauberoak", "zauberash"
"""Words that nothing else holds: what is chosen, as its id and, with a capital, as its label."""
TREES = (Choice(OAK, OAK.title()), Choice(ASH, ASH.title()))
SURE = (Choice("yes", "Yes, cast it"), Choice("no", "No"))
AT_ONCE = 50

Row: TypeAlias = "Mapping[str, Any]"


async def vote(talk: Talk, *, secret: bool) -> Ending:
    """Choose, look at it once more, cast; whoever comes back votes anew."""
    phase = talk.scene.phase
    assert phase is not None
    chosen = await talk.ask("tree", Prompt("Which tree?", OneOf(TREES)), secret=secret, once=True)
    label = next((tree.label for tree in TREES if tree.id == chosen), "nothing")
    if await talk.choose("sure", Joined(("You chose ", label, ". Cast it?"), ""), SURE, once=True) == "no":
        return Again(("tree", "sure"))
    ballot = NewBallot(
        phase.space_id, phase.id, talk.person.id, "tree", str(chosen), talk.now, change=True, secret=secret
    )
    await talk.do("cast", ballots.cast, ballot)
    talk.say(Joined(("You voted for ", label, ". Thank you."), ""))
    return None


@dataclass
class Booth:
    """A town in which people vote. `truth` is what each of them chose last, in the order of their first choice."""

    house: Town
    truth: dict[str, str] = field(default_factory=dict)
    log: io.StringIO = field(default_factory=io.StringIO)

    async def choose(self, chosen: Mapping[str, str]) -> None:
        """These people come and choose; half of them tap, half of them type."""
        house = self.house
        fresh = [sender for sender in chosen if sender not in self.truth]
        again = [sender for sender in chosen if sender in self.truth]
        await house.keep(*(house.incoming(sender, code="centre") for sender in fresh))
        await house.keep(*(house.incoming(sender, "yes") for sender in fresh))
        await house.keep(*(house.incoming(sender, "/correct") for sender in again))
        self.truth |= chosen
        house.street.sent.clear()
        await house.deliver()
        offered = {item.sender: item.message.buttons for item in house.street.sent if item.message.buttons}
        said = []
        for number, (sender, tree) in enumerate(chosen.items()):
            tap = next(button.data for button in offered[sender] if button.label == tree.title())
            said.append(house.incoming(sender, tap=tap) if number % 2 else house.incoming(sender, f"{tree.title()}"))
        house.later(seconds=20)
        await house.keep(*said)
        await house.deliver()
        await house.keep(*(replace(one, key=f"{one.key}-again") for one in said if one.tap))  # pressed twice

    async def cast(self, chosen: Mapping[str, str]) -> None:
        """These people come, choose, and cast it."""
        await self.choose(chosen)
        self.house.later(seconds=20)
        await self.house.keep(*(self.house.incoming(sender, "yes, cast it") for sender in chosen))
        await self.house.deliver()

    async def everybody_votes(self, count: int, chance: random.Random) -> None:
        """So many vote; a tenth of them change their vote later; some never cast what they chose."""
        trees = [OAK, ASH] * (count // 2)
        chance.shuffle(trees)
        names = [f"voter-{number:04}" for number in range(count)]
        chance.shuffle(names)
        wanted = dict(zip(names, trees, strict=True))
        idle = idle_of(count)
        for start in range(0, count - idle, AT_ONCE):
            await self.cast({name: wanted[name] for name in names[start : min(start + AT_ONCE, count - idle)]})
        await self.choose({name: wanted[name] for name in names[count - idle :]})
        changing = chance.sample(names[: count - idle], count // 10)
        for start in range(0, len(changing), AT_ONCE):
            part = changing[start : start + AT_ONCE]
            await self.cast({name: chance.choice([OAK, ASH]) for name in part})

    async def close(self) -> None:
        """The phase is over, and the minute in which it is sealed has passed."""
        house = self.house
        async with house.database.write() as connection:
            await connection.execute(update(Phase).values(closes_at=house.later(minutes=1)))
        await sealing.seal(house.database, house.later(minutes=1))


def idle_of(count: int) -> int:
    """How many of so many never cast what they chose."""
    return max(20, count // 20)


@asynccontextmanager
async def booth(url: str, *, secret: bool, drawn: bool = False) -> AsyncIterator[Booth]:
    async with town(url, partial(vote, secret=secret), editable=True) as house:
        house.street.capabilities = replace(STREET, drawn=drawn)
        found = Booth(house)
        logging.configure("debug", "json", found.log)
        yield found


@dataclass(frozen=True)
class Evidence:
    """What somebody holds who wants to know who chose what. `voters` in the order in which they came, each with what
    leads to them: the ids of participant, address and conversations, in every way they may be written."""

    voters: Mapping[str, Sequence[bytes]]
    ids: Mapping[str, int]
    tables: Mapping[str, Sequence[Row]]
    raw: Mapping[str, bytes]


async def gather(where: Booth, folder: Path) -> Evidence:
    """The tables as they lie there, the files byte by byte, the log, and a backup made now."""
    database = where.house.database
    tables = {one.name: await _rows(database, one.name) for one in Base.metadata.sorted_tables}
    file = folder / "after.gz"
    url = database.url.render_as_string(hide_password=False)
    ended = await palabre("backup", str(file), "--database", url, folder=folder)
    assert ended.code == 0, ended.errors
    raw = {"log": where.log.getvalue().encode(), "backup": gzip.decompress(file.read_bytes())}
    raw |= _files(database) if database.sqlite else await _relations(database)
    async with database.read() as connection:
        found = await connection.execute(select(Address.sender, Address.participant_id))
        ids = {row.sender: row.participant_id for row in found}
    leads = {sender: [sender.encode()] for sender in where.truth}
    for sender in where.truth:
        mine = [row for row in tables["conversations"] if row["participant_id"] == ids[sender]]
        addresses = [row["id"] for row in tables["addresses"] if row["participant_id"] == ids[sender]]
        for number in (ids[sender], *addresses, *(row["id"] for row in mine)):
            leads[sender] += [str(number).encode(), number.to_bytes(8, "big"), number.to_bytes(8, "little")]
    return Evidence(leads, {sender: ids[sender] for sender in where.truth}, tables, raw)


async def _rows(database: Database, table: str) -> list[Row]:
    """In the order in which they lie there; PostgreSQL also tells where each lies and which transaction wrote it."""
    hidden = "" if database.sqlite else "ctid::text AS ctid, xmin::text::bigint AS xmin, "
    order = "" if database.sqlite else " ORDER BY ctid"
    async with database.read() as connection:
        found = await connection.execute(text(f"SELECT {hidden}* FROM {table}{order}"))
        return [dict(row) for row in found.mappings()]


def _files(database: Database) -> dict[str, bytes]:
    assert database.url.database is not None
    path = Path(database.url.database)
    return {file.name: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}


async def _relations(database: Database) -> dict[str, bytes]:
    """The files of every table and index, those of long texts too."""
    async with database.alone() as connection:
        await connection.execute(text("CHECKPOINT"))
        found = await connection.execute(
            text(
                "SELECT relname, pg_read_binary_file(pg_relation_filepath(oid)) FROM pg_class "
                "WHERE relkind IN ('r', 'i', 't') AND relnamespace IN "
                "(SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'pg_toast')) "
                "AND pg_relation_filepath(oid) IS NOT NULL"
            )
        )
        raw = {name: bytes(content) for name, content in found}
        samples = await connection.execute(text("SELECT * FROM pg_stats WHERE schemaname = 'public'"))
        return raw | {"samples": "\n".join(str(tuple(row)) for row in samples).encode()}
