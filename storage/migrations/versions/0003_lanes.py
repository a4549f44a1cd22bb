"""Lanes: each delivery waits for the account it leaves by, replies before the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

WAITING = sa.text("state = 'waiting'")
CLAIMED = sa.text("claimed_by IS NOT NULL")
NOT_SENT = sa.text("sent_at IS NULL")


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("lane", sa.String(), nullable=True))
    op.add_column("deliveries", sa.Column("rank", sa.BigInteger(), server_default=sa.text("1"), nullable=False))
    op.execute("UPDATE deliveries SET rank = 2 WHERE kind IN ('reminder', 'broadcast')")
    op.execute(
        "UPDATE deliveries SET lane = (SELECT a.channel || ':' || a.account FROM participants p JOIN addresses a"
        " ON a.space_id = p.space_id AND a.id = p.address_id"
        " WHERE p.space_id = deliveries.space_id AND p.id = deliveries.participant_id)"
        " WHERE state IN ('waiting', 'claimed')"
    )
    op.drop_index(op.f("ix_deliveries_state_due_at"), table_name="deliveries")
    for name, columns, where in (
        ("ix_deliveries_lane_rank_due_at_id", ["lane", "rank", "due_at", "id"], WAITING),
        ("ix_deliveries_claimed_by", ["claimed_by"], CLAIMED),
        ("ix_deliveries_participant_id", ["participant_id"], NOT_SENT),
    ):
        op.create_index(op.f(name), "deliveries", columns, sqlite_where=where, postgresql_where=where)
