"""A-14: whatever the octets are, they are taken, kept, and become a ticket or a stub; never a refusal."""

import random
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.store.store import raw_sha256
from tests.acceptance.hostile import deliver
from tests.running import Gateway

pytestmark = [pytest.mark.p0, pytest.mark.push]

_MAILS = 300
_SEED = 14
_HALF_MAILS = (  # random octets where a parser expects an order in them
    b"Subject: %s\r\n\r\nwords",
    b"From: %s\r\nSubject: x\r\n\r\nwords",
    b"Content-Type: text/plain; charset=%s\r\n\r\nwords",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n%s\r\n--b--\r\n",
    b"Content-Type: text/html\r\n\r\n<p>%s",
    b"Message-ID: <%s>\r\nReferences: <%s\r\n\r\n%s",
    b"Subject: \0zero\0\r\n\r\n\0 %s",
    b"Subject: =?utf-16?q?=D8=00?= =?utf-8?q?=00=ED=A0=80?=\r\nX: %s\r\n\r\n\xed\xa0\x80",
)


def octets(chance: random.Random) -> bytes:
    """Up to 4 kB of anything, some of it with a mail around."""
    noise = chance.randbytes(chance.randint(0, 4000))
    if chance.random() < 0.5:
        return noise
    around = chance.choice(_HALF_MAILS)
    return around.replace(b"%s", noise.replace(b"\n", b"") if around.count(b"%s") > 1 else noise)


async def test_A14_random_octets_are_all_taken(settings: Settings, tmp_path: Path) -> None:
    listen = f"unix:{tmp_path / 'lmtp.sock'}"
    settings = settings.model_copy(update={"lmtp": settings.lmtp.model_copy(update={"listen": listen})})
    chance = random.Random(_SEED)
    mails = [octets(chance) for _ in range(_MAILS)]
    async with Gateway(settings) as gateway:
        answers = await deliver(listen, mails)
        assert [answer for answer in answers if not answer.startswith(b"250 2.6.0")] == []
        numbers = await gateway.quiet()
        rows = gateway.mails()
        with gateway.store._readers.connect() as c:
            assert [row.key for row in rows if not row.duplicate_of and raw_sha256(c, row.key) != row.sha256] == []
    assert numbers.pop("received") == _MAILS
    assert numbers.pop("pending") == 0
    assert sum(numbers.values()) == _MAILS
    assert all(row.reason or row.ticket for row in rows)
    assert numbers["ticket"] + numbers.get("quarantine", 0) > _MAILS // 2, numbers


_KEYS = (  # fields that become keys, of which an index of a database holds some kilobytes
    "From: <%s@bigbank.test>",
    "From: Jan <jan@%s.test>",
    "From: %s <jan@bigbank.test>",
    "Reply-To: %s@bigbank.test",
    "Message-ID: <%s@bigbank.test>",
    "In-Reply-To: <%s@bigbank.test>",
    "References: <%s@bigbank.test>",
    "Cc: <%s@bigbank.test>",
    "Subject: [#1] %s",
    "List-Id: <%s>",
    "Content-Type: text/%s",
    "Content-Language: %s",
)


async def test_A14_fields_longer_than_an_index_holds(settings: Settings) -> None:
    chance = random.Random(_SEED)
    async with Gateway(settings) as gateway:
        for number, field in enumerate(_KEYS):
            others = {"from": "From: jan@bigbank.test", "message-id": f"Message-ID: <{number}@bigbank.test>"}
            others.pop(field.partition(":")[0].lower(), None)
            long = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=30_000))
            head = "\r\n".join([*others.values(), field % long])
            assert (await gateway.send(f"{head}\r\n\r\nwords\r\n".encode())).startswith("250")
        assert await gateway.quiet() == {"received": len(_KEYS), "pending": 0, "ticket": len(_KEYS)}
        assert gateway.store.trouble is None
