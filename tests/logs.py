"""What the house logs while it is tested: short lines. Drawing each error with all its variables takes a second."""

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
