"""The report of a week, counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.due import Due
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store import satisfaction
from gateway.store.store import Store
from gateway.ticket.types import Notification
from gateway.weekly import report
from tests.processing import Desk, mail

MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, calendar: office, sla: standard}
agents:
  ann: {name: Ann Agent, email: ann@agents.test}
  bob: {name: Bob, email: bob@agents.test}
  eva: {name: Eva Boss, email: eva@agents.test, digest: "08:30", timezone: Europe/Zagreb}
teams:
  support: {address: support@gw.test, members: [ann, bob], lead: eva, auto_ack: false}
  billing: {address: billing@gw.test, members: [bob], lead: eva, auto_ack: false}
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}}
sla: {standard: {first_response: 4h}}
limits: {auto_total: 100000 per 1h}
"""
STORY = (
    # hours after Monday 09:00, what happened to which ticket, by whom
    (-100, "opened", 1, ""),   # the week before
    (0, "opened", 2, ""),
    (1, "answered", 2, "ann"),
    (2, "solved", 2, "ann"),
    (24, "opened", 3, ""),
    (26, "answered", 3, "bob"),
    (27, "answered", 3, "bob"),
    (28, "solved", 3, "ann"),
    (30, "open", 3, "bob"),
    (48, "opened", 4, ""),
    (49, "bob", 4, "ann"),
    (167, "opened", 5, ""),    # on the Monday after
)  # fmt: skip


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    made = Desk(store, settings, RULES)
    for hours, what, number, by in STORY:
        made.now = MONDAY + timedelta(hours=hours)
        match what:
            case "opened":
                made.take(mail(f"Jan <jan{number}@bigbank.test>", f"Zwrot {number}"), at=made.now)
            case "answered":
                do(made, "ticket.answer", Answer(number, "Here.", by=by))
            case "solved" | "open":
                do(made, "ticket.change", Change((number,), status=what, by=by))
            case agent:
                do(made, "ticket.change", Change((number,), fields=(("assignee", agent),), by=by))
    return made


def do(desk: Desk, name: str, wanted: object) -> None:
    (done,) = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert done.outcome == "done", done.said


def of_week(desk: Desk, now: datetime, team: str = "support") -> Notification | None:
    rules = desk.deps.rules
    with desk.reading() as c:
        return report(c, rules.teams[team], rules.agents["eva"], desk.deps, now)


def test_a_week_is_counted_beside_the_one_before(desk: Desk) -> None:
    found = of_week(desk, MONDAY + timedelta(days=7))
    assert found is not None
    assert {count["word"]: (count["now"], count["before"]) for count in found.values["counts"]} == {
        "opened": (3, 1),
        "answered": (3, 0),
        "solved": (2, 0),
        "reopened": (1, 0),
        "breached": (0, 0),  # nobody looked for what fell due
        "open": (3, 1),      # at the end of the week: the ticket of Monday came after it
    }  # fmt: skip
    assert found.values["people"] == (
        {"name": "Ann Agent", "answered": 1, "solved": 2, "open": 0},
        {"name": "Bob", "answered": 2, "solved": 0, "open": 1},
    )
    assert found.values["first_response"] == 90 * 60  # one hour and two
    assert (found.values["since"], found.values["until"]) == (
        "2026-11-16T00:00:00+01:00",
        "2026-11-23T00:00:00+01:00",
    )


def test_what_customers_said_of_it_is_counted_where_they_said_anything(desk: Desk) -> None:
    for hours, number, verdict in ((5, 2, "bad"), (6, 2, "good"), (30, 3, "ok"), (200, 4, "good")):
        at = MONDAY + timedelta(hours=hours)
        desk.write(lambda c, n=number, v=verdict, at=at: satisfaction.note(c, desk.ticket(n), v, at))  # type: ignore[misc]
    found = of_week(desk, MONDAY + timedelta(days=7))
    assert found is not None
    said = {count["word"]: (count["now"], count["before"]) for count in found.values["counts"]}
    assert (said["rated"], said["rated_good"]) == ((2, 0), (1, 0))


def test_of_a_team_without_tickets_there_is_nothing_to_say(desk: Desk) -> None:
    assert of_week(desk, MONDAY + timedelta(days=7), "billing") is None


async def test_the_lead_gets_it_once_with_the_first_digest_of_the_week(desk: Desk) -> None:
    for days in (7, 8, 14):
        desk.now = MONDAY + timedelta(days=days)
        await Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None).send_digests()
    sent = [item for item in desk.mails() if item.template == "weekly_report"]
    assert [(item.forward_path, f"{item.queued_at:%m-%d}") for item in sent] == [
        ("eva@agents.test", "11-23"),
        ("eva@agents.test", "11-30"),
    ]
