"""The log tells what the house does, and nothing about anybody."""

from __future__ import annotations

import ast
import io
import logging as standard
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from bot import logging
from flows.questionnaires.file import read_file
from flows.texts import Said
from storage.database import Database
from storage.migrating import migrate
from storage.models import Attempt
from tests.acceptance.town import Town, opened

ROOT = Path(__file__).parent.parent.parent
SECRETS = ("Anaïs Zwicky", "anais@montaubry.example", "rue des Écoles", "33612345678")
FILE = """\
consultation: centre-ville
languages: [fr]
title: Le centre-ville
topic: sur le centre-ville
why: Vos réponses comptent.
questions:
  - {id: name, kind: short_text, text: Votre nom}
  - {id: mail, kind: email, text: Votre adresse}
  - {id: idea, kind: long_text, text: Votre idée}
"""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, from `debug` on, as JSON lines."""
    root = standard.getLogger()
    before = root.handlers[:], root.level
    structured = structlog.get_config()
    written = io.StringIO()
    logging.configure("debug", "json", written)
    yield written
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.configure(**structured)


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [orjson.loads(line) for line in log.getvalue().splitlines()]


async def test_a_whole_talk_leaves_no_word_and_no_address_in_the_log(
    log: io.StringIO, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, mail, idea, sender = SECRETS
    async with opened(f"sqlite:///{tmp_path}/a.db", read_file(FILE).draft) as town:
        await talk(town, sender, name, mail, idea)
        break_everything(monkeypatch)
        await town.hear(sender, "web", text=f"correct {idea}")
    found = log.getvalue()
    assert "message set aside" in found
    assert not [secret for secret in (*SECRETS, "Zwicky", "Écoles") if secret in found]


async def talk(town: Town, sender: str, *answers: str) -> None:
    await town.hear(sender, "web", code="centre-ville")
    agree = town.doors["web"].shown[sender][-1].buttons[0]
    await town.hear(sender, "web", tap=agree.data)
    for answer in answers:
        await town.hear(sender, "web", text=answer)


def break_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow that raises quotes what it was handed, as Python's own errors do."""

    def broken(text: Said, *_given: object) -> str:
        raise KeyError(SECRETS[0], text)

    monkeypatch.setattr("flows.composing.translate", broken)


async def test_an_error_of_the_database_does_not_quote_the_row(log: io.StringIO, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db")
    await migrate(database)
    row = {"id": 1, "subject": SECRETS[1], "at": datetime.now(UTC)}
    with pytest.raises(IntegrityError) as twice:
        async with database.write() as connection:
            await connection.execute(insert(Attempt), [row, row])
    await database.close()
    assert SECRETS[1] not in str(twice.value)  # hide_parameters: nor where we do not log it
    structlog.get_logger("bot.test").error("not kept", exc_info=twice.value)
    [line] = lines(log)
    assert line["error"] == "IntegrityError from IntegrityError"
    assert "storage/one_hop.py" in str(line["where"])
    assert SECRETS[1] not in log.getvalue()


def test_only_fields_that_are_named_pass(log: io.StringIO) -> None:
    structlog.get_logger("bot.test").info("heard", message=12, channel="web", text=SECRETS[0], sender=SECRETS[3])
    [line] = lines(log)
    assert (line["event"], line["message"], line["channel"]) == ("heard", 12, "web")
    assert line["where"] == ["(not logged: sender, text)"]


def test_of_other_libraries_only_the_sentence_is_taken(log: io.StringIO) -> None:
    standard.getLogger("aiogram").warning("could not reach %s", SECRETS[3])
    standard.getLogger("aiogram").info("this is for their authors")
    [line] = lines(log)
    assert (line["event"], line["logger"], line["level"]) == ("could not reach %s", "aiogram", "warning")


def test_a_level_is_kept_to_and_people_get_lines(log: io.StringIO) -> None:
    logging.configure("warning", "console", log)
    structlog.get_logger("bot.test").info("small")
    structlog.get_logger("bot.test").warning("large", channel="web")
    assert "small" not in log.getvalue()
    assert "large" in log.getvalue()
    assert "channel=web" in log.getvalue()


def fields_logged() -> Iterator[tuple[str, str]]:
    """Each place of ours that logs, and each field it names."""
    for file in [file for room in logging.ROOMS for file in sorted((ROOT / room).rglob("*.py"))]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="log")), keywords=fields):
                    yield from ((f"{file.relative_to(ROOT)}:{node.lineno}", str(field.arg)) for field in fields)


def test_every_field_that_is_logged_was_thought_about() -> None:
    unknown = [where for where in fields_logged() if where[1] not in logging.ALLOWED | {"exc_info"}]
    assert not unknown, "Add the field to bot/logging.py if it can hold nothing about a person, or don't log it"
