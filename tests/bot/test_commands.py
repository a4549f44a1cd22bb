"""The command line says what it does, and what to do when it can't."""

from __future__ import annotations

import inspect
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from importlib import import_module
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
import time_machine
from sqlalchemy.exc import DBAPIError

from bot.commands import COMMANDS
from bot.commands.common import cure
from tests.bot.command_line import Palabre

ROOT = Path(__file__).parent.parent.parent
FILE = """\
consultation: centre-ville
languages: [fr]
title: Le centre-ville
topic: sur le centre-ville
why: Vos réponses comptent.
closes: 2099-03-19 20:00
questions:
  - id: visits
    kind: one_of
    text: Venez-vous souvent ?
    choices: {daily: Tous les jours, rarely: Rarement}
  - id: change
    kind: long_text
    text: Que changer ?
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, with one questionnaire, and no setting from outside."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "town.yaml").write_text(FILE)
    return tmp_path


# -- help -------------------------------------------------------------------------------------------------------------


def test_help_names_every_command_and_imports_none() -> None:
    program = (
        "import sys\nsys.argv = ['palabre', '--help']\nfrom bot.commands import main\n"
        "try:\n    main()\nexcept SystemExit:\n"
        "    print([name for name in ('sqlalchemy', 'pydantic', 'starlette', 'structlog') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in COMMANDS)
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_of_itself_what_the_list_says(name: str) -> None:
    plain = "import_" if name == "import" else name
    function = getattr(import_module(f"bot.commands.{plain}"), plain)
    assert (inspect.getdoc(function) or "").split("\n")[0] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_helps(name: str, palabre: Palabre) -> None:
    ended = palabre(name, "--help")
    assert ended.code == 0
    assert f"Usage: palabre {name}" in ended.output


def test_an_unknown_command_is_a_mistake(palabre: Palabre) -> None:
    assert palabre("migrat").code == 2


# -- settings ---------------------------------------------------------------------------------------------------------


def test_a_setting_that_is_wrong_is_named_and_its_value_is_not(
    palabre: Palabre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALABRE_DATABASE_URL", "mysql://me:sesame@host/name")
    ended = palabre("migrate")
    assert ended.code == 2
    assert ended.errors == "palabre: database_url: write sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME\n"


def test_what_was_not_foreseen_is_one_sentence_unless_debugged(
    palabre: Palabre, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError("Anaïs said: plus de bancs")

    monkeypatch.setattr("storage.migrating.migrate", broken)
    ended = palabre("migrate", "--database", "sqlite:///a.db")
    assert ended.code == 1
    assert ended.errors == (
        "palabre: this failed (RuntimeError). Put --debug before the command to see where: palabre --debug ...\n"
    )


def test_a_database_that_does_not_answer_is_one_sentence(palabre: Palabre) -> None:
    ended = palabre("migrate", "--database", "postgresql://me:sesame@127.0.0.1:1/nothing")
    assert ended.code == 1
    assert ended.errors.startswith("palabre: The database cannot be used: connection failed: ")
    assert ended.errors.count("\n") == 1
    assert "sesame" not in ended.errors


def test_a_folder_that_is_not_there_is_named(palabre: Palabre, here: Path) -> None:
    ended = palabre("migrate", "--database", "sqlite:///nowhere/a.db")
    assert ended.code == 2
    assert ended.errors == f"palabre: there is no folder {here}/nowhere for the database.\n"


UNUSABLE = [
    ("folder", "unable to open database file", "It has to be a file that the user who runs Palabre may write, in a "),
    ("town.yaml", "file is not a database", "It is some other file; name the one of the database."),
]


@pytest.mark.parametrize("command", [["migrate"], ["run", "--port", "0"], ["talk", "--as", "x"], ["export", "a"]])
@pytest.mark.parametrize(("name", "why", "todo"), UNUSABLE)
def test_a_file_that_cannot_be_opened_is_named_and_what_to_do(
    name: str, why: str, todo: str, command: list[str], palabre: Palabre, here: Path
) -> None:
    (here / "folder").mkdir()
    ended = palabre(*command, "--database", f"sqlite:///{name}")
    assert ended.code == 2
    assert ended.errors.startswith(f"palabre: {here}/{name} cannot be used ({why}). {todo}")
    assert ended.errors.count("\n") == 1
    assert f"({why}). {todo}" in palabre("check", "--database", f"sqlite:///{name}").output


def test_a_file_that_may_only_be_read_is_one_that_cannot_be_used(here: Path) -> None:
    sqlite3.connect(here / "a.db").close()
    with (
        closing(sqlite3.connect(f"file:{here}/a.db?mode=ro", uri=True)) as connection,
        pytest.raises(sqlite3.OperationalError) as refused,
    ):
        connection.execute("CREATE TABLE a (b)")
    assert "may write" in str(cure(DBAPIError("", (), refused.value)))


@pytest.mark.parametrize("command", [["backup", "b.gz"], ["export", "centre-ville"]])
def test_what_only_reads_makes_no_database(command: list[str], palabre: Palabre, here: Path) -> None:
    ended = palabre(*command, "--database", "sqlite:///mistyped.db")
    assert ended.code == 2
    assert "there is no database mistyped.db" in ended.errors
    assert not (here / "mistyped.db").exists()


# -- import -----------------------------------------------------------------------------------------------------------


def test_a_file_is_brought_into_an_empty_database(palabre: Palabre) -> None:
    ended = palabre("import", "town.yaml", "--space", "montaubry", "--name", "Montaubry", "--open")
    assert ended.code == 0, ended.errors
    assert ended.output == (
        "centre-ville is there now in montaubry: 2 questions, open.\n"
        "Once the house runs, residents answer at http://127.0.0.1:8000/c/centre-ville\n"
    )


def test_without_a_space_the_only_one_is_taken(palabre: Palabre) -> None:
    assert "in palabre: 2 questions, draft" in palabre("import", "town.yaml").output
    assert palabre("import", "town.yaml").output.startswith("centre-ville is there already, word for word in palabre")


def test_a_space_is_not_made_by_a_slip_of_the_pen(palabre: Palabre) -> None:
    palabre("import", "town.yaml", "--space", "montaubry")
    ended = palabre("import", "town.yaml", "--space", "montabry")
    assert ended.code == 2
    assert ended.errors == (
        "palabre: there is no space montabry; name one of montaubry with --space, or give a new one its --name.\n"
    )
    assert palabre("import", "town.yaml", "--space", "voisin", "--name", "Le voisin").code == 0
    assert "there are several spaces; name one of montaubry, voisin" in palabre("import", "town.yaml").errors


def test_everything_that_is_wrong_is_said_with_its_line(palabre: Palabre, here: Path) -> None:
    (here / "town.yaml").write_text(FILE.replace("one_of", "one_off").replace("closes: 2099-03-19", "closes: soon"))
    ended = palabre("import", "town.yaml")
    assert ended.code == 2
    lines = ended.errors.splitlines()
    assert lines[0].startswith("town.yaml, line 6: ")
    assert lines[1].startswith("town.yaml, line 9, question visits: ")
    assert lines[-1] == "palabre: nothing was imported: 2 mistakes in town.yaml."
    assert not (here / "palabre.db").exists()


def test_a_file_that_is_not_there_is_named(palabre: Palabre) -> None:
    assert palabre("import", "twon.yaml").errors == "palabre: twon.yaml cannot be read: No such file or directory.\n"


def test_a_draft_is_replaced_whole(palabre: Palabre, here: Path) -> None:
    palabre("import", "town.yaml")
    (here / "town.yaml").write_text(FILE.replace("rarely: Rarement", "rarely: Rarement, never: Jamais"))
    assert palabre("import", "town.yaml", "--open").output.startswith("centre-ville was replaced in palabre")


def begin(here: Path) -> None:
    """Somebody begins to answer."""
    connection = sqlite3.connect(here / "palabre.db")
    with connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(
            "INSERT INTO conversations (space_id, id, participant_id, phase_id, kind, state, journal, channel,"
            " begun_at, heard_at) SELECT space_id, 1, 1, id, kind, 'open', '{}', 'web', 0, 0 FROM phases"
        )
    connection.close()


def test_once_people_answer_only_words_may_change(palabre: Palabre, here: Path) -> None:
    palabre("import", "town.yaml", "--open")
    begin(here)
    (here / "town.yaml").write_text(FILE.replace("Que changer", "Que faut-il changer"))
    assert palabre("import", "town.yaml").output.startswith("centre-ville has its new words in palabre")
    (here / "town.yaml").write_text(FILE.replace("rarely:", "seldom:"))
    ended = palabre("import", "town.yaml")
    assert ended.code == 2
    assert ended.errors == (
        "palabre: people have begun to answer centre-ville, so only its words may change now, "
        "and question visits changes more than that.\n"
    )


def test_an_organiser_gets_a_password_for_one_time(palabre: Palabre) -> None:
    ended = palabre("import", "town.yaml", "--organiser", "Claire@montaubry.example")
    assert "Claire@montaubry.example signs in with the one-time password " in ended.output
    again = palabre("import", "town.yaml", "--organiser", "claire@montaubry.example")
    assert again.output.endswith("claire@montaubry.example works in the panel already.\n")


def test_a_time_zone_that_does_not_exist_is_named(palabre: Palabre) -> None:
    assert (
        "there is no time zone Europe/Montaubry" in palabre("import", "town.yaml", "--zone", "Europe/Montaubry").errors
    )


# -- export -----------------------------------------------------------------------------------------------------------


def test_responses_are_written_in_every_format(palabre: Palabre, here: Path) -> None:
    palabre("import", "town.yaml", "--open")
    assert palabre("export", "centre-ville").output.lstrip("\ufeff").startswith("Numéro,Jour,")
    semicolons = palabre("export", "centre-ville", "--separator", "semicolon", "--language", "en").output
    assert semicolons.lstrip("\ufeff").startswith("Number;Day;")
    assert json.loads(palabre("export", "centre-ville", "--format", "json").output) == []
    assert palabre("export", "centre-ville", "--format", "xlsx", "--output", "a.xlsx").output == (
        "0 responses written to a.xlsx.\n"
    )
    sheet = openpyxl.load_workbook(BytesIO((here / "a.xlsx").read_bytes())).active
    assert sheet is not None
    assert sheet["A1"].value == "Numéro"


def test_what_is_not_there_is_not_exported(palabre: Palabre) -> None:
    palabre("import", "town.yaml")
    assert palabre("export", "centre").errors == "palabre: there is no consultation centre.\n"
    assert "there is no space x, only: palabre." in palabre("export", "centre-ville", "--space", "x").errors
    assert palabre("export", "centre-ville", "--format", "pdf").code == 2
    assert "there is no language xx" in palabre("export", "centre-ville", "--language", "xx").errors
    assert "cannot be written" in palabre("export", "centre-ville", "--output", "nowhere/a.csv").errors


# -- backup, restore, check -------------------------------------------------------------------------------------------


def test_a_backup_is_written_once_and_restored_once(palabre: Palabre) -> None:
    palabre("import", "town.yaml")
    assert palabre("backup", "a.gz").output == "3 rows written to a.gz.\n"
    assert palabre("backup", "a.gz").code == 2
    assert palabre("backup", "a.gz", "--overwrite").code == 0
    assert palabre("restore", "a.gz", "--database", "sqlite:///b.db").output.startswith("3 rows restored, as they were")
    refused = palabre("restore", "a.gz", "--database", "sqlite:///b.db")
    assert refused.code == 1
    assert refused.errors.startswith("palabre: There is something in this database already")


def test_backups_without_a_name_are_one_for_each_day_of_the_week(
    palabre: Palabre, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    palabre("import", "town.yaml")
    assert palabre("backup").errors == (
        "palabre: name the file to write, or the folder of all backups in the setting backups.\n"
    )
    monkeypatch.setenv("PALABRE_BACKUPS", str(here / "backups"))
    assert palabre("backup").errors == f"palabre: there is no folder {here}/backups.\n"
    (here / "backups").mkdir()
    with time_machine.travel(datetime(2027, 3, 8, 2, 30, tzinfo=UTC), tick=False) as travel:
        for _ in range(9):
            ended = palabre("backup")
            assert ended.code == 0, ended.errors
            travel.shift(timedelta(days=1))
    days = ["friday", "monday", "saturday", "sunday", "thursday", "tuesday", "wednesday"]
    assert sorted(file.name for file in (here / "backups").iterdir()) == [f"palabre-{day}.gz" for day in days]
    restored = palabre("restore", "backups/palabre-tuesday.gz", "--database", "sqlite:///b.db")
    assert restored.output == "3 rows restored, as they were on 2027-03-16 at 02:30 UTC.\n"


def test_check_says_what_to_do(palabre: Palabre, here: Path) -> None:
    before = palabre("check")
    assert before.code == 0
    assert "well   database: not made yet" in before.output
    palabre("migrate")
    empty = palabre("check")
    assert empty.code == 1
    assert "wrong  spaces: none yet. Bring in a consultation: palabre import" in empty.output
    palabre("import", "town.yaml")
    assert palabre("check").code == 0
    assert "wrong" not in palabre("check").output


def test_check_warns_of_pages_that_travel_in_clear(palabre: Palabre, here: Path) -> None:
    (here / "palabre.toml").write_text('host = "0.0.0.0"\n')
    assert "set base_url to https://..." in palabre("check").output
    (here / "palabre.toml").write_text('host = "0.0.0.0"\nbase_url = "https://localhost:1"\n')
    assert "well   settings: pages at https://localhost:1, listening on 0.0.0.0:8000" in palabre("check").output


def test_check_finds_a_database_that_does_not_answer(palabre: Palabre) -> None:
    ended = palabre("check", "--database", "postgresql://nobody@127.0.0.1:1/nothing")
    assert ended.code == 1
    assert "wrong  database: it does not answer" in ended.output
