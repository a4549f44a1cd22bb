"""Relays, who arrives by them, and contacts. The places of posters become relays."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, UTCTime
from storage.words import fold

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    _make_contacts()
    _make_relays()
    op.add_column("codes", sa.Column("relay_id", sa.BigInteger(), nullable=True))
    op.add_column("personal_codes", sa.Column("contact_id", sa.BigInteger(), nullable=True))
    op.create_index(
        op.f("ix_personal_codes_space_id_contact_id"),
        "personal_codes",
        ["space_id", "contact_id"],
        unique=False,
        sqlite_where=sa.text("contact_id IS NOT NULL"),
        postgresql_where=sa.text("contact_id IS NOT NULL"),
    )
    _fill()


def _make_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("same", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("street", sa.String(), nullable=True),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=True),
        sa.Column("groups", Document, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("tags", Document, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("agreed_on", sa.String(), nullable=False),
        sa.Column("imported_by", sa.BigInteger(), nullable=False),
        sa.Column("imported_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("space_id", "same", name=op.f("uq_contacts_space_id_same")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "withdrawals",
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("withdrawn_on", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("space_id", "digest", name=op.f("pk_withdrawals")),
        sqlite_with_rowid=False,
    )


def _make_relays() -> None:
    op.create_table(
        "relays",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=True),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_relays")),
        sa.UniqueConstraint("space_id", "kind", "folded", name=op.f("uq_relays_space_id_kind_folded")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "arrivals",
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("consultation_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("participant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("relay_id", sa.BigInteger(), nullable=False),
        sa.Column("came_at", UTCTime(), nullable=False),
        _belongs("arrivals", "consultation_id", "consultations"),
        _belongs("arrivals", "participant_id", "participants", ondelete="CASCADE"),
        _belongs("arrivals", "relay_id", "relays", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("space_id", "consultation_id", "participant_id", name=op.f("pk_arrivals")),
        sqlite_with_rowid=False,
    )
    for column in ("participant_id", "relay_id"):
        op.create_index(op.f(f"ix_arrivals_space_id_{column}"), "arrivals", ["space_id", column], unique=False)


def _belongs(here: str, column: str, there: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["space_id", column],
        [f"{there}.space_id", f"{there}.id"],
        name=op.f(f"fk_{here}_space_id_{column}"),
        ondelete=ondelete,
        initially="DEFERRED",
        deferrable=True,
    )


def _fill() -> None:
    """Each place at which posters hang becomes a relay, under the id of its first code."""
    codes = sa.table("codes", *map(sa.column, ("space_id", "id", "place", "relay_id", "created_at")))
    names = ("space_id", "id", "kind", "name", "folded", "team", "created_at")
    relays = sa.table("relays", *map(sa.column, names))
    made: dict[tuple[int, str], int] = {}
    query = sa.select(codes.c.space_id, codes.c.id, codes.c.place, codes.c.created_at)
    for space_id, id_, place, at in op.get_bind().execute(query.where(codes.c.place.is_not(None)).order_by(codes.c.id)):
        key = (space_id, fold(place))
        if key not in made:
            made[key] = id_
            row = dict(zip(names, (space_id, id_, "place", place, key[1], None, at), strict=True))
            op.get_bind().execute(relays.insert().values(**row))
        this = (codes.c.space_id == space_id, codes.c.id == id_)
        op.get_bind().execute(codes.update().where(*this).values(relay_id=made[key]))
