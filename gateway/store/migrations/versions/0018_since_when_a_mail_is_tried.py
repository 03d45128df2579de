"""Since when a mail is tried: after a stop, or when a person lets it go, giving up counts anew."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """One transaction. Mails on their way begin with their next attempt."""
    op.add_column("outbox", sa.Column("tried_since", sa.BigInteger(), nullable=True))
