"""`calendars:` as values: opening hours of a week, holidays, single days.

Sources  rules.md §3; RFC 5545 §3.6.1 (an .ics file: each day of an event is free).
Not here arithmetic with them (ticket/calendar.py), which days a country has free (free_days.py).
"""

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gateway.rules import reading
from gateway.rules.desk import Minutes
from gateway.rules.forms import Form, Key, Keys, Reader
from gateway.rules.tree import Node
from gateway.rules.types import WEEKDAYS

_PERIOD = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_DAYS = re.compile(rf"({'|'.join(WEEKDAYS)})(?:-({'|'.join(WEEKDAYS)}))?")
_MIDNIGHT = 24 * 60
_HOURS_HINT = 'such as "08:00-12:00, 13:00-17:00", or closed'


def _timezone(node: Node, r: Reader) -> str | None:
    name = reading.line(node, r.f)
    try:
        if name is not None:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        r.f.add(node, "R030", f"no time zone: “{name}”", "an IANA name such as Europe/Zagreb")
        return None
    return name


def _periods(node: Node, r: Reader) -> tuple[Minutes, ...] | None:
    """`08:00-12:00, 13:00-17:00`; `closed` is empty."""
    text = reading.line(node, r.f)
    if text is None:
        return None
    if text == "closed":
        return ()
    found: list[Minutes] = []
    for part in text.split(","):
        matched = _PERIOD.fullmatch(part.strip())
        span = (60 * int(matched[1]) + int(matched[2]), 60 * int(matched[3]) + int(matched[4])) if matched else (0, 0)
        if not span[0] < span[1] <= _MIDNIGHT:
            r.f.add(node, "R030", f"no opening hours: “{text[:60]}”", _HOURS_HINT)
            return None
        if found and span[0] < found[-1][1]:
            r.f.add(node, "R030", f"“{part.strip()}” begins before the hours in front of it end", _HOURS_HINT)
            return None
        found.append(span)
    return tuple(found)


def _hours(node: Node, r: Reader) -> tuple[tuple[Minutes, ...], ...] | None:
    """Of each weekday, Monday first."""
    week: list[tuple[Minutes, ...]] = [()] * 7
    named: set[int] = set()
    for key, value in reading.pairs(node, r.f):
        matched = _DAYS.fullmatch(key.text)
        if matched is None:
            r.f.unknown(key, "weekday", key.text, WEEKDAYS, "weekdays")
            continue
        periods = _periods(value, r)
        first = WEEKDAYS.index(matched[1])
        last = WEEKDAYS.index(matched[2]) if matched[2] else first
        for day in (n % 7 for n in range(first, last + 1 if last >= first else last + 8)):
            if day in named:
                r.f.add(key, "R030", f"{WEEKDAYS[day]} has its hours already", "several in one text: " + _HOURS_HINT)
                break
            named.add(day)
            week[day] = periods or ()
    return tuple(week)


def _date(node: Node, r: Reader) -> date | None:
    try:
        return date.fromisoformat(node.text)
    except ValueError:
        r.f.add(node, "R030", f"no date: “{node.text[:40]}”", "such as 2026-12-24")
        return None


def _dates(node: Node, r: Reader) -> tuple[date, ...]:
    found: dict[date, None] = {}
    for n in reading.items(node, r.f):
        day = _date(n, r)
        if day in found:
            r.f.add(n, "R030", f"{day} is listed already")
        elif day is not None:
            found[day] = None
    return tuple(found)


def _holidays(node: Node, r: Reader) -> dict[str, Any] | None:
    """A country, or single dates."""
    if node.kind == "list":
        return {"holidays": _dates(node, r)}
    word = reading.line(node, r.f)
    if word is None:
        return None
    if word.endswith(".ics"):
        return {"file": word}
    if not _COUNTRY.fullmatch(word):
        r.f.add(node, "R030", f"no holidays: “{word[:40]}”", "a country such as HR, a list of dates, or an .ics file")
        return None
    return {"country": word}


def _single_days(node: Node, r: Reader) -> dict[date, tuple[Minutes, ...]] | None:
    found = {}
    for key, value in reading.pairs(node, r.f):
        day, periods = _date(key, r), _periods(value, r)
        if day is not None and periods is not None:
            found[day] = periods
    return found


_PERIODS_SCHEMA = {"type": "string", "minLength": 1}
ZONE = Form(_timezone, {"type": "string"}, "IANA name")
CALENDAR_KEYS: Keys = {
    "timezone": Key(ZONE, "where the clock hangs", required=True),
    "hours": Key(
        Form(
            _hours,
            {"type": "object", "additionalProperties": _PERIODS_SCHEMA},
            'mapping such as mon-fri: "08:00-17:00"',
        ),
        "opening hours",
    ),
    "holidays": Key(
        Form(
            _holidays,
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "country, list of dates, or .ics file",
        ),
        "days that are free",
    ),
    "days": Key(
        Form(
            _single_days,
            {"type": "object", "additionalProperties": _PERIODS_SCHEMA},
            'mapping such as 2026-12-24: "08:00-12:00", or closed',
        ),
        "single days, instead of the hours",
    ),
}
