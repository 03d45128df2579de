"""The thread that writes: work of one kind shares a commit, and a result is told only after that commit.

Sources  acceptance R-2 (group commit), R-3, R-4 (relaxed commits), R-8 (after a failed flush), A-01, A-03, A-05.
         On SQLite one Writer owns the only writing connection, and checkpoints; on PostgreSQL each lane has its own.
Not here  what is written (inbound.py, tickets.py, outbox.py), where connections come from (engine.py).
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from gateway.errors import GatewayError, TransientError
from gateway.store.engine import check_durable

_HEARTBEAT_S = 1.0  # a relaxed commit is followed by a flushed one within this time
_TELL_AGAIN_S = 60.0  # a database that stays away is one line a minute
_RETRY_S = 0.5  # between attempts to get a failed database back
_OF_THE_ROW = ("22", "23", "42", "54")  # SQLSTATE classes: data, integrity, statement, program limit
_WAL_OCTETS = 64 << 20  # beyond this the writer truncates the write-ahead log (H-10)
log = structlog.get_logger("store")
I = TypeVar("I")  # noqa: E741 -- what goes in
O = TypeVar("O")  # noqa: E741 -- what comes out


class RefusedRowError(TransientError):
    """The store is well and refuses this very row, now and most likely later; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Lane(Generic[I, O]):
    """One kind of work. `perform` does a whole batch in the open transaction, one result for each item."""

    name: str
    perform: Callable[[Connection, Sequence[I]], Sequence[O]]
    durable: bool
    max_items: int = 64
    max_octets: int = 16 << 20
    settled: Callable[[Connection, I], O | None] | None = None  # what an earlier COMMIT of unknown outcome left


@dataclass(slots=True)
class _Waiting:
    item: Any
    octets: int
    result: Future[Any] = field(default_factory=Future)


