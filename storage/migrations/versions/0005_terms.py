"""Terms: the words by which similar texts are found."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "terms",
        sa.Column("space_id", sa.BigInteger(), nullable=False),
        sa.Column("phase_id", sa.BigInteger(), nullable=False),
        sa.Column("stem", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("contribution_id", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "space_id", "phase_id", "stem", "contribution_id", name=op.f("pk_terms"), postgresql_include=["weight"]
        ),
        sa.ForeignKeyConstraint(
            ["space_id", "contribution_id"],
            ["contributions.space_id", "contributions.id"],
            name=op.f("fk_terms_space_id_contribution_id"),
            ondelete="CASCADE",
            initially="DEFERRED",
            deferrable=True,
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_terms_space_id_contribution_id_stem"), "terms", ["space_id", "contribution_id", "stem"], unique=False
    )
