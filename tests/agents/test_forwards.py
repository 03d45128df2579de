"""A mail that an agent forwards to a team opens a ticket for whoever wrote it."""

from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import Connection, func, select

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
from gateway.store.schema import customer, entry, happening, outbox, participant, receipt, sla_ledger, ticket
from gateway.store.schema import held_mail as held_mail_table
from gateway.store.store import Store
from tests.agents.mails import ANN, BOB, JAN, RULES, link, newest, proven, read, reply, text_of
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
    first, header, note = desk.entries(1)
    assert first.text.startswith("Dzień dobry, proszę o zwrot")
    assert (header.kind, header.text) == ("event", f"Date: Fri, 20 Nov 2026 at 10:12\nTo: {ANN}")
    assert (note.kind, note.text, note.public) == ("note", "He called me, too.", False)
    assert JAN not in [m.forward_path for m in desk.mails()]
    receipt = newest(desk, ANN, "receipt")
    assert read(receipt)["Subject"] == f"[#1] Opened for {JAN}"
    assert f"Opened #1 for Jan Kowalski <{JAN}> from your forward. Wrong? Reply #undo." in text_of(receipt)


@pytest.mark.parametrize("how", ["attached", "inline"])
@pytest.mark.parametrize("words", ["Please look, she is nasty.", ""])
def test_a_mail_of_ours_that_is_passed_on_is_no_mail_of_a_customer(desk: Desk, how: str, words: str) -> None:
    desk.take(mail(f"Jan <{JAN}>", "Zwrot", "Dzień dobry"))
    notice = newest(desk, ANN, "agent_notice")
    head = f"From: {read(notice)['From']}\nDate: Fri, 20 Nov 2026 at 10:12\nSubject: {read(notice)['Subject']}\n"
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = f"Ann Agent <{ANN}>", "billing@gw.test", "Fwd: Zwrot"
    if how == "attached":
        outer.set_content(words)
        outer.add_attachment(read(notice))
    else:
        outer.set_content(f"{words}\n\n---------- Forwarded message ---------\n{head}To: {ANN}\n\n{text_of(notice)}")
    sent = len(desk.mails())
    assert desk.take(proven(outer.as_bytes()), to="billing@gw.test").reason == "held: forwarded (h-1)"
    assert [e.kind for e in desk.entries(1)] == ["mail"]
    asked = desk.mails()[sent:]
    assert [(m.forward_path, m.template) for m in asked] == [(ANN, "hold")]
    assert "a mail of ours about #1" in text_of(asked[0])
    assert "%23send" not in text_of(asked[0])  # nothing of it may go to a customer
    to = link(asked[0], "+h")
    desk.take(proven(mail(f"Ann Agent <{ANN}>", "Re: x", "#new")), to=to)
    desk.write(lambda c: let_go_on(c, desk))
    assert {(e.kind, e.public) for e in desk.entries(2)} == {("note", False)}
    assert desk.ticket(2).requester == Mailbox("Ann Agent", ANN)
    assert desk.mentions(2) == [1]


OUTLOOK = """Please take care of him.

{rule}{frm}: {who}
{sent}: Friday, November 20, 2026 10:12
{to}: Ann Agent <ann@agents.test>
{subject}: Zwrot

Dzień dobry, proszę o zwrot pieniędzy za zamówienie, paczka przyszła uszkodzona.
"""
_LABELS = {
    "en": ("From", "Sent", "To", "Subject"),
    "de": ("Von", "Gesendet", "An", "Betreff"),
    "pl": ("Od", "Wysłano", "Do", "Temat"),
    "cs": ("Od", "Odesláno", "Komu", "Předmět"),
    "pt": ("De", "Enviado", "Para", "Assunto"),
    "hr": ("Šalje", "Poslano", "Prima", "Predmet"),
    "ru": ("От", "Отправлено", "Кому", "Тема"),
}