class Writer:
    """One thread, one connection, some lanes; an earlier lane goes first, none starves.

    heal  called with a fresh connection after a failed commit; raises while the store is still unwell (R-8)
    beat  a small durable write, done when relaxed commits have waited a second for one
    """

    def __init__(
        self,
        engine: Engine,
        lanes: Sequence[Lane[Any, Any]],
        *,
        heal: Callable[[Connection], None],
        beat: Callable[[Connection], None],
    ) -> None:
        self.failures = 0  # commits that failed in a row; 0 is well
        self.full = False  # whether the last of them failed for want of room
        self._told_at = 0.0
        self._driver_error: type[Exception] = engine.dialect.loaded_dbapi.Error  # healing talks to the driver itself
        self._engine, self._heal, self._beat = engine, heal, beat
        self._lanes = {lane.name: (lane, deque[_Waiting]()) for lane in lanes}
        self._changed = threading.Condition()
        self._open, self._suspect, self._unflushed = True, False, False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name=f"writer-{lanes[0].name}", daemon=True)
        self._thread.start()

    def submit(self, lane: str, item: object, octets: int = 0) -> Future[Any]:
        """The result of the item, told after the commit that holds it; or why there was none."""
        waiting = _Waiting(item, octets)
        with self._changed:
            if not self._open:
                waiting.result.set_exception(TransientError("the store is closing"))
                return waiting.result
            self._lanes[lane][1].append(waiting)
            self._changed.notify()
        return waiting.result

    def close(self) -> None:
        """Finish what was submitted, flush, and end the thread."""
        with self._changed:
            self._open = False
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (ready := self._next()) is not None:
            for lane, batch in ready:
                self._serve(lane, batch)
            if not ready:
                self._flush()
        if self._unflushed:
            self._flush()
        if self._connection is not None:
            self._connection.close()

    def _next(self) -> list[tuple[Lane[Any, Any], list[_Waiting]]] | None:
        """One batch of each lane that has work; empty when a flush is due; None at the end."""
        with self._changed:
            while not any(queue for _, queue in self._lanes.values()):
                if not self._open:
                    return None
                if not self._changed.wait(_HEARTBEAT_S if self._unflushed else None) and self._unflushed:
                    return []
            return [(lane, batch) for lane, queue in self._lanes.values() if (batch := _batch(lane, queue))]

    def _serve(self, lane: Lane[Any, Any], batch: list[_Waiting]) -> None:
        try:
            results = self._commit(lane, [w.item for w in batch])
        except GatewayError as e:
            results = [e] * len(batch)
        except Exception as e:  # the outermost frame of the writer: a bug is the batch's trouble, not the thread's
            log.error("store.bug", lane=lane.name, exc_info=e)
            self._drop_connection()
            results = [e] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if isinstance(result, BaseException):
                waiting.result.set_exception(result)
            else:
                waiting.result.set_result(result)

    def _commit(self, lane: Lane[Any, Any], items: list[Any]) -> Sequence[Any]:
        """One result or exception for each item, after the commit.

        Raises  TransientError  the commit failed; nothing of the batch may be told as done
        """
        try:
            connection = self._ready(lane)
            try:
                done = self._together(connection, lane, items)
            except DBAPIError as e:
                if _refused(e):
                    done = self._one_by_one(connection, lane, items)
                elif lane.settled is None or connection.dialect.name == "sqlite":
                    raise
                else:
                    done = self._after_lost_commit(lane, items)
            except SQLAlchemyError:
                raise
            except Exception:  # noqa: BLE001 -- the work of one item; it must not take its neighbours along
                done = self._one_by_one(connection, lane, items)
        except TransientError as e:  # not well again yet, or not safe
            self._failed(lane, e)
            raise
        except (SQLAlchemyError, self._driver_error) as e:
            self._failed(lane, e)
            raise _trouble(e) from e
        self.failures = 0
        self._unflushed = not lane.durable
        return done

    def _together(self, connection: Connection, lane: Lane[Any, Any], items: list[Any]) -> Sequence[Any]:
        with connection.begin():
            done = lane.perform(connection, items)
            if lane.durable:
                check_durable(connection)
        return done

    def _one_by_one(self, connection: Connection, lane: Lane[Any, Any], items: list[Any]) -> Sequence[Any]:
        """Again, a savepoint each: a bad row fails alone (R-2)."""
        done: list[Any] = []
        with connection.begin():
            for item in items:
                try:
                    with connection.begin_nested():
                        done.extend(lane.perform(connection, [item]))
                except SQLAlchemyError as e:
                    if not _refused(e):
                        raise
                    log.error("store.row_refused", lane=lane.name, error=_reason(e))
                    done.append(RefusedRowError("the store refused this row"))
                except Exception as e:  # noqa: BLE001 -- told to whoever submitted the item
                    done.append(e)
            if lane.durable:
                check_durable(connection)
        return done

    def _after_lost_commit(self, lane: Lane[Any, Any], items: list[Any]) -> Sequence[Any]:
        """The connection died, maybe during COMMIT: look each item up, and do the missing ones once more (A-05)."""
        assert lane.settled is not None  # noqa: S101 -- the caller asked
        self._drop_connection()
        connection = self._ready(lane)
        with connection.begin():
            found = [lane.settled(connection, item) for item in items]
        missing = [item for item, result in zip(items, found, strict=True) if result is None]
        again = iter(self._together(connection, lane, missing) if missing else ())
        return [next(again) if result is None else result for result in found]

    def _ready(self, lane: Lane[Any, Any]) -> Connection:
        """The connection, healed after trouble, with the flush setting of the lane."""
        if self._connection is None:
            connection = self._engine.connect()
            if self._suspect:
                try:
                    self._heal(connection)
                except BaseException:
                    connection.close()
                    raise
            self._connection, self._suspect = connection, False
        elif not lane.durable and self._connection.dialect.name == "sqlite":
            self._truncate_log(self._connection)
        return self._connection.execution_options(relaxed=not lane.durable)

    def _failed(self, lane: Lane[Any, Any], error: Exception) -> None:
        self.failures += 1
        self.full = _is_full(error)
        self._suspect = True
        self._drop_connection()
        if self.failures == 1 or time.monotonic() - self._told_at >= _TELL_AGAIN_S:
            log.error("store.commit_failed", lane=lane.name, failures=self.failures, error=_reason(error))
            self._told_at = time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: not self._open, _RETRY_S)  # do not spin on a database that is away

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _flush(self) -> None:
        lane: Lane[None, None] = Lane("heartbeat", lambda c, items: [self._beat(c) for _ in items], durable=True)
        try:
            self._commit(lane, [None])
        except GatewayError:
            self._unflushed = self._open  # logged; tried again in a second

    def _truncate_log(self, connection: Connection) -> None:
        path = Path(f"{self._engine.url.database}-wal")
        if path.exists() and path.stat().st_size > _WAL_OCTETS:
            checkpoint(connection)


def checkpoint(connection: Connection) -> bool:
    """Move the whole write-ahead log of SQLite into the database, flushed. False while a reader is in the way."""
    driver = connection.connection.driver_connection  # outside SQLAlchemy's transaction: SQLite refuses it inside
    if driver is None:
        return False
    driver.execute("PRAGMA synchronous=FULL")
    connection.info["synchronous"] = "FULL"
    busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _batch(lane: Lane[Any, Any], queue: deque[_Waiting]) -> list[_Waiting]:
    """As many as may share a commit; a large one is a batch of its own. What nobody waits for is left out."""
    batch: list[_Waiting] = []
    octets = 0
    while queue and len(batch) < lane.max_items and (not batch or octets + queue[0].octets <= lane.max_octets):
        first = queue.popleft()
        if first.result.set_running_or_notify_cancel():  # from here on it cannot be cancelled any more
            batch.append(first)
            octets += first.octets
    return batch


def _refused(error: SQLAlchemyError) -> bool:
    """Whether the database is well and the row is at fault: its values, its keys, or more than an index can hold."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    return isinstance(error, (IntegrityError, DataError)) or state.startswith(_OF_THE_ROW)


def _is_full(error: Exception) -> bool:
    return "full" in _reason(error) or "No space left" in _reason(error)


def _reason(error: Exception) -> str:
    """The driver's words, without statement or parameters: those hold somebody's mail."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}".splitlines()[0][:200]


def _trouble(error: Exception) -> TransientError:
    if _is_full(error):
        return TransientError("insufficient system storage", code=452, status="4.3.1")
    return TransientError("temporary failure in storage")
