"""C-05: whatever is done to a mail, no reader of it fails (the long form is `make fuzz`)."""

import random
from pathlib import Path

import pytest

from gateway.config import Settings
from tests.acceptance.hostile import hostile, through

pytestmark = [pytest.mark.p0, pytest.mark.push]


_SEED = 5
_TOKENS = (
    b'"', b"<", b">", b"@", b",", b";", b":", b"(", b")", b"[", b"\\", b"\r\n", b"\r\n ", b"\r", b"\n", b"\0",
    b"''", b"%", b"=?utf-8?q?", b"?=", b"*0*=", b"\xff", b"=0D=0A", b"--b--", b'boundary=""', b"charset=",
)  # fmt: skip
_SEED_MAIL = (
    b'To: "Support" <support@acme.test>\r\nMessage-ID: <%d@x.test>\r\nDate: Mon, 2 Nov 2026 08:00:00 +0000\r\n'
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Gr=C3=BC=C3=9Fe</p>\r\n--b\r\n"
    b"Content-Type: text/plain; name*0*=utf-8''%%41; name*1=b.txt\r\n\r\nx\r\n--b--\r\n"
)


def damaged(chance: random.Random, number: int) -> bytes:
    raw = bytearray(hostile(_SEED_MAIL % number, number=number))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(40, len(raw) - 60)
        match chance.choices(("insert", "delete", "replace"), (3, 1, 1))[0]:
            case "insert":
                raw[at:at] = chance.choice(_TOKENS)
            case "delete":
                del raw[at : at + chance.randint(1, 6)]
            case "replace":
                raw[at : at + 1] = chance.randbytes(1)
    return bytes(raw)


async def test_C05_no_damage_is_an_exception(settings: Settings, tmp_path: Path) -> None:
    chance = random.Random(_SEED)
    found = await through(settings, tmp_path, [damaged(chance, number) for number in range(150)])
    assert not any("unreadable" in flag for read in found for flag in read.ticket.flags)
