"""The terminal: what is typed goes in, what is said is printed as plain text, in order."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from bot.channels import Outgoing
from bot.channels.terminal import Terminal
from bot.commands.talk import converse, last_offered
from flows.messages import Line, Media, Message
from storage import models
from storage.database import Database
from storage.outbox import NewDelivery, put
from storage.participants import AddressKey
from tests.channels.little import Little

ROOT = Path(__file__).parent.parent.parent
PROGRAM = "from bot.commands import main; main()"


async def typed_lines(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


async def chat(database: Database, *lines: str, name: str = "marie", code: str | None = None) -> list[str]:
    """Type these lines one after the other; answers everything printed."""
    printed: list[str] = []
    who = AddressKey("terminal", "montaubry", name)
    terminal = Terminal(who, typed_lines(*lines), printed.append, "en", code, await last_offered(database, who))
    await converse(database, terminal, who, waits=False)
    return printed


async def test_a_poster_code_leads_straight_to_the_questions(house: Database) -> None:
    printed = await chat(house, "yes", code="PAIN22")
    assert printed[0].startswith("Hello. I am the robot of the town hall of Montaubry.\nI ask 4 questions.")
    assert printed[1].splitlines()[-4:] == [
        "1. Yes, begin",
        "2. Who reads my answers?",
        "3. No thank you",
        "4. Français",
    ]
    assert printed[-1].splitlines() == ["How do you come?", "1. On foot", "2. By bicycle", "3. By car"]


async def test_numbers_labels_and_words_all_answer(house: Database) -> None:
    printed = await chat(house, "1", "3", "12", "/skip", "SKIP", "Send", code="centre")
    assert "Noted: by car." in printed[-5]
    assert printed[-5].splitlines()[-1] == "[Back]"
    assert "Noted: 12." in printed[-4]
    assert printed[-1].splitlines()[0] == "It is sent. Thank you."
    async with house.read() as connection:
        fields = await connection.scalar(select(models.Contribution.fields))
    assert fields == {"how": "car", "far": 12, "why": None, "photo": None}


async def test_a_number_that_is_itself_an_answer_is_never_taken_for_a_choice(house: Database) -> None:
    printed = await chat(house, "1", "1", "1", code="centre")
    assert "Noted: 1." in printed[-1]


async def test_a_command_word_in_a_free_text_is_asked_about(house: Database) -> None:
    printed = await chat(house, "1", "1", "4", "go back", "2", code="centre")
    assert printed[-2].splitlines() == [
        "You wrote “go back”. Is it your answer?",
        "1. It is my answer",
        "2. Go back",
    ]
    assert "From how many kilometres?" in printed[-1]


async def test_a_label_that_stands_there_to_be_typed_is_meant_as_it_stands(house: Database) -> None:
    printed = await chat(house, "1", "1", "4", "back", code="centre")
    assert printed[-2].endswith("[Skip] [Back]")
    assert "From how many kilometres?" in printed[-1]


async def test_a_photo_is_told_to_be_sent_elsewhere(house: Database) -> None:
    printed = await chat(house, "1", "1", "4", "Les trottoirs", code="centre")
    assert "A photo cannot be sent here" in printed[-1]


async def test_a_document_is_told_to_be_sent_elsewhere_too() -> None:
    printed: list[str] = []
    terminal = Terminal(AddressKey("terminal", "m", "marie"), typed_lines(), printed.append)
    message = Message((Line("A photo or a plan?", "ask"),), wants="file")
    await terminal.send(Outgoing("1", "m", "marie", "en", message))
    [said] = printed
    assert said.endswith("A file cannot be sent here: send it from the chat page.")


@pytest.mark.parametrize(
    ("files", "shown"),
    [(None, "The square."), ("https://a.example/files/m/", "The square. https://a.example/files/m/abc")],
)
async def test_a_picture_is_described_and_found_at_its_address_where_that_is_known(
    files: str | None, shown: str
) -> None:
    printed: list[str] = []
    terminal = Terminal(AddressKey("terminal", "m", "marie"), typed_lines(), printed.append, files=files)
    message = Message((Line("Well?", "ask"),), media=Media("picture", "file:abc", "The square."))
    await terminal.send(Outgoing("1", "m", "marie", "en", message))
    assert printed == [f"Well?\n{shown}"]


async def test_a_talk_goes_on_where_it_was_and_its_numbers_still_count(house: Database) -> None:
    await chat(house, "1", code="centre")
    assert "Noted: by bicycle." in (await chat(house, "2"))[0]


async def test_another_terminal_does_not_take_what_is_for_this_one(house: Database) -> None:
    await chat(house, "1", code="centre")
    async with house.write() as connection:
        person = (await connection.execute(select(models.Participant.space_id, models.Participant.id))).one()
        now = datetime.now(UTC)
        await put(connection, [NewDelivery(*person, None, "relay", '{"l":[["say","Pour Marie."]]}', now)])
    assert "Pour Marie." not in "\n".join(await chat(house, "bonjour", name="paul"))
    assert (await chat(house))[0] == "Pour Marie."


async def test_two_people_talking_at_once_each_get_their_own_answers(house: Database) -> None:
    marie, paul = await asyncio.gather(
        chat(house, "1", "1", "4", "Des bancs", "/skip", "1", code="centre"),
        chat(house, "1", "2", "7", "Des arbres", "/skip", "1", name="paul", code="centre"),
    )
    assert "Noted: on foot." in "\n".join(marie)
    assert "Noted: by bicycle." in "\n".join(paul)
    assert marie[-1].startswith(paul[-1].splitlines()[0])
    async with house.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(models.Contribution)) == 2


async def test_what_was_set_aside_is_tried_again_while_somebody_talks(
    house: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_given: object) -> None:
        raise RuntimeError("a fault on purpose")

    await chat(house, "1", code="centre")
    with monkeypatch.context() as broken:
        broken.setattr(Little, "converse", fails)
        assert "I am trying again" in (await chat(house, "2"))[0]
    async with house.write() as connection:
        await connection.execute(update(models.Heard).values(retry_at=datetime.now(UTC)))
    assert "Noted: by bicycle." in (await chat(house))[0]


def run(tmp_path: Path, typed: str, *more: str) -> subprocess.CompletedProcess[str]:
    """`palabre talk` as people run it, on a database that is not there yet."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    command = [sys.executable, "-c", PROGRAM, "talk", "--as", "marie", "--database", url, *more]
    clean = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.run(command, input=typed, capture_output=True, text=True, env=clean, timeout=60, check=False)


