"""The beginning of a mail that is larger than we take is processed as what it is."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """One transaction."""
    op.add_column("inbound", sa.Column("whole_octets", sa.BigInteger(), nullable=True))
