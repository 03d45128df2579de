"""Whether five fields are a time table that cron knows, and when it was due last.

Sources  crontab(5): minute, hour, day of month, month, weekday; *, lists, ranges, steps, names of months and weekdays;
         where day and weekday both say something, one of them is enough.
"""

import re
from datetime import datetime, time, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    # name, least, most, names
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),
)
_FORGOTTEN = timedelta(days=366)
_PART = re.compile(r"(?:\*|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]+))?")


def cron_error(text: str) -> str | None:
    """What is wrong with the time table; None when nothing is."""
    words = text.split()
    if len(words) > len(_FIELDS):
        return "more than five fields: a minute is the shortest step"
    if len(words) < len(_FIELDS):
        return f"{len(words)} fields instead of five"
    for word, (name, least, most, names) in zip(words, _FIELDS, strict=True):
        for part in word.lower().split(","):
            if not _fits(part, least, most, names):
                return f"“{part}” is no {name}"
    return None


def last_due(text: str, after: datetime, until: datetime) -> datetime | None:
    """The last minute of the time table behind one clock time and not behind another; None: there is none.

    text          without mistakes
    after, until  what a clock on a wall shows, without zone; what lies more than a year before is forgotten
    """
    minutes, hours, days, months, weekdays = map(_numbers, text.lower().split(), _FIELDS)
    any_day, any_weekday = (text.split()[place] == "*" for place in (2, 4))
    times = sorted((time(hour, minute) for hour in hours for minute in minutes), reverse=True)
    day, first = until.date(), max(after, until - _FORGOTTEN).date()
    while day >= first:
        by_day, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        fits = (by_day and by_weekday) if any_day or any_weekday else (by_day or by_weekday)
        if fits and day.month in months:
            moments = (datetime.combine(day, at) for at in times)
            if (found := next((m for m in moments if after < m <= until), None)) is not None:
                return found
        day -= timedelta(days=1)
    return None


def _numbers(word: str, field: tuple[str, int, int, tuple[str, ...]]) -> frozenset[int]:
    """All numbers that a field without mistakes stands for; the weekday 7 is 0."""
    name, least, most, names = field
    found: set[int] = set()
    for part in word.split(","):
        given = _PART.fullmatch(part)
        if given is None:
            raise ValueError(f"“{part}” is no {name}")
        begin = least if given[1] is None else _number(given[1], least, names)
        end = (
            most if given[1] is None or (given[3] and given[2] is None) else _number(given[2] or given[1], least, names)
        )
        found |= set(range(begin or 0, (end or 0) + 1, int(given[3] or 1)))
    return frozenset(number % 7 if name == "weekday" else number for number in found)


def _fits(part: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    found = _PART.fullmatch(part)
    if found is None or found[3] == "0":
        return False
    bounds = [_number(word, least, names) for word in found.groups()[:2] if word is not None]
    inside = all(bound is not None and least <= bound <= most for bound in bounds)
    return inside and (len(bounds) < 2 or (bounds[0] or 0) <= (bounds[1] or 0))


def _number(word: str, least: int, names: tuple[str, ...]) -> int | None:
    if word in names:
        return names.index(word) + least
    return int(word) if word.isdecimal() and len(word) < 3 else None
