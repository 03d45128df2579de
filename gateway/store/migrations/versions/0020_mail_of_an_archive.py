"""Mail of an archive is told from mail that comes in: it is answered by nobody, and never known for too old."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """One transaction. What came until now is no archive."""
    op.add_column("inbound", sa.Column("imported", sa.Text(), nullable=True))
