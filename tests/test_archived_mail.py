"""Mail of an archive becomes tickets as it was, at its own times; nobody hears of it, and nothing is promised."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.config import Settings
from gateway.store import inbound
from gateway.store.store import Store
from gateway.ticket.types import Ticket
from tests.processing import RULES, START, Desk, mail

LONG_AGO = datetime(2019, 3, 4, 10, 0, tzinfo=UTC)
SERVED = (
    RULES.replace("members: [ann, bob]", "members: [ann, bob], auto_ack: true").replace(
        "defaults: {team: support}", "defaults: {team: support, sla: gold, calendar: always}"
    )
    + """calendars:
  always: {timezone: UTC, hours: {mon-sun: "00:00-24:00"}}
sla:
  gold: {first_response: 4h, next_response: 4h, resolution: 5d}
rules:
  - {id: holds, on: received, when: {subject: {contains: lottery}}, do: [{quarantine: lottery}]}
  - id: everything
    on: [new, reply, status-changed]
    do: [{tag: [seen]}, {notify: {to: [ann], template: agent_notice}}]
"""
)


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, SERVED)


def archived(desk: Desk, raw: bytes, *, days: int = 0, status: str = "closed", **given: str) -> str:
    """The disposition of a mail that came so many days after the first."""
    return desk.take(raw, imported=status, at=LONG_AGO + timedelta(days=days), **given).disposition


def first(**fields: str) -> bytes:
    return mail(Message_ID="<a1@bigbank.test>", **fields)


@pytest.mark.parametrize("status", ["closed", "open", "new"])
def test_nobody_hears_of_it(desk: Desk, status: str) -> None:
    assert archived(desk, first(subject="lottery"), status=status) == "ticket"  # a rule would hold it
    (ticket,) = desk.tickets()
    assert (ticket.status, ticket.channel, ticket.created_at, ticket.tags) == (status, "import", LONG_AGO, ())
    assert (ticket.updated_at, ticket.status_at) == (LONG_AGO, LONG_AGO)
    assert (ticket.next_due, ticket.answer_due, ticket.next_rung) == (None, None, None)
    assert desk.entries(1)[0].at == LONG_AGO
    assert desk.outbox() == []


def test_an_answer_of_the_customer_goes_on_where_the_archive_ended(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, SERVED.replace("calendar: always}", "calendar: always, reopen_window: 3650d}"))
    archived(desk, first())
    reply = desk.take(mail(subject="Re: Zwrot", In_Reply_To="<a1@bigbank.test>"))
    assert (reply.disposition, reply.ticket) == ("entry", 1)
    ticket = desk.ticket(1)
    assert (ticket.status, ticket.tags, ticket.next_due) == ("open", ("seen",), START + timedelta(minutes=1, hours=4))


def test_what_is_long_over_is_mentioned_as_ever(desk: Desk) -> None:
    archived(desk, first())
    reply = desk.take(mail(subject="Re: Zwrot", In_Reply_To="<a1@bigbank.test>"))
    assert (reply.disposition, desk.mentions(2)) == ("ticket", [1])


@pytest.mark.parametrize(
    ("days", "ticket"),
    [
        # days after the mail before, the ticket it goes to
        ((1, 2), (1, 1)),
        ((25, 50), (1, 1)),  # each within the reopen window of the one before
        ((25, 90), (1, 2)),  # the archive is threaded as the mails would have been when they came
    ],
)
def test_threads_of_the_archive_are_those_of_its_time(
    desk: Desk, days: tuple[int, int], ticket: tuple[int, int]
) -> None:
    archived(desk, first())
    found = [
        desk.take(
            mail(subject="Re: Zwrot", body=f"{d}", References="<a1@bigbank.test>", Message_ID=f"<b{d}@bigbank.test>"),
            imported="closed",
            at=LONG_AGO + timedelta(days=d),
        ).ticket
        for d in days
    ]
    assert tuple(found) == ticket
    assert {t.status for t in desk.tickets()} == {"closed"}
    assert desk.ticket(ticket[1]).status_at == LONG_AGO + timedelta(days=days[1])


def ours(**fields: str) -> bytes:
    return mail("Support <support@gw.test>", "Re: Zwrot", "Już idzie.", To="jan@bigbank.test", **fields)


@pytest.mark.parametrize(
    ("raw", "disposition"),
    [
        # what people of ours wrote: an entry where it belongs to something, else no ticket
        (ours(In_Reply_To="<a1@bigbank.test>", Message_ID="<o1@gw.test>"), "entry"),
        (ours(Subject="Re: [OLD-77] Zwrot", Message_ID="<o2@gw.test>"), "entry"),
        (ours(Message_ID="<o3@gw.test>"), "record"),
        (mail("Ann <ann@agents.test>", "Re: Zwrot", In_Reply_To="<a1@bigbank.test>"), "entry"),
        (mail("Eve <eve@other.test>", "Re: Zwrot", In_Reply_To="<a1@bigbank.test>"), "ticket"),  # a stranger
    ],
)
def test_our_own_answers_belong_to_what_they_answer(desk: Desk, raw: bytes, disposition: str) -> None:
    archived(desk, first(subject="[OLD-77] Zwrot"))
    assert archived(desk, raw, days=1) == disposition
    assert desk.outbox() == []


def test_what_answers_our_old_answer_finds_its_ticket(desk: Desk) -> None:
    archived(desk, first())
    archived(desk, ours(In_Reply_To="<a1@bigbank.test>", Message_ID="<o1@gw.test>"), days=1)
    assert archived(desk, mail(subject="Re: Zwrot", body="Dalej", In_Reply_To="<o1@gw.test>"), days=2) == "entry"


def test_a_mail_that_comes_in_as_ours_is_still_no_entry(desk: Desk) -> None:
    archived(desk, first())
    assert desk.take(ours(In_Reply_To="<a1@bigbank.test>")).disposition == "record"


def test_names_of_the_old_desk_lead_to_its_tickets(desk: Desk) -> None:
    archived(desk, first(subject="[OLD-77] Zwrot"), status="open")
    reply = desk.take(mail(subject="Re: [OLD-77] anything", body="more"))
    assert (reply.disposition, reply.ticket) == ("entry", 1)


def test_an_archive_that_comes_again_in_years_adds_nothing(desk: Desk) -> None:
    archived(desk, first())
    desk.now += timedelta(days=4000)
    assert archived(desk, first()) == "duplicate"
    assert len(desk.tickets()) == 1


def test_mail_that_came_in_long_ago_is_known_to_an_archive_alone(desk: Desk) -> None:
    desk.take(first())
    desk.now += timedelta(days=400)
    desk.write(lambda c: inbound.forget(c, desk.now))
    status = b"Status: RO\r\n"  # as programs write it that keep mail
    assert archived(desk, status + first()) == "duplicate"
    assert desk.take(first()).disposition == "ticket"  # who sends it today means it


def test_what_happened_since_stays(desk: Desk) -> None:
    archived(desk, first())
    desk.set_status(1, "open", "open")
    archived(
        desk, mail(subject="Re: Zwrot", body="x", In_Reply_To="<a1@bigbank.test>", Message_ID="<a2@x.test>"), days=1
    )
    ticket: Ticket = desk.ticket(1)
    assert (ticket.status, ticket.messages) == ("open", 2)


def test_what_cannot_be_read_is_seen_and_promised_to_nobody(desk: Desk) -> None:
    raw = first()
    outcome = desk.take(raw, imported="closed", at=LONG_AGO, retried=True)
    ticket = desk.ticket(outcome.ticket or 0)
    assert (ticket.channel, ticket.next_due) == ("import", None)
    assert desk.outbox() == []
