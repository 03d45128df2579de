"""A revision of the rules tells who loaded it and why; what the rules were asked about each mail is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """One transaction. The old table held every file in one text: it goes on as the text, with nothing beside it."""
    op.rename_table("rule_revision", "rule_revision_1")
    if op.get_context().dialect.name == "postgresql":  # names of keys and sequences are the schema's, not the table's
        op.execute("ALTER TABLE rule_revision_1 DROP CONSTRAINT pk_rule_revision")
        op.execute("ALTER SEQUENCE rule_revision_number_seq RENAME TO rule_revision_1_number_seq")
    op.create_table(
        "rule_revision",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("tables", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("loaded_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_rule_revision"),
    )
    op.execute(
        "INSERT INTO rule_revision (number, sha256, text, files, tables, author, message, loaded_at)"
        " SELECT number, sha256, text, '{}', '{}', 'system', '', loaded_at FROM rule_revision_1"
    )
    op.drop_table("rule_revision_1")
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "SELECT setval(pg_get_serial_sequence('rule_revision', 'number'),"
            " (SELECT coalesce(max(number), 0) + 1 FROM rule_revision), false)"
        )
    op.create_table(
        "situation",
        sa.Column("mail", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("mail", name="pk_situation"),
    )
    op.create_index("ix_situation_at", "situation", ["at"])
