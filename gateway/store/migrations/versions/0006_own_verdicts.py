"""What this gateway itself found out about the origin of a mail."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """One transaction. Mails of before have no such verdict, and get none."""
    op.add_column("inbound", sa.Column("verified", sa.Text(), nullable=True))