@pytest.mark.parametrize("language", _LABELS)
@pytest.mark.parametrize("subject", ["For billing: Zwrot", "PR: Zwrot", "Zwrot"])
def test_a_header_below_new_words_is_a_forward_whatever_the_subject_says(
    desk: Desk, language: str, subject: str
) -> None:
    frm, sent, to, about = _LABELS[language]
    words = OUTLOOK.format(rule="_" * 32 + "\n", frm=frm, sent=sent, to=to, subject=about, who=f"Jan Kowalski <{JAN}>")
    desk.take(proven(mail(f"Ann Agent <{ANN}>", subject, words.replace("\n", "\r\n"))))
    ticket = desk.ticket(1)
    assert (ticket.requester, ticket.subject) == (Mailbox("Jan Kowalski", JAN), "Zwrot")
    first, _, note = desk.entries(1)
    assert first.text.startswith("Dzień dobry, proszę o zwrot")
    assert (note.kind, note.text) == ("note", "Please take care of him.")


@pytest.mark.parametrize(
    ("who", "subject", "author", "asked"),
    [
        # whom the header names, the subject, the customer, whether the agent is asked
        ("Jan Kowalski", "For billing: Zwrot", ANN, 1),
        (f"Jan <{JAN}>", "Re: Zwrot", ANN, 0),  # an answer, whatever it quotes
    ],
)
def test_a_header_without_a_certain_author_is_asked_about(
    desk: Desk, who: str, subject: str, author: str, asked: int
) -> None:
    words = OUTLOOK.format(rule="", frm="From", sent="Sent", to="To", subject="Subject", who=who)
    desk.take(proven(mail(f"Ann Agent <{ANN}>", subject, words.replace("\n", "\r\n"))))
    requester = desk.ticket(1).requester
    assert requester is not None
    assert requester.address == author
    assert len([m for m in desk.mails() if m.template == "hold"]) == asked


def becomes_auditor(desk: Desk) -> None:
    """Ann, from now on."""
    auditor = replace(desk.deps.rules.agents["ann"], role="auditor")
    desk.deps = replace(desk.deps, rules=replace(desk.deps.rules, agents=desk.deps.rules.agents | {"ann": auditor}))


@pytest.mark.parametrize("what", ["forward", "new", "new with commands", "undo"])
def test_a_mail_of_an_auditor_changes_nothing_and_he_is_told(desk: Desk, what: str) -> None:
    if what == "undo":
        forward(desk)
    receipts = [m for m in desk.mails() if m.template == "receipt"]
    before = [(t.number, t.version) for t in desk.tickets()]
    becomes_auditor(desk)
    match what:
        case "forward":
            outcome = forward(desk)
        case "undo":
            outcome = reply(desk, receipts[-1], "#undo")
        case _:
            words = "#solved\r\n\r\nDone." if what == "new with commands" else "Please look at this."
            outcome = desk.take(proven(mail(f"Ann Agent <{ANN}>", "A matter", words)))
    assert (outcome.disposition, outcome.reason) == ("quarantine", "no-right: ann only reads")
    assert [(t.number, t.version) for t in desk.tickets()] == before
    assert "You only read here: nothing was changed" in read(newest(desk, ANN))["Subject"] + text_of(newest(desk, ANN))


def test_an_auditor_may_ask_all_the_same(desk: Desk) -> None:
    forward(desk)
    becomes_auditor(desk)
    assert desk.take(proven(mail(f"Ann Agent <{ANN}>", "", "#list"))).disposition == "record"
    assert newest(desk, ANN).template == "command_result"


@pytest.mark.parametrize("above", ["#solved", "#closed"])
def test_what_is_solved_above_a_forward_is_not_told_to_whom_nobody_verified(desk: Desk, above: str) -> None:
    forward(desk, above)
    assert desk.ticket(1).status == above.removeprefix("#")
    assert JAN not in [m.forward_path for m in desk.mails() if m.state != "suppressed"]


def test_once_an_agent_wrote_to_him_he_hears_what_becomes_of_a_forward(desk: Desk) -> None:
    forward(desk)
    reply(desk, newest(desk, ANN, "agent_notice"), "Zwrot zlecony.")
    reply(desk, newest(desk, ANN, "agent_notice"), "#solved")
    assert [m.template for m in desk.mails() if m.forward_path == JAN] == ["answer", "status_notice"]


