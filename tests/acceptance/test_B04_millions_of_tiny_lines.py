"""B-04: no object per line: memory and the loop stay as they are, and what is stored is what was sent."""

import asyncio
import hashlib
import os
from pathlib import Path

import psutil
import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0

MIB = 1 << 20


@pytest.mark.parametrize(
    ("line", "stored"),
    [
        # as sent, as stored
        (b"\r\n", b"\r\n"),
        (b"..\r\n", b".\r\n"),
    ],
)
async def test_B04_four_at_once(tmp_path: Path, line: bytes, stored: bytes) -> None:
    process, count = psutil.Process(os.getpid()), 8 * MIB // len(line)
    door = RecordingDoor(keeps=False)
    block = line * (65_536 // len(line))
    before = process.memory_info().rss
    highest = [before]

    async def mail() -> None:
        client = await Client.to(listeners)
        await client.greet()
        await client.address()
        for _ in range(count * len(line) // len(block)):
            await client.send_raw(block)
            highest[0] = max(highest[0], process.memory_info().rss)
        await client.send_raw(b".\r\n")
        assert (await client.line()).startswith("250 2.6.0")
        client.close()

    async with listening(settings_for(tmp_path), door) as listeners:
        await asyncio.gather(*[mail() for _ in range(4)])
    assert door.mails == [hashlib.sha256(stored * count).digest()] * 4
    assert highest[0] - before < 32 * MIB  # both ends of four connections are in this process
