"""A reply of a proven agent: what the customer gets, and what he never gets."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import update

from gateway.agents.received import received
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.control import Request, perform
from gateway.digests import send_digest
from gateway.due import Due
from gateway.message.parse import parse
from gateway.message.types import Accepted, Envelope, Mailbox
from gateway.operations.answers import Answer, Note
from gateway.operations.held_mails import AgentKey, expire
from gateway.operations.merges import Merge, taken_back
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.outgoing.enqueue import enqueue_all
from gateway.parsing.pool import parse_limits
from gateway.store import held_mail, inbound
from gateway.store.audit import find_rows
from gateway.store.schema import entry
from gateway.store.store import Store
from gateway.ticket.notices import to_agents
from gateway.ticket.saying import english, worded
from gateway.ticket.types import AddPeople, File, Participant, SetField, SetRequester
from tests.agents.mails import (
    ANN,
    BOB,
    JAN,
    RULES,
    answer,
    link,
    newest,
    proven,
    read,
    reply,
    reply_address,
    sent_to,
    text_of,
)
from tests.processing import Desk, mail, verdict
from tests.ticket.strings import STRINGS

_WARNING = {"metric": "first_response", "customer": "Jan Kowalski", "due": "2026-11-21T12:00:00+00:00", "left": 1800}
_CHOICES = ("Send anyway", "Carry out the commands", "Keep as note", "Discard")
_CALLED = {JAN: f"Jan Kowalski <{JAN}>", "mia@x.test": "Mia <mia@x.test>"}


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann and Bob were told."""
    made = Desk(store, settings, RULES)
    made.take(
        mail(f"Jan Kowalski <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442.", Message_ID="<j1@bigbank.test>")
    )
    return made


@pytest.mark.p0
def test_a_reply_is_a_public_answer_in_the_customers_thread(desk: Desk) -> None:
    outcome = reply(desk, newest(desk, ANN), "Zwrot został zlecony dzisiaj.")
    assert (outcome.disposition, outcome.ticket) == ("entry", 1)
    entry = desk.entries(1)[-1]
    assert (entry.kind, entry.public, entry.text) == ("answer", True, "Zwrot został zlecony dzisiaj.")
    sent = newest(desk, JAN, "answer")
    assert read(sent)["From"] == '"Ann Agent (Acme Support)" <support@gw.test>'
    assert read(sent)["In-Reply-To"] is not None
    assert "<j1@bigbank.test>" in read(sent)["References"]
    assert desk.ticket(1).status == "pending"
    said = text_of(sent)
    assert "Zwrot został zlecony dzisiaj." in said
    assert "Acme Support" in said
    assert "Why you" not in said
    assert "agents.test" not in said


@pytest.mark.p0
def test_a_note_never_leaves(desk: Desk) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    outcome = reply(desk, notice, "He is our landlord.", to=link(notice, "+n"))
    assert outcome.disposition == "entry"
    entry = desk.entries(1)[-1]
    assert (entry.kind, entry.public, entry.text) == ("note", False, "He is our landlord.")
    assert [m for m in desk.mails()[before:] if m.forward_path == JAN] == []


def test_a_note_is_told_to_those_who_work_on_the_ticket(desk: Desk) -> None:
    desk.change(1, SetField("assignee", "bob", "x"), SetField("followers", ("ann", "lia", "zed"), "x"))
    before = len(desk.mails())
    reply(desk, newest(desk, ANN), "#note\nHe is our landlord.")
    told = desk.mails()[before:]
    assert {(m.forward_path, m.template) for m in told} == {
        (who, "agent_notice") for who in (BOB, "lia@agents.test", "zed@agents.test")
    }
    assert "He is our landlord." in text_of(told[0])
    answered = reply(desk, newest(desk, BOB), "Thank you.", f"Bob <{BOB}>", to=link(newest(desk, BOB), "+n"))
    assert answered.disposition == "entry"
    assert [e.kind for e in desk.entries(1)] == ["mail", "note", "note"]


@pytest.mark.p0
@pytest.mark.parametrize(
    ("words", "more"),
    [
        # what the agent writes, what is different
        ("#note\n\nHe is our landlord.", {}),
        ("#notatka\nHe is our landlord.", {}),
        ("He is our landlord.", {"Cc": "the address for notes"}),
        ("He is our landlord.", {"author": "Lia <lia@agents.test>"}),
    ],
)
def test_what_is_not_surely_an_answer_is_a_note(desk: Desk, words: str, more: dict[str, str]) -> None:
    who = ANN if "author" not in more else "lia@agents.test"
    notice, before = newest(desk, who), len(desk.mails())
    fields = {"Cc": link(notice, "+n")} if "Cc" in more else {}
    author = more.get("author", f"Ann Agent <{ANN}>")
    assert reply(desk, notice, words, author, **fields).disposition == "entry"
    assert [e.kind for e in desk.entries(1)][-1] == "note"
    assert [m for m in desk.mails()[before:] if m.forward_path == JAN] == []


@pytest.mark.p0
@pytest.mark.parametrize(
    ("author", "to", "dmarc", "disposition", "reason", "hears"),
    [
        # From, whose address, the verdict, what it ends as, why, who is told
        (f"Ann Agent <{ANN}>", ANN, "none", "record", "held: no-proof (h-1)", ANN),
        (f"Ann Agent <{ANN}>", ANN, "fail", "entry", "", ANN),
        (
            "Eve <eve@evil.test>",
            ANN,
            "pass",
            "entry",
            "",
            ANN,
        ),
        (f"Bob <{BOB}>", ANN, "pass", "record", "held: which (h-1)", BOB),
        (
            "Gone <gone@agents.test>",
            "gone@agents.test",
            "pass",
            "quarantine",
            "no-right: gone@agents.test is no agent any more",
            "",
        ),
        ("Zed <zed@agents.test>", "zed@agents.test", "pass", "quarantine", "no-right: zed, no such ticket for you", ""),
    ],
)
def test_whatever_lacks_proof_reaches_no_customer(
    desk: Desk, author: str, to: str, dmarc: str, disposition: str, reason: str, hears: str
) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    address = desk.ring.reply_address("support@gw.test", "+", "t", 1, 1, to)
    entries = [e for e in desk.entries(1) if e.public]
    outcome = reply(desk, notice, "Przelew na nowe konto.", author, to=address, dmarc=dmarc)
    assert (outcome.disposition, outcome.reason, outcome.ticket) == (disposition, reason, 1)
    assert [e for e in desk.entries(1) if e.public] == entries
    assert desk.ticket(1).status == "new"
    new = desk.mails()[before:]
    told = [m.forward_path for m in new if m.template in ("hold", "alarm") or m.cause == "unverified-reply"]
    assert told == ([hears] if hears else [])
    assert JAN not in [m.forward_path for m in desk.mails()[before:]]


