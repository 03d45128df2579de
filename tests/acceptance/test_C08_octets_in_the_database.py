"""C-08: text is NFC without NUL, controls and surrogates in both databases; the raw mail stays as it came."""

import unicodedata
from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import through

pytestmark = [pytest.mark.p0, pytest.mark.push]


async def test_C08_texts_are_clean(settings: Settings, tmp_path: Path) -> None:
    raw = (
        b"From: J\xc3\xb6 <jan@bigbank.test>\r\nSubject: N\0UL \x07 =?utf-8?q?=00=ED=A0=80?= e\xcc\x81\r\n"
        b"X\0Y: z\r\nX-Eight: \xff\xfe\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nA\0B \x1b[31m \xed\xa0\x80 e\xcc\x81\ttab\r\n"
        b'--b\r\nContent-Type: a/b; name="n\0ame\x01.txt"\r\n\r\nx\r\n--b--\r\n'
    )
    (found,) = await through(settings, tmp_path, [raw])
    assert found.ticket.subject.startswith("N\ufffdUL \ufffd ")
    assert found.entry.text.startswith("A\ufffdB \ufffd[31m ")
    assert found.entry.text.endswith("\u00e9\ttab")
    assert [a.name for a in found.entry.attachments] == ["name.txt"]
    shown = found.ticket.subject + found.entry.text
    assert unicodedata.normalize("NFC", shown) == shown
    assert not [c for c in shown if (c < " " and c not in "\t\n") or "\ud800" <= c <= "\udfff"]
