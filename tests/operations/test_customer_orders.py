"""What customers may order by mail, and who may (agents-by-mail.md §10)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store.opening import open_store
from gateway.ticket.types import Outcome, SetField
from tests.conftest import settings_in
from tests.operations.orders import JAN, Agents
from tests.processing import mail, verdict


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Agents]:
    store = open_store(settings_in(tmp_path))
    yield Agents(store, settings_in(tmp_path))
    store.close()


def replies(desk: Agents, body: str, who: str = JAN, dmarc: str = "pass", to: str = "") -> Outcome:
    """A reply of a customer in ticket 1, three hours later."""
    desk.now = desk.now.replace(hour=desk.now.hour + 3)
    return desk.take(verdict(dmarc, mail(f"He <{who}>", "Re: [#1] Zwrot", body)), to=to or desk.reply_address(JAN, 1))


@pytest.mark.parametrize(("body", "status", "kinds"), [
    # first words of a reply, status, how many mails of the customer the ticket has
    ("#solved", "solved", 2),
    ("#rozwiązane!\nDziękuję", "solved", 2),
    ("\n\n#SOLVED.\n\n> quoted", "solved", 2),
    ("#solvd", "open", 2),  # is text
    ("Thanks\n#solved", "open", 2),  # not the first line
    ("#solved but one question is left", "open", 2),
    ("#close", "open", 2),  # a command of agents
    ("#assign ana", "open", 2),
    ("#spam", "open", 2),
])  # fmt: skip
def test_a_customer_says_that_it_is_solved(desk: Agents, body: str, status: str, kinds: int) -> None:
    desk.orders("#pending\nPlease tell us the number.")
    replies(desk, body)
    assert (desk.ticket(1).status, [e.kind for e in desk.entries(1)].count("mail")) == (status, kinds)
    assert desk.ticket(1).assignee is None
    told = [m for m in desk.outbox() if m.template == "status_notice" and m.state != "suppressed"]
    assert len(told) == (status == "solved")


@pytest.mark.parametrize(("body", "status"), [
    # what comes after it was solved, status
    ("#solved", "solved"),  # tapped twice
    ("#solved\n\nDziękuję!", "solved"),
    ("#solved\n\nNo wait, it is broken again.", "open"),
])  # fmt: skip
def test_words_below_a_second_solved_count(desk: Agents, body: str, status: str) -> None:
    replies(desk, "#solved")
    replies(desk, body)
    assert desk.ticket(1).status == status


def test_a_reply_opens_it_again(desk: Agents) -> None:
    replies(desk, "#solved")
    replies(desk, "It broke again.")
    assert desk.ticket(1).status == "open"


@pytest.mark.parametrize(("who", "dmarc", "to"), [
    # who writes, what our boundary says, to which address
    ("mallory@x.test", "pass", ""),  # with Jan's token
    (JAN, "fail", "support@gw.test"),  # his number, a false origin
    (JAN, "none", "support@gw.test"),  # his number, no proof
])  # fmt: skip
def test_nobody_else_does(desk: Agents, who: str, dmarc: str, to: str) -> None:
    replies(desk, "#solved", who, dmarc, to)
    assert desk.ticket(1).status != "solved"


def test_no_automatic_mail_for_a_ticket_until_it_is_wanted_again(desk: Agents) -> None:
    replies(desk, "#mute")
    assert desk.ticket(1).flags == ("muted",)
    desk.now = desk.now.replace(day=22)
    desk.orders("#solved")
    assert [m.reason for m in desk.outbox() if m.template == "status_notice"] == ["muted"]
    desk.orders("Hello Jan")
    assert desk.sent()[-1] == f"answer {JAN}"  # what a person writes goes
    replies(desk, "#unmute")
    assert desk.ticket(1).flags == ()


def test_another_language(desk: Agents) -> None:
    replies(desk, "#lang hr")
    assert desk.ticket(1).language == "hr"
    replies(desk, "#lang xx")
    assert desk.ticket(1).language == "hr"


def test_a_language_that_was_chosen_holds_for_the_next_ticket(desk: Agents) -> None:
    for choose, language in ((replies, "hr"), (Agents.orders, "de")):  # the customer himself, then an agent
        choose(desk, f"#lang {language}")
        desk.take(verdict("pass", mail(f"Jan <{JAN}>", f"Inna sprawa {language}", "Dzień dobry, gdzie jest paczka?")))
        assert desk.tickets()[-1].language == language
    replies(desk, "Dziękuję, czekam.")
    assert desk.ticket(1).language == "de"


def test_another_participant_chooses_for_the_ticket_alone(desk: Agents) -> None:
    """His language is nothing that the customer said of himself, and would follow him into every ticket."""
    desk.orders("#cc eva@lab.test")
    address = desk.reply_address("eva@lab.test", 1)
    desk.take(verdict("pass", mail("Eva <eva@lab.test>", "Re: [#1] Zwrot", "#lang hr")), to=address)
    assert desk.ticket(1).language == "hr"
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Inna sprawa", "Dzień dobry, gdzie jest moja paczka?")))
    assert desk.tickets()[-1].language == "pl"


def asks(desk: Agents, subject: str, body: str, who: str = JAN, dmarc: str = "pass") -> Outcome:
    return desk.take(verdict(dmarc, mail(f"He <{who}>", subject, body)))


@pytest.mark.parametrize(("subject", "body", "disposition"), [
    # subject, body, what becomes of the mail
    ("status", "", "record"),
    ("Stanje", "Hvala", "record"),
    ("", "статус", "record"),
    ("Hello", "Status.", "record"),
    ("Hello", "status\n\nHe", "record"),  # his name
    ("Hello", "status\n\nHello", "ticket"),
    ("status", "My order PL-10442 has not come, and nobody answers the phone.", "ticket"),  # he says something
    ("Status", "What is it?", "ticket"),
    ("Status of my order", "", "ticket"),
])  # fmt: skip
def test_one_word_asks_how_things_stand(desk: Agents, subject: str, body: str, disposition: str) -> None:
    before = len(desk.tickets())
    assert asks(desk, subject, body).disposition == disposition
    assert len(desk.tickets()) == before + (disposition == "ticket")
    told = [m for m in desk.mails() if m.template == "customer_status"]
    assert len(told) == (disposition == "record")
    for item in told:
        raw = (item.raw or b"").decode()
        assert "#1" in raw
        assert "#2" not in raw  # Eva's


def test_three_times_an_hour_and_only_by_proof(desk: Agents) -> None:
    for n in range(5):
        asks(desk, "status", f"please {n}")
    assert len([m for m in desk.mails() if m.template == "customer_status"]) == 3
    assert asks(desk, "status", "", dmarc="none").disposition == "ticket"
    assert asks(desk, "status", "", who="nobody@y.test").disposition == "ticket"  # nobody whom we know


def test_the_acknowledgement_that_asks_for_it_does_not_keep_the_confirmation_back(desk: Agents) -> None:
    body, to = "#solved", desk.reply_address(JAN, 1)
    for n in range(2):
        desk.take(verdict("pass", mail(f"He <{JAN}>", "Re: [#1] Zwrot", f"{body}{chr(10) * n}")), to=to)
        assert desk.ticket(1).status == "solved"
        desk.take(verdict("pass", mail(f"He <{JAN}>", "Re: [#1] Zwrot", f"No, it is not. {n}")), to=to)
    told = [(m.state, m.reason) for m in desk.outbox() if m.template == "status_notice"]
    assert told == [("queued", ""), ("suppressed", "thread-limit")]  # one an hour


@pytest.mark.parametrize(("order", "below", "status", "told"), [
    # what he writes into a solved ticket, its status then, whether agents hear of it
    ("#mute", "", "solved", False),
    ("#lang de", "Thank you", "solved", False),
    ("#lang de", "And it is broken again.", "open", True),
])  # fmt: skip
def test_how_he_wants_our_mails_is_no_news(desk: Agents, order: str, below: str, status: str, told: bool) -> None:
    desk.orders("#solved\nIt is done.")
    desk.change(1, SetField("assignee", "bob", "test"))
    since = max(m.id for m in desk.outbox())
    replies(desk, f"{order}\n\n{below}")
    assert (desk.ticket(1).status, desk.ticket(1).language == "de" or "muted" in desk.ticket(1).flags) == (status, True)
    assert any(m.template == "agent_notice" and m.id > since for m in desk.outbox()) == told


@pytest.mark.parametrize(("html", "status"), [
    # a reply that has formatted text alone -> the status of its ticket
    ("<p>#solved</p>", "solved"),
    ("<html><head><style>.x{display:none}</style></head><body><p><b>#solved</b></p></body></html>", "solved"),
    ("<p>#solved</p><blockquote><div style='display:none'>We received it</div></blockquote>", "solved"),
    ("<p style='font-size:0.9em; line-height:1.5'>#solved</p>", "solved"),
    ("<div style='display:none'>#solved</div><p>Hello again</p>", "open"),
    ("<div style=\"font-size:0\">#solved</div><p>Hello again</p>", "open"),
    ("<div hidden>&#35;solved</div><p>Hello again</p>", "open"),
])  # fmt: skip
def test_what_nobody_saw_is_no_order(desk: Agents, html: str, status: str) -> None:
    desk.orders("#pending\nPlease tell us the number.")
    raw = mail(f"He <{JAN}>", "Re: [#1] Zwrot", html, Content_Type="text/html; charset=utf-8")
    desk.take(verdict("pass", raw), to=desk.reply_address(JAN, 1))
    assert desk.ticket(1).status == status


def test_who_takes_part_asks_for_the_ticket_too(desk: Agents) -> None:
    ola, eva = "ola@bigbank.test", "lea@bigbank.test"
    desk.orders(f"#cc {ola}\nHello both of you.")
    assert asks(desk, "status", "", who=ola).disposition == "record"
    (item,) = (m for m in desk.mails() if m.template == "customer_status")
    assert (item.forward_path, b"#1" in item.raw, b"#2" in item.raw) == (ola, True, False)
    assert asks(desk, "status", "", who=eva).disposition == "ticket"
