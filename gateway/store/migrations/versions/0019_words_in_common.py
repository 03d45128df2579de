"""Words that all tickets of a block have in common."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """One transaction. The daemon gathers the words."""
    op.create_table(
        "shared_words",
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("block", name=op.f("pk_shared_words")),
    )