@pytest.mark.p0
def test_what_nobody_vouched_for_goes_on_by_full_proof(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#solved\n\nZwrot zlecony.", dmarc="none")
    asked = newest(desk, ANN, "hold")
    assert reply(desk, asked, "#send", dmarc="none").disposition == "quarantine"
    assert reply(desk, asked, "#send", Message_ID="<p@agents.test>").reason.startswith("h-1 sent")
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].text) == ("answer", "Zwrot zlecony.")
    assert desk.ticket(1).status == "solved"


@pytest.mark.parametrize(
    ("words", "status", "kind"),
    [
        # what the agent writes, the status afterwards, the last entry
        ("#solved\n\nZwrot zlecony.", "solved", "answer"),
        ("#open\nZwrot zlecony.", "open", "answer"),
        ("#mine", "open", "mail"),
        ("#closed", "closed", "mail"),
    ],
)
def test_commands_are_carried_out_with_the_words(desk: Desk, words: str, status: str, kind: str) -> None:
    reply(desk, newest(desk, ANN), words)
    assert (desk.ticket(1).status, desk.entries(1)[-1].kind) == (status, kind)
    assert "#" not in desk.entries(1)[-1].text


def test_what_is_asked_is_answered_to_the_known_address(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#why", "Ann <ann@home.test>")
    assert newest(desk, ANN, "command_result").ticket == 1
    asked, to = proven(mail(f"Ann <{ANN}>", "x", "#list team", To="support+cmd@gw.test")), "support+cmd@gw.test"
    assert desk.take(asked, to=to).disposition == "record"
    assert "#1" in text_of(newest(desk, ANN, "command_result"))
    changing = proven(mail(f"Ann <{ANN}>", "x", "#closed 1", To="support+cmd@gw.test"))
    assert desk.take(changing, to=to).reason == "held: bad-value (h-1)"
    assert desk.ticket(1).status == "new"


def test_the_reasons_name_the_mail_of_an_answer(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "Zwrot zlecony.")
    reply(desk, newest(desk, ANN), "#why", Message_ID="<why@agents.test>")
    said = " ".join(text_of(newest(desk, ANN, "command_result")).split())
    assert f"answer -> {JAN} · queued · agent:ann" in said
    assert "Mail out 1:" in said


def test_what_reaches_far_is_confirmed_first(desk: Desk) -> None:
    desk.take(mail("Eva <eva@x.test>", "Coś innego", "Dzień dobry"))
    reply(desk, newest(desk, ANN), "#merge 1")
    assert desk.ticket(2).merged_into is None
    reply(desk, newest(desk, ANN, "confirm"), "#confirm")
    assert desk.ticket(2).merged_into == 1


@pytest.mark.parametrize(("word", "kind"), [("#send", "answer"), ("#note", "note"), ("#new", "mail")])
def test_a_mail_to_the_team_that_names_a_ticket_is_asked_about(desk: Desk, word: str, kind: str) -> None:
    outcome = reply(desk, newest(desk, ANN), "Zwrot zlecony.", to="support@gw.test")
    assert outcome.reason == "held: which (h-1)"
    decided = reply(desk, newest(desk, ANN, "hold"), word)
    assert decided.reason.startswith("h-1 ")
    assert desk.entries(1)[-1].kind == kind
    with desk.reading() as c:
        reopened = inbound.find(c, outcome.key)
    assert reopened is not None
    assert (reopened.disposition is None) is (word == "#new")


def test_a_light_agent_who_is_asked_which_ticket_he_means_sends_nothing(desk: Desk) -> None:
    before = len(desk.mails())
    raw = mail("Lia <lia@agents.test>", "Re: [#1] Zwrot", "I think we should refund him.")
    assert desk.take(proven(raw)).reason == "held: which (h-1)"
    asked = newest(desk, "lia@agents.test", "hold")
    assert "body=%23send" not in text_of(asked)
    reply(desk, asked, "#send", "Lia <lia@agents.test>")
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].public) == ("note", False)
    assert JAN not in [m.forward_path for m in desk.mails()[before:]]


def test_who_takes_notes_sees_names_and_no_commands_that_he_may_not_give(desk: Desk) -> None:
    told = text_of(newest(desk, "lia@agents.test"))
    assert "Jan Kowalski" in told
    assert [word in told for word in (JAN, "%23solved", "%23mine", "#assign")] == [False] * 4
    assert JAN in text_of(newest(desk, ANN))
    assert "%23solved" in text_of(newest(desk, ANN))


def test_who_was_promised_another_customer_is_asked(desk: Desk) -> None:
    of_ann, of_bob = newest(desk, ANN), newest(desk, BOB)
    reply(desk, of_bob, "#customer eva@bigbank.test", f"Bob <{BOB}>")
    assert reply(desk, of_ann, "Dear Jan, your PIN is 1234.").reason == "held: collision (h-1)"
    assert f"{JAN} → eva@bigbank.test" in text_of(newest(desk, ANN, "hold"))
    assert reply(desk, of_bob, "Dear Eva, done.", f"Bob <{BOB}>").disposition == "entry"  # he knows
    reply(desk, newest(desk, ANN, "hold"), "#send")
    assert desk.entries(1)[-1].kind == "answer"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("people", "line"),
    [
        # who takes part beside Jan, what the first line promises
        ("", "Jan Kowalski <jan@bigbank.test>, in Polish"),
        ("eva@x.test", "Jan Kowalski <jan@bigbank.test>, eva@x.test, in Polish"),
        ("a@x.test b@x.test c@x.test", "Jan Kowalski <jan@bigbank.test>, a@x.test, b@x.test and 1 more, in Polish"),
    ],
)
def test_the_first_line_names_everybody_whom_an_answer_reaches(desk: Desk, people: str, line: str) -> None:
    if people:
        reply(desk, newest(desk, ANN), f"#cc {people}")
    desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "A kiedy?"))
    notice, before = newest(desk, ANN), len(desk.mails())
    said = text_of(notice)
    assert said.splitlines()[0] == f"— Please reply above this line: your text goes to {line} —"
    everybody = (JAN, *people.split())
    assert [who in said for who in everybody] == [True] * len(everybody)
    assert reply(desk, notice, "Jutro.").disposition == "entry"
    assert sorted(m.forward_path for m in desk.mails()[before:]) == sorted(everybody)


def test_a_promise_of_a_time_says_who_reads_an_answer(desk: Desk) -> None:
    """Whatever the mail is about: an answer to it goes to all of them."""
    reply(desk, newest(desk, ANN), "#cc eva@x.test")
    told = to_agents(("ann", "lia"), "sla_warning", "x", _WARNING, desk.ticket(1), "k", desk.deps.notifying)
    desk.write(lambda c: enqueue_all(tuple(told), desk.deps.desk, c, desk.now))
    assert "your text goes to Jan Kowalski <jan@bigbank.test>, eva@x.test" in text_of(newest(desk, ANN))
    assert "your text becomes a note" in text_of(newest(desk, "lia@agents.test"))
    reply(desk, newest(desk, ANN), "Jutro.")
    assert [m.forward_path for m in desk.mails()][-2:] == [JAN, "eva@x.test"]


