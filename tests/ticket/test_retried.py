"""A mail that could be read at last: its ticket says what it is about, its author takes part, and it goes on."""

import pytest

from gateway.config import Settings
from gateway.message.types import Mailbox
from gateway.store.store import Store
from tests.processing import Desk, mail, verdict

JAN, EVA = "jan@bigbank.test", "eva@evil.test"


@pytest.mark.parametrize(
    ("what", "raw", "trust"),
    [
        # the mail, and its trust in the ticket that its quarantine opened
        ("its author is known", mail(JAN), "participant"),
        ("DMARC fails", verdict("fail", mail(JAN)), "stranger"),
        ("its author has two readings", mail(f"{JAN} <{EVA}>"), "stranger"),
    ],
)
def test_a_retried_mail(store: Store, settings: Settings, what: str, raw: bytes, trust: str) -> None:
    desk = Desk(store, settings)
    outcome = desk.take(raw, retried=True)
    assert (outcome.disposition, outcome.ticket) == ("entry", 1), what
    assert desk.entries(1)[-1].trust == trust, what
    known = trust == "participant"
    assert desk.participants(1) == ({JAN} if known else set()), what
    assert (desk.ticket(1).subject == "Zwrot") is known, what
    assert desk.ticket(1).requester == (Mailbox("", JAN) if known else None), what
    assert [t.number for t in desk.tickets_of(JAN)] == ([1] if known else []), what
    again = desk.take(mail(JAN, "Re: [#1] Zwrot", "Jeszcze jedno."))
    assert (again.ticket == 1) is known, what
