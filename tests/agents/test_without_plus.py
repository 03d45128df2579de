"""Where mail to sub-addresses does not come back, an answer is known by our Message-ID, and by nothing else."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.digests import send_digest
from gateway.operations.held_mails import AgentKey, expire
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.store import held_mail
from gateway.store.outbox import OutboxItem
from gateway.store.store import Store
from gateway.ticket.types import Outcome
from tests.acceptance.test_E03_report_of_our_own_mail import report
from tests.agents.mails import ANN, BOB, JAN, RULES, newest, proven, quoted, read, reply, sent_to, text_of
from tests.processing import Desk, mail

_GONE = RULES.replace("  ann: {name: Ann Agent, email: ann@agents.test, also: [ann@home.test]}\n", "").replace(
    "members: [ann, bob, lia]", "members: [bob, lia]"
)


def without_plus(settings: Settings) -> Settings:
    """Of a site whose mail server knows no sub-addresses."""
    return settings.model_copy(update={"site": settings.site.model_copy(update={"plus_addressing": False})})


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """With one ticket of Jan's, about which Ann and Bob were told."""
    made = Desk(store, without_plus(settings), RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", "Proszę o zwrot za zamówienie PL-10442.", Message_ID="<j1@bigbank.test>"))
    return made


def says_which(desk: Desk, item: OutboxItem, **fields: str) -> Outcome:
    """What became of an answer of Ann's to a mail, with other fields than her program would write."""
    head = {"In_Reply_To": item.message_id, "References": item.message_id, "To": "support@gw.test"} | fields
    return desk.take(proven(mail(f"Ann Agent <{ANN}>", "Re: [#1] Zwrot", quoted(item, "Przelew zlecony."), **head)))


def test_a_day_at_a_desk(desk: Desk) -> None:
    notice, of_bob = newest(desk, ANN), newest(desk, BOB)
    assert str(read(notice)["Reply-To"]) == "Acme Support <support@gw.test>"
    assert b"mailto:" not in notice.raw  # a tap would make a mail that nothing is known by
    assert "+" not in text_of(notice)
    for said in (
        "your text goes to Jan",
        "tell the customer: begin your reply with #solved",
        "unseen by the customer: begin",
    ):
        assert said in text_of(notice)
    assert reply(desk, notice, "Zwrot zlecony.").disposition == "entry"
    assert (desk.entries(1)[-1].kind, sent_to(desk, JAN, 0)) == ("answer", ["auto_ack", "answer"])
    answered = newest(desk, JAN, "answer")
    assert "mw.1.t1-" not in answered.raw.decode()
    desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "A kiedy?", In_Reply_To=answered.message_id))
    before = len(desk.mails())
    assert reply(desk, newest(desk, ANN), "#note\nHe is our landlord.").disposition == "entry"
    assert (desk.entries(1)[-1].kind, sent_to(desk, JAN, before)) == ("note", [])
    assert reply(desk, newest(desk, ANN), "#solved", Message_ID="<s@agents.test>").disposition == "record"
    assert desk.ticket(1).status == "solved"
    assert reply(desk, of_bob, "Proszę o zdjęcie.", f"Bob <{BOB}>").reason == "held: collision (h-1)"
    asked = newest(desk, BOB, "hold")
    assert b"mailto:" not in asked.raw
    assert "Send anyway: begin your reply with #send" in text_of(asked)
    assert reply(desk, asked, "#send", f"Bob <{BOB}>", Message_ID="<b2@agents.test>").reason.startswith("h-1 sent")
    assert desk.entries(1)[-1].text == "Proszę o zdjęcie."
    assert reply(desk, asked, "#send", f"Bob <{BOB}>", Message_ID="<b3@agents.test>").reason.endswith("already")
    assert sent_to(desk, JAN, before) == ["status_notice", "answer"]


@pytest.mark.p0
@pytest.mark.parametrize(
    ("whose", "author", "dmarc", "fields", "reason"),
    [
        # whose notification is answered, by whom, the verdict, what else his program writes, why it is as it is
        (ANN, "Ann <ann@home.test>", "pass", {}, "ann: Przelew"),
        (ANN, f"Ann <{ANN}>", "none", {}, "held: no-proof (h-1)"),
        (ANN, f"Ann <{ANN}>", "fail", {}, ""),
        (ANN, "Eve <eve@evil.test>", "pass", {}, ""),
        (BOB, f"Ann <{ANN}>", "pass", {}, "held: which (h-1)"),
        (ANN, f"Ann <{ANN}>", "pass", {"Auto_Submitted": "auto-replied"}, ""),
        (ANN, f"Ann <{ANN}>", "pass", {"Subject": "Automatic reply: [#1] Zwrot"}, ""),
    ],
)
def test_who_may_answer(desk: Desk, whose: str, author: str, dmarc: str, fields: dict[str, str], reason: str) -> None:
    before = len(desk.mails())
    outcome = reply(desk, newest(desk, whose), "Przelew zlecony.", author, dmarc=dmarc, **fields)
    assert outcome.reason.startswith(reason)
    assert outcome.ticket == 1
    may = reason.startswith("ann:")
    assert [e.text for e in desk.entries(1)[1:] if e.public] == ["Przelew zlecony."] * may
    assert sent_to(desk, JAN, before) == ["answer"] * may


