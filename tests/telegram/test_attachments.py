"""The bytes of a photo are fetched once its message is kept, cleaned, and kept under the platform's reference."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from bot.attachments import AGAIN_AFTER, GIVEN_UP_AFTER, Attachments
from bot.channels.telegram import failing_as_agreed
from bot.reception import Reception
from bot.telegram.api import Away, NoAnswer, TooFast, Wrong, WrongKey
from bot.telegram.writing import CAPABILITIES
from flows.messages import Attachment, Incoming
from flows.pictures import LARGEST
from storage import erasure, files, inbox, models, unfetched
from storage.database import Database
from storage.files import File
from storage.inbox import MessageKey, Note
from storage.types import new_id
from tests.channels.little import build_town
from tests.tables import make_tables
from tests.telegram.drivers import AIOGRAM, PTB
from tests.telegram.fakes import ACCOUNT, Now
from tests.telegram.served import ROADS, carried, set_up
from tests.telegram_api import Platform

SPACE, PERSON = 1, 7
PDF = b"%PDF-1.7 zaubernuss"
REFERENCE = f"telegram:{ACCOUNT}:AgACAgQAAxk_-1"


def picture() -> bytes:
    """A JPEG that says where it was taken."""
    jpeg, told = io.BytesIO(), Image.Exif()
    told[0x010E] = "zaubernuss"
    Image.new("RGB", (200, 100), "green").save(jpeg, "JPEG", exif=told)
    return jpeg.getvalue()


@dataclass
class Bench:
    """Photos over a database; downloads answer `says` one by one, then the picture."""

    database: Database
    clock: Now = field(default_factory=Now)
    says: list[Any] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.attachments = Attachments(self.database, "telegram", self.download, self.clock)

    async def download(self, account: str, file_id: str, most: int) -> bytes:
        self.asked.append((account, file_id))
        said = self.says.pop(0) if self.says else picture()
        with failing_as_agreed():
            if isinstance(said, Exception):
                raise said
        assert isinstance(said, bytes)
        return said

    async def comes(self, key: str = "1", reference: str = REFERENCE) -> None:
        """A photo is noted in the inbox, and its message told to be kept."""
        message = MessageKey("telegram", ACCOUNT, key)
        async with self.database.write() as connection:
            noted = Note(new_id(), SPACE, PERSON, message, self.clock(), attached=reference)
            await inbox.note(connection, [noted])
        self.attachments.heard([Incoming("telegram", ACCOUNT, "11", key, self.clock(), attached=Attachment(reference))])

    async def kept(self) -> list[tuple[str, bytes]]:
        async with self.database.read() as connection:
            rows = await connection.execute(select(models.File.digest, models.File.content))
        return [(digest, content) for digest, content in rows]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    async with database.write() as connection:
        await make_tables(connection)
    yield Bench(database)
    await database.close()


async def test_a_photo_is_fetched_cleaned_and_kept_for_whoever_sent_it(bench: Bench) -> None:
    await bench.comes()
    await bench.attachments.fetch()
    assert bench.asked == [(ACCOUNT, "AgACAgQAAxk_-1")]
    async with bench.database.read() as connection:
        found = await files.sent_by(connection, SPACE, PERSON, REFERENCE)
        nobody_else = await files.sent_by(connection, SPACE, 8, REFERENCE)
    assert found is not None
    assert nobody_else is None
    assert found.media_type == "image/jpeg"
    assert b"zaubernuss" not in found.content


async def test_a_document_is_kept_as_it_came(bench: Bench) -> None:
    bench.says = [PDF]
    await bench.comes()
    await bench.attachments.fetch()
    async with bench.database.read() as connection:
        found = await files.sent_by(connection, SPACE, PERSON, REFERENCE)
    assert found == File(PDF, "application/pdf")


async def test_a_document_goes_with_whoever_sent_it(bench: Bench) -> None:
    bench.says = [PDF]
    await bench.comes()
    await bench.attachments.fetch()
    async with bench.database.write() as connection:
        await erasure.erase(connection, [(SPACE, PERSON, bench.clock().isoformat())])
    assert await bench.kept() == []


async def test_a_photo_that_comes_twice_is_fetched_once(bench: Bench) -> None:
    await bench.comes()
    await bench.attachments.fetch()
    bench.attachments.heard([Incoming("telegram", ACCOUNT, "11", "1", bench.clock(), attached=Attachment(REFERENCE))])
    await bench.attachments.fetch()
    assert len(bench.asked) == 1


async def test_a_message_without_a_photo_asks_for_nothing(bench: Bench) -> None:
    bench.attachments.heard([Incoming("telegram", ACCOUNT, "11", "1", bench.clock(), text="bonjour")])
    await bench.attachments.fetch()
    assert bench.asked == []


@pytest.mark.parametrize("trouble", [Away("502"), NoAnswer("timeout"), WrongKey("Unauthorized")])
async def test_a_photo_that_can_not_be_had_just_now_is_tried_again(bench: Bench, trouble: Exception) -> None:
    bench.says = [trouble]
    await bench.comes()
    await bench.attachments.fetch()
    await bench.attachments.fetch()
    assert len(bench.asked) == 1
    bench.clock.now += AGAIN_AFTER
    await bench.attachments.fetch()
    assert len(await bench.kept()) == 1


async def test_the_platform_is_left_alone_for_as_long_as_it_asks(bench: Bench) -> None:
    bench.says = [TooFast("Too Many Requests", timedelta(hours=2))]
    await bench.comes()
    await bench.attachments.fetch()
    bench.clock.now += timedelta(hours=1)
    await bench.attachments.fetch()
    assert len(bench.asked) == 1


@pytest.mark.parametrize(
    "said",
    [Wrong("Bad Request: file is too big"), b"no picture", b"PK no document", PDF + b"0" * LARGEST],
    ids=["refused", "no picture", "no document", "heavy"],
)
async def test_what_will_never_be_a_photo_or_a_document_is_given_up(
    bench: Bench, said: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.says = [said]
    await bench.comes()
    await bench.attachments.fetch()
    bench.clock.now += AGAIN_AFTER
    await bench.attachments.fetch()
    assert len(bench.asked) == 1
    assert "an attachment could not be had" in capsys.readouterr().out


async def test_after_a_day_it_is_given_up(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.says = [Away("502")] * 2
    await bench.comes()
    await bench.attachments.fetch()
    bench.clock.now += GIVEN_UP_AFTER
    await bench.attachments.fetch()
    assert "an attachment could not be had" in capsys.readouterr().out
    bench.clock.now += AGAIN_AFTER
    await bench.attachments.fetch()
    assert len(bench.asked) == 2


async def test_after_a_restart_what_is_left_of_the_last_day_is_fetched(bench: Bench) -> None:
    await bench.comes("1", f"{REFERENCE}old")
    bench.clock.now += GIVEN_UP_AFTER + AGAIN_AFTER
    await bench.comes("2")
    await bench.comes("3", "file:" + "a" * 64)
    again = Bench(bench.database, bench.clock)
    await again.attachments.remember()
    await again.attachments.fetch()
    assert again.asked == [(ACCOUNT, "AgACAgQAAxk_-1")]


async def test_nothing_is_kept_of_somebody_who_was_erased_meanwhile(bench: Bench) -> None:
    await bench.comes()

    async def erased(account: str, file_id: str, most: int) -> bytes:
        async with bench.database.write() as connection:
            await connection.execute(update(models.Heard).values(attached=None, participant_id=None))
        return picture()

    bench.attachments.download = erased
    await bench.attachments.fetch()
    assert await bench.kept() == []


async def test_a_photo_goes_with_whoever_sent_it(bench: Bench) -> None:
    await bench.comes()
    await bench.attachments.fetch()
    async with bench.database.write() as connection:
        await erasure.erase(connection, [(SPACE, PERSON, bench.clock().isoformat())])
    assert await bench.kept() == []


@pytest.mark.parametrize(("road", "driver"), [*((road, AIOGRAM) for road in ROADS), ("polling", PTB)])
async def test_a_photo_sent_on_telegram_is_here_a_moment_later(
    road: str, driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = Platform()
    bot = platform.bot("Montaubry")
    database = Database(f"sqlite:///{tmp_path}/palabre.db")
    await build_town(database)
    await set_up(database, bot)
    reception = Reception(database, {"telegram": CAPABILITIES})
    fetched, keep = asyncio.Event(), unfetched.keep

    async def kept(*given: Any) -> None:
        await keep(*given)
        fetched.set()

    async def receive(*incoming: Incoming) -> None:
        await reception.keep(incoming)

    monkeypatch.setattr(unfetched, "keep", kept)
    async with carried(database, platform, road, receive, driver=driver):
        platform.resident(bot, "Marie").sends_photo(picture())
        await asyncio.wait_for(fetched.wait(), 60)
    [(name, content)] = await Bench(database).kept()
    assert name.startswith(f"telegram:{bot.id}:")
    assert Image.open(io.BytesIO(content)).format == "JPEG"
    await database.close()
