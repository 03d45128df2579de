"""B-08: the null reverse-path is always welcome, and is None in the envelope (RFC 5321 §4.5.5)."""

from pathlib import Path

import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0


@pytest.mark.parametrize("line", ["MAIL FROM:<>", "MAIL FROM: <>", "MAIL FROM:<> SIZE=10 BODY=8BITMIME"])
async def test_B08_it_is_none(tmp_path: Path, line: str) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        assert (await client.ask(line)).startswith("250 2.1.0")
        assert (await client.ask("MAIL FROM:<>")).startswith("503")  # None is not "no MAIL yet"
        await client.ask("RCPT TO:<support@gw.test>")
        await client.ask("DATA")
        assert (await client.ask(".")).startswith("250 2.6.0")
        client.close()
    assert door.accepted[0][0].reverse_path is None
