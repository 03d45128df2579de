"""When the next thing happens to a ticket by itself: its customer is reminded, it is solved, it is closed."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_TO_COME = sa.text("next_rung IS NOT NULL")


def upgrade() -> None:
    """One transaction. Tickets that are there begin with their next status."""
    op.add_column("ticket", sa.Column("next_rung", sa.BigInteger(), nullable=True))
    op.create_index("ix_ticket_next_rung", "ticket", ["next_rung"], sqlite_where=_TO_COME, postgresql_where=_TO_COME)
