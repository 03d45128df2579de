"""What tickets have in common is kept as it follows each other: what was kept as single words is gathered anew."""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """One transaction. The daemon gathers the phrases."""
    op.execute("DELETE FROM shared_words")
