"""Which days of a year are public holidays: of a country, or of an iCalendar file beside the rules.

Sources  ISO 3166 codes, by the library holidays; RFC 5545 §3.6.1: each day of an event of whole days is free, §3.8.5:
         such an event may come again.
Not here what a holiday means for working time (ticket/calendar.py), days that the rules list (rules/calendars.py).
"""

import importlib
import importlib.util
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from dateutil.rrule import rrulestr

from gateway.rules.desk import Calendar
from gateway.ticket.calendar import FreeDays

_NONE: Collection[date] = frozenset()
_FREQUENCIES = ("FREQ=YEARLY", "FREQ=MONTHLY", "FREQ=WEEKLY", "FREQ=DAILY")
_MOST_EVENTS = 5000
_MOST_DAYS = 366  # of one event


def free_days(calendar: Calendar, files: Mapping[str, str]) -> FreeDays:
    """The holidays of a calendar, year by year.

    files  the texts beside the rules, by name
    Raises  ValueError  there is no such country or part of it; the file is no iCalendar file
    """
    if calendar.country is not None:
        return _of_country(calendar.country)
    return _of_file(files[calendar.file]) if calendar.file in files else lambda year: _NONE


@cache
def _of_country(code: str) -> FreeDays:
    country, _, part = code.partition("-")
    try:
        holidays = _holidays_of(country)
        holidays(subdiv=part or None)
    except NotImplementedError:
        raise ValueError(f"nobody knows the public holidays of “{code}”") from None
    return cache(lambda year: frozenset(holidays(subdiv=part or None, years=year)))


@cache
def _holidays_of(country: str) -> Any:
    """What the library has of a country, from its module alone: to import those of all takes longer than the rest."""
    registry: Any = importlib.import_module("holidays.registry")
    name = next((name for name, names in registry.COUNTRIES.items() if country in names), None)
    if name is None:
        raise NotImplementedError(country)
    path = Path(registry.__file__).parent / "countries" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"holidays.countries.{name}", path)
    if spec is None or spec.loader is None:
        raise NotImplementedError(country)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, country)


@dataclass(frozen=True, slots=True)
class _Event:
    """Whole days that are free."""

    start: date
    days: int
    rule: str  # by which it comes again; empty for none
    but: frozenset[date]  # when it does not

    def in_year(self, year: int) -> Iterator[date]:
        """Its days in a year; it may have begun in the one before."""
        begins = [self.start]
        if self.rule:
            again = rrulestr(self.rule, dtstart=datetime.combine(self.start, time()))
            begins = [at.date() for at in again.between(datetime(year - 1, 1, 1), datetime(year, 12, 31), inc=True)]
        for begin in begins:
            if begin not in self.but:
                yield from (day for n in range(self.days) if (day := begin + timedelta(days=n)).year == year)


@cache
def _of_file(text: str) -> FreeDays:
    try:
        library: Any = importlib.import_module("icalendar")  # it takes its time, for those alone who have a file
        read: list[Any] = library.Calendar.from_ical(text).walk("VEVENT")[:_MOST_EVENTS]
        events = [_event(event) for event in read if _is_day(event["DTSTART"].dt)]
    except (AttributeError, KeyError, TypeError, ValueError) as e:
        raise ValueError(f"this is no iCalendar file: {type(e).__name__}") from None
    if not events:
        raise ValueError("there is no event of whole days in this file")
    return cache(lambda year: frozenset(day for event in events for day in event.in_year(year)))


def _event(event: Any) -> _Event:
    """DTEND is the first day that it does not last; UNTIL may be in UTC, though RFC 5545 §3.3.10 forbids it here."""
    start, end, duration = event["DTSTART"].dt, event.get("DTEND"), event.get("DURATION")
    length = duration.dt if duration is not None else end.dt - start if end is not None else timedelta(days=1)
    but = event.get("EXDATE") or []
    left_out = (each.dt for dates in (but if isinstance(but, list) else [but]) for each in dates.dts)
    rule = event["RRULE"].to_ical().decode().replace("Z", "") if "RRULE" in event else ""
    made = _Event(start, min(max(length.days, 1), _MOST_DAYS), rule, frozenset(filter(_is_day, left_out)))
    if rule and not rule.startswith(_FREQUENCIES):
        raise ValueError(rule)
    set(made.in_year(start.year))  # a rule that cannot be read is found now
    return made


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)
