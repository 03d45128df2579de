"""E-06: our own mail that comes back, with our marks or without them, is filed and never answered."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
JAN = "jan@bigbank.test"


@pytest.mark.parametrize("lost", [(), ("X-Mailwicket-Loop", "Auto-Submitted", "Precedence")])
def test_E06_our_own_mail_comes_back(store: Store, settings: Settings, lost) -> None:
    desk = Desk(store, settings)
    desk.take(mail(JAN))
    (ack,) = desk.mails()
    lines = [line for line in ack.raw.split(b"\r\n") if not line.startswith(tuple(f"{n}:".encode() for n in lost))]
    outcome = desk.take(b"\r\n".join(lines), sender=JAN)
    assert (outcome.disposition, len(desk.tickets()), len(desk.mails())) == ("record", 1, 1)
    assert outcome.reason.startswith("own mail")
