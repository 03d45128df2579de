"""Tickets whose times cannot be right are flagged and told of; whatever the times, each stage is one mail at most."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.operations.promises import Recompute, recompute
from gateway.operations.types import Duty
from gateway.reminders import remind
from gateway.rungs import climb
from gateway.store import audit, sla, sla_lists, tickets
from gateway.store.opening import open_store
from gateway.ticket.impossible import FLAG
from gateway.ticket.ledger import Line, clocks
from gateway.ticket.types import SetField, SetStatus
from gateway.waking import wake
from tests.conftest import settings_in
from tests.processing import Desk, mail

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
STAGES = 3
RULES = """version: 1
defaults: {team: support, calendar: office, sla: standard, chase: [2d, 5d]}
agents: {ann: {name: Ann Agent, email: ann@agents.test, notify: all}}
teams: {support: {address: support@gw.test, members: [ann], lead: ann, auto_ack: false}}
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}}
sla: {standard: {first_response: 4h, next_response: 4h, resolution: 5d, warn_at: [50%, 75%]}}
limits: {auto_total: 100000 per 1h}
"""
OVER = 'days: {2026-11-02: "08:00-16:00"}'


def tick(desk: Desk, now: datetime) -> None:
    """All that is done to tickets because of the time."""
    desk.now = now
    with desk.reading() as c:
        reached, asleep = sla_lists.reached(c, now, 100), tickets.to_wake(c, now, 100)
        rungs = tickets.at_rung(c, now, 100)
    desk.write(lambda c: remind(c, reached, desk.deps, now))
    for number in asleep:
        desk.write(partial(wake, number=number, d=desk.deps, now=now))
    for number in rungs:
        desk.write(partial(climb, number=number, d=desk.deps, now=now))


HOURS = st.one_of(st.integers(-200, 200), st.integers(-400_000, 700_000))  # of Monday, from 1981 to 2106
ACTS = st.sampled_from(("tick", "due", "snoozed", "pending", "open", "solved", "line", "recompute"))


@pytest.mark.push
def test_no_times_make_more_than_one_mail_a_stage(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk, customers = Desk(store, settings_in(tmp_path), RULES), count()

    @settings(max_examples=10, derandomize=True, database=None)
    @given(HOURS, st.lists(st.tuples(HOURS, HOURS, ACTS), max_size=8))
    def lived(begins: int, life: list[tuple[int, int, str]]) -> None:
        who = f"jan{next(customers)}@bigbank.test"
        desk.take(mail(f"Jan <{who}>", "Zwrot"), at=MONDAY + timedelta(hours=begins))
        number = desk.tickets_of(who)[0].number
        for clock, other, act in life:
            desk.now, at = MONDAY + timedelta(hours=clock), MONDAY + timedelta(hours=other)
            done(desk, number, act, at)
            for _ in range(2):
                tick(desk, desk.now)
        with desk.reading() as c:
            cycles = len(clocks(sla.ledger(c, number), ("waiting_customer", "waiting_third")))
        sent = Counter(item.template for item in desk.mails() if item.ticket == number)
        assert sent["sla_warning"] + sent["sla_breached"] <= STAGES * cycles
        assert sent["nudge"] + sent["status_notice"] <= sum(act == "pending" for *_, act in life) * 2

    lived()
    store.close()


def done(desk: Desk, number: int, act: str, at: datetime) -> None:
    """Something that only a wrong clock, an import or a hand in the database can have done."""
    match act:
        case "tick":
            return
        case "due":
            desk.change(number, SetField("due", at, "ann"))
        case "snoozed":
            desk.change(number, SetStatus("snoozed", "waiting_third", desk.now, "ann", None, at))
        case "pending":
            desk.change(number, SetStatus("pending", "waiting_customer", at, "ann"))
        case "open" | "solved":
            desk.change(number, SetStatus(act, act, at, "ann"))  # type: ignore[arg-type]
        case "line":
            desk.write(lambda c: sla.add_lines(c, number, Line(at, "status", "open open", "x")))
        case _:
            desk.write(lambda c: recompute(c, Recompute((number,)), Duty(desk.now, lambda: desk.deps)))


def test_a_ticket_is_flagged_once_when_its_calendar_ends_and_no_more_when_it_opens_again(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    ended = RULES.replace('hours: {mon-fri: "08:00-16:00"}', OVER)
    before, after = (Desk(store, settings_in(tmp_path), rules) for rules in (ended, RULES))
    after.now = MONDAY
    before.take(mail("Jan <jan@bigbank.test>", "Zwrot"), at=MONDAY)
    (told,) = before.mails()
    assert b"Times in it cannot be right" in told.raw
    for desk, flags in ((before, (FLAG,)), (after, ()), (after, ())):
        done(desk, 1, "recompute", MONDAY)
        assert desk.ticket(1).flags == flags
    with before.reading() as c:
        rows = audit.find_rows(c, ticket=1, action="set.flags", limit=100)
    assert [row.detail for row in rows] == [f"none -> {FLAG}", f"{FLAG} -> none"]
    store.close()
