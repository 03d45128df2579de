"""C-06: no archive is opened, and what an encoding makes of octets is what is counted."""

import base64
import gzip
from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p1, pytest.mark.push]


_ZEROS = gzip.compress(bytes(20_000_000))
_ZIP = b"PK\3\4" + bytes(200)


def part(content: bytes, encoding: bytes, more: bytes = b"") -> bytes:
    return (
        b"Content-Type: application/octet-stream; name=f\r\nContent-Transfer-Encoding: %s\r\n%s\r\n" % (encoding, more)
        + content
    )


async def test_C06_what_is_stored_is_what_was_sent(settings: Settings, tmp_path: Path) -> None:
    cases = [
        # content as sent, its encoding, octets of the attachment
        (base64.encodebytes(_ZEROS).replace(b"\n", b"\r\n"), b"base64", len(_ZEROS)),
        (base64.encodebytes(_ZIP).replace(b"\n", b"\r\n"), b"base64", len(_ZIP)),
        (b"\r\n" * 2_000_000, b"base64", 0),
        (b"=" * 2_000_000 + b"\r\n", b"quoted-printable", 0),
        (b"begin 644 x\r\n#86)C\r\n`\r\nend\r\n", b"x-uuencode", 3),
        (b"=ybegin line=128 size=3 name=x\r\n***\r\n=yend size=3\r\n", b"8bit", 51),
    ]
    mails = [hostile(part(content, encoding), number=n) for n, (content, encoding, _) in enumerate(cases)]
    mails.append(hostile(part(_ZEROS.replace(b"\n", b"").replace(b"\r", b""), b"8bit", b"Content-Encoding: gzip\r\n")))
    *found, compressed = await through(settings, tmp_path, mails)
    sizes = [read.entry.attachments[0].size for read in found]
    assert sizes[:3] + sizes[4:] == [size for n, (*_, size) in enumerate(cases) if n != 3]
    assert sizes[3] <= 2_000_000
    assert compressed.entry.attachments[0].size <= len(_ZEROS) + 2


async def test_C06_damaged_containers_stay_closed(settings: Settings, tmp_path: Path) -> None:
    head = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\n"
    mails = [hostile(head + b"\x78\x9f\x3e\x22" + bytes(n), number=n) for n in (0, 60, 100_000)]
    for read in await through(settings, tmp_path, mails):
        assert [a.name for a in read.entry.attachments] == ["winmail.dat"]
