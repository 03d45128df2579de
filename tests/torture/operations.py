"""Kill whoever merges, splits and takes back at every statement of it: afterwards all of it is done, or nothing.

usage   python -m tests.torture.operations FOLDER [DATABASE]
Output  a line for each finding, then how often was killed; exit 1 with findings
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, select

from gateway import control
from gateway.clock import SystemClock
from gateway.config import Settings, audit_key
from gateway.operations.customers import Merge as MergeCustomers
from gateway.operations.customers import Undo as UndoCustomers
from gateway.operations.merges import Merge, Split
from gateway.operations.undoing import Undo
from gateway.store.audit_verify import verify
from gateway.store.opening import open_store
from gateway.store.schema import metadata
from tests.conftest import compiling_once, settings_in
from tests.processing import Desk, mail

_TABLES = (
    "ticket", "entry", "participant", "ticket_link", "ticket_message", "ticket_alias", "delayed", "receipt", "customer",
    "customer_address", "audit",
)  # fmt: skip
_STEPS: tuple[tuple[str, Any], ...] = (
    # one after the other, each from what the one before left
    ("ticket.merge", Merge(2, 1)),
    ("ticket.undo", Undo("newest")),
    ("ticket.split", Split(1)),
    ("ticket.undo", Undo("newest")),
    ("customer.merge", MergeCustomers("eva@x.test", "jan@bigbank.test")),
    ("customer.undo", UndoCustomers("c-2")),
)


def findings(settings: Settings) -> Iterator[str]:
    """What is wrong after a kill, and the number of kills at the end."""
    furnish(settings)
    kills = 0
    for name, arguments in _STEPS:
        before, point = state(settings), 1
        if isinstance(arguments, Undo):  # killed ones take numbers along on PostgreSQL
            arguments = Undo(f"u-{before['receipt'][-1][0]}")
        while dies_at(point, settings, name, arguments):  # the last statement that is counted is the commit itself
            after = state(settings)
            changed = [table for table in before if before[table] != after[table]]
            yield from (f"{name} killed at {point} changed {table}" for table in changed)
            yield from (f"{name} killed at {point}: {wrong}" for wrong in broken(settings))
            point += 1
        kills += point - 1
        yield from (f"{name} done: {wrong}" for wrong in broken(settings))
        if state(settings) == before:
            yield f"{name} changed nothing"
    yield f"{kills} kills"


def furnish(settings: Settings) -> None:
    """Jan's ticket of two mails, and Eva's."""
    store = open_store(settings)
    desk = Desk(store, settings)
    desk.take(mail("Jan <jan@bigbank.test>"))
    desk.take(mail("Jan <jan@bigbank.test>", "Re: [#1] Zwrot", "Jeszcze jedno, ten sam numer."))
    desk.take(mail("Eva <eva@x.test>", "Another matter", "Please look at it."))
    store.close()


def dies_at(point: int, settings: Settings, name: str, arguments: object) -> bool:
    """Whether a process that does it was killed at its statement of this number; else it is done."""
    child = os.fork()
    if child == 0:
        _do_and_die(point, settings, name, arguments)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise AssertionError(f"{name} failed")
    return os.WIFSIGNALED(status)


def _do_and_die(point: int, settings: Settings, name: str, arguments: object) -> None:
    seen, perform = [0], control.perform

    def count(*_: object) -> None:
        seen[0] += 1
        if seen[0] == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def performed(*given: Any) -> Any:
        event.listen(Engine, "before_cursor_execute", count)
        event.listen(Engine, "commit", count)
        return perform(*given)

    control.perform = performed
    done = control.operate(settings, name, arguments, clock=SystemClock())
    os._exit(0 if all(each.outcome == "done" for each in done) else 1)


def state(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that such an operation may touch."""
    store = open_store(settings)
    try:
        tables = [metadata.tables[name] for name in _TABLES]
        return store.read_now(
            lambda c: {each.name: sorted(map(tuple, c.execute(select(each))), key=repr) for each in tables}
        )
    finally:
        store.close()


def broken(settings: Settings) -> list[str]:
    """What the audit finds."""
    store = open_store(settings)
    try:
        return [
            str(each)
            for each in store.read_now(lambda c: verify(c, audit_key(settings, create=False), [], None)).findings
        ]
    finally:
        store.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with compiling_once():
        found = list(findings(settings_in(folder, sys.argv[2] if len(sys.argv) > 2 else "")))
    print("\n".join(found))
    sys.exit(1 if len(found) > 1 else 0)
