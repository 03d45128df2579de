"""Public holidays: of a country, of a part of it, of an iCalendar file."""

from datetime import date

import pytest

from gateway.errors import ConfigError
from gateway.free_days import free_days
from gateway.rules.desk import Calendar
from gateway.rules.load import load_rules


@pytest.mark.parametrize(("code", "day", "free"), [
    # country, day, whether it is free
    ("HR", "2026-05-30", True),
    ("HR", "2026-05-29", False),
    ("DE", "2026-01-06", False),
    ("DE-BY", "2026-01-06", True),   # in Bavaria and two others
])  # fmt: skip
def test_a_country_or_a_part_of_it_has_its_own_days(code: str, day: str, free: bool) -> None:
    of_year = free_days(Calendar("c", "UTC", country=code), {})
    assert (date.fromisoformat(day) in of_year(2026)) is free


def event(*lines: str) -> str:
    return "\r\n".join(("BEGIN:VEVENT", *lines, "END:VEVENT"))


def file_of(*events: str) -> str:
    return "\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//EN", *events, "END:VCALENDAR", ""))


@pytest.mark.parametrize(("lines", "year", "days"), [
    # an event, a year, its days in that year
    (("DTSTART;VALUE=DATE:20261225",), 2026, ["12-25"]),
    (("DTSTART;VALUE=DATE:20261225",), 2027, []),
    (("DTSTART;VALUE=DATE:20261231", "DTEND;VALUE=DATE:20270102"), 2026, ["12-31"]),   # its end does not count
    (("DTSTART;VALUE=DATE:20261231", "DTEND;VALUE=DATE:20270102"), 2027, ["01-01"]),
    (("DTSTART;VALUE=DATE:20261230", "DURATION:P2D"), 2026, ["12-30", "12-31"]),
    (("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=YEARLY"), 2031, ["01-01"]),
    (("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=YEARLY;UNTIL=20300101T000000Z"), 2031, []),
    (("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=YEARLY", "EXDATE;VALUE=DATE:20310101"), 2031, []),
    (("DTSTART;VALUE=DATE:20191231", "DURATION:P2D", "RRULE:FREQ=YEARLY"), 2031, ["01-01", "12-31"]),
])  # fmt: skip
def test_each_day_of_an_event_of_whole_days_is_free(lines: tuple[str, ...], year: int, days: list[str]) -> None:
    files = {"free.ics": file_of(event(*lines), event("DTSTART:20260610T100000Z", "DTEND:20260610T110000Z"))}
    of_year = free_days(Calendar("c", "UTC", file="free.ics"), files)
    assert sorted(of_year(year)) == [date.fromisoformat(f"{year}-{day}") for day in days]


@pytest.mark.parametrize(("holidays", "file", "problem"), [
    # what the rules say, what stands in the file, what is said about it and where
    ("XX", "", "3:47: error R030: nobody knows the public holidays of “XX”"),
    ("DE-ZZ", "", "3:47: error R030: nobody knows the public holidays of “DE-ZZ”"),
    ("free.ics", "25 December", "3:47: error R030: this is no iCalendar file: ValueError"),
    ("free.ics", file_of(event("DTSTART:20260610T100000Z")),
     "3:47: error R030: there is no event of whole days in this file"),
    ("free.ics", file_of(event("DTSTART;VALUE=DATE:20200101", "RRULE:FREQ=SECONDLY")),
     "3:47: error R030: this is no iCalendar file: ValueError"),
])  # fmt: skip
def test_holidays_that_nobody_knows_are_named_with_their_place(holidays: str, file: str, problem: str) -> None:
    text = (
        "version: 1\ndefaults: {team: support}\n"
        f"calendars: {{office: {{timezone: UTC, holidays: {holidays}}}}}\n"
        "teams: {support: {address: support@acme.test}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_rules(text, "rules.yaml", 1, beside=lambda pattern: {pattern: file}, holidays=free_days)
    assert f"rules.yaml:{problem}" in caught.value.text