def attached(desk: Desk, words: str = "", **fields: str):  # type: ignore[no-untyped-def]
    """What became of a mail that Ann forwards as an attachment; `fields` are those of its header."""
    inner, outer = EmailMessage(), EmailMessage()
    head = {
        "From": f"Jan Kowalski <{JAN}>",
        "To": ANN,
        "Subject": "Paczka",
        "Message-ID": "<orig@bigbank.test>",
    } | fields
    for name, value in head.items():
        inner[name.replace("_", "-")] = value
    inner.set_content("Dzień dobry, paczka przyszła uszkodzona, proszę o zwrot pieniędzy.\n")
    inner.add_attachment(b"JPG", maintype="image", subtype="jpeg", filename="foto.jpg")
    outer["From"], outer["To"], outer["Subject"] = f"Ann Agent <{ANN}>", "support@gw.test", "WG: Paczka"
    outer.set_content(words)
    outer.add_attachment(inner)
    return desk.take(proven(outer.as_bytes()))


def test_the_first_mail_about_a_forward_says_all_that_there_is(desk: Desk) -> None:
    """Its colleague reads the note, when the mail was written and who else has it, the files, and the priority."""
    attached(desk, "#high\n\nHe called me, too.", Date="Fri, 20 Nov 2026 10:12:00 +0100", Cc="Ola <ola@bigbank.test>")
    to_bob = [m for m in desk.mails() if m.forward_path == BOB]
    assert [m.template for m in to_bob] == ["agent_notice"]
    said = text_of(to_bob[0])
    for words in (
        "· high",
        "From a forward: nothing proves the address of the customer.",
        "Attachments: Paczka.eml (1 kB), foto.jpg (1 kB)",
        "Forwarded by Ann Agent:",
        "He called me, too.",
        "Date: Fri, 20 Nov 2026 10:12:00 +0100",
        "Cc: Ola <ola@bigbank.test>",
        f"Jan Kowalski <{JAN}>:",
    ):
        assert words in said


@pytest.mark.parametrize(
    ("above", "hears"),
    [
        # what stands above the forwarded mail; how the one mail to a colleague begins
        ("He called me, too.", "NEW"),
        ("#assign bob\n\nHe called me, too.", "ASSIGNED TO YOU"),
    ],
)
def test_whoever_is_given_a_forward_reads_the_note_in_one_mail(
    store: Store, settings: Settings, above: str, hears: str
) -> None:
    desk = Desk(store, settings, RULES.partition("rules:")[0])
    forward(desk, above)
    (told,) = [text_of(m) for m in desk.mails() if m.forward_path == BOB]
    assert f"{hears} · support" in told
    assert "He called me, too." in told


@pytest.mark.parametrize(
    ("before", "answers", "mentions"),
    [
        # a mail that came before it, the Message-ID that our first answer names, the tickets that the new one names
        (None, "<orig@bigbank.test>", []),
        ("<orig@bigbank.test>", None, [1]),  # he wrote to us as well: that ticket has his thread
    ],
)
def test_the_first_answer_to_a_forward_stands_in_the_thread_of_the_customer(
    desk: Desk, before: str | None, answers: str | None, mentions: list[int]
) -> None:
    if before is not None:
        desk.take(mail(f"Jan <{JAN}>", "Paczka", "Dzień dobry", Message_ID=before))
    number = attached(desk).ticket
    assert desk.mentions(number) == mentions
    notice = [m for m in desk.mails() if (m.forward_path, m.ticket) == (ANN, number) and m.template == "agent_notice"]
    reply(desk, notice[0], "Zwrot zlecony.")
    sent = read(newest(desk, JAN, "answer"))
    assert (sent["In-Reply-To"], sent["References"]) == (answers, answers)


