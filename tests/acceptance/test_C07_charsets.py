"""C-07: a label names a codec of our list or none; text is shown, markup never comes out of a charset."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


_CASES = [
    # label, octets, what is shown
    (b"foo-8", "Grüße".encode(), "Grüße"),
    (b"utf-8\0", "Grüße".encode(), "Grüße"),
    (b"utf-7", b"+ADw-script+AD4- Fr+APY-sche", "+ADw-script+AD4- Frösche"),
    (b"idna", b"abc", "abc"),
    (b"punycode", b"abc", "abc"),
    (b"undefined", b"abc", "abc"),
    (b"zip", b"abc", "abc"),
    (b"rot13", b"<fpevcg>", "<fpevcg>"),
    (b"unicode_escape", b"\\u003cscript", "\\u003cscript"),
    (b"utf-32le", (b"F" * 70 + b"\r\n") * 100, ("F" * 70 + "\n") * 99 + "F" * 70),
    (b"iso-2022-jp", b"abc \x1b$B", "abc"),
    (b"us-ascii", "Größe über Köln".encode("latin-1"), "Größe über Köln"),
]


async def test_C07_text_is_shown(settings: Settings, tmp_path: Path) -> None:
    mails = [
        hostile(b"Content-Type: text/plain; charset=%s\r\n\r\n%s\r\n" % (label, octets), number=n)
        for n, (label, octets, _) in enumerate(_CASES)
    ]
    found = await through(settings, tmp_path, mails)
    assert [read.entry.text.strip() for read in found] == [text for *_, text in _CASES]


async def test_C07_no_charset_makes_markup(settings: Settings, tmp_path: Path) -> None:
    head = b"Content-Type: text/html; charset=utf-7\r\n\r\n"
    (found,) = await through(settings, tmp_path, [hostile(head + b"<p>+ADw-script+AD4-x()</p>\r\n")])
    assert found.entry.html == "<p>+ADw-script+AD4-x()</p>"
