"""How much somebody wrote is asked with each of his mails."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """One transaction."""
    op.create_index("ix_entry_author_address", "entry", ["author_address", "id"])
