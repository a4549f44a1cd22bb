"""Couriers: the pace that several of them keep together."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "paces",
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("ledger", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_paces")),
    )
    op.add_column("accounts", sa.Column("paid", sa.Boolean(), server_default=sa.false(), nullable=False))
