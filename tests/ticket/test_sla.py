"""When promises are due, against a count of minutes that are open and in which no clock stands."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from gateway.rules.desk import Calendar, Sla, Span, Targets
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.change import opened
from gateway.ticket.course import Course
from gateway.ticket.ledger import Clock, Line, Pause, status_line
from gateway.ticket.sla import Promises
from gateway.ticket.sla_steps import steps
from gateway.ticket.types import Customer, OpenTicket, Ticket
from tests.rules.desk import rules_of
from tests.ticket.test_calendar import AWKWARD, DAY, MINUTE, NIGHT, calendar, minutes


def compare(zone: str, day: date, chance: random.Random, days: int, cases: int) -> None:
    """Clocks with pauses against the minutes that they ran."""
    hours = NIGHT if chance.random() < 0.5 else ((480, 720), (780, 1020))
    when = WorkingTime(calendar(zone, *hours))
    first = datetime.combine(day, datetime.min.time(), UTC) - DAY * days
    open_minutes = list(minutes(when, first, 2 * days * 1440))
    for _ in range(cases):
        marks = sorted(chance.sample(range(len(open_minutes)), 2 * chance.randint(0, 3) + 1))
        start, stands = marks[0], list(zip(marks[1::2], marks[2::2], strict=True))
        runs = [
            n for n in range(start, len(open_minutes)) if open_minutes[n] and not any(a <= n < b for a, b in stands)
        ]
        if not runs:
            continue
        length = chance.randint(1, len(runs))
        pauses = tuple(Pause(first + a * MINUTE, first + b * MINUTE, "pending") for a, b in stands)
        clock = Clock("resolution", 1, first + start * MINUTE, pauses)
        reached = first + (runs[length - 1] + 1) * MINUTE
        course = Course(clock, when)
        assert course.reaches(length * MINUTE) == reached, (zone, clock, length)
        assert course.ran(reached) == length * MINUTE, (zone, clock, length)


@pytest.mark.parametrize(("zone", "day"), AWKWARD)
def test_a_clock_is_due_when_so_many_open_minutes_have_run(zone: str, day: date) -> None:
    compare(zone, day, random.Random(f"{zone} everyday"), days=4, cases=20)


@pytest.mark.push
@pytest.mark.parametrize(("zone", "day"), AWKWARD)
def test_a_clock_is_due_when_so_many_open_minutes_have_run_in_ten_thousand_cases(zone: str, day: date) -> None:
    chance = random.Random(zone)
    for _ in range(10):
        compare(zone, day, chance, days=4, cases=84)


RULES = rules_of("""
calendars:
  office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}
  always: {timezone: UTC, hours: {mon-sun: "00:00-24:00"}}
sla:
  hospital: {calendar: always, first_response: 30m, for: {organisation: [Hospital]}}
  urgent: {calendar: office, first_response: 1h, for: {priority: urgent, team: billing}}
  standard:
    {calendar: office, first_response: 8h, resolution: 5d, warn_at: [50%, 75%],
     by_priority: {high: {first_response: 4h}}}