def test_a_forward_in_the_text_names_its_original_where_the_program_says_it(desk: Desk) -> None:
    text = FORWARD.format(words="", who=f"Jan <{JAN}>").replace("\n", "\r\n")
    fields = {"In_Reply_To": "<orig@bigbank.test>", "References": "<orig@bigbank.test>"}
    desk.take(proven(mail(f"Ann Agent <{ANN}>", "Fwd: Zwrot", text, **fields)))
    reply(desk, newest(desk, ANN, "agent_notice"), "Zwrot zlecony.")
    assert read(newest(desk, JAN, "answer"))["In-Reply-To"] == "<orig@bigbank.test>"


def test_the_mail_of_an_agent_that_is_forwarded_is_never_named_to_a_customer(desk: Desk) -> None:
    desk.take(mail(f"Jan <{JAN}>", "Zwrot", "Dzień dobry"))
    ours = newest(desk, ANN, "agent_notice").message_id
    text = FORWARD.format(words="", who="Eva <eva@else.test>").replace("\n", "\r\n")
    desk.take(proven(mail(f"Ann Agent <{ANN}>", "Fwd: Zwrot", text, In_Reply_To=ours, References=ours)))
    reply(desk, newest(desk, ANN, "agent_notice"), "Zwrot zlecony.")
    assert read(newest(desk, "eva@else.test", "answer"))["In-Reply-To"] is None


def test_what_reaches_far_is_told_and_the_note_stays(desk: Desk) -> None:
    forward(desk, "#customer eva@else.test\n\nShe is his boss.")
    assert desk.ticket(1).requester == Mailbox("Jan Kowalski", JAN)
    assert [e.text for e in desk.entries(1)][2:] == ["She is his boss."]
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


REPORT = "Mail Delivery Subsystem <mailer-daemon@googlemail.com>"


@pytest.mark.parametrize(
    ("who", "text", "customer", "offered"),
    [
        # From of the forwarded mail, its words, the customer (None: the agent is asked), whom he may choose by one tap
        (f"Jan <{JAN}>", "Dzień dobry.", JAN, []),
        ("Ana <ana@x.test>, Iva <iva@x.test>", "Dobar dan.", None, ["ana@x.test", "iva@x.test"]),
        ("Shop <no-reply@shop.test>", "Your order is sent.", None, []),
        ("Web <noreply@shop.test>", f"Name: Jan\nMail: {JAN}\nIt is broken.", None, [JAN]),
        (REPORT, f"Your message was not delivered to {JAN}.\n\n550 5.1.1 User unknown", None, [JAN]),
        ("Bob <bob@agents.test>", f"Please call {JAN}.", None, [JAN]),
        ("Acme <support@gw.test>", "Our own mail.", None, []),
        ("Jan Kowalski", "Dzień dobry.", None, []),
    ],
)
def test_whose_a_forward_is(desk: Desk, who: str, text: str, customer: str | None, offered: list[str]) -> None:
    words = FORWARD.format(words="", who=who).partition("Dzień dobry")[0] + text
    assert (
        desk.take(proven(mail(f"Ann Agent <{ANN}>", "Fwd: Zwrot", words.replace("\n", "\r\n")))).disposition == "ticket"
    )
    ticket = desk.ticket(1)
    assert ticket.requester is not None
    assert ticket.requester.address == (customer or ANN)
    assert text.split()[0] in desk.entries(1)[0].text
    if customer is None:
        asked = text_of(newest(desk, ANN, "hold"))
        assert [each for each in ("ana@x.test", "iva@x.test", JAN) if f"#customer {each}:" in asked] == offered
        assert f"your text goes to Ann Agent <{ANN}>" not in text_of(newest(desk, ANN, "agent_notice"))
        assert "claims-agent" not in ticket.flags


def test_what_a_colleague_passed_on_is_the_mail_that_he_passed_on(desk: Desk) -> None:
    inner = FORWARD.format(words="Can you take this?", who=f"Jan Kowalski <{JAN}>")
    outer = FORWARD.format(words="", who="Bob <bob@agents.test>").partition("Dzień dobry")[0] + inner
    desk.take(proven(mail(f"Ann Agent <{ANN}>", "Fwd: Fwd: Zwrot", outer.replace("\n", "\r\n"))))
    assert desk.ticket(1).requester == Mailbox("Jan Kowalski", JAN)
    first, header = desk.entries(1)
    assert first.text.startswith("Dzień dobry")
    assert header.text.startswith("From: Bob <bob@agents.test>\n")
    assert "Can you take this?" in header.text


