"""The language that somebody chose for a customer, beside that of his first mail."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """One transaction. Nobody has chosen one yet."""
    op.add_column("customer", sa.Column("chosen_language", sa.String(16)))
