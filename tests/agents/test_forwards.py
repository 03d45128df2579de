"""A mail that an agent forwards to a team opens a ticket for whoever wrote it."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from gateway.agents.received import received
from gateway.config import Settings
from gateway.message.parse import parse
from gateway.message.types import Mailbox
from gateway.operations.answers import Answer
from gateway.operations.held_mails import expire
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.parsing.pool import parse_limits
from gateway.store import held_mail, inbound
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


def let_go_on(c: Connection, desk: Desk) -> None:
    """The mails that somebody let go on, as a worker takes them."""
    wanted = {"now": desk.now, "token": "again", "lease_s": 60, "limit": 9, "suspicious_after": 9, "suspects": False}
    for accepted in (each for each in inbound.claim(c, **wanted) if each.released):  # type: ignore[arg-type]
        raw = b"".join(inbound.pieces(c, accepted.key, 0, 9))
        received(accepted, parse(raw, parse_limits(desk.settings), languages=desk.deps.languages), desk.deps, c)


def passed_on(desk: Desk, words: str, purpose: str, of: str = JAN, subject: str = "Fwd: Zwrot za zamówienie"):  # type: ignore[no-untyped-def]
    """What became of a mail that Ann forwards to her own address for answers, notes or commands of ticket 1."""
    number, revision = (None, None) if purpose == "c" else (1, desk.ticket(1).revision)
    to = desk.ring.reply_address("support@gw.test", "+", purpose, number, revision, ANN)
    text = FORWARD.format(words=words, who=f"Jan Kowalski <{of}>").replace("\n", "\r\n")
    return desk.take(proven(mail(f"Ann Agent <{ANN}>", subject, text, To=to)), to=to)


@pytest.mark.parametrize(
    ("purpose", "words", "outcome", "note"),
    [
        # the address of the ticket it went to, what stands above the forwarded mail, how it ends, the note it becomes
        ("t", "FYI", "held: forwarded (h-1)", None),
        ("t", "", "held: forwarded (h-1)", None),
        ("t", "#solved\nHe wrote to me, too.", "held: forwarded (h-1)", None),
        ("t", "#note\nFYI", "", "FYI\n\nFrom: "),
        ("n", "FYI", "", "FYI\n\nFrom: "),
        ("n", "", "", "From: "),
        ("t", "#priorty high", "held: unknown-command (h-1)", None),
    ],
)
def test_a_forward_into_a_ticket_is_neither_published_nor_lost(
    desk: Desk, purpose: str, words: str, outcome: str, note: str | None
) -> None:
    desk.take(mail(f"Jan <{JAN}>", "Zwrot", "Dzień dobry"))
    came = passed_on(desk, words, purpose)
    assert outcome in came.reason
    assert desk.ticket(1).status != "solved"
    assert [m for m in desk.mails() if m.template == "answer"] == []
    assert [e.kind for e in desk.entries(1)] == ["mail", *(["note"] if note else [])]
    if note is not None:
        assert desk.entries(1)[1].text.startswith(note)
        assert "paczka przyszła uszkodzona" in desk.entries(1)[1].text
        return
    assert "paczka przyszła uszkodzona" in text_of(newest(desk, ANN, "hold"))


@pytest.mark.parametrize(
    ("choice", "number", "kinds", "customer_gets"),
    [
        ("#note", 1, ["mail", "note"], 0),
        ("#new", 2, ["mail", "note"], 0),
        ("#send", 1, ["mail", "answer"], 1),
        ("", 1, ["mail", "note"], 0),  # after a day
    ],
)
def test_whoever_forwards_into_a_ticket_says_what_it_is_for(
    desk: Desk, choice: str, number: int, kinds: list[str], customer_gets: int
) -> None:
    desk.take(mail(f"Jan <{JAN}>", "Zwrot", "Dzień dobry"))
    passed_on(desk, "From his boss.", "t", "eva@else.test")
    asked = newest(desk, ANN, "hold")
    if choice:
        reply(desk, asked, choice)
        if choice == "#send":  # addresses of our own people stand above the forwarded mail
            assert "something internal" in text_of(newest(desk, ANN, "hold"))
            reply(desk, newest(desk, ANN, "hold"), choice)
    else:
        desk.now += timedelta(hours=25)
        duty = Duty(desk.now, lambda: desk.deps)
        desk.write(lambda c: [expire(c, h, duty) for h in held_mail.expired(c, desk.now, 10)])
    if choice == "#new":
        desk.write(lambda c: let_go_on(c, desk))
    entries = desk.entries(number)
    assert [e.kind for e in entries] == kinds
    assert "From his boss." in entries[1].text
    assert "paczka przyszła uszkodzona" in "".join(e.text for e in entries)
    assert len([m for m in desk.mails() if m.forward_path == JAN and m.template == "answer"]) == customer_gets
    if choice == "#new":
        assert (desk.ticket(2).requester, desk.mentions(2)) == (Mailbox("Jan Kowalski", "eva@else.test"), [1])


def test_a_forward_to_an_address_for_commands_opens_a_ticket(desk: Desk) -> None:
    assert passed_on(desk, "FYI", "c").disposition == "ticket"
    assert desk.ticket(1).requester == Mailbox("Jan Kowalski", JAN)
