"""Working time against a count minute by minute, and the days on which clocks change."""

import random
import threading
from bisect import bisect_left
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.rules.desk import Calendar, Minutes, Span
from gateway.ticket.calendar import WorkingTime

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEK = "mon tue wed thu fri sat sun"
AWKWARD = [
    # zone, a date on which its clocks do something, what
    ("Europe/Berlin", date(2026, 10, 25)),        # back
    ("Europe/Zagreb", date(2027, 3, 28)),         # forward
    ("America/New_York", date(2026, 11, 1)),      # back
    ("America/Sao_Paulo", date(2018, 11, 4)),     # forward at midnight: the day begins at one
    ("America/Havana", date(2026, 11, 1)),        # back at one in the night
    ("America/St_Johns", date(2010, 11, 7)),      # back a minute after midnight: the day begins twice
    ("Asia/Kathmandu", date(2026, 6, 1)),         # five hours and 45 minutes, and nothing ever changes
    ("Pacific/Apia", date(2011, 12, 30)),         # a day that never was
    ("Africa/Casablanca", date(2027, 2, 7)),      # Ramadan: back in February, forward in March
    ("Australia/Lord_Howe", date(2026, 10, 4)),   # forward by half an hour
    ("Asia/Tehran", date(2022, 3, 22)),           # forward at midnight
    ("Pacific/Chatham", date(2026, 4, 5)),        # back, twelve hours and 45 minutes
]  # fmt: skip
NIGHT = ((0, 90), (135, 165), (200, 1440))  # spans that end and begin in the hours that are missing or doubled


def calendar(zone: str, *hours: Minutes, on: str = WEEK, **more: Any) -> Calendar:
    week = tuple(hours if day in on.split() else () for day in WEEK.split())
    return Calendar("c", zone, week, **more)


def wall(when: WorkingTime, first: datetime, count: int) -> Iterator[datetime]:
    """The highest time that the clock has shown until each minute."""
    highest = (first - DAY).astimezone(when.zone).replace(tzinfo=None)
    for n in range(-1440, count):
        highest = max(highest, (first + n * MINUTE).astimezone(when.zone).replace(tzinfo=None))
        if n >= 0:
            yield highest


def minutes(when: WorkingTime, first: datetime, count: int) -> Iterator[bool]:
    """Whether each minute is open: when the highest time that the clock has shown so far lies in the hours on paper."""
    for highest in wall(when, first, count):
        paper, of_day = when.calendar, highest.hour * 60 + highest.minute
        spans = paper.days.get(highest.date(), paper.hours[highest.weekday()])
        if highest.date() in paper.holidays and highest.date() not in paper.days:
            spans = ()
        yield any(start <= of_day < end for start, end in spans)


def compare(zone: str, day: date, chance: random.Random, days: int, cases: int) -> None:
    middle = datetime.combine(day, datetime.min.time(), UTC)
    listed = tuple(day + DAY * chance.randint(-days, days) for _ in range(2))
    starts = sorted(chance.sample(range(0, 1440, 5), 4))
    hours = NIGHT if chance.random() < 0.5 else ((starts[0], starts[1]), (starts[2], starts[3]))
    single = {day + DAY * chance.randint(-3, 3): chance.choice([(), ((600, 720),)])}
    made = calendar(zone, *hours, on=chance.choice([WEEK, "mon tue wed thu fri"]), holidays=listed, days=single)
    when, first = WorkingTime(made), middle - DAY * days
    open_minutes = list(minutes(when, first, 2 * days * 1440))
    shown = list(wall(when, first, 2 * days * 1440))
    opening = sorted({at.date() for at, is_open in zip(shown, open_minutes, strict=True) if is_open})
    for _ in range(cases):
        a, b = sorted(chance.sample(range(len(open_minutes)), 2))
        counted = sum(open_minutes[a:b])
        start, end = first + a * MINUTE, first + b * MINUTE
        assert when.between(start, end) == counted * MINUTE, (made, start, end)
        assert when.is_open(start) is open_minutes[a], (made, start)
        days_on = chance.randint(1, 3)
        latest = shown[a] + MINUTE * (shown[a] == shown[a - 1])  # a clock that goes back has shown the whole minute
        later = [day for day in opening if day > latest.date()]
        if len(later) > days_on:  # the last of them may go on behind what was counted
            due = bisect_left(shown, datetime.combine(later[days_on - 1], latest.time()))
            assert when.after(start, Span(days=days_on)) == first + due * MINUTE, (made, start, days_on)
        if counted:
            nth = next(i for i, total in _counted(open_minutes, a) if total == counted)
            assert when.after(start, Span(hours=counted * MINUTE)) == first + (nth + 1) * MINUTE, (made, start, counted)


def _counted(open_minutes: list[bool], begin: int) -> Iterator[tuple[int, int]]:
    total = 0
    for i in range(begin, len(open_minutes)):
        total += open_minutes[i]
        if open_minutes[i]:
            yield i, total


@pytest.mark.parametrize(("zone", "day"), AWKWARD)
def test_working_time_is_what_a_count_of_minutes_says(zone: str, day: date) -> None:
    chance = random.Random(f"{zone} everyday")
    compare(zone, day, chance, days=4, cases=20)


@pytest.mark.push
@pytest.mark.parametrize(("zone", "day"), AWKWARD)
def test_working_time_is_what_a_count_of_minutes_says_in_ten_thousand_cases(zone: str, day: date) -> None:
    chance = random.Random(zone)
    for _ in range(10):
        compare(zone, day, chance, days=12, cases=84)  # 12 zones, 10 calendars, 84 pairs of moments


OFFICE = {"on": "mon tue wed thu fri"}
DAYTIME = (480, 1020)


