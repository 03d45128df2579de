"""The one clock: wall time for deadlines, monotonic time for intervals, and sleep; whether the wall clock jumped.

Sources   acceptance P-10, H-04: a jump may delay, but not lose, duplicate or flood.
Not here  the core never asks for the time; `now` comes in as an argument.
"""

import asyncio
import heapq
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_JUMP_S, _HELD_S = 300, 600


class Clock(Protocol):
    """What the daemon asks for the time."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds; never goes back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)


class FastClock:
    """A clock that starts at a given time and runs `speed` times as fast: for the demo."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start, self._speed, self._zero = start, speed, time.monotonic()

    def now(self) -> datetime:
        """Aware UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds of this clock since it was made."""
        return (time.monotonic() - self._zero) * self._speed

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock."""
        await asyncio.sleep(seconds / self._speed)


class FakeClock:
    """A clock that stands until a test moves it; sleepers wake in order of their time."""

    def __init__(self, start: datetime) -> None:
        self._now, self._elapsed, self._order = start, 0.0, 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        """Aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Seconds that `advance` has moved on."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has passed this moment."""
        self._order += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._order, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move on, waking each sleeper at its own moment."""
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            self._step(due - self._elapsed)
            if not woken.done():
                woken.set_result(None)
            await asyncio.sleep(0)
        self._step(end - self._elapsed)
        await asyncio.sleep(0)

    def _step(self, seconds: float) -> None:
        self._elapsed += seconds
        self._now += timedelta(seconds=seconds)


class Jumps:
    """Whether the clock on the wall went another way than time did, not long ago."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._seen = clock, (clock.now(), clock.monotonic())
        self._until = 0.0  # monotonic
        self.last_s = 0  # how far it jumped last

    def look(self) -> bool:
        """Whether it jumped since this was asked last; `resting` then says so for a while."""
        wall, ran = self._clock.now(), self._clock.monotonic()
        jumped = (wall - self._seen[0]).total_seconds() - (ran - self._seen[1])
        self._seen = wall, ran
        if abs(jumped) <= _JUMP_S:
            return False
        self._until, self.last_s = ran + _HELD_S, round(jumped)
        return True

    @property
    def resting(self) -> bool:
        """Whether nothing is to be done by the wall clock for now."""
        return self._clock.monotonic() < self._until
