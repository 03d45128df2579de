"""What happens to tickets by itself: reminded, solved, closed, by working days, each once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.due import Due
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.rungs import climb
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import settings_in
from tests.processing import Desk, mail

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, calendar: office, chase: [2d, 5d], close_after: 3d}
agents: {ann: {name: Ann Agent, email: ann@agents.test, notify: none}}
teams:
  support: {address: support@gw.test, members: [ann], auto_ack: false}
  patient: {address: patient@gw.test, members: [ann], auto_ack: false, chase: never, close_after: 10d}
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}, holidays: [2026-11-25]}}
rules:
  - {id: ended, on: status-changed, when: {ticket.status: {changed_to: solved}}, do: [{tag: [ended]}]}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Ticket 1 was answered on Monday 09:00 and waits for Jan; so does ticket 2, of a patient team."""
    store = open_store(settings_in(tmp_path))
    yield waiting(Desk(store, settings_in(tmp_path), RULES))
    store.close()


def waiting(desk: Desk) -> Desk:
    for number, team in ((1, "support"), (2, "patient")):
        desk.take(
            mail(f"Jan <jan{number}@bigbank.test>", f"Parcel {number}", "Please tell me where my parcel is."),
            to=f"{team}@gw.test",
            at=MONDAY,
        )
        do(desk, "ticket.answer", Answer(number, "Which one?", by="ann"))
    return desk


def do(desk: Desk, name: str, wanted: object) -> None:
    (done,) = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert done.outcome == "done", done.said


async def by(desk: Desk, day: int, hour: int = 9) -> tuple[str, list[str]]:
    """The status of ticket 1 and the mails of the clock, on a day of November (December from 31 on), asked twice."""
    desk.now = MONDAY + timedelta(days=day - 23, hours=hour - 9)
    for _ in range(2):
        await Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None).climb()
    return desk.ticket(1).status, [item.template for item in desk.mails() if item.template != "answer"]


async def test_who_was_answered_hears_of_it_where_mail_is_authenticated(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk = waiting(Desk(store, settings_in(tmp_path), RULES, unauthenticated="auto"))
    assert desk.settings.auth.trusted_authserv_ids  # so that a mail without a verdict is not acknowledged
    assert await by(desk, 26) == ("pending", ["nudge"])
    assert await by(desk, 31) == ("solved", ["nudge", "status_notice"])
    store.close()


async def test_a_customer_is_reminded_then_it_is_solved_then_closed(desk: Desk) -> None:
    assert await by(desk, 26, 8) == ("pending", [])
    assert await by(desk, 26) == ("pending", ["nudge"])  # Wednesday was free
    assert await by(desk, 30) == ("pending", ["nudge"])
    assert await by(desk, 31) == ("solved", ["nudge", "status_notice"])
    assert desk.ticket(1).tags == ("ended",)
    assert await by(desk, 33) == ("solved", ["nudge", "status_notice"])
    assert await by(desk, 34) == ("closed", ["nudge", "status_notice"])
    assert desk.ticket(1).next_rung is None
    assert desk.ticket(2).status == "pending"


async def test_the_reminder_says_when_it_ends(desk: Desk) -> None:
    await by(desk, 26)
    raw = desk.mails()[-1].raw
    assert raw is not None
    body = message_from_bytes(raw, policy=default).get_body(("plain",))
    assert body is not None
    assert "Without an answer by Tuesday 1 December, 09:00" in body.get_content()


async def test_an_answer_of_the_customer_ends_it(desk: Desk) -> None:
    desk.take(mail("Jan <jan1@bigbank.test>", "Re: [#1] Parcel 1", In_Reply_To=desk.our_id("jan1@bigbank.test", 1)))
    assert (desk.ticket(1).status, desk.ticket(1).next_rung) == ("open", None)
    assert await by(desk, 40) == ("open", [])


async def test_after_a_downtime_the_latest_rung_alone_is_taken(desk: Desk) -> None:
    assert await by(desk, 33) == ("solved", ["status_notice"])


async def test_what_a_person_solves_is_closed_by_the_days_of_its_team(desk: Desk) -> None:
    do(desk, "ticket.change", Change((2,), status="solved", by="ann"))
    await by(desk, 37)  # nine working days
    assert desk.ticket(2).status == "solved"
    await by(desk, 38)
    assert desk.ticket(2).status == "closed"


@pytest.mark.parametrize(("chase", "status", "sent"), [
    # the ladder since the reminder of two days was sent; what became of it when five had passed, and the mails
    ("[2d, 3d]", "solved", ["nudge", "status_notice"]),
    ("[1d]", "solved", ["nudge", "status_notice"]),  # nothing is left but its end
    ("[2d, 3d, 9d]", "pending", ["nudge", "nudge"]),
    ("[2d, 9d]", "pending", ["nudge"]),
])  # fmt: skip
async def test_a_ladder_that_became_shorter_is_climbed_from_the_last_rung_taken(
    desk: Desk, chase: str, status: str, sent: list[str]
) -> None:
    await by(desk, 26)
    assert await by(Desk(desk.store, desk.settings, RULES.replace("[2d, 5d]", chase)), 31) == (status, sent)


async def test_what_is_solved_closes_when_the_days_became_fewer(desk: Desk) -> None:
    assert (await by(desk, 31))[0] == "solved"
    shorter = Desk(desk.store, desk.settings, RULES.replace("close_after: 3d", "close_after: 1d", 1))
    assert (await by(shorter, 34))[0] == "closed"


@pytest.mark.parametrize(("team", "day", "status"), [
    # where ticket 2 goes once it was solved on Monday 23: the one closes after three days, the other after ten
    ("support", 27, "closed"),
    ("patient", 27, "solved"),
])  # fmt: skip
async def test_a_ticket_climbs_the_ladder_of_the_team_that_has_it_now(
    desk: Desk, team: str, day: int, status: str
) -> None:
    do(desk, "ticket.change", Change((2,), status="solved", by="ann"))
    do(desk, "ticket.change", Change((2,), fields=(("team", team),), by="ann"))
    await by(desk, day)
    assert desk.ticket(2).status == status


def test_two_at_a_time_take_a_rung_once(store: Store, tmp_path: Path) -> None:
    desk = waiting(Desk(store, settings_in(tmp_path), RULES))
    now = MONDAY + timedelta(days=3)
    assert [desk.write(lambda c: climb(c, 1, desk.deps, now)) for _ in range(3)] == ["nudge", None, None]
