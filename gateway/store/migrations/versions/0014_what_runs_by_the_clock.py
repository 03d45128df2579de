"""Which jobs a person paused; up to when idle tickets were asked about, for each rule."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """One transaction."""
    op.create_table(
        "paused_job",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_paused_job"),
    )
    op.create_table(
        "rule_cursor",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rule", name="pk_rule_cursor"),
    )
