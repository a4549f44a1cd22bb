"""The plan of the house, held to: who may import whom, how long things are, what lies at the top."""

import subprocess
from pathlib import Path

import pytest

from tests import blueprint
from tests.blueprint import Import

ROOT = Path(__file__).parent.parent
TOP_LEVEL = {
    *["bot", "flows", "storage", "admin_web", "tests", "docs", "scripts", ".ci"],
    *["README.md", "CHANGELOG.md", "LICENSE", ".gitignore"],
    *["pyproject.toml", "requirements.lock", "requirements-dev.lock"],
}
FILE_LINES = 400
FUNCTION_LINES = 60
# One stylesheet holds the whole look; catalogues and data are as long as what they say.
CODE = {".py", ".js", ".html", ".sh", ""}


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    """Every import of ours by ours."""
    found = blueprint.read_imports(ROOT)
    assert found, "no import was found: is the reader looking in the right place?"
    return found


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """The files in git, and not those somebody has just removed."""
    # CI may clone as one user and test as another.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_a_room_imports_only_the_rooms_below_it(imports: list[Import]) -> None:
    wrong = [str(one) for one in imports if blueprint.goes_against_the_grain(one)]
    assert not wrong, (
        "storage imports nothing of ours, flows imports storage, admin_web and bot import flows and storage; only "
        "bot/house.py also imports admin_web. What a room needs from above is handed to it as a function:\n"
        + "\n".join(wrong)
    )


def test_a_channel_is_imported_by_the_house_alone_when_it_is_switched_on(imports: list[Import]) -> None:
    wrong = [str(one) for one in imports if blueprint.opens_a_channel(one)]
    assert not wrong, (
        "bot/house.py alone imports a channel, in the function that builds it, so that a channel that is switched off "
        "costs nothing and nobody else comes to know its platform, and likewise what knows a platform's library; what "
        "channels share stands in "
        "bot/channels/__init__.py:\n" + "\n".join(wrong)
    )


def test_nothing_of_ours_is_imported_inside_a_function(imports: list[Import]) -> None:
    wrong = [str(one) for one in imports if blueprint.hides_in_a_function(one)]
    assert not wrong, (
        "Imports of ours stand at the top. Two exceptions, both for start-up: a channel in bot/house.py, and what a "
        "command in bot/commands/ needs only once it runs. A lazy import that breaks a circle hides it: move what "
        "both need below both:\n" + "\n".join(wrong)
    )


def test_modules_do_not_import_each_other_in_a_circle(imports: list[Import]) -> None:
    circle = blueprint.find_circle(imports)
    assert not circle, "Move what they share below them: " + " -> ".join(circle)


def test_no_file_is_longer_than_400_lines(tracked: list[Path]) -> None:
    ours = [file for file in tracked if file.suffix in CODE and "migrations" not in file.parts]
    lengths = {file: file.read_bytes().count(b"\n") for file in ours}
    long = [f"{file.relative_to(ROOT)} ({lines})" for file, lines in lengths.items() if lines > FILE_LINES]
    assert not long, "A module holds one idea; these hold more: " + ", ".join(long)


def test_no_function_is_longer_than_60_lines() -> None:
    long = [
        found
        for name, file in blueprint.module_names(ROOT).items()
        if ".migrations." not in name
        for found in blueprint.long_functions(file, FUNCTION_LINES)
    ]
    assert not long, "A function fits in one look; these do not:\n" + "\n".join(long)


def test_no_file_names_a_path_of_somebodys_machine(tracked: list[Path]) -> None:
    # Put together here, or this file would be found.
    paths = [b"/%s/" % folder for folder in (b"work", b"root")]
    named = [
        str(file.relative_to(ROOT))
        for file in tracked
        if b"\0" not in (content := file.read_bytes()) and any(path in content for path in paths)
    ]
    assert not named, "These work on one machine only: " + ", ".join(named)


def test_the_top_level_holds_the_rooms_and_their_papers_and_nothing_else(tracked: list[Path]) -> None:
    assert {file.relative_to(ROOT).parts[0] for file in tracked} == TOP_LEVEL


@pytest.mark.parametrize(
    ("importer", "imported"),
    [("storage.a", "flows.b"), ("flows.a", "bot.b"), ("admin_web.a", "bot.b"), ("bot.a", "admin_web.b")],
)
def test_an_import_of_a_room_above_is_found(importer: str, imported: str) -> None:
    assert blueprint.goes_against_the_grain(Import(importer, imported))
    assert not blueprint.goes_against_the_grain(Import("bot.house", "admin_web.b"))


@pytest.mark.parametrize(
    ("importer", "imported", "in_function", "wrong"),
    [
        ("bot.house", "bot.channels.web", True, False),
        ("bot.house", "bot.channels.web", False, True),
        ("bot.courier", "bot.channels.web", True, True),
        ("bot.channels.web", "bot.channels.terminal", False, True),
        ("bot.channels.web.page", "bot.channels.web.words", False, False),
        ("bot.courier", "bot.channels", False, False),
        ("bot.house", "bot.telegram.with_aiogram", True, False),
        ("bot.channels.telegram", "bot.telegram.with_aiogram", True, True),
        ("bot.channels.signal", "bot.signal.client", False, True),
        ("bot.embedding", "bot.telegram.within_ptb", False, True),
    ],
)
def test_a_channel_imported_where_it_may_not_be_is_found(
    importer: str, imported: str, in_function: bool, wrong: bool
) -> None:
    assert blueprint.opens_a_channel(Import(importer, imported, in_function=in_function)) is wrong


def test_an_import_hidden_in_a_function_is_found() -> None:
    assert blueprint.hides_in_a_function(Import("flows.turn", "flows.menu", in_function=True))
    assert blueprint.hides_in_a_function(Import("bot.house", "bot.courier", in_function=True))
    assert not blueprint.hides_in_a_function(Import("bot.commands.bench", "bot.house", in_function=True))


def test_a_circle_is_found_and_told_in_order() -> None:
    circle = blueprint.find_circle([Import("a", "b"), Import("b", "c"), Import("c", "a"), Import("a", "d")])
    assert circle[0] == circle[-1]
    assert "".join(circle) in {"abca", "bcab", "cabc"}
    assert blueprint.find_circle([Import("a", "b"), Import("c", "b")]) == []


SOURCE = """
import storage
from storage import models, missing
from . import words
from ..turn import step
import os

async def later():
    import bot.house
    importlib.import_module("bot.channels.web")
"""


def test_every_way_of_importing_is_read(tmp_path: Path) -> None:
    file = tmp_path / "ideas.py"
    file.write_text(SOURCE)
    known = {"storage", "storage.models", "flows.modules.words", "flows.turn"}
    found = [(one.imported, one.in_function) for one in blueprint.imports_of("flows.modules.ideas", file, known)]
    assert found == [
        ("storage", False),
        ("storage", False),
        ("storage.models", False),
        ("flows.modules.words", False),
        ("flows.turn", False),
        ("bot.house", True),
        ("bot.channels.web", True),
    ]
