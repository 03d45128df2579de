"""What a mail brought is known for good, so that an archive brings it no second time."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """One transaction."""
    op.drop_index("ix_content_expires_at", "content")
    op.create_index("ix_content_key", "content", ["key"])
