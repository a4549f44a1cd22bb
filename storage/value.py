"""Values: small classes whose objects are made once and never changed.

mypy holds them to it, not the interpreter: a frozen dataclass takes five times as long to make, and one message makes
some thirty of them (docs/decisions/values-at-full-speed.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A dataclass with slots, equal and hashed by its fields, whose fields nobody assigns to."""
    return dataclass(slots=True, unsafe_hash=True)(cls)


def names(cls: type[Any]) -> list[str]:
    """Its fields, in their order."""
    return [field.name for field in fields(cls)]


def columns(of: Any) -> dict[str, Any]:
    """A value's fields by name, as a row takes them."""
    return {name: getattr(of, name) for name in names(type(of))}


def selected(of: type[Any], table: type[Any]) -> list[Any]:
    """The columns of a table that make such a value, in the order of its fields."""
    return [getattr(table, name) for name in names(of)]
