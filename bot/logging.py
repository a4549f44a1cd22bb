"""What the house writes down of itself: lines for people or for machines, and never anything about a person.

Only fields that are named here pass, so that a text, an address or a token that somebody logs by mistake is dropped.
Of an exception its kind and its place are written, never its message: a database's quotes the row it refused. From
other libraries the sentence is taken without what was filled into it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

ALLOWED = frozenset(
    {
        *("event", "level", "timestamp", "logger", "error", "where"),
        *(
            "conversation",
            "message",
            "messages",
            "delivery",
            "deliveries",
            "channel",
            "job",
            "occasion",
            "join",
            "challenge",
            "seconds",
            "count",
            "waiting",
        ),
        *("path", "method", "status", "port", "schema", "version", "signal"),
    }
)
"""Fields that hold a row's number, a count, a name of ours, a page's path, or the number of a riddle that Signal sets
one of our accounts: who solves it needs it."""

ROOMS = ("bot", "flows", "storage", "admin_web")
OURS = tuple(f"{Path(__file__).parent.parent / room}/" for room in ROOMS)


def configure(level: str = "info", format: str = "console", stream: TextIO | None = None) -> None:
    """Write everything from `level` on to `stream` (the standard error), as `console` lines or `json` objects."""
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        say_where,
        drop_what_is_personal,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[only_the_sentence, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(format, out)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)  # other libraries tell only of trouble
    for room in ROOMS:
        logging.getLogger(room).setLevel(level.upper())


def _renderer(format: str, out: TextIO) -> Processor:
    if format == "json":
        return structlog.processors.JSONRenderer(ensure_ascii=False)
    return structlog.dev.ConsoleRenderer(colors=out.isatty())


def only_the_sentence(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Another library's sentence as it stands in its source: what it fills in may be anything."""
    record: logging.LogRecord = event["_record"]
    event["event"], event["logger"] = str(record.msg), record.name
    if record.exc_info:
        event["exc_info"] = record.exc_info
    return event


def say_where(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An exception's kind, that of what caused it, and the places it went through: never its message."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = " from ".join(_kinds(error))
        event["where"] = _places(error.__traceback__)
    return event


def _kinds(error: BaseException | None) -> list[str]:
    kinds: list[str] = []
    while error is not None and len(kinds) < 5:
        kinds.append(type(error).__name__)
        error = error.__cause__ or error.__context__
    return kinds


def _places(trace: TracebackType | None) -> list[str]:
    """`flows/turn.py:112 start`, the innermost last: those of our own, and where it was raised."""
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames[:-1] if frame.filename.startswith(OURS)]
    told = [*ours[-12:], *frames[-1:]]
    return [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in told]


def drop_what_is_personal(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Fields nobody named above go; that one went is said, so that whoever needs it names it."""
    dropped = sorted(name for name in event if name not in ALLOWED and not name.startswith("_"))
    for name in dropped:
        del event[name]
    if dropped:
        event["where"] = [*_as_list(event.get("where")), f"(not logged: {', '.join(dropped)})"]
    return event


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value] if value is not None else []
