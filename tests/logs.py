"""What the house logs while it is tested: short lines. Drawing each error with all its variables takes a second."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.logging import say_where


@pytest.fixture(scope="session", autouse=True)
def short_log() -> Iterator[None]:
    """Log in lines, for the whole session."""
    lines = structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(processors=[structlog.processors.add_log_level, say_where, lines])
    yield
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def log_as_it_was(short_log: None) -> Iterator[None]:
    """What a test, or the program in it, makes of the log lasts no longer than the test."""
    structured, before = structlog.get_config(), {one: (one.level, one.handlers[:]) for one in loggers()}
    yield
    structlog.configure(**structured)
    for one in loggers():
        level, handlers = before.get(one, (logging.NOTSET, []))
        one.handlers[:] = handlers
        if one.level != level:
            one.setLevel(level)


def loggers() -> list[logging.Logger]:
    """All there are, the root first."""
    others = logging.root.manager.loggerDict.values()
    return [logging.root, *(one for one in others if isinstance(one, logging.Logger))]
