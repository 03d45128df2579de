"""What customers say of us when they are asked; held mails are found without looking at all that was ever sent."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_HELD = sa.text("state = 'held'")


def upgrade() -> None:
    """One transaction."""
    op.create_index("ix_outbox_held", "outbox", ["id"], sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_table(
        "satisfaction",
        sa.Column("ticket", _ID, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=4), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_satisfaction_ticket_ticket"),
        sa.PrimaryKeyConstraint("ticket", name="pk_satisfaction"),
    )
    op.create_index("ix_satisfaction_at", "satisfaction", ["at"])