@pytest.mark.p0
@pytest.mark.parametrize(
    ("does", "held", "shown", "reached"),
    [
        # what Bob does between the notice and Ann's answer, whether she is asked, what she is shown, whom #send reaches
        ("#cc eva@x.test", True, "+ eva@x.test", [JAN, "eva@x.test", "ola@x.test"]),
        ("#uncc ola@x.test\n#cc eva@x.test", True, "+ eva@x.test", [JAN, "eva@x.test"]),
        ("#uncc ola@x.test", False, "", [JAN]),
        ("#lang de", True, "#lang pl → de", [JAN, "ola@x.test"]),
        ("#high", False, "", [JAN, "ola@x.test"]),
        ("#merge", True, "#2 was merged into this ticket", [JAN, "mia@x.test", "ola@x.test"]),
    ],
)
@pytest.mark.parametrize("plus", [True, False])
def test_who_was_promised_other_readers_is_asked(
    store: Store, settings: Settings, does: str, held: bool, shown: str, reached: list[str], plus: bool
) -> None:
    site = settings.site.model_copy(update={"plus_addressing": plus})
    desk = Desk(store, settings.model_copy(update={"site": site}), RULES)
    desk.take(mail(f"Jan Kowalski <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442."))
    reply(desk, newest(desk, ANN), "#cc ola@x.test", Message_ID="<cc@agents.test>")
    desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "A kiedy?"))
    of_ann, of_bob = newest(desk, ANN), newest(desk, BOB)
    if does == "#merge":
        desk.take(mail("Mia <mia@x.test>", "Tajne", "Bardzo tajne."))
        hers = update(entry).where(entry.c.ticket == 2).values(author_address=ANN)  # what she said herself is not new
        desk.write(lambda c: c.execute(hers))
        desk.merge(2, into=1)
    else:
        reply(desk, of_bob, does, f"Bob <{BOB}>", Message_ID="<bob@agents.test>")
    before = len(desk.mails())
    outcome = reply(desk, of_ann, "PIN 1234.", Message_ID="<pin@agents.test>")
    assert outcome.reason.startswith("held: collision" if held else "ann: PIN")
    if held:
        asked = newest(desk, ANN, "hold")
        assert [m.forward_path for m in desk.mails()[before:]] == [ANN]
        said = text_of(asked)
        assert shown in said
        names = [_CALLED.get(who, who) for who in reached]
        assert f"Your reply to {', '.join(names)} has not been sent" in said
        reply(desk, asked, "#send", Message_ID="<send@agents.test>")
    assert [m.forward_path for m in desk.mails()[before:] if m.template == "answer"] == reached


def test_whom_he_added_himself_he_knows(desk: Desk) -> None:
    notice = newest(desk, ANN)
    reply(desk, notice, "#cc eva@x.test\n#lang de")
    assert reply(desk, notice, "Zwrot zlecony.", Message_ID="<a2@agents.test>").disposition == "entry"
    assert [m.forward_path for m in desk.mails()][-2:] == [JAN, "eva@x.test"]


def test_whoever_comes_back_by_undo_was_not_promised(desk: Desk) -> None:
    reply(desk, newest(desk, BOB), "#cc eva@x.test", f"Bob <{BOB}>")
    reply(desk, newest(desk, BOB), "#uncc eva@x.test", f"Bob <{BOB}>", Message_ID="<b2@agents.test>")
    desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "A kiedy?"))
    notice = newest(desk, ANN)
    assert "eva@x.test" not in text_of(notice)
    reply(desk, newest(desk, BOB), "#undo", f"Bob <{BOB}>", Message_ID="<b3@agents.test>")
    assert "eva@x.test" in desk.participants(1)
    assert reply(desk, notice, "PIN 1234.").reason == "held: collision (h-1)"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("word", "kind", "number"),
    [
        # what Ann chooses, what her words are, in which ticket
        ("#send", "answer", 1),
        ("#note", "note", 1),
        ("#new", "mail", 2),
    ],
)
def test_who_answers_the_customers_own_mail_to_all_is_asked(desk: Desk, word: str, kind: str, number: int) -> None:
    """The address in it was made for the customer; he has the words already."""
    made_for_jan = desk.reply_address(JAN, 1)
    raw = mail(f"Ann Agent <{ANN}>", "Re: Zwrot", "Zwrot zlecony.", To=f"Jan <{JAN}>, {made_for_jan}")
    outcome, before = desk.take(proven(raw), to=made_for_jan), len(desk.mails())
    assert (outcome.reason, len(desk.entries(1))) == ("held: which (h-1)", 1)
    reply(desk, newest(desk, ANN, "hold"), word)
    if word == "#new":
        envelope = Envelope(ANN, (made_for_jan,), "mx.gw.test", "unix", "lmtp", desk.now)
        again = Accepted(1000, outcome.key, envelope, len(raw), "x", 1, released=True)
        message = parse(proven(raw), parse_limits(desk.settings), languages=desk.settings.site.languages)
        desk.write(lambda c: received(again, message, desk.deps, c))
    assert (desk.entries(number)[-1].kind, desk.entries(number)[-1].text) == (kind, "Zwrot zlecony.")
    assert [m.forward_path for m in desk.mails()[before:] if m.template == "answer"] == []


@pytest.mark.p0
@pytest.mark.parametrize("dmarc", ["none", "temperror"])
def test_commands_that_nobody_vouches_for_wait_for_full_proof(desk: Desk, dmarc: str) -> None:
    address, before = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN), len(desk.mails())
    raw = proven(mail(f"Ann <{ANN}>", "x", "#closed 1", To=address), dmarc=dmarc)
    assert desk.take(raw, to=address).reason == "held: no-proof (h-1)"
    assert [(m.forward_path, m.template) for m in desk.mails()[before:]] == [(ANN, "hold")]
    assert desk.ticket(1).status == "new"
    assert reply(desk, newest(desk, ANN, "hold"), "#send").reason.startswith("h-1 sent")
    assert desk.ticket(1).status == "closed"


@pytest.mark.sqlite
@pytest.mark.parametrize(("subject", "words", "html", "offered", "status"), [
    # what stands in a mail to the address for commands that nobody vouches for, what is offered, what #send does
    ("x", "#closed 1", False, ["Carry out the commands", "Discard"], "closed"),
    ("#closed 1", "", False, ["Carry out the commands", "Discard"], "closed"),
    ("x", "Please close it.", False, ["Discard"], "new"),
    ("x", "#closed 1", True, ["Discard"], "new"),  # HTML gives no commands
])  # fmt: skip
def test_of_commands_that_nobody_vouches_for_only_that_is_offered_which_can_be_done(
    desk: Desk, subject: str, words: str, html: bool, offered: list[str], status: str
) -> None:
    address = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    kind = {"Content_Type": "text/html"} if html else {}
    desk.take(proven(mail(f"Ann <{ANN}>", subject, words, To=address, **kind), dmarc="none"), to=address)
    text = text_of(newest(desk, ANN, "hold"))
    assert [choice for choice in _CHOICES if f"{choice}:" in text] == offered
    reply(desk, newest(desk, ANN, "hold"), "#send")
    assert desk.ticket(1).status == status


