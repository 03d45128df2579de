"""What the rules of a revision ask is kept once, beside the traces that name it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """One transaction."""
    op.create_table(
        "outline",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outline"),
    )
