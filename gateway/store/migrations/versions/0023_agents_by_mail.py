"""What an agent has seen of a ticket, mails of agents that wait for their word, and tokens that were withdrawn."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """One transaction. Tickets that are there begin anew: nobody was told a revision of them."""
    op.add_column("ticket", sa.Column("revision", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("entry", sa.Column("revision", sa.Integer(), nullable=True))
    op.create_table(
        "held_mail",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("mail", sa.String(length=32), nullable=False),
        sa.Column("ticket", _ID, nullable=True),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
    )
    op.create_index("ix_held_mail_ticket", "held_mail", ["ticket"])
    op.create_index("ix_held_mail_agent", "held_mail", ["agent", "decided_at"])
    op.create_index(
        "ix_held_mail_waiting",
        "held_mail",
        ["expires_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "agent_key",
        sa.Column("address", sa.Text(), primary_key=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
    )