@pytest.mark.parametrize(
    ("purpose", "words", "dmarc", "disposition", "told"),
    [
        # what the address is for, what Ann writes there, the verdict, what it ends as, what she is told
        ("c", "#closed 1", "pass", "record", "command_result"),  # Bob's address for commands
        ("h", "#send", "pass", "record", "command_result"),  # Bob's choice
        ("cmd", "#list", "none", "quarantine", "alarm"),
        ("cmd", "#closed 1", "none", "quarantine", "alarm"),
    ],
)
def test_a_command_to_no_address_of_hers_is_no_ticket(
    desk: Desk, purpose: str, words: str, dmarc: str, disposition: str, told: str
) -> None:
    address = "support+cmd@gw.test"
    if purpose != "cmd":
        address = desk.ring.reply_address("support@gw.test", "+", purpose, 7 if purpose == "h" else None, None, BOB)
    before = len(desk.mails())
    for n in range(2):
        raw = proven(mail(f"Ann <{ANN}>", "", words, To=address, Message_ID=f"<{n}@agents.test>"), dmarc=dmarc)
        assert desk.take(raw, to=address).disposition == disposition
    assert {(m.forward_path, m.template) for m in desk.mails()[before:]} == {(ANN, told)}
    assert (len(desk.tickets()), desk.ticket(1).status) == (1, "new")
    if told == "alarm":
        assert len(desk.mails()) == before + 2  # the second says, an hour later, that there were more


@pytest.mark.p0
@pytest.mark.parametrize("above", ["", "Zwrot zlecony.\r\n\r\n"])
def test_a_signature_below_nothing_but_quotes_is_no_answer(desk: Desk, above: str) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    quotes = "\r\n".join(f"> {line}" for line in text_of(notice).splitlines())
    body = f"{above}{quotes}\r\n\r\n-- \r\nAnn Agent\r\n+48 600 700 800"
    raw = mail(f"Ann Agent <{ANN}>", "Re: [#1] Zwrot", body, To=reply_address(notice), In_Reply_To=notice.message_id)
    desk.take(proven(raw), to=reply_address(notice))
    assert [m.forward_path for m in desk.mails()[before:]] == [JAN if above else ANN]


def test_an_answer_from_an_unlisted_address_is_kept_and_its_agent_hears_of_each(desk: Desk) -> None:
    """Each of five is told at once; of all others within the hour one mail says that there were more."""
    notice, before = newest(desk, ANN), len(desk.mails())
    for n in range(9):
        author = f"Ann <{'phone' if n else 'eve'}@home.test>"
        outcome = reply(desk, notice, f"#solved\n\nHello {n}", author, Message_ID=f"<h{n}@x.test>")
        assert (outcome.disposition, outcome.ticket) == ("entry", 1)
    assert [(e.kind, e.public) for e in desk.entries(1)[1:]] == [("mail", False)] * 9
    assert desk.ticket(1).status == "new"
    told = [m for m in desk.mails()[before:] if m.template == "command_result"]
    assert {m.forward_path for m in told} == {ANN}
    assert JAN not in [m.forward_path for m in desk.mails()[before:]]
    first = " ".join(text_of(told[0]).split())
    assert "of 10:0" in first or "of 09:0" in first
    assert "to #1 was NOT sent: it came from eve@home.test, which is not listed as yours." in first
    assert "agents: ann: also: [ann@home.test, eve@home.test]" in first
    assert "because you lead" not in first
    to = first.partition("mailto:")[2].split()[0]
    assert (len(told), "There were more such mails" in text_of(told[5])) == (6, True)  # and no more, however many
    raw = mail(f"Ann Agent <{ANN}>", "Re: Zwrot", "Zwrot zlecony.", Message_ID="<again@agents.test>")
    assert desk.take(proven(raw), to=to).disposition == "entry"
    assert newest(desk, JAN).template == "answer"


def test_mail_that_fails_dmarc_is_never_silent_for_good(desk: Desk) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    for n in range(4):
        reply(desk, notice, f"Pay {n}.", dmarc="fail", Message_ID=f"<f{n}@x.test>")
    told = [text_of(m) for m in desk.mails()[before:] if m.template == "alarm"]
    assert ["nothing proves that it was you" in each for each in told] == [True, True]
    assert ["There were more such mails" in each for each in told] == [False, True]


@pytest.mark.p0
def test_an_hour_of_forgeries_is_no_hour_of_the_clock(store: Store, settings: Settings) -> None:
    """Ann is told once within an hour, the lead from the third on: whose address it is, not that it is his."""
    lead = "  lea: {name: Lea, email: lead@agents.test, notify: none}\nteams:\n"
    rules = RULES.replace("teams:\n", lead, 1).replace("lia], ", "lia], lead: lea, ")
    desk = Desk(store, settings, rules)
    begin, before = desk.now.replace(minute=50), len(desk.mails())
    for n, minute in enumerate((0, 5, 15)):  # 09:50, 09:55, 10:05
        raw = mail(f"Ann <{ANN}>", "New bank account", f"Pay {n}.", Message_ID=f"<s{n}@x.test>")
        outcome = desk.take(proven(raw, dmarc="fail"), at=begin + timedelta(minutes=minute))
        told = [m.forward_path for m in desk.mails()[before:] if m.template == "alarm"]
        assert told == [ANN] * min(n + 1, 2) + ["lead@agents.test"] * (n == 2)  # the second, an hour later
    assert "under the address of one of us" in text_of(newest(desk, "lead@agents.test"))
    assert "nothing proves that it was you" in text_of(newest(desk, ANN, "alarm"))
    with desk.reading() as c:
        rows = [(row.action, row.detail) for row in find_rows(c, ticket=outcome.ticket)]
    assert ("mail.refused", f"spoofed-agent: From {ANN}, who fails DMARC") in rows


def test_a_mail_without_right_is_in_the_audit(desk: Desk) -> None:
    desk.move(1, "billing")
    reply(desk, newest(desk, ANN), "Zwrot zlecony.")
    with desk.reading() as c:
        rows = [(row.action, row.detail) for row in find_rows(c, ticket=1)]
    assert ("mail.refused", "no-right: ann, no such ticket for you") in rows


_ZED = "zed@agents.test"


