"""An invitation in a few lines: what, when with its zone, where, and who asks.

Sources  RFC 5545 §3.6.1 (VEVENT), RFC 5546 §3.2 (methods), by icalendar, which knows the zones of Windows as well.
         The first events only; a rule of repetition is told in its own words.
Not here  who comes; what an answer to an invitation does to a ticket: nothing.
"""

import importlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from gateway.message.charset import clean, clean_line

MAX_OCTETS = 256 * 1024
_MAX_EVENTS = 5
_MAX_LINE = 500
_METHODS = {
    "REQUEST": "Invitation",
    "CANCEL": "Cancelled",
    "REPLY": "Answer to an invitation",
    "COUNTER": "Proposal of another time",
    "PUBLISH": "Event",
}
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}


def summary(text: str) -> str | None:
    """The events of a calendar for people; None when there are none or it cannot be read.

    text  at most MAX_OCTETS of it are worth the work
    """
    if len(text) > MAX_OCTETS or "begin:vevent" not in text.lower():
        return None
    library: Any = importlib.import_module("icalendar")  # it takes its time, for those alone who get an invitation
    try:
        calendar = library.Calendar.from_ical(text)
        events = calendar.walk("VEVENT")[:_MAX_EVENTS]
        method = str(calendar.get("METHOD", "")).upper()
        found = ["\n".join(_lines(event, method)) for event in events]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, LookupError):
        return None  # damaged in one of the ways that icalendar does not expect
    return clean("\n\n".join(found)) or None


def _lines(event: Any, method: str) -> Iterator[str]:
    yield f"{_METHODS.get(method, 'Event')}: {_text(event.get('SUMMARY')) or '(untitled)'}"
    if when := _when(event):
        yield f"When: {when}"
    if repeated := event.get("RRULE"):
        yield f"Repeated: {_shown(repeated.to_ical())}"
    if where := _text(event.get("LOCATION")):
        yield f"Where: {where}"
    if organiser := event.get("ORGANIZER"):
        yield f"Organiser: {_person(organiser)}"
    if method == "REPLY":
        yield from _answers(event)


def _when(event: Any) -> str:
    start, end, length = (_value(event, name) for name in ("DTSTART", "DTEND", "DURATION"))
    if not isinstance(start, date):
        return ""
    if end is None and isinstance(length, timedelta):
        end = start + length
    if not isinstance(start, datetime):
        last = end - timedelta(days=1) if isinstance(end, date) and not isinstance(end, datetime) else start
        return f"{start:%a %Y-%m-%d}" + (f" to {last:%a %Y-%m-%d}" if last > start else "") + " (all day)"
    zone = start.tzname() or ""
    region = str(event["DTSTART"].params.get("TZID", "")) or zone
    shown = f"{start:%a %Y-%m-%d %H:%M}"
    if isinstance(end, datetime):
        shown += f"-{end:%H:%M}" if end.date() == start.date() else f" to {end:%a %Y-%m-%d %H:%M}"
    offset = f", UTC{start:%z}"[:10] if start.tzinfo is not None and start.utcoffset() else ""
    return shown + (f" ({_shown(region)}{offset})" if region else " (local time)")


def _value(event: Any, name: str) -> Any:
    """A time or a length; None for one that is missing or damaged."""
    try:
        return getattr(event.get(name), "dt", None)
    except ValueError:
        return None


def _answers(event: Any) -> Iterator[str]:
    attendees = event.get("ATTENDEE", [])
    for attendee in (attendees if isinstance(attendees, list) else [attendees])[:_MAX_EVENTS]:
        if answer := _ANSWERS.get(str(attendee.params.get("PARTSTAT", "")).upper()):
            yield f"{_person(attendee)}: {answer}"


def _person(value: Any) -> str:
    address = str(value)
    address = address[7:] if address[:7].lower() == "mailto:" else address
    name = _shown(value.params.get("CN", ""))
    return f"{name} <{_shown(address)}>" if name and name != address else _shown(address)


def _text(value: Any) -> str:
    return "" if value is None else _shown(value[0] if isinstance(value, list) else value)


def _shown(value: Any) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return clean_line(text)[:_MAX_LINE]