@pytest.mark.parametrize(
    ("words", "customer", "entries"),
    [
        # what he answers to the question whose it is, the customer then, what is new in the ticket
        (f"#customer {JAN}", JAN, ["event"]),
        (JAN, JAN, ["event"]),
        (f"It is {JAN}.", JAN, ["event"]),
        ("Dear customer, your order is on its way.", ANN, ["note"]),
    ],
)
def test_whoever_is_asked_whose_it_is_answers_with_an_address(
    desk: Desk, words: str, customer: str, entries: list[str]
) -> None:
    forward(desk, who="Jan Kowalski")
    count = len(desk.entries(1))
    reply(desk, newest(desk, ANN, "hold"), words)
    ticket = desk.ticket(1)
    assert ticket.requester is not None
    assert ticket.requester.address == customer
    assert [e.kind for e in desk.entries(1)[count:]] == entries
    assert [m for m in desk.mails() if m.template == "answer"] == []
    assert len([m for m in desk.mails() if m.template == "hold"]) == (1 if customer == JAN else 2)


@pytest.mark.parametrize(
    ("subject", "of_ticket"),
    [
        ("Re: [#1] Zwrot", "Re: Zwrot"),
        ("Fwd: WG: Zwrot", "Zwrot"),
        ("[JIRA-17] Zwrot", "[JIRA-17] Zwrot"),
        ("[Bestellung #991] Zwrot", "[Bestellung #991] Zwrot"),
    ],
)
def test_a_forward_keeps_the_subject_without_what_is_ours(desk: Desk, subject: str, of_ticket: str) -> None:
    words = FORWARD.format(words="", who=f"Jan <{JAN}>").replace("Subject: Zwrot za zamówienie", f"Subject: {subject}")
    desk.take(proven(mail(f"Ann Agent <{ANN}>", f"Fwd: {subject}", words.replace("\n", "\r\n"))))
    assert desk.ticket(1).subject == of_ticket


@pytest.mark.parametrize("above", ["Wysłane z iPhone'a", "-- \nAnn Agent\n+49 30 123456", ""])
def test_a_signature_above_a_forward_is_no_note(desk: Desk, above: str) -> None:
    forward(desk, above)
    assert [e.kind for e in desk.entries(1)] == ["mail", "event"]
    assert desk.ticket(1).status == "new"


@pytest.mark.parametrize(("second", "customer"), [(JAN, JAN), ("eva@else.test", ANN)])
def test_several_mails_that_are_attached_are_all_read(desk: Desk, second: str, customer: str) -> None:
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = f"Ann Agent <{ANN}>", "support@gw.test", "WG: Paczka"
    outer.set_content("")
    for who, subject, text in ((JAN, "Paczka", "Nie przyszła."), (second, "Paczka 2", "Nadal nie przyszła.")):
        inner = EmailMessage()
        inner["From"], inner["Subject"] = who, subject
        inner.set_content(text)
        outer.add_attachment(inner)
    desk.take(proven(outer.as_bytes()))
    ticket, first = desk.ticket(1), desk.entries(1)[0]
    assert ticket.requester is not None
    assert ticket.requester.address == customer
    assert first.text == f"Nie przyszła.\n\nFrom: {second}\n\nNadal nie przyszła."
    assert [a.name for a in first.attachments] == ["Paczka.eml", "Paczka 2.eml"]