""")
RULES = replace(RULES, defaults=replace(RULES.defaults, sla="standard"))
PROMISES = Promises(RULES, {id: WorkingTime(each) for id, each in RULES.calendars.items()})
MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
TICKET = opened(OpenTicket("x", "support", None, None, "mail", MONDAY))
EVA = Customer(1, "Eva", "eva@x.test", None, muted=False, answered=False)


@pytest.mark.parametrize(("ticket", "customer", "policy", "why"), [
    # the ticket, who writes, the policy, why this one
    (TICKET, None, "standard", "defaults"),
    (TICKET, EVA, "standard", "defaults"),
    (TICKET, replace(EVA, organisation="hospital"), "hospital", "for: organisation"),
    (replace(TICKET, priority="urgent"), None, "standard", "defaults"),                    # both must fit
    (replace(TICKET, priority="urgent", team="billing"), None, "urgent", "for: priority, team"),
    (replace(TICKET, sla="urgent"), replace(EVA, organisation="Hospital"), "urgent", "chosen"),
    (replace(TICKET, sla="none"), replace(EVA, organisation="Hospital"), None, "chosen"),
    (replace(TICKET, sla="of another revision"), None, "standard", "defaults"),
])  # fmt: skip
def test_a_ticket_has_one_policy_and_a_reason_for_it(
    ticket: Ticket, customer: Customer | None, policy: str | None, why: str
) -> None:
    found, because = PROMISES.policy_of(ticket, customer)
    assert (found.id if found else None, because) == (policy, why)


def at(minute: int) -> datetime:
    return MONDAY + minute * MINUTE


LEDGER = (
    Line(at(0), "opened", cause="customer"),
    Line(at(0), "words", cause="jan@bigbank.test"),
    status_line(at(60), "waiting_third", "on_hold", "agent:ann"),
    status_line(at(180), "open", "open", "agent:ann"),
)


@pytest.mark.parametrize(("opened_at", "half", "due"), [
    # a promise of two days: when the ticket comes, when half of it is over, when it is due; the office is 08:00-16:00
    ("2026-11-23T10:00", "2026-11-24T10:00", "2026-11-25T10:00"),
    ("2026-11-20T20:00", "2026-11-23T16:00", "2026-11-25T08:00"),     # outside hours: as if it came when it opens
    ("2026-11-21T03:00", "2026-11-23T16:00", "2026-11-25T08:00"),
    ("2026-11-23T03:00", "2026-11-23T16:00", "2026-11-25T08:00"),
])  # fmt: skip
def test_days_begin_when_somebody_is_there(opened_at: str, half: str, due: str) -> None:
    when, middle, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (opened_at, half, due))
    policy = Sla("days", "office", Targets(resolution=Span(days=2)), warn_at=(50,))
    found = PROMISES.promised(Clock("resolution", 1, when), TICKET, policy)
    assert found is not None
    assert found.stages == ((50, middle), (100, end))


@pytest.mark.parametrize(("ticket", "first", "last", "stages"), [
    # the ticket, minutes after Monday 08:00 until the first answer and the end are due, stages of the first
    (TICKET, 1440 + 120, 5 * 1440 + 2 * 1440 + 120, [(50, 360), (75, 480), (100, 1560)]),
    (replace(TICKET, priority="high"), 360, 7 * 1440 + 120, [(50, 240), (75, 300), (100, 360)]),
    (replace(TICKET, due=at(77)), 1560, 77, [(50, 360), (75, 480), (100, 1560)]),         # set by hand: it stays
])  # fmt: skip
def test_promises_are_reckoned_from_the_ledger_and_the_ticket_as_it_is(
    ticket: Ticket, first: int, last: int, stages: list[tuple[int, int]]
) -> None:
    standing = PROMISES.standing(ticket, None, LEDGER)
    found = {each.clock.metric: each for each in standing.promised}
    assert found["first_response"].due_at == at(first)
    assert found["resolution"].due_at == at(last)
    assert [(stage, reached) for stage, reached in found["first_response"].stages] == [(s, at(m)) for s, m in stages]
    assert standing.next_due == min(at(first), at(last))
    assert standing.answer_due == at(first)


def test_a_clock_that_stands_has_no_due_time_and_what_ran_out_before_keeps_its_own() -> None:
    standing = PROMISES.standing(TICKET, None, LEDGER[:3])
    assert [each.due_at for each in standing.promised] == [None, None]
    assert standing.next_due is None
    late = (*LEDGER[:2], status_line(at(1440 + 60), "waiting_third", "on_hold", "agent:ann"))
    overdue = PROMISES.standing(TICKET, None, late)
    assert overdue.answer_due == at(480)  # Monday 16:00, hours before it was put on hold
    (first, _) = overdue.promised
    assert first.breached(at(481))
    assert first.percent(at(240)) == 50


def test_the_sum_of_a_promise_is_told_step_by_step() -> None:
    ledger = (*LEDGER, Line(at(1620), "answer", cause="agent:ann"))
    (first, *_) = PROMISES.history(TICKET, RULES.sla["standard"], ledger)
    told = [(s.what, (s.at - MONDAY) // MINUTE, s.worked // MINUTE, s.cause) for s in steps(first, ledger, at(9999))]
    assert told == [
        ("started", 0, 0, "opened by customer"),
        ("paused", 60, 60, "on_hold by agent:ann"),
        ("resumed", 180, 60, "open by agent:ann"),
        ("breached", 1560, 480, "nothing had ended it"),
        ("met", 1620, 540, "answer by agent:ann"),
    ]


def test_a_promise_in_a_calendar_that_never_opens_is_never_due() -> None:
    never = WorkingTime(Calendar("never", "UTC"))
    policy = Sla("x", "never", Targets(first_response=Span(hours=MINUTE)))
    promised = Promises(RULES, {"never": never}).promised(Clock("first_response", 1, MONDAY), TICKET, policy)
    assert promised is not None
    assert (promised.due_at, promised.stages) == (None, ())


@pytest.mark.parametrize("lines", [400])
def test_a_year_of_pauses_is_told_quickly(lines: int) -> None:
    """A day in which a ticket waits and goes on, for a year; ten milliseconds are allowed."""
    ledger = [LEDGER[0]]
    for day in range(lines // 2):
        ledger.append(status_line(at(1440 * day + 30), "waiting_customer", "pending", "agent:ann"))
        ledger.append(status_line(at(1440 * day + 90), "open", "open", "reply"))
    assert all(one.at <= other.at for one, other in pairwise(ledger))
    (_, resolution) = PROMISES.history(TICKET, RULES.sla["standard"], ledger)
    assert len(steps(resolution, ledger, at(1440 * 365))) >= lines // 2
    assert resolution.used(at(1440 * 365)) > timedelta(0)
