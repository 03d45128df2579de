"""D-13: no words of an internal note go to a customer, however the agent answers."""

import base64

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.agents.mails import ANN, BOB, JAN, RULES, link, newest, proven, quoted, read, reply, reply_address, text_of
from tests.processing import BOUNDARY, Desk, mail

pytestmark = pytest.mark.p0
MARK = "the landlord of this customer owes our company eleven thousand euros since spring"
FORWARDED = (
    "fyi\r\n\r\n---------- Forwarded message ---------\r\nFrom: Bob <bob@agents.test>\r\n"
    f"Date: Sat, 21 Nov 2026 09:05:00 +0100\r\nSubject: x\r\nTo: <ann@agents.test>\r\n\r\nCareful: {MARK}."
)


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    """Jan's ticket with Bob's note; Jan wrote again, and Ann was told."""
    made = Desk(store, settings, RULES)
    made.take(mail(f"Jan <{JAN}>", "Zwrot", Message_ID="<j1@bigbank.test>"))
    notice = newest(made, BOB)
    reply(made, notice, f"Careful: {MARK}.", f"Bob <{BOB}>", to=link(notice, "+n"))
    assert MARK in made.entries(1)[-1].text
    made.take(mail(f"Jan <{JAN}>", "Re: Zwrot", "I co dalej?"), to=made.reply_address(JAN, 1))
    return made


def test_D13_an_answer_without_it_goes_to_him(desk: Desk) -> None:
    reply(desk, newest(desk, ANN), "Zwrot zlecony.")
    assert "Zwrot zlecony." in text_of(newest(desk, JAN, "answer"))


@pytest.mark.parametrize(
    ("words", "fields"),
    [
        # what Ann writes above what she answers, what is different in her mail
        ("Dziękuję, to mi pomogło.", {}),
        (f"Bob wrote: {MARK}.", {}),
        (f"Widzę.\r\n\r\n> Careful: {MARK}.", {}),
        (f"Widzę.\r\n\r\n> Careful: {MARK}.", {"Cc": JAN}),
        (f"Zwrot zlecony, {MARK}", {"Subject": "Something else"}),
        (FORWARDED, {}),
    ],
    ids=["thanks", "cited", "quoted", "customer in copy", "another subject", "forwarded"],
)
@pytest.mark.parametrize("word", ["reply", "note", "both"])
def test_D13_a_note_goes_to_no_customer(desk: Desk, words: str, fields: dict[str, str], word: str) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    to = link(notice, "+n") if word == "note" else reply_address(notice)
    copies = [value for value in (fields.get("Cc"), link(notice, "+n") if word == "both" else None) if value]
    head = {
        "To": to,
        "In_Reply_To": notice.message_id,
        "Subject": fields.get("Subject", f"Re: {read(notice)['Subject']}"),
    }
    head |= {"Cc": ", ".join(copies)} if copies else {}
    raw = mail(f"Ann Agent <{ANN}>", head.pop("Subject"), quoted(notice, words), **head)
    desk.take(proven(raw), to=to)
    sent = [m for m in desk.mails()[before:] if m.forward_path == JAN]
    assert not [m for m in sent if b"landlord" in m.raw or "landlord" in text_of(m)]
    if word != "reply":
        assert sent == []


def test_D13_a_note_that_nobody_vouched_for_stays_a_note(desk: Desk) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    assert reply(desk, notice, MARK, to=link(notice, "+n"), dmarc="none").reason == "held: no-proof (h-1)"
    asked = newest(desk, ANN, "hold")
    assert "body=%23send" not in text_of(asked)
    reply(desk, asked, "#send", Message_ID="<send@agents.test>")
    assert (desk.entries(1)[-1].kind, desk.entries(1)[-1].public) == ("note", False)
    assert [m for m in desk.mails()[before:] if m.forward_path == JAN] == []


@pytest.mark.parametrize("encoding", ["base64", "8bit"])
def test_D13_a_mail_to_an_agent_is_no_file_for_the_customer(desk: Desk, encoding: str) -> None:
    notice, before = newest(desk, ANN), len(desk.mails())
    content = base64.encodebytes(notice.raw) if encoding == "base64" else notice.raw
    raw = (
        f"Authentication-Results: mx.gw.test; dmarc=pass header.from=agents.test\r\n{BOUNDARY}"
        f"From: Ann Agent <{ANN}>\r\nTo: {reply_address(notice)}\r\nSubject: Re: Zwrot\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="bb"\r\n\r\n--bb\r\nContent-Type: text/plain\r\n\r\nDear Jan.\r\n'
        "--bb\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=a.eml\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    ).encode()
    assert desk.take(raw + content + b"\r\n--bb--\r\n", to=reply_address(notice)).reason == "held: refused (h-1)"
    assert [m for m in desk.mails()[before:] if m.forward_path == JAN] == []