def test_a_delivery_report_that_is_forwarded_is_not_lost(desk: Desk) -> None:
    outer, inner = EmailMessage(), EmailMessage()
    inner["From"], inner["Subject"] = "MAILER-DAEMON@relay.test", "Undelivered Mail"
    inner["Auto-Submitted"] = "auto-replied"
    inner.set_content(f"It did not arrive: {JAN}")
    outer["From"], outer["To"], outer["Subject"] = f"Ann Agent <{ANN}>", "support@gw.test", "Fwd: Undelivered Mail"
    outer.set_content("Is his mailbox dead?")
    outer.add_attachment(inner)
    assert desk.take(proven(outer.as_bytes())).disposition == "ticket"
    assert [e.kind for e in desk.entries(1)] == ["mail", "event", "note"]
    assert f"#customer {JAN}:" in text_of(newest(desk, ANN, "hold"))


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
    assert [e.kind for e in desk.entries(1)] == ["mail", "event", "note"]
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
        ("#new", 2, ["mail", "event", "note"], 0),
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
    assert "From his boss." in entries[-1].text
    assert "paczka przyszła uszkodzona" in "".join(e.text for e in entries)
    assert len([m for m in desk.mails() if m.forward_path == JAN and m.template == "answer"]) == customer_gets
    if choice == "#new":
        assert (desk.ticket(2).requester, desk.mentions(2)) == (Mailbox("Jan Kowalski", "eva@else.test"), [1])


def test_a_forward_to_an_address_for_commands_opens_a_ticket(desk: Desk) -> None:
    assert passed_on(desk, "FYI", "c").disposition == "ticket"
    assert desk.ticket(1).requester == Mailbox("Jan Kowalski", JAN)


@pytest.mark.parametrize(("words", "customer", "kind", "said", "priority", "told"), [
    # a new mail to the team, the customer of its ticket, what the words are, which, its priority, what Ann hears
    ("#customer eva@x.test\n#high\n\nShe called.", "eva@x.test", "note", "She called.", "high", "-> eva@x.test"),
    ("#high\n\nThe printer is broken.", ANN, "mail", "The printer is broken.", "high", None),
    ("#note\n\nThe printer is broken.", ANN, "note", "The printer is broken.", "normal", None),
    ("#4812 is broken.", ANN, "mail", "#4812 is broken.", "normal", None),
    ("#custmer eva@x.test\n\nShe called.", ANN, "mail", "#custmer eva@x.test\n\nShe called.", "normal", "#custmer"),
    ("#merge 99\n\nShe called.", ANN, "mail", "She called.", "normal", "no such ticket for you"),
])  # fmt: skip
def test_commands_at_the_top_of_a_new_mail_are_for_its_ticket(
    desk: Desk, words: str, customer: str, kind: str, said: str, priority: str, told: str | None
) -> None:
    number = len(desk.tickets()) + 1
    outcome = desk.take(proven(mail(f"Ann Agent <{ANN}>", "A call", words, Message_ID="<n1@agents.test>")))
    assert (outcome.disposition, outcome.ticket) == ("ticket", number)
    ticket, (entry,) = desk.ticket(number), [e for e in desk.entries(number) if e.kind != "event"]
    assert ticket.requester is not None
    assert (ticket.requester.address, ticket.priority) == (customer, priority)
    assert desk.participants(number) == {customer}
    assert (entry.kind, entry.public, entry.text) == (kind, kind == "mail", said)
    assert not [m for m in desk.mails() if m.forward_path == customer and m.ticket == number and customer != ANN]
    heard = [text_of(m) for m in desk.mails() if m.forward_path == ANN and m.template == "receipt"]
    assert [told in " ".join(each.split()) for each in heard if told] == ([True] if told else [])


def test_a_question_to_the_address_of_a_team_opens_nothing(desk: Desk) -> None:
    count = len(desk.tickets())
    raw = proven(mail(f"Ann Agent <{ANN}>", "list", "#list team", Message_ID="<n1@agents.test>"))
    assert (desk.take(raw).disposition, len(desk.tickets())) == ("record", count)
    assert newest(desk, ANN).template == "command_result"


def rows(desk: Desk) -> dict[str, int]:
    """How many rows each table has that a ticket, or a mail to somebody, would add to."""
    tables = (ticket, entry, participant, customer, outbox, held_mail_table, receipt, happening, sla_ledger)
    with desk.reading() as c:
        return {each.name: int(c.execute(select(func.count()).select_from(each)).scalar_one()) for each in tables}


