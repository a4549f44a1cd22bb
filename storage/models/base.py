"""What tables share: nearly all carry `space_id` in their key, so that spaces can be spread over several databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.types import Document, UTCTime

_NAMED = "%(table_name)s_%(column_0_N_name)s"
NAMES = {"ix": f"ix_{_NAMED}", "uq": f"uq_{_NAMED}", "fk": f"fk_{_NAMED}", "pk": "pk_%(table_name)s"}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        datetime: UTCTime,
        dict[str, Any]: Document,
        list[str]: Document,
    }


def belongs(column: str, table: str, *, erase: bool = False) -> ForeignKeyConstraint:
    """A reference within the space, checked at the commit: a batch writes its rows in the order that suits it."""
    here, there = ["space_id", column], [f"{table}.space_id", f"{table}.id"]
    cascade = "CASCADE" if erase else None
    return ForeignKeyConstraint(here, there, deferrable=True, initially="DEFERRED", ondelete=cascade)


class Row(Base):
    """What every table of a space has: a key of (space, id)."""

    __abstract__ = True
    space_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
