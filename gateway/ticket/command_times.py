"""A time to come as people write it in a command: `2d`, `tomorrow`, `mon 9:00`, `2026-12-01 09:00`.

Sources  agents-by-mail.md §4. A clock time is that of the writer's zone; one that does not exist is the next that does,
         a doubled one is the first. A day without a time begins at nine. A weekday is the next one.
Not here  lengths alone (rules/quantities.py), opening hours (calendar.py).
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time

from gateway.message.fold import folded
from gateway.rules.quantities import duration
from gateway.rules.types import WEEKDAYS
from gateway.ticket.command_values import with_hyphens

_MORNING = clock_time(9)
_LENGTH = re.compile(r"(?:in )?([0-9]{1,9} ?(?:mo|[mhdwy]))")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DAYS = {"today": 0, "tomorrow": 1}
_LEAST_OF_WEEKDAY = 3  # letters: wed, wednesday
_WHOLE_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def time_to_come(text: str, now: datetime, zone: tzinfo) -> datetime | None:
    """The moment, aware UTC, which may be over; None when it is no time.

    now   aware UTC.  zone  of the writer
    """
    words = folded(with_hyphens(" ".join(text.split())))
    if not words:
        return None
    try:
        if (length := _LENGTH.fullmatch(words)) is not None:
            ahead = duration(length[1].replace(" ", ""))
            return None if ahead is None else now + ahead
        return _by_the_clock(words.replace("t", " ", 1) if _DAY.match(words) else words, now, zone)
    except (OverflowError, ValueError):
        return None


def clock_time_of(text: str) -> clock_time | None:
    """`9:00`, `08:30`; None when it is no time of day."""
    found = _CLOCK.fullmatch(text.strip())
    return clock_time(int(found[1]), int(found[2])) if found and int(found[1]) < 24 and int(found[2]) < 60 else None


def _by_the_clock(words: str, now: datetime, zone: tzinfo) -> datetime | None:
    day, _, clock = words.rpartition(" ")
    at = clock_time_of(clock)
    if at is None:
        day, at = words, _MORNING
    here = now.astimezone(zone)
    on = here.date() if not day else _day(day, here.date())
    if on is None:
        return None
    found = _moment(on, at, zone)
    if found > now:
        return found
    if not day:
        return _moment(on + timedelta(days=1), at, zone)
    return _moment(on + timedelta(days=7), at, zone) if _weekday(day) is not None else found


def _day(text: str, today: date) -> date | None:
    if (found := _DAY.fullmatch(text)) is not None:
        return date(*map(int, found.groups()))
    if text in _DAYS:
        return today + timedelta(days=_DAYS[text])
    weekday = _weekday(text)
    return None if weekday is None else today + timedelta(days=(weekday - today.weekday()) % 7)


def _weekday(text: str) -> int | None:
    """Monday is 0; None when it is no weekday."""
    if len(text) < _LEAST_OF_WEEKDAY:
        return None
    short = WEEKDAYS.index(text[:3]) if text[:3] in WEEKDAYS else None
    return short if short is not None and _WHOLE_WEEKDAYS[short].startswith(text) else None


def _moment(on: date, at: clock_time, zone: tzinfo) -> datetime:
    return datetime.combine(on, at, zone).astimezone(UTC)
