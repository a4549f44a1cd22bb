"""A delivery's body before it leaves: a Message as it was composed, or a text worded when it leaves.

What is told to somebody else is kept untranslated: it is said in the language they speak when it reaches them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import orjson

from flows.messages import Line, Message
from flows.run import Tell
from flows.texts import Joined, Lowered, Said, Text, Value, Words, translate

WORDED = '{"tell"'


def pack_tell(tell: Tell) -> str:
    """The body of a delivery that is worded when it leaves."""
    return orjson.dumps({"tell": [pack(line) for line in tell.lines]}).decode()


def word(body: str, language: str) -> Message:
    """The Message of a delivery's body, in this language where it was not worded yet."""
    if not body.startswith(WORDED):
        return Message.unpack(body)
    return Message(tuple(Line(translate(unpack(line), language)) for line in orjson.loads(body)["tell"]))


def pack(value: Value) -> Any:
    """What is said, as JSON that keeps it untranslated."""
    if isinstance(value, Text):
        values = {name: pack(inner) for name, inner in value.values.items()}
        return {"text": [value.singular, values, value.plural, value.count]}
    if isinstance(value, Words):
        return {"words": dict(value)}
    if isinstance(value, Joined):
        return {"joined": [[pack(part) for part in value.parts], value.separator]}
    if isinstance(value, Lowered):
        return {"lowered": pack(value.said)}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    return value


def unpack(packed: Any) -> Said:
    """What was packed, to be translated."""
    found: Any = _value(packed)
    return found if isinstance(found, str | Text | Words | Joined | Lowered) else str(found)


def _value(packed: Any) -> Any:
    if not isinstance(packed, Mapping):
        return packed
    ((kind, inner),) = packed.items()
    if kind == "text":
        return Text(inner[0], {name: _value(value) for name, value in inner[1].items()}, inner[2], inner[3])
    if kind == "words":
        return Words(inner)
    if kind == "joined":
        return Joined(tuple(unpack(part) for part in inner[0]), inner[1])
    if kind == "lowered":
        return Lowered(unpack(inner))
    return datetime.fromisoformat(inner) if kind == "moment" else date.fromisoformat(inner)
