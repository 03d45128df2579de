"""C-11: where programs would read a mail differently, the ticket says so."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p1, pytest.mark.push]


_AMBIGUOUS = [
    # what follows the first fields, the flag
    (b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<b>x</b>\r\n", "repeated-field"),
    (b"Content-Type: multipart/mixed; boundary=a; boundary=b\r\n\r\n--a\r\n\r\none\r\n--a--\r\n", "repeated-parameter"),
    (b"From: other@bigbank.test\r\n\r\nx\r\n", "repeated-field"),
    (
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nR3I_w7zDn2U*=\r\n",
        "encoding-damaged",
    ),
]


async def test_C11_the_ticket_says_so(settings: Settings, tmp_path: Path) -> None:
    mails = [hostile(content, number=n) for n, (content, _) in enumerate(_AMBIGUOUS)]
    found = await through(settings, tmp_path, mails)
    for (_, flag), read in zip(_AMBIGUOUS, found, strict=True):
        assert flag in read.ticket.flags


async def test_C11_a_blank_behind_a_boundary_is_none_of_it(settings: Settings, tmp_path: Path) -> None:
    head = b'Content-Type: multipart/mixed; boundary="b "\r\n\r\n'
    (found,) = await through(settings, tmp_path, [hostile(head + b"--b \r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n")])
    assert found.entry.text == "one\n\ntwo"
