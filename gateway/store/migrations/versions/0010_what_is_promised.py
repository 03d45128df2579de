"""What is promised for a ticket: a ledger of what its clocks rest on, the clocks, and what was told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TO_COME = sa.text("next_at IS NOT NULL")
_NOT_ENDED = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """One transaction. Tickets that are there get their ledger from their entries, when something happens in them."""
    op.add_column("ticket", sa.Column("sla", sa.Text(), nullable=True))
    op.add_column("ticket", sa.Column("next_due", sa.BigInteger(), nullable=True))
    op.add_column("ticket", sa.Column("answer_due", sa.BigInteger(), nullable=True))
    op.execute("UPDATE ticket SET next_due = due WHERE status_type NOT IN ('solved', 'closed')")
    op.create_table(
        "sla_ledger",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("entry", _ID, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sla_ledger"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_sla_ledger_ticket"),
    )
    op.create_index("ix_sla_ledger_ticket", "sla_ledger", ["ticket"])
    op.create_table(
        "sla_clock",
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("metric", sa.String(16), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ticket", "metric", name="pk_sla_clock"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_sla_clock_ticket"),
    )
    op.create_index("ix_sla_clock_next_at", "sla_clock", ["next_at"], sqlite_where=_TO_COME, postgresql_where=_TO_COME)
    op.create_index(
        "ix_sla_clock_due_at", "sla_clock", ["due_at"], sqlite_where=_NOT_ENDED, postgresql_where=_NOT_ENDED
    )
    op.create_table(
        "sla_told",
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("metric", sa.String(16), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", "metric", "stage", "cycle", name="pk_sla_told"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_sla_told_ticket"),
    )
