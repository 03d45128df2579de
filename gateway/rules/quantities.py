"""Durations, sizes, rates and times as people write them, and back.

Sources  rules.md §1. A bare number is refused everywhere: its unit would be a guess.
"""

import re
from datetime import datetime, timedelta

from gateway.rules.desk import Rate, Span

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_592_000, "y": 31_536_000}
_NO_DATE_S = 1000 * _SECONDS["y"]  # the calendar of Python ends in the year 9999
_DURATION = re.compile(r"([0-9]{1,9})(s|mo|m|h|d|w|y)")
_OCTETS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE = re.compile(r"([0-9]{1,9}) ?(B|KiB|MiB|GiB)")
_RATE = re.compile(r"([0-9]{1,9}) per ([0-9a-z]+)(?: per ([a-z]+))?")


def duration(text: str) -> timedelta | None:
    """`90s 15m 8h 2d 1w 3mo 2y`; a month is 30 days, a year 365. None when it is no duration, or a thousand years."""
    found = _DURATION.fullmatch(text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    return timedelta(seconds=seconds) if found and seconds < _NO_DATE_S else None


def span(text: str) -> Span | None:
    """`8h` of opening hours, `5d` by working days; None when it is no duration, or none at all."""
    length = duration(text)
    if not length:
        return None
    return Span(days=length // timedelta(days=1)) if text.endswith("d") else Span(hours=length)


def size(text: str) -> int | None:
    """`64 KiB`, `25 MiB` in octets; None when it is no size."""
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _OCTETS[found[2]] if found else None


def rate(text: str) -> tuple[Rate, str] | None:
    """`N per DURATION [per SCOPE]` and the scope, which may be empty; None when it is no rate."""
    found = _RATE.fullmatch(text)
    per = duration(found[2]) if found else None
    return (Rate(int(found[1]), per), found[3] or "") if found and per else None


def moment(text: str) -> datetime | None:
    """A time of ISO 8601 with its zone; None when it is none, or has no zone."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def in_words(value: timedelta | Span) -> str:
    """`2d`, `90s`: the largest unit that tells it exactly, weeks, months and years in days; opening hours in hours."""
    if isinstance(value, Span):
        if value.days is not None:
            return f"{value.days}d"
        length, units = value.hours or timedelta(0), "hms"
    else:
        length, units = value, "dhms"
    seconds = int(length.total_seconds())
    unit = next(u for u in units if seconds % _SECONDS[u] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"
