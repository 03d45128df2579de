"""Mails that failed or were deferred are found without reading all that were ever sent."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_FAILED, _DEFERRED = sa.text("state = 'failed'"), sa.text("state = 'deferred'")


def upgrade() -> None:
    """One transaction."""
    op.create_index("ix_outbox_failed", "outbox", ["settled_at"], sqlite_where=_FAILED, postgresql_where=_FAILED)
    op.create_index("ix_outbox_deferred", "outbox", ["queued_at"], sqlite_where=_DEFERRED, postgresql_where=_DEFERRED)
