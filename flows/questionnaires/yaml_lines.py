"""YAML that people write, read into plain data that remembers its lines.

Only what a questionnaire needs: objects, lists, texts, numbers, `true` and `false`. Everything that makes YAML
surprising or dangerous is refused or left out: anchors and aliases (a few lines can stand for gigabytes), tags,
and `yes`, `no`, `on`, `off`, dates and octal numbers, which are ordinary texts here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from flows.questionnaires.settings import Path
from flows.texts import Said, _
from storage.value import value

LARGEST = 1_000_000
"""Bytes of a file."""
DEEPEST = 20
MOST_VALUES = 50_000


@value
class Fault:
    """Something that isn't the YAML we read, and its line, counted from 1."""

    line: int
    sentence: Said


class NotRead(Exception):
    """The text could not be read at all."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.line)
        self.fault = fault


@dataclass(slots=True)
class Document:
    """Plain data, the line of every path in it, and what was wrong on the way without ending it."""

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of this path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str | bytes) -> Document:
    """The data in a text. Raises NotRead where it can't be told what was meant."""
    if len(text) > LARGEST:
        raise NotRead(Fault(1, _("This file is too large: 1 MB at most.")))
    document = Document(None)
    try:
        events = (event for event in yaml.parse(text, Loader=yaml.SafeLoader) if isinstance(event, NodeEvent | _ENDS))
        builder = _Builder(document, events)
        document.data = builder.first()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise NotRead(
            Fault(
                line,
                _("This is not YAML: {reason}. A text with , ? : or # may need quotes.", reason=error.problem or "?"),
            )
        ) from None
    except (yaml.YAMLError, UnicodeError):
        raise NotRead(Fault(1, _("This file holds characters that are not text."))) from None
    return document


_ENDS = MappingEndEvent | SequenceEndEvent | StreamEndEvent | DocumentStartEvent


class _Builder:
    def __init__(self, document: Document, events: Iterator[Event]) -> None:
        self.document = document
        self.events = events
        self.values = 0

    def first(self) -> Any:
        """The only document of the stream."""
        event = next(self.events)
        if isinstance(event, StreamEndEvent):
            return None
        data = self.value(next(self.events), ())
        event = next(self.events)
        if not isinstance(event, StreamEndEvent):
            raise NotRead(Fault(_line(event), _("A file holds one document: `---` stands once.")))
        return data

    def value(self, event: Event, path: Path) -> Any:
        line = _line(event)
        self.document.lines.setdefault(path, line)
        self.values += 1
        if self.values > MOST_VALUES or len(path) > DEEPEST:
            raise NotRead(Fault(line, _("This file holds too much, or things too deep within each other.")))
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise NotRead(Fault(line, _("Anchors and aliases (& and *) are not read. Please write it out.")))
        if getattr(event, "tag", None) not in (None, "!"):
            raise NotRead(Fault(line, _("Tags (!) are not read.")))
        if isinstance(event, MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(path)
        assert isinstance(event, ScalarEvent)
        return event.value if event.style is not None else _plain(event.value)

    def mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            line = _line(event)
            if not isinstance(event, ScalarEvent) or event.anchor is not None or event.tag not in (None, "!"):
                raise NotRead(Fault(line, _("A name was expected here, before the colon.")))
            name = event.value
            if name in found:
                self.document.faults.append(Fault(line, _("`{name}` stands twice.", name=name[:40])))
            self.document.lines[*path, name] = line
            found[name] = self.value(next(self.events), (*path, name))
        return found

    def sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            found.append(self.value(event, (*path, len(found))))
        return found


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark is not None else 1


_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,17}\.[0-9]{1,17}")


def _plain(text: str) -> Any:
    """A value without quotes: nothing, true, false, a number, or a text."""
    if text in ("", "~", "null"):
        return None
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