@pytest.mark.p0
def test_what_nobody_vouched_for_goes_on_by_full_proof(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#solved\n\nZwrot zlecony.", dmarc="none")
    asked = newest(desk, ANN, "hold")
    assert reply(desk, asked, "#send", dmarc="none").disposition == "quarantine"
    assert reply(desk, asked, "#send", Message_ID="<p@agents.test>").reason.startswith("h-1 sent")
    assert (desk.entries(1)[-1].kind, desk.ticket(1).status) == ("answer", "solved")


@pytest.mark.p0
def test_what_is_no_answer_to_his_own_mail_is_asked_about(desk: Desk) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    id = notice.message_id
    root = str(read(notice)["References"]).split()[0]
    forged = [id.replace("t1-", "n1-"), id.replace("mw.1.t1-", "mw.2.t2-"), f"<mw.1.{id.split('.', 3)[3]}", root]
    for n, other in enumerate((*forged, "<own@agents.test>")):
        words = {"In_Reply_To": other, "References": f"{id} {other}", "Message_ID": f"<a{n}@agents.test>"}
        assert says_which(desk, notice, **words).reason == f"held: which (h-{n + 1})", other
    by_subject = desk.take(proven(mail(f"Ann Agent <{ANN}>", "Re: [#1] Zwrot", "Przelew zlecony.")))
    assert by_subject.reason == f"held: which (h-{len(forged) + 2})"
    assert sent_to(desk, JAN, before) == []
    assert "It does not answer one of our mails to you" in text_of(newest(desk, ANN, "hold"))


@pytest.mark.p0
@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("to", "cc", "reason", "mails"),
    [
        # whom he writes to, beside whom, what becomes of it, and what Jan gets
        ("Bob <bob@agents.test>", "support@gw.test", "held: which (h-1)", []),
        ("expert@lab.test", "support@gw.test", "held: which (h-1)", []),
        ("billing@gw.test", "support@gw.test", "held: which (h-1)", []),
        ("Support <SUPPORT@gw.test>", "expert@lab.test", "ann: Przelew", ["answer"]),
    ],
)
def test_what_is_written_to_somebody_else_is_asked_about(
    desk: Desk, to: str, cc: str, reason: str, mails: list[str]
) -> None:
    """Who takes the customer out of To and a colleague in has a word for him alone, and us in Cc for the files."""
    before = len(desk.mails())
    assert says_which(desk, newest(desk, ANN), To=to, Cc=cc).reason.startswith(reason)
    assert sent_to(desk, JAN, before) == mails
    if not mails:
        asked = newest(desk, ANN, "hold")
        assert reply(desk, asked, "#send", Message_ID="<s@agents.test>").reason.startswith("h-1 sent")
        assert sent_to(desk, JAN, before) == ["answer"]


def test_what_was_withdrawn_has_no_authority(desk: Desk) -> None:
    notice = newest(desk, ANN)
    desk.write(lambda c: OPERATIONS["agent.rotate"].perform(c, AgentKey("ann"), Duty(desk.now, lambda: desk.deps)))
    assert reply(desk, notice, "Zwrot zlecony.").reason == "held: which (h-1)"
    desk.take(mail(f"Jan <{JAN}>", "Re: [#1] Zwrot", "I co dalej?"))
    assert reply(desk, newest(desk, ANN), "Zwrot zlecony.", Message_ID="<new@agents.test>").disposition == "entry"


@pytest.mark.p0
def test_who_is_no_agent_any_more_does_nothing(store: Store, settings: Settings) -> None:
    was = Desk(store, without_plus(settings), RULES)
    was.take(mail(f"Jan <{JAN}>", "Zwrot"))
    notice = newest(was, ANN)
    now = Desk(store, without_plus(settings), _GONE, first_id=100)
    assert reply(now, notice, "Przelew zlecony.").reason.startswith("no-right: ann@agents.test")
    assert len(now.entries(1)) == 1


