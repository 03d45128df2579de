"""E-04: reports about mail that we never sent open nothing, answer nobody, and are one line an hour."""

from datetime import timedelta

import pytest

from gateway.config import Settings
from gateway.store import alarms
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0


def raised(desk: Desk) -> list[tuple[str, int]]:
    return desk.write(lambda c: [(a.about, a.count) for a in alarms.since(c, desk.now - timedelta(days=2))])


def test_E04_reports_about_mail_we_never_sent_are_one_line(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    for n in range(20):
        raw = mail("MAILER-DAEMON@x.test", "Undelivered Mail", f"550 5.1.1 user unknown {n}").replace(
            b"text/plain", b"multipart/report; report-type=delivery-status; boundary=b"
        )
        assert desk.take(raw, sender=None).disposition == "record"
    assert (desk.tickets(), desk.mails()) == ([], [])
    assert raised(desk) == [("backscatter", 20)]
