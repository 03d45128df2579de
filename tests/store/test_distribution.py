"""Tickets find owners in the transaction of the change that leaves them without one, on both databases."""

import email
import email.policy
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.due import Due
from gateway.operations.agents import Away, Back
from gateway.operations.answers import Answer, Note
from gateway.operations.merges import Merge, Split
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change, NewTicket
from gateway.operations.types import Duty
from gateway.operations.undoing import Undo
from gateway.store import audit, happenings
from gateway.store.opening import open_store
from gateway.store.outbox import OutboxItem
from gateway.store.store import Store
from gateway.ticket.saying import worded
from tests.processing import Desk, mail

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, max_open: 2}
  bob: {name: Bob, email: bob@agents.test, max_open: 2}
  eva: {name: Eva Boss, email: eva@agents.test, role: lead}
teams:
  support: {address: support@gw.test, members: [ann, bob], lead: eva, assign: round_robin, auto_ack: false,
            unlock_after: 4h, max_waiting: 2}
  billing: {address: billing@gw.test, members: [ann], auto_ack: false}
limits: {auto_total: 100000 per 1h}
rules:
  - {id: urgent, on: new, when: {subject: {contains: urgent}}, do: [{set: {priority: urgent}}]}
  - {id: hears, on: assigned, do: [{tag: [given]}]}
  - {id: wakes, on: status-changed, when: {ticket.status: {changed_from: snoozed}}, do: [{tag: [woken]}]}
  - {id: waits, on: note, when: {ticket.waiting: true}, do: [{tag: [waits]}]}
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    made = Desk(store, settings, RULES)
    made.now = MONDAY
    return made


def opened(desk: Desk, count: int, subject: str = "Zwrot", to: str = "support@gw.test") -> None:
    for _ in range(count):
        number = len(desk.tickets()) + 1
        desk.take(mail(f"Jan <jan{number}@bigbank.test>", f"{subject} {number}"), to=to)


def do(desk: Desk, name: str, wanted: object) -> Any:
    done = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, Duty(desk.now, lambda: desk.deps)))
    assert {each.outcome for each in done} == {"done"}, done
    return worded(done[0].said, desk.deps.desk.templates.english)


def owners(desk: Desk) -> list[str | None]:
    return [ticket.assignee for ticket in desk.tickets()]


async def tick(desk: Desk, hours: float) -> None:
    desk.now += timedelta(hours=hours)
    await Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None).find_owners()


def reasons(desk: Desk, number: int, action: str) -> list[str]:
    with desk.reading() as c:
        return [row.detail for row in audit.find_rows(c, ticket=number) if row.action == action]


