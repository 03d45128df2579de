"""Working time: whether somebody is there, how long of it lies between two moments, when so much of it has passed.

Sources  tickets-and-sla.md §2, rules.md §3. Hours are clock times of a local date. A time that does not exist is
         the next that does (unlike RFC 5545 §3.3.5), a doubled one is the first: so spans never overlap, and what lies
         between moments adds up in every zone.
         All arithmetic is done in UTC; only the ends of a span are looked up in its zone.
Not here what a file says of calendars (rules/calendars.py), which days are public holidays (free_days.py).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from itertools import accumulate
from zoneinfo import ZoneInfo

from gateway.rules.desk import Calendar, Span

FreeDays = Callable[[int], Collection[date]]  # the public holidays of a year

_DAY, _MINUTE, _SECOND, _NO_TIME = timedelta(days=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(0)
_AHEAD = timedelta(days=32)  # that are worked out at once where nobody knows how many it takes
_HORIZON = timedelta(days=3660)  # ten years: who is not open until then never is
_NONE: Collection[date] = frozenset()


@dataclass(frozen=True, slots=True)
class _Known:
    """The spans of the dates that were asked for so far, in order. Nothing in it ever changes: threads share it."""

    first: date
    end: date  # the first behind the last
    sure: tuple[datetime, datetime]  # moments between which all spans are known
    opens: tuple[datetime, ...] = ()
    closes: tuple[datetime, ...] = ()
    before: tuple[timedelta, ...] = ()  # working time before each span, from a moment that is always the same
    behind: tuple[timedelta, ...] = ()  # and with it

    def until(self, at: datetime) -> timedelta:
        """The working time until a moment whose spans are known, from a moment that is always the same."""
        place = bisect_right(self.opens, at) - 1
        if place < 0:
            return self.before[0] if self.before else _NO_TIME
        return self.before[place] + (min(at, self.closes[place]) - self.opens[place])


class WorkingTime:
    """The arithmetic of one calendar; what a date is like is worked out once, when it is asked for.

    Threads may share one.
    """

    def __init__(self, calendar: Calendar, free: FreeDays = lambda year: _NONE) -> None:
        self.calendar, self.zone = calendar, ZoneInfo(calendar.timezone)
        self._free, self._listed = free, frozenset(calendar.holidays)
        self._known: _Known | None = None

    def is_open(self, at: datetime) -> bool:
        """Whether the moment lies within opening hours; their end does not."""
        known = self._cover(at, at)
        place = bisect_right(known.opens, at) - 1
        return place >= 0 and at < known.closes[place]

    def opens(self, at: datetime) -> datetime | None:
        """The moment itself when it is open, else when it opens next; None when it never does."""
        for known in self._looking_ahead(at):
            place = bisect_right(known.closes, at)
            if place < len(known.closes):
                return max(at, known.opens[place])
        return None

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; none when the second is not later."""
        if end <= start:
            return _NO_TIME
        known = self._cover(start, end)
        return known.until(end) - known.until(start)

    def after(self, start: datetime, span: Span) -> datetime | None:
        """When so much working time has passed since a moment; None when it never will.

        Whole days are counted by dates on which it opens: the same clock time so many of them later.
        """
        if span.days is not None:
            return self._days_after(start, span.days)
        if not span.hours:
            return start
        for known in self._looking_ahead(start):
            reached = known.until(start) + span.hours
            place = bisect_left(known.behind, reached)
            if place < len(known.behind):
                return known.opens[place] + (reached - known.before[place])
        return None

    def local(self, at: datetime) -> datetime:
        """The moment as the clock on the wall shows it."""
        return at.astimezone(self.zone)

    def shown(self, at: datetime) -> datetime:
        """The latest clock time, without zone, that the wall has shown by then: where clocks go back it stands."""
        local = self.local(at)
        while local.fold:
            at += _MINUTE
            local = self.local(at).replace(second=0, microsecond=0)
        return local.replace(tzinfo=None)

    def _days_after(self, start: datetime, days: int) -> datetime | None:
        local = self.shown(start)  # so that what comes later is never due before
        day, left = local.date(), days
        while left and day - local.date() < _HORIZON:
            day += _DAY
            left -= any(opens < closes for opens, closes in self._of(day))
        return None if left else self._first(datetime.combine(day, local.time()))

    def _looking_ahead(self, start: datetime) -> Iterator[_Known]:
        """More and more of what comes after a moment."""
        ahead = _AHEAD
        while ahead < _HORIZON:
            yield self._cover(start, start + ahead)
            ahead += ahead
        yield self._cover(start, start + _HORIZON)

    def _cover(self, start: datetime, end: datetime) -> _Known:
        """The spans of all dates that the moments may lie in, and of those that were known before."""
        known = self._known
        if known is not None and known.sure[0] <= start and end <= known.sure[1]:
            return known
        known = self._known = self._wider(known, start, end)  # where two do it at once, one has to do it again
        return known

    def _wider(self, known: _Known | None, start: datetime, end: datetime) -> _Known:
        """Where clocks go back at midnight a date comes twice: so one more on both sides."""
        first, last = self.local(start).date() - _DAY, self.local(end).date() + 2 * _DAY
        known = known or _Known(first, first, (start, end))
        earlier = tuple(self._spans(first, known.first))
        spans = (*earlier, *zip(known.opens, known.closes, strict=True), *self._spans(known.end, last))
        so_far = (known.before[0] if known.before else _NO_TIME) - sum((c - o for o, c in earlier), _NO_TIME)
        sums = tuple(accumulate((closes - opens for opens, closes in spans), initial=so_far))
        return _Known(
            min(first, known.first),
            max(last, known.end),
            (min(start, known.sure[0]), max(end, known.sure[1])),
            tuple(opens for opens, _ in spans),
            tuple(closes for _, closes in spans),
            sums[:-1],
            sums[1:],
        )

    def _spans(self, day: date, last: date) -> Iterator[tuple[datetime, datetime]]:
        """Those of all dates before the last; one that vanishes in a gap is none."""
        while day < last:
            yield from ((opens, closes) for opens, closes in self._of(day) if opens < closes)
            day += _DAY

    def _of(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        midnight = datetime.combine(day, clock_time())
        for opens, closes in self._hours(day):
            yield self._first(midnight + timedelta(minutes=opens)), self._first(midnight + timedelta(minutes=closes))

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
