"""D-12: no field of a mail from outside steers us, whatever its name and wherever it stands."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
JAN, EVA = "jan@bigbank.test", "eva@evil.test"
_FIELDS = (
    {"X_Mailwicket_Ticket": "1"},
    {"X_MAILWICKET_TICKET": "1"},
    {"x_mailwicket_auth": "\r\n agent"},
    {"X_Mailwicket_Loop": "no"},
    {"X_Mailwicket_Rule": "vip", "X_Mailwicket_Mail": "auto_ack"},
    {"RT_Send_Bcc": EVA},
    {"RT_Send_Cc": EVA},
    {"X_RT_Incoming_Encryption": "Success"},
    {"X_Zammad_Ignore": "true"},
    {"X_OTRS_Loop": "1"},
    {"X_OTRS_State": "closed successful"},
)


def test_D12_fields_without_effect(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    first = desk.take(mail(JAN)).ticket
    assert first is not None
    words = desk.entries(first)
    for n, fields in enumerate(_FIELDS):
        author = f"p{n}@person.test"
        outcome = desk.take(mail(author, f"Sprawa {n}", **fields))
        assert outcome.disposition == "ticket", fields
        assert outcome.ticket is not None
        ticket = desk.ticket(outcome.ticket)
        assert (ticket.status, ticket.flags, ticket.tags) == ("new", (), ()), fields
        assert desk.participants(outcome.ticket) == {author}, fields
    inner = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nX-Mailwicket-Ticket: 1\r\n'
        "Content-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nX-Mailwicket-Ticket: 1\r\n"
        "Subject: x\r\n\r\nx\r\n--b--\r\n"
    )
    outcome = desk.take(f"From: {EVA}\r\nTo: support@gw.test\r\nSubject: Inside\r\n{inner}".encode())
    assert outcome.disposition == "ticket"
    assert desk.entries(first) == words
    assert EVA not in {m.forward_path for m in desk.mails()[: len(_FIELDS) + 1]}
    assert not [m for m in desk.mails() if b"Bcc" in m.raw or b"RT-" in m.raw]
