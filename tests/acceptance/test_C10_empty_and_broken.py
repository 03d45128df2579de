"""C-10: a mail with nothing in it is a ticket, and nobody is answered who is not named."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import through

pytestmark = [pytest.mark.p0, pytest.mark.push]


_MAILS = [
    b"", b"From: jan@bigbank.test\r\nSubject: only a header\r\n", b"\r\n\r\n\r\n",
    b"Subject: no author\r\n\r\nwords\r\n",
    b"From: <>\r\n\r\nnobody\r\n", b"From: undisclosed:;\r\n\r\nhidden\r\n",
    b"From: a@b.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n",
    b"From: c@b.test\r\nContent-Type: multipart/mixed\r\n\r\nno boundary\r\n",
    b"From: d@b.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nno end\r\n",
]  # fmt: skip


async def test_C10_nothing_is_a_ticket(settings: Settings, tmp_path: Path) -> None:
    found = await through(settings, tmp_path, _MAILS)
    assert found[0].ticket.subject == "(no subject)"
    assert [read.entry.text for read in found[3:]] == ["words", "nobody", "hidden", "", "no boundary", "no end"]
