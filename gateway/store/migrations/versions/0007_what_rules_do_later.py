"""What rules do later, what they do once, and why, where no mail was the cause."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = "state = 'waiting'"


def upgrade() -> None:
    """One transaction."""
    op.create_table(
        "delayed",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("unless", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_delayed"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_delayed_ticket"),
    )
    op.create_index("ix_delayed_ticket", "delayed", ["ticket"])
    op.create_index(
        "ix_delayed_due",
        "delayed",
        ["due_at"],
        sqlite_where=sa.text(_WAITING),
        postgresql_where=sa.text(_WAITING),
    )
    op.create_table(
        "rule_fired",
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", "rule", "cycle", name="pk_rule_fired"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_rule_fired_ticket"),
    )
    op.create_table(
        "happening",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_happening"),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_happening_ticket"),
    )
    op.create_index("ix_happening_ticket", "happening", ["ticket"])
