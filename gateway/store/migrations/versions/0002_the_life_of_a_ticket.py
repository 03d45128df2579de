"""The life of a ticket: statuses with types, snoozing, merging, other names; what is known of customers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TYPES = {  # of the names that the first version knew
    "pending": "waiting_customer",
    "on_hold": "waiting_third",
    "snoozed": "waiting_third",
    "merged": "closed",
    "spam": "closed",
}


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """One transaction."""
    for column in (
        sa.Column("responsible", sa.Text(), nullable=True),
        sa.Column("status_type", sa.String(length=16), server_default=sa.text("'new'"), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("status_at", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("awake_status", sa.String(length=32), nullable=True),
        sa.Column("awake_status_type", sa.String(length=16), nullable=True),
        sa.Column("merged_into", _id(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=True),
    ):
        op.add_column("ticket", column)
    types = " ".join(f"WHEN '{name}' THEN '{kind}'" for name, kind in _TYPES.items())
    op.execute(f"UPDATE ticket SET status_type = CASE status {types} ELSE status END, status_at = updated_at")  # noqa: S608 -- names of ours
    op.create_index(
        "ix_ticket_snoozed_until",
        "ticket",
        ["snoozed_until"],
        sqlite_where=sa.text("snoozed_until IS NOT NULL"),
        postgresql_where=sa.text("snoozed_until IS NOT NULL"),
    )
    op.create_index("ix_ticket_merged_into", "ticket", ["merged_into"])

    op.add_column("entry", sa.Column("held", sa.Text(), nullable=True))
    op.execute("UPDATE entry SET held = 'third-party' WHERE trust = 'third-party'")
    op.add_column("participant", sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("audit", sa.Column("customer", _id(), nullable=True))
    op.create_index("ix_audit_customer", "audit", ["customer"])

    for column in (
        sa.Column("organisation", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=True),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("attributes", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("merged_into", _id(), nullable=True),
    ):
        op.add_column("customer", column)

    op.create_table(
        "ticket_alias",
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("ticket", _id(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_ticket_alias_ticket"),
        sa.PrimaryKeyConstraint("alias", name="pk_ticket_alias"),
    )
    op.create_index("ix_ticket_alias_ticket", "ticket_alias", ["ticket"])
    op.create_table(
        "receipt",
        sa.Column("id", _id(), autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.String(length=12), nullable=False),
        sa.Column("ticket", _id(), nullable=False),
        sa.Column("other", _id(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["ticket.number"], name="fk_receipt_ticket"),
        sa.ForeignKeyConstraint(["other"], ["ticket.number"], name="fk_receipt_other"),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
    )
    op.create_index("ix_receipt_ticket", "receipt", ["ticket"])
    op.create_index("ix_receipt_other", "receipt", ["other"])
