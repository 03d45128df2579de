"""A-02: the database files alone hold every accepted mail, and a kill leaves no other file behind."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.config import load_settings
from gateway.store.schema import inbound
from gateway.store.store import raw_sha256
from gateway.store.version import open_reader
from tests.acceptance.traced import free_port, sent, started, write_config
from tests.running import mail

pytestmark = [pytest.mark.p0, pytest.mark.sqlite]
_KEPT = {"audit-anchors", "audit-key", "hmac-key", "lock", "mailwicket.db", "mailwicket.db-shm", "mailwicket.db-wal"}


async def test_A02_the_database_files_hold_everything(tmp_path: Path) -> None:
    config = write_config(tmp_path, port := free_port())
    raw = mail(body="x" * 70_000)
    with started(config, port) as process:
        assert (await sent(port, raw)).startswith("250 2.")
        half = asyncio.ensure_future(_half_a_large_mail(port))
        await asyncio.wait_for(half, 10)
        os.kill(process, signal.SIGKILL)
    assert {path.name for path in (tmp_path / "state").iterdir()} <= _KEPT
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "state").mkdir(parents=True)
    for path in (tmp_path / "state").glob("mailwicket.db*"):
        shutil.copy(path, elsewhere / "state")
    (elsewhere / "mailwicket.toml").write_text(config.read_text().replace(str(tmp_path), str(elsewhere)))
    with open_reader(load_settings(elsewhere / "mailwicket.toml")).connect() as c:
        rows = c.execute(select(inbound.c.key, inbound.c.sha256)).all()
        assert [row.sha256 for row in rows] == [hashlib.sha256(raw).hexdigest()]
        assert raw_sha256(c, rows[0].key) == rows[0].sha256


async def _half_a_large_mail(port: int) -> None:
    """10 MiB of DATA without an end: it spills, and must vanish."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"EHLO x\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<support@acme.test>\r\nDATA\r\n")
    with contextlib.suppress(ConnectionError):
        writer.write((b"y" * 1022 + b"\r\n") * 10_240)
        await writer.drain()
    await reader.read(100)