def test_a_piped_talk_makes_its_database_and_its_space(tmp_path: Path) -> None:
    done = run(tmp_path, "hello\n1\n", "--space", "montaubry", "--language", "en")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("This is the robot of Montaubry.\n")
    assert "1. Help\n2. Language\n3. When to write to me\n4. Use another device\n5. My data\n\n" in done.stdout
    assert run(tmp_path, "hello\n").stdout in done.stdout


@pytest.mark.parametrize(
    ("space", "url", "code", "why"),
    [
        ("elsewhere", None, 2, "montaubry"),
        ("montaubry", "sqlite:////nowhere/at/all.db", 2, "there is no folder"),
        pytest.param("montaubry", "not a url", 2, "sqlite:///FILE", marks=pytest.mark.long),
        ("montaubry", "postgresql://nobody@127.0.0.1:1/nothing", 1, "The database cannot be used"),
    ],
)
def test_what_can_not_be_opened_is_said_in_one_line(
    tmp_path: Path, space: str, url: str | None, code: int, why: str
) -> None:
    if url is None:
        run(tmp_path, "", "--space", "montaubry")
    done = run(tmp_path, "bonjour\n", "--space", space, *(["--database", url] if url else []))
    assert done.returncode == code
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_bytes_that_are_no_text_are_no_trouble(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    command = [sys.executable, "-c", PROGRAM, "talk", "--as", "marie", "--database", url]
    clean = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, input=b"\xff\x00\xfe\n", capture_output=True, env=clean, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
