"""What rules do to a ticket beside its fields: who watches it, which skills it needs, how often it was raised."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """One transaction. How often a ticket went on before this version is not known."""
    for name in ("followers", "needs"):
        op.add_column("ticket", sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("'[]'")))
    for name in ("escalation", "reopened"):
        op.add_column("ticket", sa.Column(name, sa.Integer(), nullable=False, server_default=sa.text("0")))
