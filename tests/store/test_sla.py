"""What is promised for stored tickets: settled in the transaction of every change, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.config import Settings
from gateway.operations.answers import Answer
from gateway.operations.held_entries import Accept
from gateway.operations.merges import Merge
from gateway.operations.promises import Recompute
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.operations.undoing import Undo
from gateway.policy import promises_of
from gateway.store import sla, sla_lists
from gateway.store.schema import sla_clock, sla_ledger
from gateway.store.store import Store
from gateway.ticket.ledger import clocks
from tests.processing import Desk, mail

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, calendar: office, sla: standard}
agents: {ann: {name: Ann Agent, email: ann@agents.test}}
teams:
  support: {address: support@gw.test, members: [ann], auto_ack: false}
  billing: {address: billing@gw.test, sla: none-at-all, auto_ack: false}
calendars: {office: {timezone: UTC, hours: {mon-fri: "08:00-16:00"}}}
sla:
  standard: {first_response: 8h, next_response: 4h, resolution: 5d, by_priority: {urgent: {first_response: 1h}}}
  gold: {first_response: 2h}
  none-at-all: {}
rules:
  - {id: vip, on: new, when: {subject: gold}, do: [{sla: gold}]}
  - {id: not-us, on: new, when: {subject: none}, do: [{sla: none}]}
  - {id: told, on: new, when: {sla.policy: standard}, do: [{tag: [standard]}]}
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    made = Desk(store, settings, RULES)
    made.now = MONDAY
    return made


def do(desk: Desk, name: str, wanted: object, minutes: int = 0) -> Any:
    """As the command does it, so much later."""
    desk.now += timedelta(minutes=minutes)
    done = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    return next(iter(done), None)


def promised(desk: Desk, number: int = 1) -> dict[str, str]:
    """The clocks of a ticket: state, and the minutes from Monday 09:00 until they are due."""
    with desk.reading() as c:
        rows = c.execute(sla_clock.select().where(sla_clock.c.ticket == number).order_by(sla_clock.c.metric)).all()
    return {r.metric: f"{r.state} {minute(r.due_at)}" for r in rows}


def minute(at: datetime | None) -> str:
    return "-" if at is None else str(int((at - MONDAY).total_seconds() // 60))


def opened(desk: Desk, subject: str = "Zwrot", to: str = "support@gw.test", **fields: str) -> None:
    assert desk.take(mail(subject=subject, **fields), to=to, at=desk.now).disposition == "ticket"


def reply(desk: Desk, **fields: str) -> bytes:
    return mail(subject="Re: [#1] Zwrot", In_Reply_To=desk.our_id("jan@bigbank.test", 1), **fields)


@pytest.mark.parametrize(("subject", "to", "clocks", "tags"), [
    # subject, team, what is promised, what the rules saw
    ("Zwrot", "support@gw.test", {"first_response": "running 1440", "resolution": "running 10080"}, ("standard",)),
    ("gold", "support@gw.test", {"first_response": "running 120"}, ()),
    ("none", "support@gw.test", {}, ()),
    ("Zwrot", "billing@gw.test", {}, ()),
])  # fmt: skip
def test_a_new_ticket_is_promised_what_its_policy_says(
    desk: Desk, subject: str, to: str, clocks: dict[str, str], tags: tuple[str, ...]
) -> None:
    opened(desk, subject, to)
    assert promised(desk) == clocks
    assert desk.ticket(1).tags == tags
    first = clocks.get("first_response", "running -").split()[1]
    assert (minute(desk.ticket(1).next_due), minute(desk.ticket(1).answer_due)) == (first, first)


def test_an_answer_keeps_the_promise_and_the_customers_words_make_the_next(desk: Desk) -> None:
    opened(desk)
    assert do(desk, "ticket.answer", Answer(1, "Looking.", by="ann"), minutes=60).outcome == "done"
    assert promised(desk) == {"first_response": "met 1440", "resolution": "paused -"}
    assert desk.ticket(1).next_due is None
    desk.take(reply(desk), at=MONDAY + timedelta(hours=2))
    assert promised(desk) == {
        "first_response": "met 1440",
        "next_response": "running 360",
        "resolution": "running 10140",  # it stood for an hour
    }
    assert minute(desk.ticket(1).next_due) == "360"
    assert do(desk, "ticket.change", Change((1,), status="solved", by="ann"), minutes=61).outcome == "done"
    assert [line.split()[0] for line in promised(desk).values()] == ["met", "stopped", "met"]


def test_what_a_person_sets_changes_what_was_promised_from_the_beginning(desk: Desk) -> None:
    opened(desk)
    do(desk, "ticket.change", Change((1,), fields=(("priority", "urgent"),), by="ann"), minutes=10)
    assert promised(desk)["first_response"] == "running 60"
    do(desk, "ticket.change", Change((1,), fields=(("sla", "gold"),), by="ann"))
    assert promised(desk) == {"first_response": "running 120"}
    do(desk, "ticket.change", Change((1,), fields=(("due", f"{MONDAY + timedelta(minutes=77):%Y-%m-%dT%H:%M}+00:00"),)))
    assert promised(desk) == {"first_response": "running 120", "resolution": "running 77"}
    do(desk, "ticket.change", Change((1,), fields=(("priority", "low"), ("sla", "standard"))))
    assert promised(desk) == {"first_response": "running 1440", "resolution": "running 77"}  # set by hand: it stays
    do(desk, "ticket.change", Change((1,), fields=(("sla", "none"), ("due", "none"))))
    assert promised(desk) == {}
    assert do(desk, "ticket.change", Change((1,), fields=(("sla", "silver"),))).outcome == "refused"


def test_received_time_counts_not_the_date_of_the_mail(desk: Desk) -> None:
    opened(desk, Date="Mon, 1 Jan 2018 08:00:00 +0000")
    assert promised(desk)["first_response"] == "running 1440"


def test_automatic_mail_is_no_answer(desk: Desk) -> None:
    opened(desk)
    desk.take(reply(desk, Auto_Submitted="auto-replied"))
    with desk.reading() as c:
        assert [line.what for line in sla.ledger(c, 1)] == ["opened", "words"]


def test_words_of_a_third_party_count_when_an_agent_accepts_them(desk: Desk) -> None:
    opened(desk)
    do(desk, "ticket.answer", Answer(1, "Looking.", status="open", by="ann"), minutes=60)
    stolen = mail("Eva <eva@x.test>", "Re: [#1] Zwrot")
    desk.take(stolen, to=desk.reply_address("jan@bigbank.test", 1), at=MONDAY + timedelta(hours=2))
    assert "next_response" not in promised(desk)
    assert do(desk, "ticket.accept", Accept(1), minutes=90).outcome == "done"
    assert promised(desk)["next_response"] == "running 360"  # since it was received


def test_a_merge_moves_what_is_promised_and_taking_it_back_moves_it_back(desk: Desk) -> None:
    opened(desk)
    do(desk, "ticket.answer", Answer(1, "Looking.", status="open", by="ann"), minutes=60)
    desk.take(mail("Eva <eva@x.test>", "Zwrot 2"), at=MONDAY + timedelta(hours=2))
    before = promised(desk, 1), promised(desk, 2)
    merged = do(desk, "ticket.merge", Merge(2, 1), minutes=5)
    assert promised(desk, 1)["next_response"] == "running 360"
    assert {line.split()[0] for line in promised(desk, 2).values()} == {"stopped"}
    assert desk.ticket(2).next_due is None
    assert do(desk, "ticket.undo", Undo(str(merged.undo))).outcome == "done"
    assert (promised(desk, 1), promised(desk, 2)) == before


def test_other_rules_are_reckoned_with_when_somebody_asks_for_it(desk: Desk) -> None:
    opened(desk)
    rules = desk.deps.rules.text.replace("first_response: 8h", "first_response: 3h")
    other = Desk(desk.store, desk.settings, rules)
    other.now = MONDAY
    assert promised(desk)["first_response"] == "running 1440"
    assert do(other, "sla.recompute", Recompute((1, 99))).said == "due 2026-11-24 09:00 UTC -> 2026-11-23 12:00 UTC"
    assert promised(desk)["first_response"] == "running 180"
    with desk.reading() as c:
        assert sla_lists.numbers(c, limit=10) == [1]


def test_a_ticket_that_is_older_than_its_ledger_gets_one_from_its_entries(desk: Desk) -> None:
    opened(desk)
    do(desk, "ticket.answer", Answer(1, "Looking.", status="open", by="ann"), minutes=60)
    with desk.reading() as c:
        kept = [(c.metric, c.state, c.ended_at) for c in clocks(sla.ledger(c, 1), ())]
    desk.write(lambda c: c.execute(sla_ledger.delete()))
    do(desk, "sla.recompute", Recompute((1,)))
    with desk.reading() as c:
        assert [(c.metric, c.state, c.ended_at) for c in clocks(sla.ledger(c, 1), ())] == kept


def test_lists_and_counts_are_by_due_time(desk: Desk) -> None:
    opened(desk)
    opened(desk, "gold")
    do(desk, "ticket.answer", Answer(1, "Looking.", by="ann"), minutes=150)
    with desk.reading() as c:
        listed = [(r.ticket.number, r.metric, r.state) for r in sla_lists.running(c, limit=9)]
        overdue = [r.ticket.number for r in sla_lists.running(c, due_before=desk.now, limit=9)]
        counted = sla_lists.counted(c, desk.now, desk.now + timedelta(days=1))
    assert listed == [(2, "first_response", "running"), (1, "resolution", "paused")]
    assert overdue == [2]
    assert counted == [("support", "first_response", 1, 0, 0, 0), ("support", "resolution", 0, 0, 0, 1)]
    assert promises_of(desk.deps.rules).none_at_all is False


def test_words_that_are_read_late_stand_behind_what_was_done_meanwhile(desk: Desk) -> None:
    opened(desk)
    do(desk, "ticket.answer", Answer(1, "Here.", by="ann"), 10)
    came = desk.now + timedelta(minutes=5)
    do(desk, "ticket.answer", Answer(1, "And this.", by="ann"), 20)
    answered = desk.now
    desk.take(reply(desk), envelope={"received_at": came}, at=answered + timedelta(hours=1))  # type: ignore[dict-item]
    with desk.reading() as c:
        lines = sla.ledger(c, 1)
    assert [line.what for line in lines][-4:] == ["answer", "status", "words", "status"]
    assert {line.at for line in lines[-3:]} == {answered}
    ticket = desk.ticket(1)
    assert (ticket.status, ticket.status_at, ticket.updated_at) == ("open", answered, desk.now)
    assert desk.entries(1)[-1].at == came
    assert promised(desk)["next_response"] == f"running {minute(answered + timedelta(hours=4))}"


def test_a_ticket_of_a_mail_that_is_read_late_was_changed_now_and_promised_from_its_arrival(desk: Desk) -> None:
    came = desk.now
    desk.take(mail(), envelope={"received_at": came}, at=came + timedelta(hours=3))  # type: ignore[dict-item]
    assert (desk.ticket(1).created_at, desk.ticket(1).updated_at) == (came, desk.now)
    assert promised(desk)["first_response"] == "running 1440"
