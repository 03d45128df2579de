"""Which reminder a customer got last: the moments of a ladder move with the rules, its days do not."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """One transaction. Tickets that are there count as not reminded; no mail comes twice, by its key."""
    op.add_column("ticket", sa.Column("nudged", sa.Integer(), nullable=False, server_default=sa.text("0")))
