"""What rules tell endpoints of other programs, which of these take nothing; how much is in quarantine."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """One transaction."""
    quarantine = sa.text("disposition = 'quarantine'")
    op.create_index("ix_inbound_quarantine", "inbound", ["id"], sqlite_where=quarantine, postgresql_where=quarantine)
    op.create_table(
        "webhook_call",
        sa.Column("id", _ID, nullable=False, autoincrement=True),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("ticket", _ID, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_webhook_call_ticket_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_call"),
    )
    op.create_index("ix_webhook_call_ticket", "webhook_call", ["ticket"])
    op.create_index(
        "ix_webhook_call_next_at", "webhook_call", ["next_at"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )
    op.create_table(
        "webhook_trouble",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("off", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", name="pk_webhook_trouble"),
    )
