"""The command line: `palabre`, one file a command.

Only the command that was asked for is imported, so that `palabre --help` and mistakes answer at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer

from bot.mistakes import Mistake

COMMANDS = {
    "demo": "Set up a demo town and open its doors.",
    "run": "Run the house: the chat page, the panel, and every channel that is switched on.",
    "talk": "Talk with the robot here, one message a line; the end of the input ends the talk.",
    "import": "Bring in a consultation from a questionnaire file, or bring in its changes.",
    "export": "Write what was sent to a consultation as CSV, XLSX or JSON.",
    "migrate": "Bring the database to this program's schema; `run` does it by itself.",
    "backup": "Write the whole database into one file, also while the house is running.",
    "restore": "Fill an empty database from a backup, be it SQLite or PostgreSQL.",
    "check": "Look whether everything is ready to run, and say what to do.",
    "bench": "Measure this machine: turns a second, answers, memory. Takes a few minutes.",
}
"""What each does, which is also the first sentence of its own help."""


def application(asked: str | None) -> typer.Typer:
    """The command line with this one command ready to run, and the others ready to be named."""
    app = typer.Typer(
        name="palabre",
        help="A chat-first participation bot: residents answer in a conversation, organisers see the results.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, what in COMMANDS.items():
        app.command(name, help=None if name == asked else what)(_load(name) if name == asked else _not_asked)
    return app


def _load(name: str) -> Callable[..., Any]:
    """The function of a command, named as its file; Python does not let a file be called `import`."""
    plain = f"{name}_" if name == "import" else name
    gc.disable()  # a fifth of the start would go into looking for garbage among modules, which stay
    try:
        command: Callable[..., Any] = getattr(import_module(f"bot.commands.{plain}"), plain)
    finally:
        gc.freeze()
        gc.enable()
    return command


def _not_asked() -> None:
    raise AssertionError("a command that was not asked for was run")


def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
) -> None:
    """What stands before the command's name; `main` has read it already."""


def main() -> None:
    """Run what the arguments ask for. Ends with 2 when they are mistaken, with 1 when it failed."""
    arguments = sys.argv[1:]
    asked = next((word for word in arguments if not word.startswith("-")), None)
    debug = "--debug" in arguments[: arguments.index(asked)] if asked else False
    try:
        application(asked if asked in COMMANDS else None)(prog_name="palabre")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        print(f"palabre: {_sentence(error)}", file=sys.stderr)
        sys.exit(2 if isinstance(error, Mistake) else 1)


def _sentence(error: Exception) -> str:
    """One line; of what we did not foresee only the kind and how to learn more: its message may quote anything."""
    if isinstance(error, Mistake) or type(error).__module__.partition(".")[0] in ("bot", "flows", "storage"):
        return str(error)
    return f"this failed ({type(error).__name__}). Put --debug before the command to see where: palabre --debug ..."
