"""What is asked of the outbox all day is found by an index, however much was sent before."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Connection, event

from gateway.store import outbox
from gateway.store.store import Store
from tests.outgoing.letters import NOW

_WHOLE = re.compile("SCAN outbox(?! USING INDEX)|Seq Scan on outbox")  # an index with a condition is short


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        # what is asked, the index that both databases take
        (lambda c: outbox.lease(c, now=NOW, token="t", lease_s=60, limit=4), "ix_outbox_due"),
        (lambda c: outbox.lease(c, now=NOW, token="t", lease_s=60, limit=4, avoided=("a.test",)), "ix_outbox_due"),
        (outbox.next_due, "ix_outbox_due"),
        (lambda c: outbox.due_count(c, NOW), "ix_outbox_due"),
        (outbox.unscheduled, "ix_outbox_due"),
        (lambda c: outbox.recover(c, now=NOW, everything=False), "ix_outbox_leased"),
        (lambda c: outbox.troubled(c, failed_since=NOW, waiting_since=NOW), "ix_outbox_failed"),
        (lambda c: outbox.troubled(c, failed_since=NOW, waiting_since=NOW), "ix_outbox_deferred"),
        (lambda c: outbox.drop_automatic(c, NOW), "ix_outbox_(due|held)"),
    ],
)
def test_an_index_is_used(store: Store, asked: Callable[[Connection], object], index: str) -> None:
    plans = store.submit(lambda c: _plans(c, asked), durable=False).result()
    assert plans
    assert all(re.search(index, plan) and not _WHOLE.search(plan) for plan in plans)
    assert not any("TEMP B-TREE" in plan for plan in plans)


def _plans(c: Connection, asked: Callable[[Connection], object]) -> list[str]:
    """How the database would find what is asked, with the values bound as they are bound when it is asked."""
    statements = []
    event.listen(c, "before_cursor_execute", lambda _c, _cursor, *sent: statements.append(sent[:2]))
    asked(c)
    sent = tuple(statements)
    explain = "EXPLAIN QUERY PLAN" if c.dialect.name == "sqlite" else "EXPLAIN"
    if explain == "EXPLAIN":
        c.exec_driver_sql("SET LOCAL enable_seqscan = off")  # an empty table is read faster without an index
    return ["\n".join(str(row) for row in c.exec_driver_sql(f"{explain} {s}", values)) for s, values in sent]
