"""Commands that are about no ticket have a receipt, too: by it they are taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAS = sa.Table(  # SQLite writes the table anew, from what is said here
    "receipt",
    sa.MetaData(),
    sa.Column("id", _ID, autoincrement=True, nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.Column("actor", sa.Text(), nullable=False),
    sa.Column("action", sa.String(12), nullable=False),
    sa.Column("ticket", _ID, nullable=False),
    sa.Column("other", _ID, nullable=False),
    sa.Column("before", sa.Text(), nullable=False),
    sa.Column("undone_at", sa.BigInteger()),
    sa.PrimaryKeyConstraint("id", name="pk_receipt"),
    sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_receipt_ticket"),
    sa.ForeignKeyConstraint(["other"], ["ticket.number"], name="fk_receipt_other"),
    sa.Index("ix_receipt_ticket", "ticket"),
    sa.Index("ix_receipt_other", "other"),
)


def upgrade() -> None:
    """One transaction. What agents settled before has none, and cannot be taken back."""
    with op.batch_alter_table("receipt", copy_from=_WAS) as receipt:
        receipt.alter_column("ticket", existing_type=_ID, nullable=True)
        receipt.alter_column("other", existing_type=_ID, nullable=True)
