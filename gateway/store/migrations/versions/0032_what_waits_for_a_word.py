"""Words of third parties that wait for a person are found without looking at all that was ever said."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

_IS_HELD = sa.text("held IS NOT NULL")


def upgrade() -> None:
    """One transaction."""
    op.create_index("ix_entry_held", "entry", ["at"], sqlite_where=_IS_HELD, postgresql_where=_IS_HELD)
