"""Moving a mail in its mailbox is an order, and its mails there show how a ticket stands."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """One transaction."""
    op.add_column("mailbox_folder", sa.Column("shown_at", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
    op.add_column("mailbox_mail", sa.Column("shown", sa.String(8), nullable=True))
    op.create_index("ix_mailbox_mail_key", "mailbox_mail", ["key"])
    op.drop_index("ix_mailbox_mail_unfinished", "mailbox_mail")
    unfinished = sa.text("state in ('accepted', 'failing', 'ordered')")
    op.create_index(
        "ix_mailbox_mail_unfinished",
        "mailbox_mail",
        ["mailbox", "folder", "uidvalidity"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
