"""Thousands of real and generated mails by real SMTP, each sent twice: none lost, none doubled, the account balances.

The mails stand beside the project, not in it: ../shared/corpora and the generator of ../shared/bench.
"""

import asyncio
import hashlib
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from bench.client import Mail, send_all
from gateway.config import Settings
from gateway.store.schema import entry, inbound
from gateway.store.store import raw_sha256
from tests.running import RULES, Gateway

_SHARED = Path(__file__).parents[2] / "shared"
_LIMITS = "limits: {auto_total: 1000000 per 1h, auto_per_domain: 1000000 per 1h}\n"
_LINE_END = re.compile(rb"\r\n|\r|\n")
pytestmark = [
    pytest.mark.push,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not _SHARED.is_dir(), reason=f"real mail: put the corpora and the generator into {_SHARED}"),
]


def corpus() -> list[bytes]:
    """Every .eml, its line ends as SMTP wants them, none twice."""
    files = sorted((_SHARED / "corpora").rglob("*.eml"))
    return list(dict.fromkeys(_LINE_END.sub(b"\r\n", file.read_bytes()) for file in files))


def generated(folder: Path) -> list[bytes]:
    """A thousand mails of the generator."""
    command = [sys.executable, str(_SHARED / "bench" / "make_mail.py"), str(folder), "--n", "1000"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return [file.read_bytes().replace(b"\n", b"\r\n") for file in sorted(folder.glob("*.eml"))]


async def test_every_mail_has_its_disposition_once(settings: Settings, tmp_path: Path) -> None:
    mails = [*corpus(), *generated(tmp_path / "mails")]
    assert len(mails) > 1500
    sent = [Mail(f"user{n}@example.com", "support@acme.test", raw) for n, raw in enumerate(mails)]
    async with Gateway(settings, RULES + _LIMITS) as gateway:
        for _ in range(2):
            assert await send_all("127.0.0.1", gateway.port, iter(sent), 8) == len(sent)
        async with asyncio.timeout(300):
            numbers = await gateway.quiet()
        stored = await gateway.store.read(lambda c: c.execute(select(inbound)).all())
        sources = Counter(await gateway.store.read(lambda c: [r[0] for r in c.execute(select(entry.c.source))]))
        assert numbers["received"] == 2 * len(mails) == sum(numbers.values()) - numbers["received"]
        assert numbers["pending"] == 0
        assert numbers.get("quarantine", 0) == 0
        once = Counter(row.sha256 for row in stored if row.duplicate_of is None)
        wanted = Counter(hashlib.sha256(whole(raw)).hexdigest() for raw in mails)
        assert once == wanted
        assert all(row.reason or row.ticket for row in stored)
        made = [row for row in stored if row.disposition in ("ticket", "entry")]
        assert all(sources[row.key] == 1 for row in made)
        assert len(made) == sum(sources.values())
        for row in stored[:: len(stored) // 100]:
            if row.duplicate_of is None:
                key = row.key
                assert await gateway.store.read(lambda c, key=key: raw_sha256(c, key)) == row.sha256


def whole(raw: bytes) -> bytes:
    """As it arrives: SMTP ends the last line."""
    return raw if raw.endswith(b"\r\n") else raw + b"\r\n"
