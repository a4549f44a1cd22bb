"""Last heard."""

import sqlalchemy as sa
from alembic import op

from storage.types import UTCTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("addresses", sa.Column("heard_at", UTCTime(), nullable=True))