def test_where_there_is_no_customer_words_are_a_note_until_he_is_named(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#internal billing\nPlease look at the depot.")
    notice = newest(desk, _ZED)
    assert "your text becomes a note that no customer sees" in text_of(notice).splitlines()[0]
    assert read(notice)["Reply-To"].addresses[0].display_name == "#2 → note"
    said = reply(desk, notice, "It is empty.", f"Zed <{_ZED}>")
    assert (said.disposition, said.ticket, desk.entries(2)[-1].kind) == ("entry", 2, "note")
    before = len(desk.mails())
    named = "#customer eva@x.test\nDear Eva, it is empty."
    reply(desk, notice, named, f"Zed <{_ZED}>", Message_ID="<z2@agents.test>")
    assert [(m.forward_path, m.template) for m in desk.mails()[before:]] == [("eva@x.test", "answer")]


def test_who_was_promised_a_note_is_asked_when_there_is_a_customer(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#internal billing\nPlease look at the depot.")
    desk.change(2, SetRequester(Mailbox("", "eva@x.test"), "operator"))
    assert reply(desk, newest(desk, _ZED), "It is empty.", f"Zed <{_ZED}>").reason == "held: collision (h-1)"
    assert "— → eva@x.test" in text_of(newest(desk, _ZED, "hold"))


def test_the_first_line_of_who_takes_notes_says_so(desk: Desk) -> None:
    notice = newest(desk, "lia@agents.test")
    assert "your text becomes a note that no customer sees" in text_of(notice).splitlines()[0]
    assert read(notice)["Reply-To"].addresses[0].display_name == "#1 → note"


def test_an_address_of_ours_takes_no_part_whoever_wrote_from_it(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "Pay him.", dmarc="fail")
    assert desk.entries(1)[-1].held == "third-party"
    people = desk.participants(1)
    reply(desk, newest(desk, BOB), "#accept", f"Bob <{BOB}>")
    assert (desk.entries(1)[-1].held, desk.participants(1)) == ("third-party", people)


def test_an_agents_out_of_office_is_an_event(desk: Desk) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    outcome = reply(desk, notice, "I am away until Monday.", Auto_Submitted="auto-replied")
    assert outcome.disposition == "entry"
    entry = desk.entries(1)[-1]
    assert (entry.kind, entry.public) == ("event", False)
    assert desk.ticket(1).status == "new"
    assert JAN not in [m.forward_path for m in desk.mails()[before:]]


@pytest.mark.p0
def test_two_agents_answer_and_one_is_asked(desk: Desk) -> None:
    of_ann, of_bob = newest(desk, ANN), newest(desk, BOB)
    assert reply(desk, of_ann, "Zwrot zlecony.").disposition == "entry"
    held = reply(desk, of_bob, "Proszę o zdjęcie paczki.", f"Bob <{BOB}>")
    assert (held.disposition, held.reason) == ("record", "held: collision (h-1)")
    asked = newest(desk, BOB, "hold")
    assert "Zwrot zlecony." in text_of(asked)
    assert "Proszę o zdjęcie paczki." in text_of(asked)
    answers = len([m for m in desk.mails() if m.template == "answer"])
    decided = reply(desk, asked, "#send", f"Bob <{BOB}>", to=link(asked, "+h"))
    assert (decided.disposition, decided.reason) == (
        "record",
        f"h-1 sent: Proszę o zdjęcie paczki.: to {JAN} (q-{newest(desk, JAN).id})",
    )
    assert [m.template for m in desk.mails()].count("answer") == answers + 1
    assert desk.entries(1)[-1].text == "Proszę o zdjęcie paczki."
    again = reply(desk, asked, "#send", f"Bob <{BOB}>", to=link(asked, "+h"), Message_ID="<again@agents.test>")
    assert again.reason == "h-1 was sent already"
    assert [m.template for m in desk.mails()].count("answer") == answers + 1


@pytest.mark.parametrize(
    ("word", "kind", "text"),
    [
        # the choice, the last entry of the ticket, its words
        ("#note", "note", "Proszę o zdjęcie."),
        ("#odrzuć", "answer", "Zwrot zlecony."),
        ("what is this?", "answer", "Zwrot zlecony."),
    ],
)
def test_a_choice_is_a_word(desk: Desk, word: str, kind: str, text: str) -> None:
    of_ann, of_bob = newest(desk, ANN), newest(desk, BOB)
    reply(desk, of_ann, "Zwrot zlecony.")
    reply(desk, of_bob, "Proszę o zdjęcie.", f"Bob <{BOB}>")
    reply(desk, newest(desk, BOB, "hold"), word, f"Bob <{BOB}>")
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].text) == (kind, text)


def test_own_words_and_a_moved_status_are_no_collision(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.set_status(1, "open", "open")
    assert reply(desk, notice, "Zwrot zlecony.").disposition == "entry"
    assert reply(desk, notice, "I jeszcze jedno: proszę o zdjęcie.").disposition == "entry"


def test_the_customer_who_wrote_meanwhile_is_read_first(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "Już nieaktualne."))
    assert reply(desk, notice, "Zwrot zlecony.").reason == "held: collision (h-1)"


@pytest.mark.p0
@pytest.mark.parametrize(
    ("words", "code"),
    [
        # what the agent writes, why it is held
        ("#solvd\nZwrot zlecony.", "unknown-command"),
        ("#priority highest\nZwrot zlecony.", "bad-value"),
        ("Zwrot zlecony.\n#solved", "position"),
        ("Zwrot zlecony, karta 4111 1111 1111 1111.", "risk"),
        ("Order: Why you: tell", None),
        ("Customer: Jan Kowalski <jan@bigbank.test>\nZwrot zlecony.", "leak"),
        ("write to me: ann@agents.test", "leak"),
    ],
)
def test_what_is_not_sure_is_asked(desk: Desk, words: str, code: str | None) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    outcome = reply(desk, notice, words)
    assert outcome.reason == f"held: {code} (h-1)" if code else outcome.disposition == "entry"
    to_jan = [m for m in desk.mails()[before:] if m.forward_path == JAN]
    assert bool(to_jan) is (code is None)
    if code:
        assert [m.forward_path for m in desk.mails()[before:]] == [ANN]
        assert "%23discard" in text_of(newest(desk, ANN, "hold"))


def test_what_was_perhaps_meant_is_sent_when_he_says_so(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "Customer: Jan Kowalski <jan@bigbank.test>\nZwrot zlecony.")
    reply(desk, newest(desk, ANN, "hold"), "#send")
    assert desk.entries(1)[-1].text == "Zwrot zlecony."
    assert "Owner" not in text_of(newest(desk, JAN, "answer"))


def test_whom_the_agent_wrote_to_as_well_takes_part_and_has_it_already(desk: Desk) -> None:
    notice = newest(desk, ANN)
    reply(desk, notice, "Zwrot zlecony.", Cc="Ola <ola@bigbank.test>", Message_ID="<a1@agents.test>")
    assert "ola@bigbank.test" in desk.participants(1)
    assert [m.forward_path for m in desk.mails() if m.template == "answer"] == [JAN]
    to_all = mail(
        "Ola <ola@bigbank.test>", "Re: Zwrot", "Dziękuję.", To=reply_address(notice), In_Reply_To="<a1@agents.test>"
    )
    outcome = desk.take(to_all, to=reply_address(notice))
    assert (outcome.disposition, outcome.ticket) == ("entry", 1)
    assert desk.entries(1)[-1].trust == "participant"


def test_files_go_with_the_answer(desk: Desk) -> None:
    notice = newest(desk, ANN)
    address = reply_address(notice)
    raw = (
        b"Authentication-Results: mx.gw.test; dmarc=pass header.from=agents.test\r\n"
        b"Received: from relay.test by mx.gw.test; Sat, 21 Nov 2026 09:00:00 +0000\r\n"
        b"From: Ann Agent <ann@agents.test>\r\nTo: " + address.encode() + b"\r\nSubject: Re: Zwrot\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nHere is the form.\r\n"
        b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=form.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--b--\r\n"
    )
    assert desk.take(raw, to=address).disposition == "entry"
    (file,) = read(newest(desk, JAN, "answer")).iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("form.pdf", b"%PDF-1.4\n")
    assert [a.name for a in desk.entries(1)[-1].attachments] == ["form.pdf"]


