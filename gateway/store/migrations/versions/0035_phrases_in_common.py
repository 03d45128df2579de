"""Phrases: what tickets have in common is kept as it follows itself, and PostgreSQL has marks of words that do.

What was kept as single words is gathered anew; on PostgreSQL the index is filled anew, in slices.
"""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """One transaction; on PostgreSQL the index is empty at its end. The daemon fills it, and gathers."""
    op.execute("DELETE FROM shared_words")
    if op.get_context().dialect.name == "postgresql":
        op.execute("TRUNCATE search")
        op.execute("UPDATE search_backlog SET ticket = (SELECT coalesce(max(number), 0) FROM ticket)")
