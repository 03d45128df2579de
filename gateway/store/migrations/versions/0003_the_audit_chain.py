"""The audit becomes a chain. Rows from before are not chained themselves: the first new row stands on all of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_KEPT = (
    "seq", "at", "actor", "action", "ticket", "source", "customer", "basis", "object", "commitment", "prev", "hash",
)  # fmt: skip


def upgrade() -> None:
    """One transaction."""
    op.add_column("audit", sa.Column("basis", sa.Text(), nullable=True))
    op.add_column("audit", sa.Column("object", sa.Text(), nullable=True))
    for name in ("salt", "commitment", "prev", "hash"):
        op.add_column("audit", sa.Column(name, sa.LargeBinary(), nullable=True))
    for statement in _POSTGRESQL if op.get_context().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)


_SQLITE = (
    f"""
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
WHEN NOT (NEW.detail = '' AND NEW.salt IS NULL AND {" AND ".join(f"NEW.{name} IS OLD.{name}" for name in _KEPT)})
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END
""",
    """
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END
""",
)
_POSTGRESQL = (
    f"""
CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.detail = '' AND NEW.salt IS NULL
            AND ROW({", ".join(f"NEW.{name}" for name in _KEPT)})
                IS NOT DISTINCT FROM ROW({", ".join(f"OLD.{name}" for name in _KEPT)}) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit is only added to' USING ERRCODE = 'restrict_violation';
END $$
""",
    """
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE ON audit
FOR EACH ROW EXECUTE FUNCTION audit_is_only_added_to()
""",
    """
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to()
""",
)
