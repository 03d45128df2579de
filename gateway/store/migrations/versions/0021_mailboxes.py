"""Mailboxes that are fetched: how far, which mail became what, how it goes."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """One transaction."""
    op.create_table(
        "mailbox",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("trouble", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("refused", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("login_after", sa.BigInteger(), nullable=True),
    )
    op.create_table(
        "mailbox_folder",
        sa.Column("mailbox", sa.String(32), primary_key=True),
        sa.Column("folder", sa.Text(), primary_key=True),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=False),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("old", sa.String(8), nullable=False),
        sa.Column("old_uid", sa.BigInteger(), nullable=False),
        sa.Column("old_until", sa.BigInteger(), nullable=False),
        sa.Column("old_count", sa.Integer(), nullable=False),
    )
    op.create_table(
        "mailbox_mail",
        sa.Column("mailbox", sa.String(32), primary_key=True),
        sa.Column("folder", sa.Text(), primary_key=True),
        sa.Column("uidvalidity", sa.BigInteger(), primary_key=True),
        sa.Column("uid", sa.BigInteger(), primary_key=True),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(32), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False, server_default=sa.text("''")),
    )
    op.create_index("ix_mailbox_mail_sha256", "mailbox_mail", ["mailbox", "sha256"])
    unfinished = sa.text("state in ('accepted', 'failing')")
    op.create_index(
        "ix_mailbox_mail_unfinished",
        "mailbox_mail",
        ["mailbox", "folder", "uidvalidity"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