TRIED = [
    # subject, what Ann writes above the forwarded mail, or in a new one (no subject), what she reads then
    ("Fwd: Zwrot", "#dry", [f"would happen · new ticket · “Zwrot za zamówienie” in support, for Jan Kowalski <{JAN}>",
                            "would happen · rules · tell"]),
    ("Fwd: Zwrot", "#test\n#priority high\n#cc eva@x.test\n\nHe called me, too.",
     ["would happen · Cc · eva@x.test takes part", "#note · noted; no customer sees it; status new -> open",
      "would happen · #priority high · priority normal -> high",
      "would happen · #cc eva@x.test · eva@x.test takes part"]),
    ("Fwd: Zwrot", "#dry\n#priorty high\n\nHe called.", ["failed · #priorty high · There is no command #priorty."]),
    ("Fwd: Zwrot", "#dry\n#merge 99", ["failed · #merge 99 · #99: no such ticket for you."]),
    ("Fwd: Zwrot", "#dry\n#customer eva@else.test", ["failed · #customer eva@else.test · "]),
    ("", "#dry\n#high\n\nThe printer is broken.", [
        f"would happen · new ticket · “A call” in support, for Ann Agent <{ANN}>",
        "would happen · #high · priority normal -> high; status new -> open", "would happen · rules · tell"]),
    ("", "#dry\n#customer eva@x.test\n\nShe called.", ["new ticket · “A call” in support, for eva@x.test"]),
    ("", "#dry\n#custmer eva@x.test\n\nShe called.", ["failed · #custmer eva@x.test · There is no command #custmer."]),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "words", "reads"), TRIED)
def test_what_is_only_tried_opens_nothing_and_tells_what_it_would(
    desk: Desk, subject: str, words: str, reads: list[str]
) -> None:
    before = rows(desk)
    if subject:
        outcome = forward(desk, words, subject=subject)
    else:
        outcome = desk.take(proven(mail(f"Ann Agent <{ANN}>", "A call", words, Message_ID="<n1@agents.test>")))
    assert (outcome.disposition, outcome.ticket, outcome.reason) == ("record", None, "ann: only tried")
    assert rows(desk) == before | {"outbox": before["outbox"] + 1}
    told = newest(desk, ANN)
    assert told.template == "receipt"
    text = " ".join(text_of(told).split())
    assert "Nothing happened. This is what would:" in text
    for line in reads:
        assert line in text


def test_a_rule_that_ends_it_is_told(store: Store, settings: Settings) -> None:
    desk = Desk(
        store,
        settings,
        RULES
        + "  - {id: noise, on: received, when: {from.address: jan@bigbank.test}, do: [{drop: {reason: noise}}]}\n",
    )
    forward(desk, "#dry\n#high")
    assert "would happen · new ticket · none: drop:noise: noise" in " ".join(text_of(newest(desk, ANN)).split())


def test_whose_nobody_can_tell_would_be_asked(desk: Desk) -> None:
    forward(desk, "#dry", who="Jan Kowalski")
    text = " ".join(text_of(newest(desk, ANN)).split())
    assert f"for Ann Agent <{ANN}>; whose it is, you would be asked" in text
    assert not [m for m in desk.mails() if m.template == "hold"]


def test_who_got_the_forwarded_mail_beside_is_named_and_would_not_take_part(desk: Desk) -> None:
    attached(desk, "#dry\n#high", Cc="Ola <ola@bigbank.test>")
    assert "Ola <ola@bigbank.test> would take part by #cc alone" in " ".join(text_of(newest(desk, ANN)).split())


def test_tried_once_it_is_done_when_it_comes_without_the_word(desk: Desk) -> None:
    forward(desk, "#dry\n#high")
    assert forward(desk, "#high").disposition == "ticket"
    assert (len(desk.tickets()), desk.tickets()[0].priority) == (1, "high")


def test_words_that_only_begin_like_the_word_open_a_ticket(desk: Desk) -> None:
    raw = mail(f"Ann Agent <{ANN}>", "Order", "#dry goods are out\n\nPlease order.", Message_ID="<n1@agents.test>")
    assert desk.take(proven(raw)).disposition == "ticket"
