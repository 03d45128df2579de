"""How often articles were offered, suggested, inserted, and were enough."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """One transaction."""
    op.create_table(
        "article_use",
        sa.Column("article", sa.String(length=9), nullable=False),
        sa.Column("happened", sa.String(length=9), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("article", "happened", "day", name="pk_article_use"),
    )
