"""B-03: a line without an end costs no memory and ends the session; other sessions do not notice (RFC 5321 §4.5.3)."""

import asyncio
import os
from pathlib import Path

import psutil
import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0

MIB = 1 << 20


async def test_B03_memory_stays_and_the_end_comes(tmp_path: Path) -> None:
    process, block = psutil.Process(os.getpid()), b"A" * MIB
    door = RecordingDoor()
    async with listening(settings_for(tmp_path, f"smtp max_size={25 * MIB}"), door) as listeners:
        client, other = await Client.to(listeners), await Client.to(listeners)
        await client.greet()
        await other.greet()
        await client.address()
        before = highest = process.memory_info().rss
        answer = asyncio.ensure_future(client.line())
        sent = 0
        while not answer.done():
            await client.send_raw(block)
            sent += 1
            highest = max(highest, process.memory_info().rss)
            assert await other.ask("NOOP") == "250 2.0.0 ok"
        assert (await answer).startswith("552 5.3.4")
        assert (await client.line()).startswith("421 4.7.0")
        other.close()
        client.close()
    assert sent < 60  # twice the limit, and what the sockets hold
    assert highest - before < 24 * MIB  # both ends of the connection are in this process
    assert door.incoming == []
