"""What agents settle for themselves, by mail."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """One transaction. Nobody settled anything yet."""
    op.create_table(
        "own_setting",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("name", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent", "name", name="pk_own_setting"),
    )
