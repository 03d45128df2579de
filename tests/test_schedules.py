"""Rules with times of their own: each of their tickets is asked about once for each time, on both databases."""

from datetime import UTC, datetime, timedelta
from inspect import iscoroutinefunction
from pathlib import Path

import pytest

from gateway import schedules
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.due import Due
from gateway.errors import ConfigError
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import settings_in
from tests.processing import Desk, mail

SUNDAY = datetime(2026, 11, 22, 9, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, calendar: office}
agents: {ann: {name: Ann Agent, email: ann@agents.test}}
teams: {support: {address: support@gw.test, members: [ann], auto_ack: false}}
calendars: {office: {timezone: Europe/Zagreb, hours: {mon-fri: "08:00-16:00"}}}
rules:
  - {id: mornings, on: schedule, cron: "0 8 * * mon-fri", each: "status:pending", do: [{note: "Still waiting."}]}
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """Ticket 1 is new, tickets 2 and 3 are pending."""
    made = Desk(store, settings, RULES)
    made.now = SUNDAY
    for number in (1, 2, 3):
        made.take(mail(f"Jan <jan{number}@bigbank.test>", f"Zwrot {number}"))
    change = Change((2, 3), status="pending", by="ann")
    made.write(lambda c: OPERATIONS["ticket.change"].perform(c, change, Duty(made.now, lambda: made.deps)))
    return made


async def tick(desk: Desk, at: str) -> None:
    """At a clock time in Zagreb, an hour ahead of UTC."""
    desk.now = datetime.fromisoformat(f"{at}+01:00").astimezone(UTC)
    await Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None).ask_by_clock()


def notes(desk: Desk) -> list[int]:
    return [sum(entry.kind == "note" for entry in desk.entries(number)) for number in (1, 2, 3)]


async def test_each_ticket_of_the_search_is_asked_about_once_for_each_time(desk: Desk) -> None:
    for at, noted in (
        # when, the notes in tickets 1 to 3
        ("2026-11-22T10:00", [0, 0, 0]),
        ("2026-11-23T07:59", [0, 0, 0]),
        ("2026-11-23T08:00", [0, 1, 1]),
        ("2026-11-23T08:01", [0, 1, 1]),
        ("2026-11-24T08:05", [0, 2, 2]),
        ("2026-11-29T08:00", [0, 3, 3]),  # after four days without anybody: for Friday alone
    ):
        await tick(desk, at)
        assert notes(desk) == noted, at


async def test_a_rule_that_is_new_has_its_first_time_from_now_on(desk: Desk) -> None:
    await tick(desk, "2026-11-23T09:00")
    assert notes(desk) == [0, 0, 0]


async def test_what_was_asked_before_a_kill_is_not_asked_again(desk: Desk) -> None:
    await tick(desk, "2026-11-22T10:00")
    now = desk.now + timedelta(days=1)
    with desk.reading() as c:
        (turn,) = schedules.turns_due(c, desk.deps, now)
    desk.write(lambda c: schedules.ask(c, turn, turn.numbers[:1], desk.deps, now))  # and then nothing more
    await tick(desk, "2026-11-23T10:00")
    assert notes(desk) == [0, 1, 1]
    desk.write(lambda c: schedules.ask(c, turn, turn.numbers, desk.deps, now))  # a second scheduler, late
    assert notes(desk) == [0, 1, 1]


async def test_without_a_search_it_is_asked_about_all_that_are_not_at_their_end(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk = Desk(store, settings_in(tmp_path), RULES.replace(' each: "status:pending",', ""))
    for number in (1, 2, 3):
        desk.take(mail(f"Jan <jan{number}@bigbank.test>", f"Zwrot {number}"))
    desk.set_status(2, "solved", "solved")
    await tick(desk, "2026-11-22T10:00")
    await tick(desk, "2026-11-23T10:00")
    assert notes(desk) == [1, 0, 1]
    store.close()


def test_a_search_with_a_mistake_is_refused(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    with pytest.raises(ConfigError) as caught:
        Desk(store, settings_in(tmp_path), RULES.replace("status:pending", "status:pendin"))
    assert "rules.yaml:7:10: error R030: each: " in caught.value.text
    store.close()


def test_a_running_gateway_asks_all_that_falls_due(desk: Desk) -> None:
    due = Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None)
    asked = {name for name, work in vars(Due).items() if iscoroutinefunction(work) and not name.startswith("_")}
    assert {work.__name__ for _, work in due.jobs()} == asked
