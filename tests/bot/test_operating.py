"""docs/operating.md tells of every command, setting and metric, and of none that is not there."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

import pytest
import yaml

from bot.commands import COMMANDS
from bot.config import Settings, names
from bot.metrics import REGISTRY
from bot.telegram.writing import CAPABILITIES
from storage.hours import USUAL
from storage.models import Space
from tests.bot.command_line import parse

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "docs" / "deploy"
PAGE = (ROOT / "docs" / "operating.md").read_text("utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """The rows of the table under this first column's title, by what is named in code there."""
    rows = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {cells[1].strip(" `"): cells[2:-1] for cells in (row.split("|") for row in rows)}


def test_every_command_has_its_heading() -> None:
    assert re.findall(r"^### palabre (\w+)$", PAGE, re.MULTILINE) == list(COMMANDS)


def test_every_setting_is_told_with_what_it_is_otherwise() -> None:
    told = {name: cells[-1].strip(" `") for name, cells in table("setting").items()}
    assert list(told) == list(names())
    defaults = Settings.model_construct()
    in_words = {"": "http://HOST:PORT", "{}": "none", "False": "false", "frozenset()": "none"}
    for name, default in told.items():
        value = attrgetter(name)(defaults)
        shown = value.get_secret_value() if name == "database_url" else str(value)
        assert default == ("none" if name == "backups" else in_words.get(shown, shown)), name


def test_the_example_of_a_file_is_one() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    Settings.model_validate(tomllib.loads(example))


def test_every_metric_is_told() -> None:
    kinds = {"counter": "_total"}
    there = {f"{metric.name}{kinds.get(metric.type, '')}" for metric in REGISTRY.collect()}
    assert set(table("metric")) == there


# -- what is typed ----------------------------------------------------------------------------------------------------


def typed(page: str = PAGE) -> list[list[str]]:
    """The lines of its shell examples, in words."""
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return [shlex.split(line, comments=True) for block in blocks for line in block.splitlines()]


def asked_of_palabre() -> Iterator[list[str]]:
    """Every command of the page, without the program's name, wherever it is run."""
    for words in typed():
        programs = [place for place, word in enumerate(words) if word.rpartition("/")[2] == "palabre"]
        if words[:4] == ["sudo", "docker", "compose", "run"]:
            yield words[words.index("--rm") + (4 if "--volume" in words else 2) :]
        elif programs and words[programs[-1] + 1 : programs[-1] + 2] and words[programs[-1] + 1] in COMMANDS:
            yield words[programs[-1] + 1 :]


@pytest.mark.parametrize("words", list(asked_of_palabre()), ids=" ".join)
def test_every_command_that_is_shown_is_taken(words: list[str]) -> None:
    parse(words)


def test_nothing_is_passed_over_when_commands_are_looked_for() -> None:
    found = list(asked_of_palabre())
    assert {words[0] for words in found} == {"import", "check", "backup", "restore"}
    assert len(found) > 12


def test_services_and_units_that_are_named_are_there() -> None:
    units = {file.name for file in (DEPLOY / "server").iterdir()}
    for words in typed():
        if words[:2] == ["sudo", "systemctl"]:
            named = [word for word in words[3:] if not word.startswith("-") and word != "caddy"]
            assert {f"{word.removesuffix('.timer')}.service" for word in named} <= units, words
            assert all(word in units for word in named if word.endswith(".timer"))
    for part, name in (("### With containers instead", "small"), ("## A city", "city")):
        services = yaml.safe_load((DEPLOY / name / "compose.yaml").read_text("utf-8"))["services"]
        page = PAGE[PAGE.index(part) :].partition("\n## ")[0]
        lines = [words[words.index("compose") + 1 :] for words in typed(page) if "compose" in words]
        assert len(lines) > 4
        for words in lines:
            meant = {word.partition(":")[0] for word in words} & {*services, "up"}
            assert meant, words
            if words[-1] in ("backup", "check"):
                assert all("backups:/backups" in services[one]["volumes"] for one in meant), words


def test_files_that_are_copied_are_there() -> None:
    copied = [word for words in typed() if words[:2] == ["sudo", "install"] and "-d" not in words for word in words]
    ours = [word for word in copied if re.search(r"^server/|/deploy/", word)]
    assert len(ours) == 6
    assert [word for word in ours if not (DEPLOY / word.removeprefix("/opt/palabre/docs/deploy/")).is_file()] == []
    assert (DEPLOY / "city" / "secrets.sh").is_file()


def test_whatever_the_check_may_say_about_the_way_in_is_told() -> None:
    """Each line of the table is a piece of what is really said."""
    sources = ("checks/front_door.py", "checks/knocking.py", "telegram/checking.py")
    said = "".join((ROOT / "bot" / source).read_text("utf-8") for source in sources)
    told = list(table("it says"))
    assert len(told) > 16
    assert [words for words in told if words not in said] == []


# -- figures ----------------------------------------------------------------------------------------------------------


def seconds(words: str) -> float:
    number, unit = words.split()
    return float(number) * {"s": 1, "min": 60, "h": 3600}[unit]


def test_the_times_that_broadcasts_take_are_people_by_messages_a_second() -> None:
    rows = [
        row.strip("| ").split(" | ") for row in PAGE.partition("| people |")[2].partition("\n\n")[0].splitlines()[2:]
    ]
    assert len(rows) == 4
    for people, slow, fast in rows:
        count = int(people.replace(",", ""))
        assert seconds(slow) == pytest.approx(count / 30, rel=0.02)
        assert seconds(fast) == pytest.approx(count / 1000, rel=0.04)


def test_the_sums_are_right() -> None:
    hours = sum(ends.hour - begins.hour for begins, ends in USUAL.spans)
    assert "9 hours a day, Monday to Friday 10 to 13 and 14 to 20 h" in PAGE
    assert (USUAL.days, [(begins.hour, ends.hour) for begins, ends in USUAL.spans]) == (
        (1, 2, 3, 4, 5),
        [(10, 13), (14, 20)],
    )
    assert f"| {Space.__table__.c.cap.server_default.arg} a month for each person |" in PAGE
    assert f"30 × 3,600 × {hours} h = **{30 * 3600 * hours:,}**" in PAGE
    assert f"= 400,000 messages, which is {400_000 / 30 / 3600:.1f} of the {22 * hours} hours" in PAGE
    assert f"30 × 3,600 = {30 * 3600:,} an hour" in PAGE
    assert f"**{30 * 3600 // 12:,} people an hour**" in PAGE
    assert f"{30 * 3600 // 12 // 60} a minute" in PAGE
    assert pytest.approx(1.2e9) == 100_000 * 12_000
    assert CAPABILITIES.rates is not None
    assert CAPABILITIES.rates.overall == 30
