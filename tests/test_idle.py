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
from gateway.rules.types import Facts
from gateway.store import delayed
from gateway.store.happenings import happenings
from gateway.store.opening import open_store
from tests.conftest import settings_in
from tests.processing import Desk, mail
from tests.rules.desk import evaluate, one_rule, rules_of

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
    ("{any: [{ticket.idle: {gte: 5d}}, {ticket.idle: {gt: 5d}, ticket.status: open}]}", 5),
    ("{ticket.idle: {gte: 1d}, all: [{ticket.idle: {gte: 6d}}]}", 6),
    ("{none: [{ticket.idle: {lt: 5d}}]}", 5),
    ("{none: [{ticket.idle: {lte: 5d}}, {ticket.status: open}]}", 5),
    ("{none: [{any: [{ticket.idle: {lt: 5d}}, {ticket.idle: {lt: 2d}}]}]}", 5),
    ("{none: [{none: [{ticket.idle: {gte: 5d}}]}]}", 5),
])  # fmt: skip
def test_the_bound_of_a_rule_is_what_its_condition_cannot_do_without(when: str, days: int) -> None:
    (rule,) = one_rule(when, on="idle").rules
    assert rule.idle_for == timedelta(days=days)


@pytest.mark.parametrize(("when", "days"), [
    # a condition, after how many days each way in which it may hold begins
    ("{any: [{ticket.idle: {gte: 5d}}, {ticket.status: open}]}", {0, 5}),
    ("{any: [{ticket.idle: {gte: 5d}}, {ticket.idle: {gte: 2d}, ticket.status: open}]}", {2, 5}),
    ("{ticket.idle: {gte: 5d}, any: [{ticket.idle: {gte: 2d}}, {ticket.status: open}]}", {5}),
    ("{none: [{ticket.idle: {gte: 5d}}]}", {0}),
    ("{none: [{ticket.idle: {lt: 5d}, ticket.status: open}]}", {0, 5}),   # one of both is enough to be absent
    ("{ticket.idle: {lt: 5d}}", {0}),
])  # fmt: skip
def test_a_condition_begins_to_hold_after_these_times(when: str, days: set[int]) -> None:
    assert idle_for(one_rule(when).rules[0].when) == {timedelta(days=n) for n in days}


IN_ONE_RUN = """version: 1
defaults: {team: support}
teams: {support: {address: support@gw.test, auto_ack: false}}
rules:
  - {id: moved, on: status-changed, do: [{tag: [moved]}]}
  - {id: shut, on: idle, when: {ticket.idle: {gte: 5d}, ticket.number: 1}, do: [{set: {status: pending}}, {stop: true}]}
  - {id: left, on: idle, when: {ticket.idle: {gte: 5d}}, do: [{tag: [left]}]}
  - {id: later, on: idle, when: {ticket.idle: {gte: 7d}}, do: [{tag: [later]}]}
"""


async def test_idle_rules_are_asked_in_one_run_as_the_file_has_them(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk = Desk(store, settings_in(tmp_path), IN_ONE_RUN)
    for number in (1, 2):
        desk.take(mail(f"Jan <jan{number}@bigbank.test>", f"Zwrot {number}"), at=START)
    await days_later(desk, 5)
    assert (desk.ticket(1).status, desk.ticket(1).tags) == ("pending", ("moved",))
    assert desk.ticket(2).tags == ("left",)
    with desk.reading() as c:
        trace = happenings(c, 1)[-1].reasons.rules
    assert [(hit.rule, hit.event, hit.outcome) for hit in trace.hits] == [
        ("shut", "idle", "applied"), ("left", "idle", "after-stop"), ("later", "idle", "after-stop"),
        ("moved", "status-changed", "applied"),
    ]  # fmt: skip
    store.close()


def test_a_rule_that_was_asked_about_a_silence_is_not_asked_again_for_one_that_waits_longer() -> None:
    rules = rules_of("""rules:
  - {id: short, on: idle, once: never, when: {ticket.idle: {gte: 2d}}, do: [{tag: short}, {stop: true}]}
  - {id: long, on: idle, when: {ticket.idle: {gte: 5d}}, do: [{tag: long}]}
""")
    decision = evaluate(rules, Facts(ticket_idle=timedelta(days=5)), ("idle",), only={"long"})
    assert [(hit.rule, hit.outcome) for hit in decision.trace.hits] == [("short", "once"), ("long", "applied")]
