"""How long a clock had run at a moment, and when it will have run so long.

Sources  tickets-and-sla.md §2: working time adds up, and what lies in a pause does not count.
Not here what pauses a clock (ledger.py), what is promised to it (sla.py).
"""

from bisect import bisect_left, bisect_right
from datetime import datetime, timedelta

from gateway.rules.desk import Span
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.ledger import Clock

_NO_TIME = timedelta(0)


class Course:
    """One clock in the hours of a calendar."""

    def __init__(self, clock: Clock, hours: WorkingTime) -> None:
        self._hours, self._start = hours, clock.started_at
        self._stands = bool(clock.pauses) and clock.pauses[-1].until is None
        self._begins, self._before, self._behind = [clock.started_at], [_NO_TIME], list[timedelta]()
        for pause in clock.pauses:
            ran = self._before[-1] + hours.between(self._begins[-1], pause.since)
            self._behind.append(ran)
            if pause.until is not None:
                self._begins.append(pause.until)
                self._before.append(ran)

    def ran(self, at: datetime) -> timedelta:
        """The working time that it had run at a moment."""
        place = max(bisect_right(self._begins, at) - 1, 0)
        ran = self._before[place] + self._hours.between(self._begins[place], at)
        return min(ran, self._behind[place]) if place < len(self._behind) else ran

    def reaches(self, length: timedelta, unpaused: datetime | None = None) -> datetime | None:
        """When it has run so long; None while it stands before that, and when its calendar never opens so long.

        unpaused  when it would be if nothing had ever paused it, where that is known: it stays where nothing did
        """
        place = bisect_left(self._behind, length)
        if place == len(self._begins):
            return None
        begins, before = self._begins[place], self._before[place]
        if unpaused is not None and self._hours.between(self._start, begins) == before:
            return unpaused
        return self._hours.after(begins, Span(hours=length - before))
