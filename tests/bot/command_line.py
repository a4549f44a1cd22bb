"""The command line within this process: as typed, with what it wrote and how it ended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest
import typer
from typer.core import TyperGroup

from bot.commands import application, main


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    output: str
    errors: str


Palabre: TypeAlias = Callable[..., Ended]


@pytest.fixture
def palabre(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Palabre:
    """`palabre("import", "town.yaml")` runs that."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["palabre", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        captured = capfd.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run


def parse(words: Sequence[str]) -> Mapping[str, Any]:
    """The options and arguments of `palabre WORDS`, by the real parser; nothing is run.

    Raises what the parser raises, or KeyError where there is no such command.
    """
    name, *others = words
    commands = typer.main.get_command(application(name))
    assert isinstance(commands, TyperGroup)
    return dict(commands.commands[name].make_context(name, others).params)