def test_the_same_mail_acts_once(desk: Desk) -> None:
    raw, to = answer(newest(desk, ANN), "Zwrot zlecony.", Message_ID="<once@agents.test>")
    assert [desk.take(raw, to=to).disposition, desk.take(raw, to=to).disposition] == ["entry", "duplicate"]
    assert [m.template for m in desk.mails()].count("answer") == 1


@pytest.mark.parametrize(
    ("words", "dmarc", "state", "kind", "held"),
    [
        # what the agent writes, the verdict, how the held mail ends by itself, the last entry, why it is held
        ("Zwrot zlecony, karta 4111 1111 1111 1111.", "pass", "noted", "note", None),
        ("#solvd\nZwrot zlecony.", "pass", "noted", "note", None),
        ("#solvd", "pass", "expired", "mail", None),
        ("Zwrot zlecony.", "none", "noted", "mail", "third-party"),
    ],
)
def test_a_day_without_a_word(desk: Desk, words: str, dmarc: str, state: str, kind: str, held: str | None) -> None:
    reply(desk, newest(desk, ANN), words, dmarc=dmarc)
    before = len(desk.mails())
    desk.now += timedelta(hours=25)
    desk.write(lambda c: [expire(c, h, Duty(desk.now, lambda: desk.deps)) for h in held_mail.expired(c, desk.now, 10)])
    with desk.reading() as c:
        ended = held_mail.find(c, 1)
    assert ended is not None
    assert (ended.state, ended.decided_by) == (state, "timer")
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].held) == (kind, held)
    assert len(desk.mails()) == before


def test_what_ended_without_a_word_is_told_the_next_morning(desk: Desk) -> None:
    notice = newest(desk, ANN)
    commands = desk.ring.reply_address("support@gw.test", "+", "c", None, None, ANN)
    desk.take(proven(mail(f"Ann <{ANN}>", "x", "#clsed 1", To=commands)), to=commands)
    reply(desk, notice, "Zwrot zlecony, karta 4111 1111 1111 1111.")
    reply(desk, notice, "Przelew na nowe konto.", dmarc="none")
    desk.now += timedelta(hours=25)
    desk.write(lambda c: [expire(c, h, Duty(desk.now, lambda: desk.deps)) for h in held_mail.expired(c, desk.now, 10)])
    ann = desk.deps.rules.agents["ann"]
    assert desk.write(lambda c: send_digest(c, ann, desk.deps, desk.now, key="k"))
    told = [
        line.partition(" (")[0] + line.rpartition(")")[2] for line in text_of(newest(desk, ANN, "digest")).splitlines()
    ]
    assert [line for line in told if line.startswith("- #")][:3] == [
        "- #h-1: unknown command: nothing was done",
        "- #1: better looked at twice: became a note",
        "- #1: no proof that it was you: kept in the ticket, for agents alone",
    ]


