"""E-11: reports of programs are filed and never answered, and nobody is told that a mail was read."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p1
JAN = "jan@bigbank.test"
RECEIPT = """--b
Content-Type: text/plain

Your message was displayed.
--b
Content-Type: message/disposition-notification

Reporting-UA: pc.bigbank.test
Final-Recipient: rfc822;jan@bigbank.test
Original-Message-ID: {id}
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""
COMPLAINT = """--b
Content-Type: text/plain

This is an abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Feedback/1.0
Version: 1

--b
Content-Type: message/rfc822

From: support@gw.test
Message-ID: {id}
Subject: Zwrot

x
--b--
"""
AGGREGATE = """--b
Content-Type: text/plain

This is an aggregate report.
--b
Content-Type: application/gzip; name="google.test!gw.test!1.xml.gz"
Content-Transfer-Encoding: base64

H4sIAAAAAAAAAwMAAAAAAAAAAAA=
--b--
"""
INVITED = """--b
Content-Type: text/plain

Jan accepted.
--b
Content-Type: text/calendar; method=REPLY

BEGIN:VCALENDAR
METHOD:REPLY
BEGIN:VEVENT
UID:1@gw.test
ATTENDEE;PARTSTAT=ACCEPTED:mailto:jan@bigbank.test
END:VEVENT
END:VCALENDAR
--b--
"""
REPORTS = (
    # what it is, its type, its parts, who sends it and with which envelope, the disposition where it names our mail
    ("receipt", "multipart/report; report-type=disposition-notification; boundary=b", RECEIPT, JAN, None, "report"),
    (
        "complaint",
        "multipart/report; report-type=feedback-report; boundary=b",
        COMPLAINT,
        "fbl@isp.test",
        None,
        "report",
    ),
    ("dmarc", "multipart/report; report-type=dmarc; boundary=b", AGGREGATE, "d@google.test", "d@google.test", ""),
    ("tls", "multipart/report; report-type=tlsrpt; boundary=b", AGGREGATE, "t@google.test", "t@google.test", ""),
)


@pytest.mark.parametrize(("name", "kind", "body", "author", "sender", "filed"), REPORTS)
def test_E11_a_report_is_filed_and_not_answered(store, settings, name, kind, body, author, sender, filed) -> None:
    desk = Desk(store, settings)
    desk.take(mail(JAN))
    before = len(desk.outbox()), desk.ticket(1).status
    parts = body.format(id=desk.mails()[0].message_id) if "{id}" in body else body
    raw = mail(author, name, parts.replace("\n", "\r\n"), Content_Type=kind)
    outcome = desk.take(raw, sender=sender, to=desk.reply_address(JAN, 1) if filed else "support@gw.test")
    assert outcome.disposition == (filed or "record"), outcome
    assert (outcome.ticket, len(desk.tickets())) == (1 if filed else None, 1)
    assert (len([i for i in desk.outbox() if i.state != "suppressed"]), desk.ticket(1).status) == before


def test_E11_an_accepted_invitation_reopens_nothing(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    desk.take(mail(JAN))
    sent = len(desk.mails())
    raw = mail(JAN, "Accepted: Zwrot", INVITED.replace("\n", "\r\n"), Content_Type="multipart/mixed; boundary=b")
    assert desk.take(raw, to=desk.reply_address(JAN, 1)).ticket == 1
    assert len(desk.mails()) == sent


@pytest.mark.parametrize("field", ["Disposition_Notification_To", "Return_Receipt_To", "X_Confirm_Reading_To"])
def test_E11_nobody_is_told_that_it_was_read(store: Store, settings: Settings, field: str) -> None:
    desk = Desk(store, settings)
    desk.take(mail(JAN, **{field: "victim@x.test"}))
    assert [item.forward_path for item in desk.outbox()] == [JAN]  # the acknowledgement, and no receipt to anybody
    assert b"disposition-notification" not in desk.mails()[0].raw
    assert b"victim" not in desk.mails()[0].raw
