"""What went wrong, of one space."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import failures
from storage.models import Address, Delivery, Heard, Participant
from storage.types import new_id

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)


async def test_both_ways_are_listed_the_newest_first(connection: AsyncConnection) -> None:
    person = new_id()
    await connection.execute(
        insert(Participant).values(space_id=1, id=person, language="fr", groups=[], channel="web", created_at=NOW)
    )
    for hours, state in enumerate(("failed", "held", "sent", "waiting")):
        at = NOW + timedelta(hours=hours)
        await connection.execute(
            insert(Delivery).values(
                space_id=1, id=new_id(), participant_id=person, kind="reply", body="", state=state, tries=1,
                due_at=at, made_at=at,
            )
        )  # fmt: skip
    for space_id, state in ((1, "dead"), (1, "handled"), (2, "dead")):
        await connection.execute(
            insert(Heard).values(
                id=new_id(), space_id=space_id, channel="web", account="a", key=f"{space_id}{state}", state=state,
                tries=3, error="ValueError", heard_at=NOW + timedelta(minutes=30),
            )
        )  # fmt: skip
    found = await failures.listed(connection, 1, 10)
    assert [(one.state, one.channel, one.kind) for one in found] == [
        ("held", None, "reply"),
        ("dead", "web", None),
        ("failed", None, "reply"),
    ]
    assert await failures.count(connection, 1) == 3
    assert len(await failures.listed(connection, 1, 2)) == 2


async def test_who_left_is_counted_by_channel_and_is_no_failure(connection: AsyncConnection) -> None:
    person = {"space_id": 1, "language": "fr", "groups": [], "channel": "telegram", "created_at": NOW}
    for space_id, sender, why in ((1, "a", "blocked"), (1, "b", "gone"), (1, "c", None), (2, "d", "gone")):
        at, id_ = new_id(), new_id()
        await connection.execute(insert(Participant).values(**{**person, "space_id": space_id}, id=id_))
        await connection.execute(
            insert(Address).values(
                space_id=space_id, id=at, participant_id=id_, channel="telegram", account="70", sender=sender,
                unreachable=why, created_at=NOW,
            )
        )  # fmt: skip
        await connection.execute(
            insert(Delivery).values(
                space_id=space_id, id=new_id(), participant_id=id_, kind="reply", body="", state="failed", tries=1,
                error=why or "Bad Request", address_id=at, due_at=NOW, made_at=NOW,
            )
        )  # fmt: skip
    assert await failures.left(connection, 1) == {"telegram": 2}
    assert await failures.left(connection, 3) == {}
    assert [one.error for one in await failures.listed(connection, 1, 10)] == ["Bad Request"]
    assert await failures.count(connection, 1) == 1
