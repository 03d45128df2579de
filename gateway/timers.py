"""What is done at fixed intervals, and once a night: leases of the dead come back, old hashes are forgotten.

Sources  APScheduler 3.11 with UTC and interval triggers only; everything with a due time of its own is a row,
         so a run that was missed or done twice does no harm. What is done for all is what falls due in tickets: a
         clock that jumped is no reason for any of it, and holds it for a while (acceptance H-04).
Not here  when a single mail is tried again (outgoing/schedule.py), what falls due in tickets (due.py).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from gateway.clock import Clock, Jumps
from gateway.errors import TransientError
from gateway.store import inbound, jobs, search, shared_words
from gateway.store.audit import chain_end
from gateway.store.audit_anchors import Anchors
from gateway.store.store import Store, durable_write

_NIGHT = time(3)  # no clock change leaves it out
log = structlog.get_logger("timers")


@dataclass(slots=True)
class Job:
    """Something done at an interval, and how it went last in this process."""

    name: str
    about: str
    interval: timedelta
    work: Callable[[], Awaitable[None]]
    shared: bool
    nightly: Callable[[], ZoneInfo] | None = None  # where its time has to have come; None: it has none
    at: time = _NIGHT
    ran_at: datetime | None = None
    took_s: float = 0.0
    trouble: str = ""


class Timers:
    """The scheduler of one daemon."""

    def __init__(self, store: Store, anchors: Anchors, clock: Clock) -> None:
        self._store, self._anchors, self._clock, self._jumps = store, anchors, clock, Jumps(clock)
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 300}
        )

        self._jobs: dict[str, Job] = {}

    def start(self) -> None:
        """Begin; each job runs for the first time after its interval."""
        self.every(timedelta(minutes=1), self._recover_leases)
        self.every(timedelta(hours=1), self._forget)
        self.every(timedelta(seconds=10), self._anchor)
        self.every(timedelta(seconds=10), self._fill_index)
        self.every(timedelta(minutes=1), self._gather_words, shared=True)
        self._scheduler.start()

    def every(self, interval: timedelta, work: Callable[[], Awaitable[None]], *, shared: bool = False) -> None:
        """Run a job at an interval; trouble of the store is logged by the writer and waits for the next time.

        work    its name and the first line of its documentation are what people see of it
        shared  whether one of several processes does it for all: the one that leads
        """
        self._add(work, interval, shared=shared)

    def nightly(self, work: Callable[[], Awaitable[None]], zone: Callable[[], ZoneInfo], *, at: time = _NIGHT) -> None:
        """Run a job once a day, one of several processes for all; a day that was missed is made up for.

        at, zone  when, by the clock on the wall there
        """
        self._add(work, timedelta(minutes=10), shared=True, nightly=zone, at=at)

    def _add(
        self,
        work: Callable[[], Awaitable[None]],
        interval: timedelta,
        *,
        shared: bool,
        nightly: Callable[[], ZoneInfo] | None = None,
        at: time = _NIGHT,
    ) -> None:
        name = work.__name__.strip("_").replace("_", "-")
        about = (work.__doc__ or "").strip().partition("\n")[0]
        job = self._jobs[name] = Job(name, about, interval, work, shared, nightly, at)
        self._scheduler.add_job(self._run, "interval", (job,), seconds=interval.total_seconds(), id=name)

    @property
    def resting(self) -> bool:
        """Whether the clock jumped not long ago, so that what is done for all waits."""
        return self._jumps.resting

    async def look(self) -> None:
        """After a jump of the clock jobs have their turns anew: the scheduler waits for the time that it showed."""
        if not self._jumps.look():
            return
        log.warning("clock.jumped", seconds=self._jumps.last_s)
        for job in self._jobs.values():
            self._scheduler.reschedule_job(job.name, trigger="interval", seconds=job.interval.total_seconds())

    def jobs(self) -> tuple[Job, ...]:
        """All of them, as they were started."""
        return tuple(self._jobs.values())

    async def run_now(self, name: str) -> Job | None:
        """Run a job beside its turns, paused or not; None when there is none of this name."""
        job = self._jobs.get(name)
        if job is not None:
            await self._do(job)
        return job

    async def _run(self, job: Job) -> None:
        await self.look()
        if job.shared and self.resting:
            return
        try:
            stands = job.name in await self._store.read(jobs.paused) or (job.shared and not await self._store.leads())
            stands = stands or not await self._is_its_night(job)
        except TransientError as e:
            log.warning("timer.missed", job=job.name, reason=e.text)
            return
        if not stands:
            await self._do(job)

    async def _do(self, job: Job) -> None:
        begun, job.ran_at, job.trouble = self._clock.monotonic(), self._clock.now(), ""
        try:
            await job.work()
        except TransientError as e:
            job.trouble = e.text
            log.warning("timer.missed", job=job.name, reason=e.text)
        else:
            if job.nightly is not None:
                now = job.ran_at
                await self._store.write(lambda c: jobs.note_asked(c, f"job:{job.name}", now))
        job.took_s = self._clock.monotonic() - begun

    async def _is_its_night(self, job: Job) -> bool:
        """Whether a night has begun since it was done; of a job that is new, or that a wrong clock had done in what is
        the future by the right one, the next one counts.
        """
        if job.nightly is None:
            return True
        now, name = self._clock.now(), f"job:{job.name}"
        done_at = await self._store.read(lambda c: jobs.asked_until(c, name))
        if done_at is None or done_at > now:
            await self._store.write(lambda c: jobs.note_asked(c, name, now))
            return False
        return done_at < last_time(now, job.at, job.nightly())

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

    async def _gather_words(self) -> None:
        """Words that all tickets of a block have, so that lists without such a word are quick."""
        for blocks in await self._store.read(shared_words.missing):
            await self._store.write(partial(shared_words.gather, blocks=blocks))

    async def _forget(self) -> None:
        """Hashes by which a mail that comes again is known, once they have had their time."""
        now = self._clock.now()
        await self._store.write(lambda c: inbound.forget(c, now))


def last_time(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """When the clock on the wall there showed this time last."""
    local = now.astimezone(zone)
    today = local.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return today if today <= local else today - timedelta(days=1)
