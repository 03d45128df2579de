"""Who is away, whose turn it was, when a silent owner loses a ticket; whom a digest told of many promises at once."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TO_DO, _TO_COME = sa.text("status_type IN ('new', 'open')"), sa.text("next_unlock IS NOT NULL")


def upgrade() -> None:
    """One transaction. Tickets that are there can be lost by their owners when something happens in them."""
    op.add_column("ticket", sa.Column("next_unlock", sa.BigInteger(), nullable=True))
    op.create_index("ix_ticket_to_do", "ticket", ["assignee", "team"], sqlite_where=_TO_DO, postgresql_where=_TO_DO)
    op.create_index(
        "ix_ticket_next_unlock", "ticket", ["next_unlock"], sqlite_where=_TO_COME, postgresql_where=_TO_COME
    )
    op.create_table(
        "absence",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("cover", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent", name="pk_absence"),
    )
    op.create_table(
        "turn",
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("place", _ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("team", "agent", name="pk_turn"),
    )
    op.create_table(
        "crowd_told",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent", name="pk_crowd_told"),
    )
