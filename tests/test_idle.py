"""Rules for tickets in which nothing happens: asked once, when a ticket has been silent so long."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.due import Due
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.rules.load import idle_for
from gateway.store import delayed
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.processing import Desk, mail
from tests.rules.desk import one_rule

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support}
teams: {support: {address: support@gw.test, auto_ack: false}}
rules:
  - id: nudge-then-close
    on: idle
    when: {ticket.status: pending, ticket.idle: {gte: 5d}}
    do: [{reply: nudge}, {set: {status: closed}, after: 3d, unless: reply}]
  - {id: forgotten, on: idle, when: {ticket.idle: {gt: 9d}}, do: [{tag: [forgotten]}]}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Two tickets: the first waits for the customer, the second for us."""
    store = open_store(settings_in(tmp_path))
    made = Desk(store, settings_in(tmp_path), RULES)
    for number in (1, 2):
        made.take(mail(f"Jan <jan{number}@bigbank.test>", f"Zwrot {number}"), at=START)
    change(made, Change((1,), status="pending"))
    yield made
    store.close()


def change(desk: Desk, wanted: Change) -> None:
    (done,) = desk.write(lambda c: OPERATIONS["ticket.change"].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert done.outcome == "done"


async def days_later(desk: Desk, days: float) -> list[str]:
    """What was sent by then, asked twice."""
    desk.now = START + timedelta(days=days)
    for _ in range(2):
        due = Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None)
        await due.ask_idle()
        await due.do_delayed()
    return [f"{item.template} #{item.ticket}" for item in desk.mails()]


async def test_the_silent_are_nudged_once_then_closed(desk: Desk) -> None:
    assert await days_later(desk, 4.9) == []
    assert await days_later(desk, 5) == ["nudge #1"]
    assert await days_later(desk, 7.9) == ["nudge #1"]
    assert desk.ticket(1).status == "pending"
    await days_later(desk, 8)
    assert (desk.ticket(1).status, desk.ticket(2).status) == ("closed", "new")
    await days_later(desk, 9.1)
    assert (desk.ticket(1).tags, desk.ticket(2).tags) == ((), ("forgotten",))


async def test_words_of_the_customer_begin_anew(desk: Desk) -> None:
    await days_later(desk, 5)
    desk.take(mail("Jan <jan1@bigbank.test>", "Re: [#1] Zwrot 1", In_Reply_To=desk.our_id("jan1@bigbank.test", 1)))
    with desk.reading() as c:
        assert [a.state for a in delayed.of_ticket(c, 1)] == ["cancelled"]
    change(desk, Change((1,), status="pending"))
    assert await days_later(desk, 9) == ["nudge #1"]
    assert await days_later(desk, 11) == ["nudge #1", "nudge #1"]


@pytest.mark.parametrize(("when", "days"), [
    # a condition, how long nothing must have happened at least
    ("{ticket.idle: {gte: 5d}}", 5),
    ("{ticket.idle: {between: [3d, 5d]}}", 3),
    ("{ticket.idle: {gte: 2d, gt: 4d}}", 4),
    ("{any: [{ticket.idle: {gte: 5d}}, {ticket.idle: {gte: 2d}, ticket.status: open}]}", 2),
    ("{ticket.idle: {gte: 1d}, all: [{ticket.idle: {gte: 6d}}]}", 6),
])  # fmt: skip
def test_the_bound_of_a_rule_is_what_its_condition_cannot_do_without(when: str, days: int) -> None:
    (rule,) = one_rule(when, on="idle").rules
    assert rule.idle_for == timedelta(days=days)


@pytest.mark.parametrize("when", [
    "{any: [{ticket.idle: {gte: 5d}}, {ticket.status: open}]}",
    "{none: [{ticket.idle: {gte: 5d}}]}",
    "{ticket.idle: {lt: 5d}}",
])  # fmt: skip
def test_some_conditions_have_no_bound(when: str) -> None:
    assert idle_for(one_rule(when).rules[0].when) is None
