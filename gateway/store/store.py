"""The store: one object that opens the database, gives work to the writers and reads beside them.

Durable   `accept`, `lease_outbox`, `mark_dot`, `settle` and `write(…, durable=True)` return after a flushed commit;
          plain `write` rides on the next one (DESIGN §6, T1).
Sources   acceptance R-1 to R-8. SQLite: one daemon, enforced by a lock; PostgreSQL: any number.
Not here  SQL of the parts (inbound.py, tickets.py, outbox.py).
"""

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as lite_insert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.config import Settings
from gateway.errors import TransientError
from gateway.message.types import Accepted
from gateway.store import inbound, outbox
from gateway.store.audit import appending
from gateway.store.inbound import Arriving, Receipt
from gateway.store.leading import Leading
from gateway.store.outbox import OutboxItem
from gateway.store.schema import heartbeat
from gateway.store.writer import Lane, Writer, checkpoint

T = TypeVar("T")
READERS = 4
_TROUBLED_AFTER = 3  # failed commits in a row after which no new mail is taken (acceptance A-03)
_PIECES_A_READ = 4


class Store:
    """Open until `close`. Made by `open_store`; nothing else writes to the database meanwhile."""

    def __init__(self, settings: Settings, engine: Engine, readers: Engine, lock: int | None, key: bytes) -> None:
        self._settings, self._engine, self._readers, self._lock = settings, engine, readers, lock
        self._leading = Leading(engine)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        accept = Lane("accept", inbound.insert_batch, durable=True, settled=inbound.lookup)
        audited = partial(_each, key)
        durable = Lane("durable", audited, durable=True)
        relaxed = Lane("relaxed", audited, durable=False, max_items=16)
        lanes: list[list[Lane[Any, Any]]] = [[accept, durable, relaxed]]
        if engine.dialect.name == "postgresql":
            lanes = [[accept], [durable], [relaxed]]
        writers = [Writer(engine, group, heal=self._heal, beat=_beat) for group in lanes]
        self._writers = {lane.name: writer for writer, group in zip(writers, lanes, strict=True) for lane in group}

    @property
    def alone(self) -> bool:
        """Whether no other process can write to this database."""
        return self._lock is not None

    @property
    def trouble(self) -> TransientError | None:
        """Why nothing new should be promised, because commits keep failing; None when all is well."""
        failing = [writer for writer in self._writers.values() if writer.failures >= _TROUBLED_AFTER]
        if any(writer.full for writer in failing):
            return TransientError("insufficient system storage", code=452, status="4.3.1")
        return TransientError("the store is in trouble, try again later", code=421) if failing else None

    async def accept(self, mail: Arriving) -> Receipt:
        """The promise, told after the flushed commit that holds the bytes. [T0]

        Durable  yes
        Raises   TransientError 4.3.0, 4.3.1  nothing was promised; the sender keeps the mail
        """
        receipt: Receipt = await asyncio.wrap_future(self._writers["accept"].submit("accept", mail, mail.size))
        return receipt

    async def leads(self) -> bool:
        """Whether this process leads those that share the database; alone it does."""
        return await asyncio.to_thread(self._leading.leads)

    async def write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """What `work` returns, told after its commit; it may share that commit with other work.

        Raises  TransientError  the database refused; nothing was changed
                what `work` raises; then nothing of it was changed
        """
        return await asyncio.wrap_future(self.submit(work, durable=durable))

    def submit(self, work: Callable[[Connection], T], *, durable: bool) -> Future[T]:
        """As `write`, for callers outside the loop."""
        name = "durable" if durable else "relaxed"
        return self._writers[name].submit(name, work)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What `query` finds, in a reader's thread and a transaction that can change nothing."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self.read_now, query)

    def read_now(self, query: Callable[[Connection], T]) -> T:
        """As `read`, in the caller's thread.

        Raises  TransientError 4.3.0  the database is away
        """
        try:
            try:
                return self._read_once(query)
            except DBAPIError as e:
                if not e.connection_invalidated:
                    raise
                return self._read_once(query)  # the server had ended this connection; a new one may be had
        except SQLAlchemyError as e:
            raise TransientError("temporary failure in storage") from e

    def _read_once(self, query: Callable[[Connection], T]) -> T:
        with self._readers.connect() as connection, connection.begin():
            return query(connection)

    async def claim(self, *, now: datetime, limit: int, suspicious_after: int, suspects: bool = True) -> list[Accepted]:
        """T1a: the oldest pending mails, leased to us, their attempts counted."""
        token, lease_s = secrets.token_hex(8), self._settings.limits.lease_s
        return await self.write(
            lambda c: inbound.claim(
                c,
                now=now,
                token=token,
                lease_s=lease_s,
                limit=limit,
                suspicious_after=suspicious_after,
                suspects=suspects,
            )
        )

    async def recover_mails(self) -> int:
        """At the start: whatever a killed process had claimed is free at once, if nobody else can own it; how many."""
        return await self.write(inbound.release_all, durable=True) if self.alone else 0

    async def small_raw(self, mails: Sequence[Accepted], at_most: int) -> dict[str, bytes]:
        """key -> all octets of each of these mails that has at most so many, read at once."""
        small = [mail.key for mail in mails if mail.size <= min(at_most, inbound.PIECE_OCTETS)]
        return await self.read(lambda c: inbound.first_pieces(c, small)) if small else {}

    async def raw(self, key: str, size: int) -> AsyncIterator[bytes]:
        """The raw mail of so many octets, in pieces of at most 1 MiB."""
        first = 0
        while first * inbound.PIECE_OCTETS < size:
            found = await self.read(lambda c, at=first: inbound.pieces(c, key, at, _PIECES_A_READ))  # type: ignore[misc]
            for piece in found:
                yield piece
            first += len(found) or size  # fewer pieces than octets: the child will say so

    # --- what the sender of the outbox asks for ---

    async def lease_outbox(self, now: datetime, limit: int, avoided: Collection[str] = ()) -> tuple[OutboxItem, ...]:
        """T2: mails that are due, leased and counted, durably, before anything leaves the machine.

        avoided  domains that take no mail for now
        """
        token, lease_s = secrets.token_hex(8), self._settings.limits.lease_s
        return await self.write(
            lambda c: outbox.lease(c, now=now, token=token, lease_s=lease_s, limit=limit, avoided=avoided), durable=True
        )

    async def mark_dot(self, item: OutboxItem, until: datetime) -> bool:
        """T2, durable; the lease now lasts until then. False: it was lost, the final dot must not be written."""
        return await self.write(lambda c: outbox.mark_dot(c, item, until), durable=True)

    async def settle(
        self,
        item: OutboxItem,
        state: outbox.State,
        *,
        now: datetime,
        next_attempt_at: datetime | None = None,
        reply: str = "",
        reason: str = "",
    ) -> bool:
        """T3, durable. False: the lease was lost and nothing was changed."""
        return await self.write(
            lambda c: outbox.settle(
                c, item, state, now=now, next_attempt_at=next_attempt_at, reply=reply, reason=reason
            ),
            durable=True,
        )

    async def recover_outbox(self, now: datetime, *, running: bool = True) -> int:
        """Take back leases of the dead; how many.

        running  also those that have not run out, if nobody else can own them: at the start
        """
        return await self.write(lambda c: outbox.recover(c, now=now, everything=running and self.alone), durable=True)

    async def next_outbox_due(self, avoided: Collection[str] = ()) -> datetime | None:
        """When the next mail is due that may leave; None when none waits."""
        return await self.read(lambda c: outbox.next_due(c, avoided))

    def close(self) -> None:
        """Finish what was submitted, flush, and give the lock back."""
        for writer in {id(w): w for w in self._writers.values()}.values():
            writer.close()
        self._threads.shutdown()
        self._leading.end()
        self._engine.dispose()
        self._readers.dispose()
        if self._lock is not None:
            os.close(self._lock)

    def _heal(self, connection: Connection) -> None:
        """After a failed commit nothing is promised before log, pages and waiting mails are known to be sound (R-8)."""
        if connection.dialect.name == "sqlite":
            if not checkpoint(connection):
                raise TransientError("the write-ahead log cannot be flushed yet")
            driver = connection.connection.driver_connection
            if driver is None or driver.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise TransientError("the database is damaged")
        with connection.begin():
            for key, sha256 in inbound.unfinished(connection):
                if raw_sha256(connection, key) != sha256:
                    raise TransientError("a waiting mail is damaged")


def raw_sha256(connection: Connection, key: str) -> str:
    """The hash of the stored bytes of a mail, read piece by piece."""
    digest, piece = hashlib.sha256(), 0
    while found := inbound.pieces(connection, key, piece, 1):
        digest.update(found[0])
        piece += 1
    return digest.hexdigest()


def durable_write(connection: Connection) -> None:
    """The smallest durable change: whether the store can keep a promise now."""
    _beat(connection)


def _each(key: bytes, connection: Connection, items: Sequence[Callable[[Connection], Any]]) -> list[Any]:
    """The results of a batch, and at its end the audit rows of all of it."""
    with appending(connection, key):
        return [work(connection) for work in items]


def _beat(connection: Connection) -> None:
    insert = pg_insert if connection.dialect.name == "postgresql" else lite_insert
    statement = insert(heartbeat).values(name="writer", at=datetime.now(UTC))
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"at": statement.excluded.at}))
