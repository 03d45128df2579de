"""C-09: order is by arrival; the Date field is shown, never believed, and flagged when it lies."""

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


_DATES = [
    b"Thu, 32 Foo 2026 99:99:99 +9999", b"", b"Mon, 1 Jan 0001 00:00:00 +0000", b"Fri, 31 Dec 9999 23:59:59 -1200",
    b"Mon, 2 Nov 2026 08:00:00 +2500", b"\xff\xfe", b"Mon, 2 Nov 2026 08:00:00 +99999999999999999",
    b"Mon, 2 Nov 99999 08:00:00 +0000", b"Thu, 1 Jan 1970 00:00:00 +0000", b"Sun, 7 Feb 2106 06:28:15 +0000",
    b"Sat, 31 Dec 2016 23:59:60 +0000",
]  # fmt: skip


async def test_C09_dates_are_not_believed(settings: Settings, tmp_path: Path) -> None:
    mails = [hostile(b"Date: " + date + b"\r\n\r\nwords\r\n", number=n) for n, date in enumerate(_DATES)]
    found = await through(settings, tmp_path, mails)
    assert [read.entry.at for read in found] == [read.row.received_at for read in found]
    assert [read.ticket.flags for read in found] == [("date-suspicious",)] * len(found)


async def test_C09_two_dates_and_none(settings: Settings, tmp_path: Path) -> None:
    now = format_datetime(datetime.now(UTC)).encode()
    head = b"Date: " + now + b"\r\n"
    found = await through(settings, tmp_path, [hostile(head * n + b"\r\nwords\r\n", number=n) for n in range(3)])
    assert [read.ticket.flags for read in found] == [(), (), ("repeated-field",)]
