"""B-05: the length of a text line is no reason to refuse: it is streamed (RFC 5321 §4.5.3.1.6 allows more)."""

from pathlib import Path

import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0


@pytest.mark.parametrize("dotted", [False, True], ids=["plain", "leading dot"])
@pytest.mark.parametrize("length", [998, 999, 1000, 1001, 8192, 65_533, 65_534, 65_535, 65_536, 131_072, 1_000_000])
async def test_B05_raw_is_identical(tmp_path: Path, length: int, dotted: bool) -> None:
    door = RecordingDoor()
    line = (b"." if dotted else b"") + b"x" * (length - dotted)
    async with listening(settings_for(tmp_path, "smtp untrusted"), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        await client.address()
        await client.send_raw(
            b"Subject: x\r\n\r\n" + b"." * dotted + line + b"\r\n" + b"." * dotted + line + b"\r\n.\r\n"
        )
        assert (await client.line()).startswith("250 2.6.0")
        client.close()
    assert door.mails == [b"Subject: x\r\n\r\n" + (line + b"\r\n") * 2]
