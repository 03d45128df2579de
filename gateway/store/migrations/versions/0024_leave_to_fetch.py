"""The leave to fetch a mailbox: refresh tokens, which change with their use."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """One transaction."""
    op.create_table(
        "mailbox_leave",
        sa.Column("mailbox", sa.String(32), primary_key=True),
        sa.Column("refresh_token", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
    )
