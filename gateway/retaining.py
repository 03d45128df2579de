"""Who ends what has been kept for long enough, by `retention:` of the rules: slice after slice, each of them whole.

Sources      operations.md §13; acceptance H-10, K27: the job is sliced, and goes on where it was after a kill. P-10,
             H-04: a clock that is years ahead makes nothing old at once: each night goes on two days further at most.
Transaction  one for each slice, durable.
Not here     what is over and what is left of it (store/retention.py), when it is done (timers.py).
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.rules.desk import Retention
from gateway.store import jobs, retention
from gateway.store.retention import Over
from gateway.store.store import Store

_A_NIGHT = timedelta(days=2)  # more than one, so that nights that were missed are made up for
_UNTIL = "until:retention"
_LOOK = 5000  # ids that are looked up at once
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
log = structlog.get_logger("retention")


class Retaining:
    """Ends what is over, in one store."""

    def __init__(self, store: Store, kept: Callable[[], Retention], clock: Clock) -> None:
        self._store, self._kept, self._clock = store, kept, clock

    async def delete_old(self) -> None:
        """What has been kept for as long as the rules say is deleted."""
        now, done_until = self._clock.now(), await self._store.read(lambda c: jobs.asked_until(c, _UNTIL))
        until = min(now, done_until + _A_NIGHT) if done_until is not None else now
        if until < now:
            log.warning("retention.behind", until=until.isoformat(), days=(now - until).days)
        await self.run(until)
        await self._store.write(lambda c: jobs.note_asked(c, _UNTIL, until))

    async def run(self, until: datetime | None = None) -> dict[Over, int]:
        """How many of each kind were ended; of those that were over at a time, None being now."""
        kept, now = self._kept(), self._clock.now()
        done = {over: await self._end(over, _until(over, kept, until or now), now) for over in retention.ALL}
        log.info("retention.done", **{over.what.replace(" ", "_"): count for over, count in done.items() if count})
        return done

    async def _end(self, over: Over, before: datetime, now: datetime) -> int:
        """All of one kind. What could not be ended in one look is left for the next night."""
        total, ended = 0, 1
        while ended:
            ids = await self._store.read(lambda c: retention.due(c, over, before, _LOOK))
            ended = 0
            for first in range(0, len(ids), over.at_once):
                some = ids[first : first + over.at_once]
                ended += await self._store.write(
                    lambda c, s=some: retention.end(c, over, before, s, now),  # type: ignore[misc]
                    durable=True,
                )
            total += ended
        return total


def would_end(c: Connection, kept: Retention, now: datetime) -> Iterator[tuple[Over, int]]:
    """How many of each kind are over now."""
    for over in retention.ALL:
        yield over, retention.count(c, over, _until(over, kept, now))


def _until(over: Over, kept: Retention, now: datetime) -> datetime:
    """What ended before this is over; there are durations that reach back farther than time does."""
    span: timedelta = getattr(kept, over.key)
    return now - min(span, now - _FIRST)
