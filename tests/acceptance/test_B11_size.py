"""B-11: SIZE is believed when it is too large, and checked when it is not (RFC 1870 §6)."""

from pathlib import Path

import pytest

from tests.dialogue import Client, RecordingDoor, entries, listening, settings_for

pytestmark = pytest.mark.p1


@pytest.mark.parametrize(
    ("declared", "sent", "at_mail", "after_dot"),
    [
        # SIZE=, octets sent (limit 400,000), reply to MAIL, reply after the dot
        ("10", 800_000, "250 2.1.0", "552 5.3.4"),  # a lie
        ("0", 100, "250 2.1.0", "250 2.6.0"),
        ("400000", 400_000, "250 2.1.0", "250 2.6.0"),
        ("400001", 0, "552 5.3.4", ""),
        ("99999999999999999999", 0, "552 5.3.4", ""),
        ("999999999999999999999", 0, "501 5.5.4", ""),  # 21 digits: RFC 1870 §3 allows 20
        ("-1", 0, "501 5.5.4", ""),
        ("1k", 0, "501 5.5.4", ""),
        (None, 400_001, "250 2.1.0", "552 5.3.4"),
    ],
)
async def test_B11_size(tmp_path: Path, declared: str | None, sent: int, at_mail: str, after_dot: str) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path, "smtp max_size=400000"), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        size = "" if declared is None else f" SIZE={declared}"
        assert (await client.ask(f"MAIL FROM:<ann@example.com>{size}")).startswith(at_mail)
        if after_dot:
            await client.ask("RCPT TO:<support@gw.test>")
            await client.ask("DATA")
            await client.send("x" * (sent - 2), ".")
            assert (await client.line()).startswith(after_dot)
        client.close()
    assert [len(mail) for mail in door.mails] == ([sent] if after_dot.startswith("250") else [])
    assert entries(tmp_path) == []
