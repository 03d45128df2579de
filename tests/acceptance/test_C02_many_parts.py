"""C-02: more parts than the limit are not taken apart; the mail is its own attachment."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


async def test_C02_a_flood_of_parts(settings: Settings, tmp_path: Path) -> None:
    head = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    counts = (400, 1_000, 10_000, 100_000)
    mails = [hostile(head + b"--b\r\n\r\nx\r\n" * n + b"--b--\r\n", number=n) for n in counts]
    few, *many = await through(settings, tmp_path, mails)
    assert (few.entry.attachments, few.ticket.flags) == ((), ())
    for read in many:
        assert [a.name for a in read.entry.attachments] == ["original.eml"]
        assert read.ticket.flags == ("mime-parts",)
