"""Working time: whether somebody is there, how long of it lies between two moments, when so much of it has passed.

Sources  tickets-and-sla.md §2, rules.md §3. Hours are clock times of a local date. A time that does not exist is
         the next that does (unlike RFC 5545 §3.3.5), a doubled one is the first: so spans never overlap, and what lies
         between moments adds up in every zone.
         All arithmetic is done in UTC; only the ends of a span are looked up in its zone.
Not here what a file says of calendars (rules/calendars.py), which days are public holidays (free_days.py).
"""

from collections.abc import Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from gateway.rules.desk import Calendar, Span

FreeDays = Callable[[int], Collection[date]]  # the public holidays of a year

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_HORIZON = timedelta(days=3660)  # ten years: who is not open until then never is
_NONE: Collection[date] = frozenset()
_Spans = tuple[tuple[datetime, datetime], ...]


class WorkingTime:
    """The arithmetic of one calendar; what a date is like is worked out once."""

    def __init__(self, calendar: Calendar, free: FreeDays = lambda year: _NONE) -> None:
        self.calendar, self.zone = calendar, ZoneInfo(calendar.timezone)
        self._free, self._listed = free, frozenset(calendar.holidays)
        self._spans: dict[date, _Spans] = {}

    def is_open(self, at: datetime) -> bool:
        """Whether the moment lies within opening hours; their end does not."""
        return any(opens <= at < closes for opens, closes in self._around(at, at))

    def opens(self, at: datetime) -> datetime | None:
        """The moment itself when it is open, else when it opens next; None when it never does."""
        return next((max(at, opens) for opens, closes in self._around(at, at + _HORIZON) if closes > at), None)

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; none when the second is not later."""
        parts = (min(closes, end) - max(opens, start) for opens, closes in self._around(start, end))
        return sum((part for part in parts if part > timedelta(0)), timedelta(0))

    def after(self, start: datetime, span: Span) -> datetime | None:
        """When so much working time has passed since a moment; None when it never will.

        Whole days are counted by dates on which it opens: the same clock time so many of them later.
        """
        if span.days is not None:
            return self._days_after(start, span.days)
        left = span.hours or timedelta(0)
        if not left:
            return start
        for opens, closes in self._around(start, start + _HORIZON):
            begun = max(opens, start)
            if closes - begun >= left:
                return begun + left
            left -= max(closes - begun, timedelta(0))
        return None

    def local(self, at: datetime) -> datetime:
        """The moment as the clock on the wall shows it."""
        return at.astimezone(self.zone)

    def _days_after(self, start: datetime, days: int) -> datetime | None:
        local = self.local(start).replace(tzinfo=None)
        day, left = local.date(), days
        while left and day - local.date() < _HORIZON:
            day += _DAY
            left -= bool(self._of(day))
        return None if left else self._first(datetime.combine(day, local.time()))

    def _around(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans of all dates that the moments may lie in: where clocks go back at midnight a date comes twice."""
        day, last = self.local(start).date() - _DAY, self.local(end).date() + _DAY
        while day <= last:
            yield from self._of(day)
            day += _DAY

    def _of(self, day: date) -> _Spans:
        found = self._spans.get(day)
        if found is None:
            midnight = datetime.combine(day, clock_time())
            ends = (
                tuple(self._first(midnight + timedelta(minutes=minute)) for minute in period)
                for period in self._hours(day)
            )
            found = self._spans[day] = tuple((opens, closes) for opens, closes in ends if opens < closes)
        return found

    def _hours(self, day: date) -> tuple[tuple[int, int], ...]:
        """The hours on paper: those of the single day, none on a holiday, else those of the weekday."""
        calendar = self.calendar
        if day in calendar.days:
            return calendar.days[day]
        hours = calendar.hours[day.weekday()]
        return () if hours and (day in self._listed or day in self._free(day.year)) else hours

    def _first(self, local: datetime) -> datetime:
        """The first moment at which the clock on the wall shows this time or, in a gap, a later one."""
        found = local.replace(tzinfo=self.zone).astimezone(UTC)
        if found.astimezone(self.zone).replace(tzinfo=None) == local:
            return found
        before, after = local.replace(tzinfo=self.zone, fold=1).astimezone(UTC), found
        while after - before > _SECOND:  # the clock is put forward at the later end of this search
            middle = before + (after - before) // 2
            if middle.astimezone(self.zone).replace(tzinfo=None) < local:
                before = middle
            else:
                after = middle
        return after.replace(microsecond=0)