def plain(item: OutboxItem) -> str:
    """The words of a mail, in one line."""
    body = email.message_from_bytes(item.raw, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_new_tickets_go_round_and_say_why(desk: Desk) -> None:
    opened(desk, 3)
    assert owners(desk) == ["ann", "bob", "ann"]
    assert reasons(desk, 3, "owner.found") == ["assignee ann (round_robin; nobody speaks pl; 1 of 2 open)"]
    assert desk.ticket(3).tags == ("given",)
    with desk.reading() as c:
        assert [happening.events for happening in happenings.happenings(c, 3)] == [("assigned",)]


def test_the_new_owner_gets_a_mail_with_the_words_and_the_reason(desk: Desk) -> None:
    opened(desk, 1)
    (item,) = desk.mails()
    assert item.forward_path == "ann@agents.test"
    assert "Why you: assignee ann (round_robin; nobody speaks pl; 0 of 2 open)" in plain(item)
    assert "Proszę o zwrot." in plain(item)


def test_a_manual_team_and_a_ticket_with_an_owner_stay_as_they_are(desk: Desk) -> None:
    opened(desk, 1, to="billing@gw.test")
    do(desk, "ticket.change", Change((1,), fields=(("assignee", "eva"),)))
    assert owners(desk) == ["eva"]


FREES = {
    "solved": Change((2,), status="solved", by="bob"),
    "pending": Change((2,), status="pending", by="bob"),
    "given to another": Change((2,), fields=(("assignee", "eva"),), by="bob"),
    "moved to a team that he is not in": Change((2,), fields=(("team", "billing"),), by="bob"),
}


@pytest.mark.parametrize("what", FREES)
def test_who_has_time_again_gets_what_waits_the_most_urgent_first(desk: Desk, what: str) -> None:
    opened(desk, 5)
    opened(desk, 1, "urgent")
    assert owners(desk) == ["ann", "bob", "ann", "bob", None, None]
    do(desk, "ticket.change", FREES[what])
    assert owners(desk)[2:] == ["ann", "bob", None, "bob"]
    assert reasons(desk, 5, "owner.missing")[0].startswith("nobody is free; skipped ann: 2 of 2 open")


def test_a_merge_frees_the_owner_of_what_goes_into_another_one(desk: Desk) -> None:
    opened(desk, 5)
    do(desk, "ticket.merge", Merge(2, 1))
    assert owners(desk) == ["ann", "bob", "ann", "bob", "bob"]


def test_what_a_merge_had_taken_away_finds_an_owner_when_it_is_taken_back(desk: Desk) -> None:
    opened(desk, 5)
    do(desk, "ticket.merge", Merge(5, 1))
    do(desk, "ticket.change", Change((2,), status="solved"))
    assert owners(desk)[4] is None
    do(desk, "ticket.undo", Undo("u-1"))
    assert owners(desk)[4] == "bob"


def test_a_ticket_that_was_split_off_or_opened_by_a_person_finds_an_owner(desk: Desk) -> None:
    opened(desk, 1)
    desk.take(mail("Jan <jan1@bigbank.test>", "Re: [#1] Zwrot", In_Reply_To=desk.our_id("jan1@bigbank.test", 1)))
    do(desk, "ticket.split", Split(1))
    do(desk, "ticket.new", NewTicket("eva@x.test", "Zwrot", "By phone."))
    assert owners(desk) == ["ann", "bob", "ann"]


async def test_a_snooze_that_ends_is_heard_by_rules_and_what_nobody_owns_finds_an_owner(desk: Desk) -> None:
    opened(desk, 5)
    do(desk, "ticket.change", Change((5,), status="snoozed", until=desk.now + timedelta(hours=1), by="eva"))
    do(desk, "ticket.change", Change((2,), status="solved", by="bob"))
    assert owners(desk)[4] is None
    desk.now += timedelta(hours=1)
    due = Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None)
    await due.wake()
    await due.wake()
    assert owners(desk)[4] == "bob"
    assert desk.ticket(5).tags == ("woken", "given")


def test_an_answer_frees_who_gave_it(desk: Desk) -> None:
    opened(desk, 5)
    do(desk, "ticket.answer", Answer(1, "Here.", by="ann"))
    assert owners(desk) == ["ann", "bob", "ann", "bob", "ann"]


def test_a_rule_sees_whether_a_ticket_waits(desk: Desk) -> None:
    opened(desk, 5)
    for number in (4, 5):
        do(desk, "ticket.note", Note(number, "Seen.", by="eva"))
    assert [desk.ticket(number).tags for number in (4, 5)] == [("given",), ("waits",)]


def test_who_is_away_gets_nothing_until_he_is_back(desk: Desk) -> None:
    said = do(desk, "agent.away", Away("ann", desk.now + timedelta(days=2), cover="bob", by="eva"))
    assert said == "away until 2026-11-25 09:00 UTC; bob looks after the tickets; new tickets go to others"
    opened(desk, 4)
    assert owners(desk) == ["bob", "bob", None, None]
    assert do(desk, "agent.back", Back("ann")) == "is back; 2 of the tickets that waited found an owner"
    assert owners(desk) == ["bob", "bob", "ann", "ann"]
    assert do(desk, "agent.back", Back("ann")) == "was not away; nothing was changed"


async def test_an_absence_ends_by_itself(desk: Desk) -> None:
    do(desk, "agent.away", Away("ann", desk.now + timedelta(hours=2)))
    opened(desk, 3)
    await tick(desk, 1)
    assert owners(desk) == ["bob", "bob", None]
    await tick(desk, 1)
    assert owners(desk) == ["bob", "bob", "ann"]


@pytest.mark.parametrize(("wanted", "said"), [
    # what is asked, the answer
    (Away("ana"), "Nobody here is called “ana”. Agents: ann, bob, eva"),
    (Away("ann", cover="ana"), "Nobody here is called “ana”. Agents: ann, bob, eva"),
    (Away("ann", cover="ann"), "nobody covers for himself"),
    (Away("ann", until=MONDAY), "“2026-11-23 09:00 UTC” is over."),
])  # fmt: skip
def test_what_cannot_be_is_refused(desk: Desk, wanted: Away, said: str) -> None:
    (done,) = desk.write(lambda c: OPERATIONS["agent.away"].perform(c, wanted, Duty(MONDAY, lambda: desk.deps)))
    assert (done.outcome, worded(done.said, desk.deps.desk.templates.english)) == ("refused", said)


