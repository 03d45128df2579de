"""H-04: a clock that jumps delays what is done by it; nothing is lost, done twice, or told in a storm."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.due import Due
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store.audit_anchors import Anchors
from gateway.store.store import Store
from gateway.timers import Timers
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = """version: 1
defaults: {team: support, calendar: office, sla: standard, chase: [1d, 2d]}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, notify: none}
  eva: {name: Eva Boss, email: eva@agents.test}
teams: {support: {address: support@gw.test, members: [ann], lead: eva, auto_ack: false}}
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}}
sla: {standard: {first_response: 4h, warn_at: [50%]}}
rules:
  - {id: later, on: new, do: [{tag: [hour], after: 1h}]}
  - {id: silent, on: idle, when: {ticket.idle: {gte: 90m}}, do: [{tag: [silent]}]}
"""
EXPECTED = [("sla_warning", "ann"), ("sla_breached", "ann"), ("sla_breached", "eva")]


@pytest.mark.parametrize("jumped_to", [
    None,
    MONDAY + timedelta(hours=2),
    MONDAY - timedelta(hours=1),
    MONDAY + timedelta(days=1),
    MONDAY - timedelta(days=1),
    datetime(1970, 1, 2, tzinfo=UTC),
    datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
    datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),
])  # fmt: skip
async def test_h04_a_clock_that_jumps_and_comes_back_changes_nothing(
    store: Store, settings: Settings, jumped_to: datetime | None
) -> None:
    clock, desk = FakeClock(MONDAY), Desk(store, settings, RULES)
    desk.take(mail(), at=MONDAY)
    desk.take(mail("Eva <eva@bigbank.test>"), at=MONDAY)
    for number, fields in ((1, {"fields": (("assignee", "ann"),)}), (2, {"status": "pending"})):
        change = Change((number,), by="ann", **fields)  # type: ignore[arg-type]
        desk.write(lambda c, w=change: OPERATIONS["ticket.change"].perform(c, w, Duty(MONDAY, lambda: desk.deps)))
    due = Due(store, lambda: desk.deps, clock, lambda: None)
    timers = Timers(store, Anchors(settings), clock)
    for interval, work in due.jobs():
        timers.every(interval, work, shared=True)

    async def minutes(count: int) -> None:
        for _ in range(count):
            await clock.advance(60)
            desk.now = clock.now()
            for job in timers.jobs():
                await timers._run(job)

    await minutes(30)
    if jumped_to is not None:
        right, clock._now = clock._now, jumped_to
        await minutes(9)
        clock._now = right + 9 * MINUTE
        assert (desk.mails(), [ticket.tags for ticket in desk.tickets()]) == ([], [(), ()])
    for _ in range(9):
        await clock.advance(1500)
        await minutes(1)
    sent = [(item.template, item.forward_path.partition("@")[0]) for item in desk.mails()]
    assert sent == EXPECTED
    assert [set(ticket.tags) for ticket in desk.tickets()] == [{"hour", "silent"}, {"hour", "silent"}]
    assert [ticket.status for ticket in desk.tickets()] == ["open", "pending"]
