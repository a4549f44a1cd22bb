"""Nights in which what was kept long enough is forgotten."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "nights",
        sa.Column("day", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_nights")),
    )