def at(text: str, zone: str = "Europe/Zagreb") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(("start", "span", "due"), [
    # Europe/Zagreb, Monday to Friday 08:00-17:00, 2026-11-25 free, 2026-11-26 10:00-12:00: from, promise, due
    ("2026-11-20T16:00", Span(hours=timedelta(hours=1)), "2026-11-20T17:00"),   # the end of the day is in time
    ("2026-11-20T16:00", Span(hours=timedelta(hours=2)), "2026-11-23T09:00"),   # over the week-end
    ("2026-11-21T22:10", Span(hours=timedelta(hours=1)), "2026-11-23T09:00"),   # from outside the hours
    ("2026-11-24T16:00", Span(hours=timedelta(hours=2)), "2026-11-26T11:00"),   # over the holiday
    ("2026-11-20T16:00", Span(days=1), "2026-11-23T16:00"),
    ("2026-11-24T11:30", Span(days=2), "2026-11-27T11:30"),                     # 25 is free, 26 is a working day
    ("2026-11-21T22:10", Span(days=1), "2026-11-23T22:10"),                     # the same clock time, whatever it is
    ("2026-10-23T02:30", Span(days=1), "2026-10-26T02:30"),
    ("2027-03-26T02:30", Span(days=1), "2027-03-29T02:30"),
    ("2026-11-20T16:00", Span(hours=timedelta(0)), "2026-11-20T16:00"),
])  # fmt: skip
def test_hours_count_inside_opening_hours_and_days_are_the_same_clock_time_later(
    start: str, span: Span, due: str
) -> None:
    single = {date(2026, 11, 26): ((600, 720),)}
    office = calendar("Europe/Zagreb", DAYTIME, **OFFICE, holidays=(date(2026, 11, 25),), days=single)
    assert WorkingTime(office).after(at(start), span) == at(due)


@pytest.mark.parametrize(("zone", "start", "due"), [
    # open all the time: the same clock time a day later, where that is a time of its own
    ("Europe/Berlin", "2027-03-27T02:30", "2027-03-28T03:00"),          # does not exist: the next that does
    ("Europe/Berlin", "2026-10-24T02:30", "2026-10-25T02:30"),          # comes twice: the first
    ("Pacific/Apia", "2011-12-29T10:00", "2011-12-31T10:00"),           # the day between never was, nor did it open
    ("Australia/Lord_Howe", "2026-10-03T02:10", "2026-10-04T02:30"),
    ("America/Sao_Paulo", "2018-11-03T00:20", "2018-11-04T01:00"),
])  # fmt: skip
def test_a_clock_time_that_is_missing_is_the_next_and_one_that_is_doubled_the_first(
    zone: str, start: str, due: str
) -> None:
    always = WorkingTime(calendar(zone, (0, 1440)))
    assert always.after(at(start, zone), Span(days=1)) == at(due, zone)


def test_a_day_of_all_hours_is_as_long_as_it_is() -> None:
    always = WorkingTime(calendar("Europe/Berlin", (0, 1440)))

    def length(day: str) -> timedelta:
        begin = at(f"{day}T00:00", "Europe/Berlin")
        return always.between(begin, begin.astimezone(ZoneInfo("Europe/Berlin")) + DAY)

    assert [length(day) / timedelta(hours=1) for day in ("2026-06-01", "2027-03-28", "2026-10-25")] == [24, 23, 25]


@pytest.mark.parametrize(("moment", "opens"), [
    # Monday to Friday 08:00-17:00: when somebody is there next
    ("2026-11-20T07:59", "2026-11-20T08:00"),
    ("2026-11-20T08:00", "2026-11-20T08:00"),
    ("2026-11-20T16:59", "2026-11-20T16:59"),
    ("2026-11-20T17:00", "2026-11-23T08:00"),   # the end is not within
])  # fmt: skip
def test_who_is_not_there_comes_at_the_next_opening(moment: str, opens: str) -> None:
    office = WorkingTime(calendar("Europe/Zagreb", DAYTIME, **OFFICE))
    assert office.opens(at(moment)) == at(opens)
    assert office.is_open(at(moment)) is (moment == opens)


def test_who_never_opens_has_no_next_time() -> None:
    never = WorkingTime(calendar("UTC"))
    moment = at("2026-11-20T08:00")
    assert never.opens(moment) is None
    assert never.after(moment, Span(hours=MINUTE)) is None
    assert never.after(moment, Span(days=1)) is None
    assert never.between(moment, moment + 365 * DAY) == timedelta(0)


def test_what_lies_between_adds_up_and_due_times_never_go_back() -> None:
    chance = random.Random(4812)
    when = WorkingTime(calendar("Australia/Lord_Howe", *NIGHT))
    first = datetime(2026, 9, 20, tzinfo=UTC)
    moments = sorted(first + timedelta(seconds=chance.randrange(40 * 86_400)) for _ in range(200))
    pieces = [when.between(a, b) for a, b in pairwise(moments)]
    assert sum(pieces, timedelta(0)) == when.between(moments[0], moments[-1])
    for span in (Span(hours=timedelta(hours=5, seconds=7)), Span(days=3)):
        dues = [when.after(moment, span) for moment in moments]
        assert dues == sorted(due for due in dues if due is not None)


def test_threads_that_ask_at_once_count_no_span_twice() -> None:
    both = threading.Barrier(2, timeout=0.1)

    def free(_year: int) -> Collection[date]:
        with suppress(threading.BrokenBarrierError):
            both.wait()
        return ()

    shared = WorkingTime(calendar("UTC", DAYTIME, **OFFICE), free)
    monday = at("2026-11-23T00:00")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: shared.between(monday, monday + 7 * DAY), range(2)))
    alone = WorkingTime(shared.calendar)
    assert shared.between(monday, monday + 7 * DAY) == alone.between(monday, monday + 7 * DAY)
