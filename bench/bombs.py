"""Mails made to cost memory and time, as large as we take them: one of each family of acceptance C, from C-01 on."""

import base64
from collections.abc import Iterator

MAX_OCTETS = 25 << 20
_FROM = b"From: Ann <ann@customer.test>\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
_MIXED = _FROM + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
_HTML = _FROM + b"Content-Type: text/html; charset=utf-8\r\n\r\n"
_TEXT = _FROM + b"Content-Type: text/plain; charset=utf-8\r\n\r\n"


def bombs() -> Iterator[tuple[str, bytes]]:
    """(name, octets), one after the other: two of them are never held at once."""
    nested = b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n'
    yield "10,000 multiparts inside each other", _FROM + b"".join(nested % (i, i) for i in range(10_000)) + b"\r\nx"
    yield "1,000,000 parts", _MIXED + b"--b\r\n\r\nx\r\n" * 1_000_000
    yield "20,000 addresses", _FROM + b"To: " + b"Ann <ann@x.test>, " * 20_000 + b"\r\n\r\nx"
    yield "50,000 encoded words", _FROM + b"Subject: " + b"=?utf-8?q?x=C3=A4?= " * 50_000 + b"\r\n\r\nx"
    yield "a field of 10 MB", b"Subject: " + b"x" * 10_000_000 + b"\r\n" + _FROM + b"\r\nx"
    yield "100,000 fields", b"X-A: b\r\n" * 100_000 + _FROM + b"\r\nx"
    yield "25 MB without an empty line", _full(b"", b"x: y\r\n")
    yield (
        "25 MB of base64",
        _full(
            _FROM + b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n",
            base64.encodebytes(b"Hello, printer. " * 3).replace(b"\n", b"\r\n"),
        ),
    )
    yield "25 MB of line ends in base64", _full(_FROM + b"Content-Transfer-Encoding: base64\r\n\r\n", b"\r\n")
    yield "25 MB of = in quoted-printable", _full(_FROM + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n", b"=")
    yield "25 MB of text", _full(_TEXT, b"The printer in room five hums again, since Monday.\r\n")
    yield "25 MB of quote marks in a line", _full(_TEXT, b"> ")
    yield (
        "25 MB of Chinese called gb2312",
        _full(_FROM + b"Content-Type: text/plain; charset=gb2312\r\n\r\n", b"\xc4\xe3"),
    )
    yield "25 MB of uuencoded lines", _full(_TEXT + b"begin 644 x\r\n", b"M" + b"x" * 60 + b"\r\n")
    yield "200,000 links", _HTML + b'<a href="https://x.test/?q=1">x</a> ' * 200_000
    yield "100,000 divs inside each other", _HTML + b"<div>" * 100_000
    yield "1,000,000 attributes", _HTML + b"<p" + b" a=b" * 1_000_000 + b">x</p>"
    yield "5 MB of CSS", _HTML + b"<style>" + b"p{color:red}" * 400_000 + b"</style>x"


def _full(head: bytes, piece: bytes) -> bytes:
    return head + piece * ((MAX_OCTETS - len(head)) // len(piece))
