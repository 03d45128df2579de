"""When a probe mail went to a mailbox, and how long it took to come back."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """One transaction."""
    op.add_column("mailbox", sa.Column("probe_id", sa.Text(), nullable=True))
    for name in ("probe_sent_at", "probe_back_at", "round_trip_ms"):
        op.add_column("mailbox", sa.Column(name, sa.BigInteger(), nullable=True))
