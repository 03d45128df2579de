"""Lists of tickets are read off an index in every order; aliases have no case; merged customers can come apart."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_NARROWED = "status, status_type, team, assignee, priority, language, created_at"
_RANK = (
    "(CASE WHEN (priority = 'urgent') THEN 0 WHEN (priority = 'high') THEN 1 WHEN (priority = 'normal') THEN 2"
    " WHEN (priority = 'low') THEN 3 ELSE 4 END)"
)


def upgrade() -> None:
    """One transaction: what a list asks of a ticket stands in each of the three, so that no other page is read."""
    op.drop_index("ix_ticket_listing", "ticket")
    op.drop_index("ix_ticket_unfinished", "ticket")
    for name, first in (
        ("ix_ticket_listing", "updated_at, number"),
        ("ix_ticket_due", "(next_due IS NULL), next_due, updated_at DESC, number DESC"),
        ("ix_ticket_priority", f"{_RANK}, updated_at DESC, number DESC"),
    ):
        op.execute(f"CREATE INDEX {name} ON ticket ({first}, {_NARROWED})")
    if op.get_context().dialect.name == "postgresql":
        # only of a row over 2 KB are the vectors put apart; a common word is in most of the rows, and needs no vector
        op.execute("ALTER TABLE search ALTER COLUMN words SET STORAGE EXTERNAL")
        op.execute("ALTER TABLE search ADD COLUMN wide TEXT GENERATED ALWAYS AS (repeat(' ', 2048)) STORED")
    op.add_column("customer", sa.Column("before_merge", sa.Text()))
    op.execute("CREATE INDEX ix_ticket_alias_folded ON ticket_alias (lower(alias))")
