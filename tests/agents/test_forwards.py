"""A mail that an agent forwards to a team opens a ticket for whoever wrote it."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.message.types import Mailbox
from gateway.operations.answers import Answer
from gateway.operations.held_mails import expire
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store import held_mail
from gateway.store.store import Store
from tests.agents.mails import ANN, JAN, RULES, newest, proven, reply, text_of
from tests.processing import Desk, mail

FORWARD = """{words}

---------- Forwarded message ---------
From: {who}
Date: Fri, 20 Nov 2026 at 10:12
Subject: Zwrot za zamówienie
To: <ann@agents.test>

Dzień dobry, proszę o zwrot pieniędzy za zamówienie, paczka przyszła uszkodzona.
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """Nothing happened yet."""
    return Desk(store, settings, RULES)


def forward(desk: Desk, words: str = "", who: str = f"Jan Kowalski <{JAN}>", subject: str = "Fwd: Zwrot za zamówienie"):  # type: ignore[no-untyped-def]
    """What became of Ann's forward."""
    raw = mail(f"Ann Agent <{ANN}>", subject, FORWARD.format(words=words, who=who).replace("\n", "\r\n"))
    return desk.take(proven(raw))


def test_a_forward_opens_a_ticket_for_the_first_author(desk: Desk) -> None:
    assert forward(desk, "#priority high\n\nHe called me, too.").disposition == "ticket"
    ticket = desk.ticket(1)
    assert ticket.requester == Mailbox("Jan Kowalski", JAN)
    assert (ticket.subject, ticket.priority, ticket.language) == ("Zwrot za zamówienie", "high", "pl")
    assert "from-forward" in ticket.flags
    assert "dmarc-fail" not in ticket.flags
    first, note = desk.entries(1)
    assert first.text.startswith("Dzień dobry, proszę o zwrot")
    assert (note.kind, note.text, note.public) == ("note", "He called me, too.", False)
    assert JAN not in [m.forward_path for m in desk.mails()]
    assert JAN in text_of(newest(desk, ANN, "receipt"))


def test_what_reaches_far_is_told_and_the_note_stays(desk: Desk) -> None:
    forward(desk, "#customer eva@else.test\n\nShe is his boss.")
    assert desk.ticket(1).requester == Mailbox("Jan Kowalski", JAN)
    assert [e.text for e in desk.entries(1)][1:] == ["She is his boss."]
    assert "#customer eva@else.test" in text_of(newest(desk, ANN, "receipt"))


def test_a_wrong_guess_is_taken_back_by_one_reply(desk: Desk) -> None:
    forward(desk)
    assert reply(desk, newest(desk, ANN, "receipt"), "#undo").reason.startswith("h-1 undone")
    assert desk.ticket(1).requester == Mailbox("Ann Agent", ANN)
    assert JAN not in desk.participants(1)
    asked = newest(desk, ANN, "hold")
    reply(desk, asked, "#customer ola@agents.test")
    assert desk.ticket(1).requester == Mailbox("", "ola@agents.test")


def test_the_right_customer_after_a_wrong_guess_has_all_that_a_right_one_has(desk: Desk) -> None:
    """No confirmation is asked, though the domain differs; the agent takes part no longer."""
    forward(desk, who="Wrong <wrong@else.test>")
    reply(desk, newest(desk, ANN, "receipt"), "#undo")
    asked = newest(desk, ANN, "hold")
    reply(desk, asked, f"#customer {JAN}")
    ticket = desk.ticket(1)
    assert (ticket.requester, ticket.language) == (Mailbox("", JAN), "pl")
    assert "from-forward" in ticket.flags
    assert desk.participants(1) == {JAN}
    duty = Duty(desk.now, lambda: desk.deps)
    desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, Answer(1, "Dzień dobry.", by="ann"), duty))
    assert [(m.template, m.forward_path) for m in desk.mails() if m.forward_path == JAN] == [("answer", JAN)]


def test_a_forward_that_went_through_is_no_news_the_next_morning(desk: Desk) -> None:
    forward(desk)
    desk.now += timedelta(hours=25)
    desk.write(lambda c: [expire(c, h, Duty(desk.now, lambda: desk.deps)) for h in held_mail.expired(c, desk.now, 10)])
    with desk.reading() as c:
        item = held_mail.find(c, 1)
        assert item is not None
        assert (item.code, item.state) == ("forward", "expired")
        assert held_mail.ended_by_itself(c, "ann", desk.now - timedelta(days=2)) == []


def test_where_nobody_is_named_he_is_asked(desk: Desk) -> None:
    forward(desk, who="Jan Kowalski")
    assert desk.ticket(1).requester == Mailbox("Ann Agent", ANN)
    assert "#customer" in text_of(newest(desk, ANN, "hold"))


def test_a_forward_never_lands_in_a_ticket_by_its_subject(desk: Desk) -> None:
    desk.take(mail(f"Jan <{JAN}>", "Zwrot za zamówienie", "Dzień dobry"))
    outcome = forward(desk, subject="Fwd: [#1] Zwrot za zamówienie")
    assert (outcome.disposition, outcome.ticket) == ("ticket", 2)
    assert desk.mentions(2) == [1]


def test_what_is_wrong_above_a_forward_is_a_note_and_is_told(desk: Desk) -> None:
    forward(desk, "#priorty highest\n\nHe called me.")
    assert [e.kind for e in desk.entries(1)] == ["mail", "note"]
    assert "#priorty" in text_of(newest(desk, ANN, "receipt"))
