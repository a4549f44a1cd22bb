"""How a conversation is drawn where the town has written first, and that it was seen there."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy import insert, select

from admin_web import talks
from admin_web.chat import COOKIE, digest
from flows.messages import Button, Line, Message
from storage.database import Database
from storage.history import Entry
from storage.models import Address, Delivery, Participant
from storage.types import new_id
from tests.admin_web.conftest import Town

FOLDERS = talks.Folders("", "", "")
AT = datetime(2027, 3, 10, 9, tzinfo=UTC)
ASKED = Message((Line("How?", "ask"),), (Button("On foot", "7:way:foot"), Button("By car", "7:way:car")))
WRITTEN = Message((Line("The vote is open."),), (Button("Vote", ">phase:3:9"),))


def drawn(*entries: Message | str) -> list[str]:
    """What is offered under these messages of ours, and taps of theirs."""
    told = [
        Entry(number, AT, tap=one) if isinstance(one, str) else Entry(number, AT, body=one.pack())
        for number, one in enumerate(entries, 1)
    ]
    return [button.label for button in talks.draw(told, ZoneInfo("UTC"), "en", FOLDERS).prompt.buttons]


def test_what_the_town_writes_first_takes_no_choice_away() -> None:
    assert drawn(ASKED, WRITTEN) == ["On foot", "By car", "Vote"]


def test_its_button_stays_until_it_is_pressed() -> None:
    assert drawn(WRITTEN, ASKED) == ["On foot", "By car", "Vote"]
    assert drawn(WRITTEN, ASKED, "7:way:foot") == ["Vote"]
    assert drawn(ASKED, WRITTEN, ">phase:3:9") == []


async def test_whoever_opens_the_page_has_seen_it(town: Town, client: httpx.AsyncClient, database: Database) -> None:
    token = "t" * 43
    person, address = new_id(), new_id()
    known = {"space_id": town.space.id, "created_at": town.now, "channel": "web"}
    sent = {"kind": "broadcast", "state": "sent", "tries": 1, "due_at": town.now, "made_at": town.now}
    async with database.write() as connection:
        await connection.execute(insert(Participant).values(**known, id=person, groups=[], language="fr"))
        mine = {"id": address, "participant_id": person, "account": "montaubry", "sender": digest(token)}
        await connection.execute(insert(Address).values(**known, **mine))
        theirs = {"space_id": town.space.id, "participant_id": person, "address_id": address, "body": WRITTEN.pack()}
        for cause in ("broadcast:1", None):
            await connection.execute(insert(Delivery).values(id=new_id(), **theirs, **sent, cause=cause, lane="web:m"))
    client.cookies.set(COOKIE, token)
    for _time in range(2):
        assert "The vote is open." in (await client.get("/c/centre-ville")).text
    async with database.read() as connection:
        seen = (await connection.execute(select(Delivery.seen_at).order_by(Delivery.id))).scalars()
    assert list(seen) == [town.now, None]
