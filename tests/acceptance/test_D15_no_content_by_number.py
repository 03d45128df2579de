"""D-15, as far as mail goes: no number and no address brings out what a ticket says."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p1
JAN = "jan@bigbank.test"


def test_D15_numbers_are_worth_nothing_to_strangers(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN, "Umowa tajna", "Numer umowy 998877.")).ticket
    assert number is not None
    sent = len(desk.mails())
    for n, subject in enumerate(
        (f"status #{number}", f"[#{number}]", f"Re: [#{number}] Umowa tajna", f"#{number} #why")
    ):
        desk.take(mail(f"eva{n}@evil.test", subject, f"status #{number}"))
    told = b"".join(m.raw for m in desk.mails()[sent:])
    assert b"998877" not in told
    assert b"tajna" not in told
    assert JAN not in {m.forward_path for m in desk.mails()[sent:]}
