"""docs/operating.md tells of every command, setting and metric, and of none that is not there."""

from __future__ import annotations

import re
import tomllib
from operator import attrgetter
from pathlib import Path

import pytest

from bot.commands import COMMANDS
from bot.config import Settings, names
from bot.metrics import REGISTRY
from tests.bot.command_line import Palabre

PAGE = (Path(__file__).parent.parent.parent / "docs" / "operating.md").read_text("utf-8")


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
    in_words = {"": "http://HOST:PORT", "{}": "none", "False": "false"}
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


@pytest.mark.parametrize("line", re.findall(r"^palabre (?!check|run|backup|restore)(.*)$", PAGE, re.MULTILINE))
def test_options_that_are_shown_are_taken(line: str, palabre: Palabre) -> None:
    name, *words = line.split()
    known = palabre(name, "--help").output
    assert [word for word in words if word.startswith("--") and word not in known] == []