@pytest.mark.parametrize("words", ["#answer photos", "#macro thanks"])
def test_words_that_are_kept_ready_collide_as_his_own_do(
    store: Store, settings: Settings, tmp_path: Path, words: str
) -> None:
    for name in ("answers/photos/pl.md", "snippets/thanks/pl.md"):
        path = tmp_path / "own" / name
        path.parent.mkdir(parents=True)
        path.write_text("---\ntitle: One\n---\nProszę o zdjęcia.\n", "utf-8")
    paths = settings.paths.model_copy(update={"templates": tmp_path / "own"})
    desk = Desk(store, settings.model_copy(update={"paths": paths}), RULES)
    desk.take(mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot."))
    of_bob = newest(desk, BOB)
    reply(desk, newest(desk, ANN), "Zwrot zlecony.")
    assert reply(desk, of_bob, words, f"Bob <{BOB}>").reason == "held: collision (h-1)"
    assert [m.template for m in desk.mails()].count("answer") == 1


@pytest.mark.parametrize(("word", "left", "status", "state"), [
    # what its writer says, what becomes of the mail, of the ticket, of what was held
    ("#send", "queued", "pending", "sent"),
    ("#note", "dropped", "open", "noted"),
    ("#discard", "dropped", "open", "discarded"),
    ("", "dropped", "open", "noted"),  # a day without a word
])  # fmt: skip
def test_an_answer_that_was_to_leave_later_waits_for_its_writer_when_the_customer_writes(
    desk: Desk, word: str, left: str, status: str, state: str
) -> None:
    assert reply(desk, newest(desk, ANN), "#send in 10m\n\nZwrot zlecony.").disposition == "entry"
    desk.now += timedelta(minutes=2)
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Re: Zwrot", "Nieaktualne!")), to=desk.reply_address(JAN, 1))
    (waits,) = [m for m in desk.outbox() if m.template == "answer"]
    assert waits.state == "held"
    asked = newest(desk, ANN, "hold")
    assert "Nieaktualne!" in text_of(asked)
    assert "Zwrot zlecony." in text_of(asked)
    if word:
        reply(desk, asked, word, Message_ID="<w@agents.test>")
    else:
        desk.now += timedelta(hours=25)
        desk.write(
            lambda c: [expire(c, h, Duty(desk.now, lambda: desk.deps)) for h in held_mail.expired(c, desk.now, 9)]
        )
    (waits,) = [m for m in desk.outbox() if m.template == "answer"]
    with desk.reading() as c:
        held = held_mail.find(c, 1)
    assert held is not None
    assert (waits.state, desk.ticket(1).status, held.state) == (left, status, state)
    (kept,) = [entry for entry in desk.entries(1) if entry.text == "Zwrot zlecony."]
    assert (kept.kind, kept.public) == (("note", False) if state == "noted" else ("answer", True))


def _asked_for(desk: Desk, operation: str, arguments: object) -> None:
    asked = Request(operation, msgspec.Raw(msgspec.json.encode(arguments)))
    desk.write(lambda c: perform(c, asked, Duty(desk.now, lambda: desk.deps)))


def _by_bob(desk: Desk, words: str) -> None:
    reply(desk, newest(desk, BOB, "agent_notice"), words, f"Bob <{BOB}>")


def _by_choice_of_bob(desk: Desk, choice: str) -> None:
    _by_bob(desk, "Bob mówi.")  # who has not read what Ann is about to say
    reply(desk, newest(desk, BOB, "hold"), choice, f"Bob <{BOB}>", Message_ID="<c@agents.test>")


@pytest.mark.parametrize(("comes", "waits", "says"), [
    # how words come to the ticket, whether Ann's answer waits for her, what she is shown
    (lambda desk: _by_choice_of_bob(desk, "#send"), True, "Bob mówi."),
    (lambda desk: _by_bob(desk, "#note\n\nBob mówi."), True, "Bob mówi."),
    (lambda desk: _by_bob(desk, "#urgent"), False, ""),
    (lambda desk: _by_choice_of_bob(desk, "#note"), True, "Bob mówi."),
    (lambda desk: _by_choice_of_bob(desk, "#discard"), False, ""),
    (lambda desk: _asked_for(desk, "ticket.answer", Answer(1, "Bob mówi.", by="bob")), True, "Bob mówi."),
    (lambda desk: _asked_for(desk, "ticket.note", Note(1, "Ktoś mówi.")), True, "Ktoś mówi."),
    (lambda desk: _asked_for(desk, "ticket.note", Note(1, "Ann mówi.", by="ann")), False, ""),
    (lambda desk: reply(desk, newest(desk, ANN), "#note\n\nAnn mówi.", Message_ID="<n@agents.test>"), False, ""),
])  # fmt: skip
def test_an_answer_that_was_to_leave_later_waits_for_its_writer_when_a_colleague_says_more(
    desk: Desk, comes: Callable[[Desk], object], waits: bool, says: str
) -> None:
    reply(desk, newest(desk, ANN), "#send in 10m\n\nZwrot zlecony.")
    comes(desk)
    (first, *_) = [m for m in desk.outbox() if m.template == "answer"]
    assert first.state == ("held" if waits else "queued")
    if waits:
        asked = newest(desk, ANN, "hold")
        assert says in text_of(asked)
        assert reply(desk, asked, "#send", Message_ID="<w@agents.test>").reason.startswith("h-")
        (first, *_) = [m for m in desk.outbox() if m.template == "answer"]
        assert first.state == "queued"


def test_an_answer_that_became_a_note_overtakes_one_that_was_to_leave_later(desk: Desk) -> None:
    of_bob = newest(desk, BOB)
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Re: Zwrot", "Halo?")), to=desk.reply_address(JAN, 1))
    assert reply(desk, of_bob, "Bob mówi.", f"Bob <{BOB}>").reason == "held: collision (h-1)"
    desk.now += timedelta(hours=23, minutes=55)
    reply(desk, newest(desk, ANN), "#send in 10m\n\nZwrot zlecony.")
    desk.now += timedelta(minutes=5)
    asyncio.run(Due(desk.store, lambda: desk.deps, FakeClock(desk.now), lambda: None).expire_held())
    assert [m.state for m in desk.outbox() if m.template == "answer"] == ["held"]
    assert "Bob mówi." in text_of(newest(desk, ANN, "hold"))


def test_an_answer_that_was_to_leave_later_waits_also_where_its_ticket_went_into_another(desk: Desk) -> None:
    desk.take(mail("Eva <eva@x.test>", "Zwrot i ja"))
    reply(desk, [m for m in desk.mails() if m.ticket == 1 and m.forward_path == ANN][-1], "#send in 10m\n\nZwrot.")
    desk.merge(1, into=2)
    desk.now += timedelta(minutes=2)
    desk.take(verdict("pass", mail(f"Jan <{JAN}>", "Re: Zwrot", "Nieaktualne!")), to=desk.reply_address(JAN, 1))
    assert [m.state for m in desk.outbox() if m.template == "answer"] == ["held"]


@pytest.mark.parametrize("lines", [1, 400])
def test_an_answer_that_was_held_before_it_left_keeps_what_it_promised(desk: Desk, lines: int) -> None:
    """To whom it goes, and that the matter is solved, however far below that stands."""
    words = "\n".join(f"Zwrot {n} zlecony." for n in range(lines))
    reply(desk, newest(desk, ANN), f"#send in 10m\n#solved\n\n{words}")
    reply(desk, newest(desk, BOB, "agent_notice"), "#cc eva@x.test\n#note\n\nBob mówi.", f"Bob <{BOB}>")
    asked = newest(desk, ANN, "hold")
    assert f"Your reply to {JAN} has not been sent" in text_of(asked)
    reply(desk, asked, "#send", Message_ID="<w@agents.test>")
    assert ([m.state for m in desk.outbox() if m.template == "answer"], desk.ticket(1).status) == (["queued"], "solved")


def test_the_customer_hears_that_an_agent_solved_it_also_right_after_the_acknowledgement(desk: Desk) -> None:
    before = len(desk.mails())
    assert "auto_ack" in [m.template for m in desk.mails() if m.forward_path == JAN]
    reply(desk, newest(desk, ANN), "#solved")
    assert sent_to(desk, JAN, before) == ["status_notice"]


@pytest.mark.parametrize("words", ["#internal billing\n\nLook, please.", "#dry\n#solved\n\nZwrot zlecony."])
def test_what_is_not_for_the_customer_collides_with_nothing(desk: Desk, words: str) -> None:
    notice = newest(desk, ANN)
    reply(desk, newest(desk, BOB), "#note\n\nBob mówi.", f"Bob <{BOB}>")
    assert not reply(desk, notice, words).reason.startswith("held")
    assert sent_to(desk, JAN, 0) == ["auto_ack"]


def test_words_below_a_merge_go_to_the_one_that_it_went_into(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.take(mail(f"Jan <{JAN}>", "Zwrot, znowu"))
    assert reply(desk, notice, "#merge 2\n\nZwrot zlecony.").reason == "held: confirm (h-1)"
    reply(desk, newest(desk, ANN, "confirm"), "#confirm")
    assert (desk.ticket(1).merged_into, desk.entries(2)[-1].text) == (2, "Zwrot zlecony.")
    assert newest(desk, JAN).template in ("answer", "status_notice")


def test_a_customer_who_writes_twice_is_read_twice_before_a_late_answer(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#send in 10m\n\nZwrot zlecony.")
    for words in ("Nieaktualne!", "Halo?"):
        raw = mail(f"Jan <{JAN}>", "Re: Zwrot", words, Message_ID=f"<{len(words)}@bigbank.test>")
        desk.take(verdict("pass", raw), to=desk.reply_address(JAN, 1))
    assert reply(desk, newest(desk, ANN, "hold"), "#send").reason == "held: collision (h-2)"
    assert "Halo?" in text_of(newest(desk, ANN, "hold"))
    assert reply(desk, newest(desk, ANN, "hold"), "#send", Message_ID="<w@agents.test>").reason.startswith(
        "h-2 sent: q-"
    )


@pytest.mark.parametrize(
    ("joins", "row", "reason", "reached"),
    [
        # who joins after the digest, whom its row names, what becomes of an answer by its link, whom that reaches
        ("", "Jan Kowalski +2", "", [JAN, "mia@x.test", "leo@x.test"]),
        ("eva@x.test", "Jan Kowalski +2", "held: collision (h-1)", []),
    ],
)
def test_an_answer_by_a_digest_reaches_those_whom_its_row_counts(
    desk: Desk, joins: str, row: str, reason: str, reached: list[str]
) -> None:
    desk.change(1, AddPeople((Participant("mia@x.test", "Mia", "cc"), Participant("leo@x.test", "", "cc")), 10, "test"))
    desk.change(1, SetField("assignee", "ann", "test"))
    desk.write(lambda c: send_digest(c, desk.deps.rules.agents["ann"], desk.deps, desk.now, key="k"))
    digest = newest(desk, ANN, "digest")
    assert row in text_of(digest)
    if joins:
        desk.change(1, AddPeople((Participant(joins, "", "cc"),), 10, "test"))
    address = link(digest, "t1-")
    outcome = desk.take(proven(mail(f"Ann <{ANN}>", "Zwrot", "Zwrot zlecony.", To=address)), to=address)
    assert outcome.reason == reason or not reason
    assert sorted(m.forward_path for m in desk.mails() if m.template == "answer") == sorted(reached)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("language", "words", "files", "said"),
    [
        # the customer's language, words and files of the agent -> what stands above the signature
        ("en", "", ["form.pdf"], "Please find attached: form.pdf"),
        ("de", "", ["Rückgabe 1.pdf", "a_b*c.txt"], "Im Anhang finden Sie: Rückgabe 1.pdf, a_b*c.txt"),
        ("en", "", [f"{n}.pdf" for n in range(7)], "Please find attached: 0.pdf, 1.pdf, 2.pdf, 3.pdf, 4.pdf …"),
        ("en", "Your form.", ["form.pdf"], "Your form."),
    ],
)
def test_files_without_words_are_named(desk: Desk, language: str, words: str, files: list[str], said: str) -> None:
    desk.change(1, SetField("language", language, "test"))
    made = tuple(File(name, "application/octet-stream", b"x") for name in files)
    answer = Answer(1, words, by="ann", files=made)
    desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, answer, Duty(desk.now, lambda: desk.deps)))
    sent = newest(desk, JAN, "answer")
    text = text_of(sent).replace("\r", "")
    assert text.partition("\n\n")[2].partition("\n\nAcme Support")[0] == said
    assert [part.get_filename() for part in read(sent).iter_attachments()] == files


