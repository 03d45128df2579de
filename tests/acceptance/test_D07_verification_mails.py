"""D-07: what others send into a ticket, a code for instance, is never seen by the one who opened it."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p1
EVA = "eva@evil.test"


def test_D07_a_code_sent_into_a_ticket_stays_with_us(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(EVA, "Hello", "I have a question.")).ticket
    assert number is not None
    sent = len(desk.mails())
    code = mail("no-reply@vendor.test", "Your code", "Your verification code is 123456.")
    outcome = desk.take(code, to=desk.reply_address(EVA, number))
    entry = desk.entries(number)[-1]
    assert (outcome.disposition, entry.public, entry.trust, entry.held) == (
        "entry",
        False,
        "third-party",
        "third-party",
    )
    assert desk.why(outcome).kind == "auto-generated"
    assert len(desk.mails()) == sent
    assert b"123456" not in b"".join(m.raw for m in desk.mails())
    assert desk.participants(number) == {EVA}
