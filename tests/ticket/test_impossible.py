"""Which times of a ticket cannot be right, and that it has a flag for as long as they are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.rules.desk import Calendar
from gateway.rules.statuses import StatusType
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.change import opened
from gateway.ticket.impossible import FLAG, flagged, impossible
from gateway.ticket.ledger import Line, status_line
from gateway.ticket.sla import Promises
from gateway.ticket.types import OpenTicket, Ticket
from tests.rules.desk import rules_of

RULES = rules_of("""
calendars: {office: {timezone: UTC, hours: {mon-sun: "00:00-24:00"}}}
sla: {standard: {calendar: office, first_response: 8h}}
""")
OPENS, NEVER = WorkingTime(RULES.calendars["office"]), WorkingTime(Calendar("old", "UTC"))
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
TICKET = replace(opened(OpenTicket("x", "support", None, None, "mail", MONDAY)), sla="standard")
ASLEEP = replace(TICKET, status="snoozed", status_type="waiting_third")


def at(hour: float) -> datetime:
    return MONDAY + timedelta(hours=hour)


def waits(hour: float, kind: StatusType = "waiting_customer") -> Line:
    return status_line(at(hour), kind, kind, "agent:ann")


@pytest.mark.parametrize(("hours", "ticket", "lines", "now", "wrong"), [
    # the calendar, the ticket, what happened behind its opening, hours from then until now, what is wrong
    (OPENS, TICKET, (waits(1), waits(2, "open")), 9, []),
    (NEVER, TICKET, (), 1, ["first response is never due: “old” does not open so long"]),
    (NEVER, TICKET, (waits(1),), 2, ["first response is never due: “old” does not open so long"]),
    (NEVER, TICKET, (Line(at(1), "answer"),), 2, []),                                      # kept all the same
    (OPENS, TICKET, (waits(1),), 2, []),                                                   # it stands, and is due later
    (OPENS, replace(TICKET, due=at(-1)), (), 1,
     ["the due time set by hand, 2026-11-23 07:00 UTC, lies before the opening, 2026-11-23 08:00 UTC"]),
    (OPENS, TICKET, (waits(0.1),), 0, ["something in it happened in the future, 2026-11-23 08:06 UTC"]),
    (OPENS, TICKET, (waits(0.08),), 0, []),                                                # no clock is quite right
    (OPENS, TICKET, (waits(-24),), 1,
     ["something in it, 2026-11-22 08:00 UTC, happened before the opening, 2026-11-23 08:00 UTC"]),
    (OPENS, TICKET, (Line(at(-24), "words", entry=7),), 1, []),                            # of a ticket that was merged
    (OPENS, replace(ASLEEP, snoozed_until=at(9)), (), 1, []),
    (OPENS, ASLEEP, (), 1, ["it is snoozed for ever"]),
    (OPENS, replace(ASLEEP, snoozed_until=at(9000)), (), 1, ["it is snoozed until 2027-12-03 08:00 UTC"]),
])  # fmt: skip
def test_times_that_cannot_be_right_are_named(
    hours: WorkingTime, ticket: Ticket, lines: tuple[Line, ...], now: float, wrong: list[str]
) -> None:
    ledger = sorted((Line(MONDAY, "opened"), *lines), key=lambda line: line.at)
    promised = Promises(RULES, {"office": hours}).standing(ticket, None, ledger).promised
    assert list(impossible(ticket, promised, ledger, at(now))) == wrong


@pytest.mark.parametrize(("flags", "wrong", "then"), [
    # the flags, what is wrong, the flags then
    ((), ["a"], (FLAG,)),
    ((FLAG, "guessed"), ["a"], (FLAG, "guessed")),
    ((FLAG, "guessed"), [], ("guessed",)),
    (("guessed",), [], ("guessed",)),
])  # fmt: skip
def test_the_flag_goes_when_all_may_be_right(flags: tuple[str, ...], wrong: list[str], then: tuple[str, ...]) -> None:
    assert flagged(replace(TICKET, flags=flags), wrong) == then
