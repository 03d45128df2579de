"""The words that tickets are found by. Those of tickets that are there already are filled in afterwards, in slices."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_UNFINISHED = "status_type IN ('new', 'open', 'waiting_customer', 'waiting_third')"


def upgrade() -> None:
    """One transaction; the index is empty at its end."""
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
    op.create_table("search_backlog", sa.Column("ticket", sa.BigInteger(), nullable=False))
    op.execute("INSERT INTO search_backlog (ticket) SELECT coalesce(max(number), 0) FROM ticket")
    op.create_index("ix_ticket_listing", "ticket", ["updated_at", "number", "status", "team", "assignee"])
    op.create_index(
        "ix_ticket_unfinished",
        "ticket",
        ["updated_at", "number"],
        sqlite_where=sa.text(_UNFINISHED),
        postgresql_where=sa.text(_UNFINISHED),
    )


_SQLITE = ("CREATE VIRTUAL TABLE search USING fts5(words, tokenize=\"ascii tokenchars '_'\", columnsize=0)",)
_POSTGRESQL = (
    # the vectors stand apart from the small rows: a common word is in most of these, and needs none of the vectors
    """
CREATE TABLE search (
    id BIGINT NOT NULL CONSTRAINT pk_search PRIMARY KEY,
    ticket BIGINT GENERATED ALWAYS AS (id >> 36) STORED,
    words TSVECTOR NOT NULL
) WITH (toast_tuple_target = 128)
""",
    "CREATE INDEX ix_search_ticket ON search (ticket)",
    "CREATE INDEX ix_search_words ON search USING gin (words)",
)
