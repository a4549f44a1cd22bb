"""Who may see a file: a photo its sender alone, what a prompt shows everybody; and how long files are kept."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import consultations, erasure, files, making, models, retention, spaces
from storage.consultations import Consultation, Phase
from storage.files import File
from storage.types import new_id

NOW = datetime(2027, 3, 10, 9, tzinfo=UTC)
SQUARE = File(b"the square", "image/png")
PHOTO = File(b"my street", "image/jpeg")
WORDS: dict[str, dict[str, str]] = {"title": {}, "topic": {}, "why": {}, "decides": {}, "does": {}}
REFERENCE, PRIVATE = files.reference_of(SQUARE.content), files.reference_of(PHOTO.content)


def showing(reference: str) -> dict[str, Any]:
    """A phase's settings with one question that shows this file."""
    media = {"kind": "picture", "address": reference, "description": {"fr": "La place"}}
    return {"questions": [{"id": "a", "kind": "yes_no", "text": {"fr": "A"}, "media": media}]}


async def make(connection: AsyncConnection, slug: str, settings: Mapping[str, Any]) -> tuple[Consultation, Phase]:
    """A draft in a space of its own."""
    space = await spaces.create(
        connection, slug=slug, name={"fr": slug}, languages=["fr"], zone="Europe/Paris", colour=None, contact={},
        privacy={}, now=NOW,
    )  # fmt: skip
    made = await consultations.create(
        connection, space.id, slug=slug, opens_at=None, closes_at=None, answer_on=None, now=NOW, **WORDS
    )
    for file in (SQUARE, PHOTO):
        await files.put(connection, space.id, files.reference_of(file.content), file, NOW)
    return made, await consultations.add_phase(connection, made, "questionnaire", settings)


async def send(connection: AsyncConnection, phase: Phase, reference: str) -> int:
    """Somebody sends this photo; their id."""
    person = new_id()
    await connection.execute(
        insert(models.Participant).values(
            space_id=phase.space_id, id=person, language="fr", groups=[], channel="web", created_at=NOW
        )
    )
    await connection.execute(
        insert(models.Heard).values(
            space_id=phase.space_id, id=new_id(), participant_id=person, channel="web", account="a", key=str(person),
            attached=reference, state="handled", tries=1, heard_at=NOW,
        )
    )  # fmt: skip
    return person


async def kept(connection: AsyncConnection) -> int:
    return (await connection.execute(select(func.count()).select_from(models.File))).scalar_one()


async def test_a_photo_is_seen_by_its_sender_alone(connection: AsyncConnection) -> None:
    made, phase = await make(connection, "centre", showing(REFERENCE))
    await consultations.open_now(connection, made, NOW)
    ada, bob = await send(connection, phase, PRIVATE), await send(connection, phase, REFERENCE)
    assert await files.sent_by(connection, made.space_id, ada, PRIVATE) == PHOTO
    assert await files.sent_by(connection, made.space_id, bob, PRIVATE) is None
    assert await files.shown(connection, made.space_id, PRIVATE) is None


async def test_what_a_prompt_shows_is_seen_by_everybody_of_its_space(connection: AsyncConnection) -> None:
    made, _phase = await make(connection, "centre", showing(REFERENCE))
    other, _phase = await make(connection, "elsewhere", {})
    for one in (made, other):
        await consultations.open_now(connection, one, NOW)
    assert await files.shown(connection, made.space_id, REFERENCE) == SQUARE
    assert await files.shown(connection, other.space_id, REFERENCE) is None
    await consultations.close_now(connection, made, NOW)
    assert await files.shown(connection, made.space_id, REFERENCE) == SQUARE  # talks of before still show it


async def test_what_a_draft_shows_is_seen_only_where_it_is_tried(connection: AsyncConnection) -> None:
    made, _phase = await make(connection, "centre", showing(REFERENCE))
    assert await files.shown(connection, made.space_id, REFERENCE) is None
    assert await files.shown(connection, made.space_id, REFERENCE, draft=made.id) == SQUARE
    assert await files.shown(connection, made.space_id, REFERENCE, draft=made.id + 1) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"questions": [{"id": "a", "text": {"fr": PRIVATE}}]},
        {"questions": [{"id": "a", "text": {"fr": f'"address": "{PRIVATE}"'}}]},
        {"questions": [{"id": "address", "choices": [{"id": "address", "label": {"fr": PRIVATE}}]}]},
        {"questions": [{"id": "a", "media": {"address": f"https://a.example/{PRIVATE}"}}]},
    ],
)
async def test_a_text_that_quotes_a_photo_opens_nothing(
    connection: AsyncConnection, settings: Mapping[str, Any]
) -> None:
    made, _phase = await make(connection, "centre", settings)
    await consultations.open_now(connection, made, NOW)
    assert await files.shown(connection, made.space_id, PRIVATE) is None


async def test_the_same_file_is_kept_once_a_space(connection: AsyncConnection) -> None:
    made, _phase = await make(connection, "centre", {})
    await files.put(connection, made.space_id, REFERENCE, File(b"written anew", "image/jpeg"), NOW)
    assert await kept(connection) == 2
    await make(connection, "elsewhere", {})
    assert await kept(connection) == 4


async def test_what_a_prompt_shows_outlives_whoever_sent_the_same(connection: AsyncConnection) -> None:
    _made, phase = await make(connection, "centre", showing(REFERENCE))
    ada, bob = await send(connection, phase, REFERENCE), await send(connection, phase, PRIVATE)
    await erasure.erase(connection, [(phase.space_id, ada, NOW.isoformat())])
    assert await kept(connection) == 2
    await erasure.erase(connection, [(phase.space_id, bob, NOW.isoformat())])
    assert await kept(connection) == 1


async def test_what_a_prompt_shows_outlives_the_texts_of_talks(connection: AsyncConnection) -> None:
    made, phase = await make(connection, "centre", showing(REFERENCE))
    await send(connection, phase, REFERENCE)
    years_later = NOW + timedelta(days=3000)
    await retention.forget(connection, texts_before=years_later, now=years_later)
    assert await files.shown(connection, made.space_id, REFERENCE, draft=made.id) == SQUARE


async def test_what_is_not_shown_any_more_is_removed(connection: AsyncConnection) -> None:
    made, phase = await make(connection, "centre", showing(REFERENCE))
    await making.change(connection, phase, settings=showing(REFERENCE))
    assert await kept(connection) == 2
    await making.change(connection, phase, settings={"questions": []})
    assert await kept(connection) == 1
    assert await files.shown(connection, made.space_id, REFERENCE, draft=made.id) is None
