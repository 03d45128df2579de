"""What is gone because its time was over, and what stays all the same: legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_THERE, _EXPLAINED = sa.text("gone_at IS NULL"), sa.text("explanation <> ''")


def upgrade() -> None:
    """One transaction. Everything that is there is kept, until its time is over."""
    op.add_column("inbound", sa.Column("gone_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_inbound_there", "inbound", ["finished_at"], sqlite_where=_THERE, postgresql_where=_THERE)
    op.create_index(
        "ix_inbound_explained", "inbound", ["finished_at"], sqlite_where=_EXPLAINED, postgresql_where=_EXPLAINED
    )
    op.create_index("ix_ticket_link_other", "ticket_link", ["other"])
    op.create_table(
        "legal_hold",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("ticket", _ID, nullable=True),
        sa.Column("customer", _ID, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )
    op.create_index("ix_legal_hold_ticket", "legal_hold", ["ticket"], unique=True)
    op.create_index("ix_legal_hold_customer", "legal_hold", ["customer"], unique=True)
