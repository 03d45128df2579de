"""A-03: a failed sync or write is a 451 for all members, nothing acknowledged is lost, and the store comes back."""

import asyncio
import hashlib
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.config import load_settings
from gateway.store.opening import open_store
from gateway.store.schema import inbound
from gateway.store.store import raw_sha256
from gateway.store.version import open_reader
from tests.acceptance.traced import free_port, sent, started, write_config
from tests.running import mail

pytestmark = [pytest.mark.p0, pytest.mark.sqlite, pytest.mark.push]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("fdatasync:error=EIO:when=8", "451 4.3.0"),
        ("fdatasync:error=ENOSPC:when=8..10", "45"),
        ("pwrite64:error=EIO:when=60..64", "451 4.3.0"),
        ("pwrite64:error=ENOSPC:when=60..64", "452 4.3.1"),
    ],
)
async def test_A03_only_451_and_nothing_lost(tmp_path: Path, fault: str, code: str) -> None:
    config = write_config(tmp_path, port := free_port())
    open_store(load_settings(config)).close()  # the fault is meant for mail, not for the making of tables
    refused, accepted = [], []
    with started(config, port, ("-o", "/dev/null", "-e", f"trace={fault.partition(':')[0]}", "-e", f"inject={fault}")):
        for number in range(30):
            raw = mail(body=f"mail {number}")
            for _ in range(40):
                reply = await sent(port, raw)
                if reply.startswith("250 2."):
                    accepted.append(hashlib.sha256(raw).hexdigest())
                    break
                refused.append(reply)
                await asyncio.sleep(0.25)  # a door that is closed opens when the store is well again
    assert len(accepted) == 30
    assert refused, "the fault was never met"
    assert all(reply.startswith(("451 4.3.0", "452 4.3.1", "421 4.3.0")) for reply in refused), refused
    assert any(reply.startswith(code) for reply in refused), refused
    with open_reader(load_settings(config)).connect() as c:
        assert c.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        rows = c.execute(select(inbound.c.key, inbound.c.sha256).where(inbound.c.duplicate_of.is_(None))).all()
        assert Counter(row.sha256 for row in rows) == Counter(accepted)
        assert all(raw_sha256(c, row.key) == row.sha256 for row in rows)
