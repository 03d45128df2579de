"""B-06: too many recipients get 452 and spoil nothing; commands that lead nowhere end in 421 (RFC 5321 §4.5.3.1.8)."""

from pathlib import Path

import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0


async def test_B06_the_first_hundred_are_delivered(tmp_path: Path) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        await client.ask("MAIL FROM:<ann@example.com>")
        said = [await client.ask(f"RCPT TO:<support+{n}@gw.test>") for n in range(150)]
        assert [s[:9] for s in said] == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 50
        assert (await client.ask("DATA")).startswith("354")
        assert (await client.ask(".")).startswith("250 2.6.0")
        client.close()
    assert door.accepted[0][0].forward_paths == tuple(f"support+{n}@gw.test" for n in range(100))


@pytest.mark.parametrize(
    ("line", "times", "most"),
    [
        # what is said, how often, how many replies at most before 421
        ("RCPT TO:<support@gw.test>", 5000, 200),
        ("RCPT TO:<nobody@gw.test>", 5000, 20),
        ("NOOP", 10_000, 100),
        ("RSET", 10_000, 100),
        ("EHLO client.example", 10_000, 100),
        ("MAIL FROM:<ann@example.com>", 1000, 21),
        ("MAIL FROM:<ann@example.com>\r\nRSET", 1000, 201),
        ("FLOOD", 10_000, 20),
    ],
)
async def test_B06_a_flood_ends_in_421(tmp_path: Path, line: str, times: int, most: int) -> None:
    async with listening(settings_for(tmp_path), RecordingDoor()) as listeners:
        client = await Client.to(listeners)
        await client.greet("HELO client.example" if line.startswith("EHLO") else "EHLO client.example")
        if line.startswith("RCPT"):
            await client.ask("MAIL FROM:<ann@example.com>")
        await client.send(*[line] * times)
        replies = 0
        while not (said := await client.reply()).startswith("421"):
            replies += 1
        assert said == "421 4.7.0 too many errors"
        assert replies == most
        assert await client.closed()
        client.close()