def test_withdrawn_addresses_have_no_authority(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.write(lambda c: OPERATIONS["agent.rotate"].perform(c, AgentKey("ann"), Duty(desk.now, lambda: desk.deps)))
    assert reply(desk, notice, "Zwrot zlecony.").reason == "held: which (h-1)"
    desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "I co dalej?"))
    assert reply(desk, newest(desk, ANN), "Zwrot zlecony.", Message_ID="<new@agents.test>").disposition == "entry"


def test_the_history_shows_what_the_commands_before_it_did(desk: Desk) -> None:
    desk.take(mail(f"Jan <{JAN}>", "Zwrot"))
    reply(desk, newest(desk, ANN), "#high\n#history")
    assert "set.priority  normal -> high" in text_of(newest(desk, ANN, "command_result"))


def test_who_is_given_work_for_another_team_hears_of_it_once_with_the_words(store: Store, settings: Settings) -> None:
    rules = RULES.replace("members: [zed]", "members: [zed], assign: round_robin")
    desk = Desk(store, settings, rules)
    desk.take(mail(f"Jan <{JAN}>", "Zwrot"))
    reply(desk, newest(desk, ANN), "#internal billing\nPlease look at the depot.")
    (told,) = [m for m in desk.mails() if m.forward_path == _ZED]
    assert ("Please look at the depot." in text_of(told), "Owner: Zed" in text_of(told)) == (True, True)


def test_a_collision_with_a_merge_says_who_put_what_together(desk: Desk) -> None:
    desk.take(mail("Eva <eva@x.test>", "Zwrot i ja"))
    notice = newest(desk, ANN)
    desk.write(lambda c: OPERATIONS["ticket.merge"].perform(c, Merge(1, 2, "bob"), Duty(desk.now, lambda: desk.deps)))
    assert reply(desk, notice, "Zwrot zlecony.").reason == "held: collision (h-1)"
    held = newest(desk, ANN, "hold")
    assert "meanwhile Bob" in str(read(held)["Subject"])
    assert "#1 was merged into this ticket" in text_of(held)
    assert "takes part" in text_of(held)
    assert "#1: +" not in text_of(held)


@pytest.mark.p0
def test_what_a_customer_wrote_while_his_ticket_was_merged_is_his_again_when_that_is_undone(desk: Desk) -> None:
    """Or an answer to it goes to somebody else."""
    his, duty = desk.reply_address(JAN, 1), Duty(desk.now, lambda: desk.deps)
    desk.take(mail("Eva <eva@x.test>", "Zwrot i ja"))
    desk.write(lambda c: OPERATIONS["ticket.merge"].perform(c, Merge(1, 2, "bob"), duty))
    assert desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "My PIN is 1234."), to=his).ticket == 2
    told = newest(desk, ANN)
    assert ["your text goes to Eva" in text_of(told), JAN in text_of(told)] == [True, True]
    reply(desk, newest(desk, BOB), "#note\nHe calls often.", f"Bob <{BOB}>")
    note = desk.entries(2)[-1].id
    (done,) = desk.write(lambda c: taken_back(c, "u-1", "bob", duty, since=None))
    said = worded(done.said, english(STRINGS["en"]))
    assert f"e-{note} came since, and stays in #2" in said
    assert f"e-{desk.entries(1)[-1].id} came since, and went along" in said
    assert [entry.text for entry in desk.entries(1)][-1] == "My PIN is 1234."
    assert "My PIN is 1234." not in [entry.text for entry in desk.entries(2)]
    assert (desk.ticket(1).messages, desk.ticket(2).messages) == (2, 1)
    assert reply(desk, told, "Dear Jan, thank you.").reason == "held: collision (h-1)"
    assert f"#1: − {JAN}" in text_of(newest(desk, ANN, "hold"))
    again = mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "Hello?", In_Reply_To=desk.entries(1)[-1].message_id or "")
    assert desk.take(again).ticket == 1


REACTION = (
    "MIME-Version: 1.0\r\nFrom: {who}\r\nTo: support@gw.test\r\nSubject: Re: Zwrot\r\nMessage-ID: <r@x.test>\r\n"
    "In-Reply-To: {id}\r\nReferences: {id}\r\nDate: Sat, 21 Nov 2026 09:00:00 +0000\r\n"
    'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nJan reacted via Gmail\r\n"
    "--b\r\nContent-Type: text/vnd.google.email-reaction+json; charset=utf-8\r\n\r\n"
    '{{"emoji": "+", "version": 1}}\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
    "<p>Jan reacted via Gmail</p>\r\n--b--\r\n"
)


@pytest.mark.parametrize("who", [JAN, ANN])
def test_a_reaction_opens_nothing_again_and_is_no_answer(desk: Desk, who: str) -> None:
    desk.set_status(1, "solved", "solved")
    answered, before = newest(desk, who), len(desk.mails())
    raw = REACTION.format(who=who, id=answered.message_id).encode()
    outcome = desk.take(proven(raw, who.partition("@")[2]), to=reply_address(answered))
    assert (outcome.ticket, desk.ticket(1).status, desk.entries(1)[-1].kind) == (1, "solved", "event")
    assert JAN not in [m.forward_path for m in desk.mails()[before:]]
