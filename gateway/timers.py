"""What is done at fixed intervals: leases of the dead come back, old hashes are forgotten.

Sources  APScheduler 3.11 with UTC and interval triggers only; everything with a due time of its own is a row,
         so a run that was missed or done twice does no harm.
Not here  when a single mail is tried again (outgoing/schedule.py), what falls due in tickets (due.py).
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from gateway.clock import Clock
from gateway.errors import TransientError
from gateway.store import inbound, search
from gateway.store.audit import chain_end
from gateway.store.audit_anchors import Anchors
from gateway.store.store import Store, durable_write

log = structlog.get_logger("timers")


class Timers:
    """The scheduler of one daemon."""

    def __init__(self, store: Store, anchors: Anchors, clock: Clock) -> None:
        self._store, self._anchors, self._clock = store, anchors, clock
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 300}
        )

    def start(self) -> None:
        """Begin; each job runs for the first time after its interval."""
        self.every(timedelta(minutes=1), self._recover_leases)
        self.every(timedelta(hours=1), self._forget)
        self.every(timedelta(seconds=10), self._anchor)
        self.every(timedelta(seconds=10), self._fill_index)
        self._scheduler.start()

    def every(self, interval: timedelta, job: Callable[[], Awaitable[None]]) -> None:
        """Run a job at an interval; trouble of the store is logged by the writer and waits for the next time."""

        async def run() -> None:
            try:
                await job()
            except TransientError as e:
                log.warning("timer.missed", job=job.__name__, reason=e.text)

        self._scheduler.add_job(run, "interval", seconds=interval.total_seconds(), id=job.__name__)

    def stop(self) -> None:
        """No further runs."""
        self._scheduler.shutdown(wait=False)

    async def _recover_leases(self) -> None:
        """On PostgreSQL another process may have died; a lone daemon did this at its start."""
        if not self._store.alone:
            await self._store.recover_outbox(self._clock.now())

    async def _anchor(self) -> None:
        """Tell the end of the audit chain outside the database, once it is on the disk."""
        end, now = await self._store.read(chain_end), self._clock.now()
        if end is not None and self._anchors.due(end, now):
            await self._store.write(durable_write, durable=True)
            self._anchors.add(end, now)
            log.info("audit.anchor", anchor=str(end))

    async def _fill_index(self) -> None:
        """An upgrade leaves the words of the tickets that were there to be filled in."""
        while await self._store.read(search.is_behind):
            await self._store.write(search.fill)

    async def _forget(self) -> None:
        now = self._clock.now()
        await self._store.write(lambda c: inbound.forget(c, now))
