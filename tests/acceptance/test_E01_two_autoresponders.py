"""E-01: two gateways that acknowledge each other stop at once: one ticket a side, two mails at most."""

from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import settings_in
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p0


def test_E01_two_gateways_write_to_each_other_once(store: Store, settings: Settings, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other_settings = settings_in(other_folder)
    here = Desk(store, settings)
    opened = open_store(other_settings)
    try:
        there = Desk(opened, other_settings, RULES.replace("gw.test", "desk.test"), key=b"o" * 64)
        here.take(mail("support@desk.test", "Hello", "To a desk that answers too"))
        handed: set[tuple[int, int]] = set()
        for _ in range(5):
            pass_on(here, there, "support@desk.test", handed)
            pass_on(there, here, "support@gw.test", handed)
        assert len(here.mails()) + len(there.mails()) <= 2
        assert (len(here.tickets()), len(there.tickets())) == (1, 1)
    finally:
        opened.close()


def pass_on(sender: Desk, taker: Desk, to: str, handed: set[tuple[int, int]]) -> None:
    """What one sent to the other since last time."""
    for item in sender.mails():
        if item.forward_path == to and (id(sender), item.id) not in handed:
            handed.add((id(sender), item.id))
            taker.take(item.raw, to=to, sender=item.reverse_path)
