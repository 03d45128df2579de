"""Thanks that opened nothing again are found without looking at all that was ever said."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

_IS_THANKS = sa.text("thanks_at IS NOT NULL")


def upgrade() -> None:
    """One transaction. Of thanks that came before nobody is told."""
    op.add_column("entry", sa.Column("thanks_at", sa.BigInteger()))
    op.create_index("ix_entry_thanks", "entry", ["thanks_at"], sqlite_where=_IS_THANKS, postgresql_where=_IS_THANKS)