def test_what_he_passes_on_is_no_answer(desk: Desk) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    passed_on = "---------- Forwarded message ---------\r\nFrom: Eva <eva@lab.test>\r\nSubject: Zwrot\r\n\r\nHi.\r\n"
    raw = mail(f"Ann Agent <{ANN}>", "Fwd: [#1] Zwrot", f"FYI\r\n\r\n{passed_on}", In_Reply_To=notice.message_id)
    outcome = desk.take(proven(raw))
    assert (outcome.disposition, outcome.ticket) == ("ticket", 2)
    assert sent_to(desk, JAN, before) == []
    receipt = newest(desk, ANN, "receipt")
    assert "Undo: begin your reply with #undo" in text_of(receipt)
    assert "undone" in reply(desk, receipt, "#undo", Message_ID="<u@agents.test>").reason


def test_a_new_mail_is_a_new_matter(desk: Desk) -> None:
    outcome = desk.take(proven(mail(f"Ann Agent <{ANN}>", "Printer", "It is broken.")))
    assert (outcome.disposition, outcome.ticket) == ("ticket", 2)


def test_a_digest_is_answered_with_commands(desk: Desk) -> None:
    ann = desk.deps.rules.agents["ann"]
    reply(desk, newest(desk, ANN), "#clsed")
    desk.now += timedelta(hours=25)
    desk.write(lambda c: [expire(c, h, Duty(desk.now, lambda: desk.deps)) for h in held_mail.expired(c, desk.now, 10)])
    assert desk.write(lambda c: send_digest(c, ann, desk.deps, desk.now, key="k"))
    digest = newest(desk, ANN, "digest")
    assert (read(digest)["List-Unsubscribe"], b"mailto:" in digest.raw) == (None, False)
    assert reply(desk, digest, "#high 1").disposition == "record"
    assert desk.ticket(1).priority == "high"
    reply(desk, digest, "#list team", Message_ID="<l@agents.test>")
    listed = newest(desk, ANN, "command_result")
    assert "#solved 1" in text_of(listed)
    reply(desk, listed, "#solved 1", Message_ID="<l2@agents.test>")
    assert desk.ticket(1).status == "solved"


@pytest.mark.parametrize(
    ("author", "kind"),
    [
        # who answers the question, what it becomes
        ("expert@lab.test", "note"),
        ("ed@home.test", "note"),  # another address of his
    ],
)
def test_whom_one_asked_is_known_by_the_question(desk: Desk, author: str, kind: str) -> None:
    reply(desk, newest(desk, ANN), "#ask expert@lab.test\nWhat is this?")
    question, count = newest(desk, "expert@lab.test"), len(desk.entries(1))
    raw = mail(author, "Re: Zwrot", "A damaged parcel.", In_Reply_To=question.message_id)
    desk.take(proven(raw, author.partition("@")[2]))
    assert [e.kind for e in desk.entries(1)[count:] if not e.held] == [kind]


def test_a_confirmation_is_answered(desk: Desk) -> None:
    desk.take(mail(f"Jan <{JAN}>", "Reklamacja", "Zepsute."))
    reply(desk, newest(desk, ANN), "#merge 1")
    asked = newest(desk, ANN, "confirm")
    assert reply(desk, asked, "#confirm", Message_ID="<c@agents.test>").reason.startswith("h-1 confirmed")
    assert desk.ticket(2).merged_into == 1


def test_a_choice_has_its_day(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "#solvd\n\nZwrot zlecony.")
    asked = newest(desk, ANN, "hold")
    desk.now += timedelta(hours=25)
    assert reply(desk, asked, "#send", Message_ID="<late@agents.test>").reason == "h-1 ended: its day is over"
    assert sent_to(desk, JAN, 0) == ["auto_ack"]


def test_who_only_takes_notes_takes_notes(desk: Desk) -> None:
    notice, before = newest(desk, "lia@agents.test"), len(desk.mails())
    assert "#solved" not in text_of(notice)
    assert reply(desk, notice, "He is our landlord.", "Lia <lia@agents.test>").disposition == "entry"
    assert (desk.entries(1)[-1].kind, sent_to(desk, JAN, before)) == ("note", [])


def test_a_promise_holds_when_sub_addresses_come_back_again(desk: Desk, store: Store, settings: Settings) -> None:
    now = Desk(store, settings, RULES, first_id=100)
    now.now = desk.now
    assert reply(now, newest(desk, ANN), "Zwrot zlecony.").disposition == "entry"
    assert now.entries(1)[-1].kind == "answer"


def test_a_report_about_a_notification_comes_home(desk: Desk) -> None:
    notice = newest(desk, ANN)
    raw = report(str(notice.reverse_path), who=ANN).replace(
        b"--b--",
        b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + notice.message_id.encode() + b"\r\n--b--",
    )
    outcome = desk.take(raw, to=str(notice.reverse_path), sender=None)
    assert (outcome.disposition, outcome.ticket) == ("report", 1)
    forged = raw.replace(b".t1-1.", b".t1-2.")
    assert desk.take(forged, to=str(notice.reverse_path), sender=None).disposition == "record"
