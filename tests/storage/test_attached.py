"""What came along with a contribution, as its moderators see it: found wherever it was asked for, gone with it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import attached, erasure, files, models
from storage.attached import Asked, Attached
from storage.consultations import Phase
from storage.files import File
from storage.types import new_id
from tests.storage.test_files import NOW, PHOTO, PRIVATE, REFERENCE, make, send

PAPER = File(b"%PDF-1.7", "application/pdf")
FETCHED, LATE = "telegram:7000000001:AgACAgQAAxk_-1", "telegram:7000000001:AgACAgQAAxk_-2"


@pytest.fixture
async def phase(connection: AsyncConnection) -> Phase:
    _consultation, made = await make(connection, "montaubry", {})
    return made


async def give(connection: AsyncConnection, phase: Phase, fields: dict[str, Any], person: int | None = None) -> int:
    made = new_id()
    await connection.execute(
        insert(models.Contribution).values(
            space_id=phase.space_id, id=made, phase_id=phase.id, participant_id=person, key="idea", kind="idea",
            state="sent", text="Un banc", fields=fields, origin="web", created_at=NOW, updated_at=NOW,
        )
    )  # fmt: skip
    return made


async def sent(connection: AsyncConnection, phase: Phase, id_: int) -> list[Attached]:
    return (await attached.of(connection, phase.space_id, [id_])).get(id_, [])


async def opened(connection: AsyncConnection, phase: Phase, id_: int) -> list[File | None]:
    """What is read of each file that came with this."""
    return [
        await attached.read(connection, phase.space_id, id_, one.id or 0) for one in await sent(connection, phase, id_)
    ]


async def test_a_file_is_found_wherever_it_was_asked_for(connection: AsyncConnection, phase: Phase) -> None:
    paper = files.reference_of(PAPER.content)
    await files.put(connection, phase.space_id, paper, PAPER, NOW)
    await files.put(connection, phase.space_id, FETCHED, File(b"fetched", "image/jpeg"), NOW)
    idea = await give(
        connection,
        phase,
        {
            "details": None,
            "photo": {"photo": PRIVATE},
            "own": {"plan": {"document": paper}, "wish": "photo"},
            "look": {"photo": FETCHED},
        },
    )
    found = await sent(connection, phase, idea)
    assert sorted((one.kind, one.is_picture) for one in found) == [
        ("document", False),
        ("photo", True),
        ("photo", True),
    ]
    kept = await opened(connection, phase, idea)
    assert sorted(one.content for one in kept if one) == [PAPER.content, b"fetched", PHOTO.content]


async def test_a_photo_that_is_not_here_yet_is_told_all_the_same(connection: AsyncConnection, phase: Phase) -> None:
    idea = await give(connection, phase, {"photo": {"photo": LATE}})
    assert await sent(connection, phase, idea) == [Attached("photo", "photo", None)]


@pytest.mark.parametrize("said", ["bonjour", "file:1", "", None, 3, ["file:1"], {"photo": None}])
async def test_what_only_looks_like_a_photo_is_none(connection: AsyncConnection, phase: Phase, said: Any) -> None:
    assert await sent(connection, phase, await give(connection, phase, {"own": {"photo": said}})) == []


async def test_a_file_is_read_with_its_own_contribution_only(connection: AsyncConnection, phase: Phase) -> None:
    _elsewhere, other = await make(connection, "voisin", {})
    mine = await give(connection, phase, {"photo": {"photo": PRIVATE}})
    neighbour = await give(connection, phase, {"photo": {"photo": REFERENCE}})
    [photo], [square] = await sent(connection, phase, mine), await sent(connection, phase, neighbour)
    assert photo.id is not None
    assert square.id is not None
    assert await attached.read(connection, phase.space_id, mine, square.id) is None
    assert await attached.read(connection, other.space_id, mine, photo.id) is None
    assert await attached.read(connection, phase.space_id, new_id(), photo.id) is None


async def test_what_answers_a_question_is_given_the_newest_first(connection: AsyncConnection, phase: Phase) -> None:
    asked = Asked(phase.space_id, phase.id, "look")
    first, second, other, hidden = [
        await give(connection, phase, {"look": {"photo": PRIVATE}, "plan": {"photo": REFERENCE}}) for _ in range(4)
    ]
    for id_, question in ((first, "look"), (second, "look"), (other, "plan"), (hidden, "look")):
        await connection.execute(
            insert(models.Answer).values(
                space_id=phase.space_id, id=new_id(), phase_id=phase.id, contribution_id=id_, question=question,
                choice="given",
            )
        )  # fmt: skip
    await connection.execute(update(models.Contribution).where(models.Contribution.id == hidden).values(state="hidden"))
    found = await attached.given(connection, asked, 0, 10)
    assert [one.contribution_id for one in found] == [second, first]
    assert [[file.under for file in one.files] for one in found] == [["look"], ["look"]]
    assert [one.contribution_id for one in await attached.given(connection, asked, 1, 1)] == [first]
    assert [await attached.answers(connection, asked, id_) for id_ in (first, other, hidden)] == [True, False, False]


async def test_a_file_goes_with_what_is_withdrawn(connection: AsyncConnection, phase: Phase) -> None:
    idea = await give(connection, phase, {"photo": {"photo": PRIVATE}})
    [photo] = await sent(connection, phase, idea)
    await connection.execute(update(models.Contribution).values(state="withdrawn"))
    assert photo.id is not None
    assert await attached.read(connection, phase.space_id, idea, photo.id) is None


async def test_a_file_goes_with_whoever_sent_it(connection: AsyncConnection, phase: Phase) -> None:
    person = await send(connection, phase, PRIVATE)
    idea = await give(connection, phase, {"photo": {"photo": PRIVATE}}, person)
    [photo] = await sent(connection, phase, idea)
    await erasure.erase(connection, [(phase.space_id, person, NOW.isoformat())])
    assert photo.id is not None
    assert await sent(connection, phase, idea) == []
    assert await attached.read(connection, phase.space_id, idea, photo.id) is None