def test_what_goes_on_goes_back_to_its_owner_if_he_is_there(desk: Desk) -> None:
    opened(desk, 2)
    for number in (1, 2):
        do(desk, "ticket.change", Change((number,), status="solved"))
    do(desk, "agent.away", Away("ann"))
    for number in (1, 2):
        do(desk, "ticket.change", Change((number,), status="open"))
    assert owners(desk) == ["bob", "bob"]
    assert reasons(desk, 1, "owner.lost") == ["ann: away"]


async def test_a_silent_owner_loses_his_ticket_and_hears_of_it(desk: Desk) -> None:
    opened(desk, 1)
    assert desk.ticket(1).next_unlock == desk.now + timedelta(hours=4)
    await tick(desk, 3.9)
    assert owners(desk) == ["ann"]
    await tick(desk, 0.2)
    assert owners(desk) == ["bob"]
    assert reasons(desk, 1, "owner.lost") == ["ann: silent for too long"]
    assert [item.forward_path for item in desk.mails()] == ["ann@agents.test", "ann@agents.test", "bob@agents.test"]


async def test_who_says_something_keeps_his_ticket(desk: Desk) -> None:
    opened(desk, 1)
    desk.now += timedelta(hours=3)
    do(desk, "ticket.answer", Answer(1, "Soon.", status="open", by="ann"))
    await tick(desk, 2)
    assert owners(desk) == ["ann"]


async def test_owners_whom_the_rules_do_not_have_any_more_own_nothing(desk: Desk, settings: Settings) -> None:
    opened(desk, 1)
    opened(desk, 1, to="billing@gw.test")
    do(desk, "ticket.change", Change((2,), fields=(("assignee", "ann"),)))
    later = Desk(desk.store, settings, RULES.replace("ann: {", "zoe: {").replace("[ann", "[zoe"), first_id=3)
    later.now = desk.now
    await tick(later, 0)
    assert owners(later) == ["zoe", None]
    assert [reasons(later, number, "owner.lost") for number in (1, 2)] == [["ann: not in the rules any more"]] * 2
    (alarm,) = (item for item in later.mails() if item.template == "alarm")
    assert alarm.forward_path == "eva@agents.test"
    assert "ann: 2 (billing 1, support 1)" in plain(alarm)
    await tick(later, 2)
    assert len([item for item in later.mails() if item.template == "alarm"]) == 1


async def test_what_waits_for_its_customer_is_nobodys_when_he_answers(desk: Desk, settings: Settings) -> None:
    opened(desk, 1, to="billing@gw.test")
    do(desk, "ticket.change", Change((1,), fields=(("assignee", "ann"),), status="pending"))
    later = Desk(desk.store, settings, RULES.replace("ann: {", "zoe: {").replace("[ann", "[zoe"), first_id=2)
    later.now = desk.now
    await tick(later, 0)
    assert owners(later) == ["ann"]
    later.take(mail("Jan <jan1@bigbank.test>", "Re: [#1] Zwrot 1"), to="billing@gw.test")
    await tick(later, 0)
    assert later.ticket(1).status_type == "open"
    assert owners(later)[0] is None


def test_the_lead_hears_once_an_hour_that_too_many_wait(desk: Desk) -> None:
    opened(desk, 8)
    alarms = [item.forward_path for item in desk.mails() if item.template == "alarm"]
    assert alarms == ["eva@agents.test"]


@pytest.mark.postgres  # SQLite has one writer
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_several_at_once_give_each_ticket_once_and_nobody_too_many(settings: Settings, store: Store) -> None:
    stores = [store, open_store(settings)]
    desks = [Desk(each, settings, RULES, first_id=1 + 100 * place) for place, each in enumerate(stores)]

    def take(desk: Desk, place: int) -> None:
        for number in range(12):
            desk.take(mail(f"Jan <jan{place}x{number}@bigbank.test>", f"Zwrot {number}"), at=MONDAY)

    threads = [threading.Thread(target=take, args=(desk, place)) for place, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = owners(desks[0])
    assert len(found) == 24
    assert sorted(owner for owner in found if owner) == ["ann", "ann", "bob", "bob"]
    assert sum(len(reasons(desks[0], ticket.number, "owner.found")) for ticket in desks[0].tickets()) == 4
    stores[1].close()
