"""What becomes of much mail of one sender: nothing is lost, nobody is answered, the lead is told once an hour."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

RULES = """version: 1
defaults: {team: support}
agents: {ana: {name: Ana, email: ana@agents.test}}
teams:
  support: {address: support@gw.test, members: [ana], lead: ana}
  billing: {address: billing@gw.test, aliases: [rechnung@gw.test]}
fields: {order: {type: text, label: {de: Auftrag, en: Order number}}}
limits: {new_per_sender: 3 per 1h, updates_per_sender: 4 per 1h, ack: 99 per 1h, auto_per_recipient: 99 per 1h}
rules:
  - {id: busy, on: new, when: {customer.open_tickets: {gte: 2}}, do: [{tag: [busy]}]}
  - id: order
    on: new
    when: {subject: {matches: '(?P<order>PL-[0-9]+)'}}
    do: [{set: {field.order: "{{ captures.order }}"}}, {notify: {to: [team.lead], template: agent_notice}}]
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, RULES)


def acknowledged(desk: Desk) -> list[str]:
    return [
        item.reason if item.state == "suppressed" else item.state
        for item in desk.outbox()
        if item.template == "auto_ack"
    ]


def told_the_lead(desk: Desk) -> int:
    return sum((item.forward_path, item.cause) == ("ana@agents.test", "flood") for item in desk.outbox())


def test_the_tickets_of_a_flood_are_opened_tagged_and_not_answered(desk: Desk) -> None:
    for number in range(5):
        assert desk.take(mail(subject=f"n{number}")).disposition == "ticket"
    assert [t.tags for t in desk.tickets()] == [(), (), ("busy",), ("flood", "busy"), ("flood", "busy")]
    assert acknowledged(desk) == ["queued"] * 3 + ["flood"] * 2
    assert told_the_lead(desk) == 1
    desk.take(mail(subject="later"), at=desk.now + timedelta(hours=2))
    assert acknowledged(desk)[-1] == "queued"
    desk.take(mail("eva@x.test", subject="somebody else"))
    assert (acknowledged(desk)[-1], desk.tickets()[-1].tags) == ("queued", ())


def test_mails_into_a_ticket_beyond_the_limit_are_entries_all_the_same(desk: Desk) -> None:
    desk.take(mail(subject="first"))
    for number in range(5):
        assert desk.take(mail(subject=f"Re: [#1] {number}")).disposition == "entry"
    assert len(desk.entries(1)) == 6
    assert told_the_lead(desk) == 1  # for the fifth and the sixth mail of the hour


def test_mail_to_an_alias_of_a_team_is_for_the_team_and_answered_from_its_address(desk: Desk) -> None:
    desk.take(mail(subject="to an alias"), to="rechnung@gw.test")
    assert desk.ticket(1).team == "billing"
    raw = (desk.mails()[0].raw or b"").decode()
    assert ("billing@gw.test" in raw, "rechnung" in raw) == (True, False)


def test_a_notice_calls_a_field_by_its_label(desk: Desk) -> None:
    desk.take(mail(subject="PL-4711"))
    notice = next((item.raw or b"").decode() for item in desk.mails() if item.forward_path == "ana@agents.test")
    assert "Order number" in notice
