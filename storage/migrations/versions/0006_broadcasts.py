"""Broadcasts, and what tells a message that nobody asked for from an answer."""

import sqlalchemy as sa
from alembic import op

from storage.types import Document, UTCTime

revision = "0006"
down_revision = "0005"

NOT_OVER = sa.text("ended_at IS NULL")
CAUSED = sa.text("cause IS NOT NULL")
UNASKED = sa.text("unasked")


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("occasion", sa.String(), nullable=True),
        sa.Column("nth", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("text", Document, nullable=False),
        sa.Column("phase_id", sa.BigInteger(), nullable=True),
        sa.Column("button", Document, nullable=False),
        sa.Column("media", Document, nullable=True),
        sa.Column("audience", Document, nullable=True),
        sa.Column("unasked", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("wall", sa.String(), nullable=True),
        sa.Column("due_at", UTCTime(), nullable=True),
        sa.Column("lasts", sa.BigInteger(), nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=True),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("paused_for", sa.String(), nullable=True),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("queued_to", sa.BigInteger(), nullable=False),
        sa.Column("left_out", Document, nullable=False),
        sa.Column("kept", Document, nullable=True),
        sa.Column("test_code", sa.String(), nullable=True),
        sa.Column("undone_at", UTCTime(), nullable=True),
        sa.Column("undone_to", sa.BigInteger(), nullable=True),
        sa.Column("organiser_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", UTCTime(), nullable=False),
        sa.Column("begun_at", UTCTime(), nullable=True),
        sa.Column("ended_at", UTCTime(), nullable=True),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "phase_id"],
            ["phases.space_id", "phases.id"],
            name=op.f("fk_broadcasts_space_id_phase_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_broadcasts")),
        sa.UniqueConstraint(
            "space_id", "phase_id", "occasion", "nth", name=op.f("uq_broadcasts_space_id_phase_id_occasion_nth")
        ),
        sa.UniqueConstraint("test_code", name=op.f("uq_broadcasts_test_code")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_broadcasts_state_due_at"),
        "broadcasts",
        ["state", "due_at"],
        unique=False,
        sqlite_where=NOT_OVER,
        postgresql_where=NOT_OVER,
    )
    op.create_table(
        "mutes",
        sa.Column("participant_id", sa.BigInteger(), nullable=False),
        sa.Column("phase_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_mutes_space_id_participant_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["space_id", "phase_id"],
            ["phases.space_id", "phases.id"],
            name=op.f("fk_mutes_space_id_phase_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_mutes")),
        sa.UniqueConstraint(
            "space_id", "participant_id", "phase_id", name=op.f("uq_mutes_space_id_participant_id_phase_id")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "wishes",
        sa.Column("participant_id", sa.BigInteger(), nullable=False),
        sa.Column("consultation_id", sa.BigInteger(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("at", UTCTime(), nullable=False),
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["space_id", "participant_id"],
            ["participants.space_id", "participants.id"],
            name=op.f("fk_wishes_space_id_participant_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["space_id", "consultation_id"],
            ["consultations.space_id", "consultations.id"],
            name=op.f("fk_wishes_space_id_consultation_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space_id", "id", name=op.f("pk_wishes")),
        sa.UniqueConstraint(
            "space_id",
            "participant_id",
            "consultation_id",
            name=op.f("uq_wishes_space_id_participant_id_consultation_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_wishes_space_id_at"), "wishes", ["space_id", "at"], unique=False)
    op.add_column("deliveries", sa.Column("cause", sa.String(), nullable=True))
    op.add_column("deliveries", sa.Column("unasked", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("deliveries", sa.Column("expires_at", UTCTime(), nullable=True))
    op.add_column("deliveries", sa.Column("clicked_at", UTCTime(), nullable=True))
    op.add_column("deliveries", sa.Column("seen_at", UTCTime(), nullable=True))
    op.create_index(
        op.f("ix_deliveries_space_id_cause_participant_id"),
        "deliveries",
        ["space_id", "cause", "participant_id"],
        unique=True,
        sqlite_where=CAUSED,
        postgresql_where=CAUSED,
    )
    op.create_index(
        op.f("ix_deliveries_space_id_participant_id_made_at"),
        "deliveries",
        ["space_id", "participant_id", "made_at"],
        unique=False,
        sqlite_where=UNASKED,
        postgresql_where=UNASKED,
    )
    op.add_column("phases", sa.Column("seen", sa.String(), server_default="", nullable=False))
    op.add_column("phases", sa.Column("reopened_at", UTCTime(), nullable=True))
    op.add_column("participants", sa.Column("hours", Document, nullable=True))
    op.add_column("spaces", sa.Column("hours", Document, nullable=True))
    op.add_column("spaces", sa.Column("cap", sa.BigInteger(), server_default=sa.text("4"), nullable=False))
