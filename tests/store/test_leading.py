"""Who leads: a connection is asked by one thread at a time, and none is lost when a question fails."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from sqlalchemy import create_engine, event

from gateway.store.leading import Leading


@pytest.mark.postgres
def test_threads_that_ask_at_once_take_one_connection(postgres: str) -> None:
    engine = create_engine(postgres)
    both = Barrier(2, timeout=0.2)

    @event.listens_for(engine, "before_cursor_execute")
    def asked(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "advisory" in statement:
            with suppress(BrokenBarrierError):
                both.wait()

    leading = Leading(engine)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(lambda _: leading.leads(), range(2))) == [True, True]
    leading.end()
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    engine.dispose()


@pytest.mark.postgres
def test_a_question_that_fails_leaves_no_connection_behind(postgres: str) -> None:
    engine = create_engine(postgres)

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def broken(_c: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> tuple[str, Any]:
        return statement.replace("pg_try_advisory_lock", "no_such_function"), parameters

    held: list[object] = []
    event.listen(engine, "checkout", lambda *given: held.append(given[0]))
    event.listen(engine, "checkin", lambda *given: held.pop())
    assert Leading(engine).leads() is False
    assert held == []
    engine.dispose()
