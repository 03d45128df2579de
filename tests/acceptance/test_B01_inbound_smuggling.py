"""B-01: nothing but CRLF.CRLF ends a mail, so no mail can carry another one (RFC 5321 §2.3.8, CVE-2023-51764)."""

from pathlib import Path

import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0

EVIL = b"MAIL FROM:<evil@x.test>\r\nRCPT TO:<support@gw.test>\r\nDATA\r\nSubject: evil\r\n\r\nevil"
NO_END = [
    b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n\x00.\r\n", b"\n\n.\r\n", b"\r\n..\n",
]  # fmt: skip


def body(no_end: bytes) -> bytes:
    return b"Subject: a\r\n\r\nA" + no_end + EVIL


@pytest.mark.parametrize("trusted", [False, True], ids=["stranger", "own MTA"])
@pytest.mark.parametrize("no_end", NO_END, ids=repr)
async def test_B01_one_mail_one_reply_at_any_split(tmp_path: Path, no_end: bytes, trusted: bool) -> None:
    door = RecordingDoor()
    stream = body(no_end) + b"\r\n.\r\n"
    at = stream.index(no_end)
    async with listening(settings_for(tmp_path, "smtp" if trusted else "smtp untrusted"), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        accepted = trusted or no_end == b"\r\n\x00.\r\n"  # the last one has whole line ends: odd, but no attack
        for split in range(at - 1, at + len(no_end) + 2):
            await client.address()
            await client.send_raw(stream[:split])
            await client.send_slowly(stream[split : split + len(no_end) + 1])
            await client.send_raw(stream[split + len(no_end) + 1 :])
            assert (await client.line()).startswith("250 2.6.0" if accepted else "554 5.6.0")
            assert await client.ask("NOOP") == "250 2.0.0 ok"  # the only reply was that one
            if not accepted:
                assert await client.ask("RSET") == "250 2.0.0 ok"
        client.close()
    rounds = len(no_end) + 3
    assert door.mails == ([(body(no_end) + b"\r\n").replace(b"\r\n.", b"\r\n")] * rounds if accepted else [])


async def test_B01_a_public_listener_trusts_nobody(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    door = RecordingDoor()
    tls = {"smtp": {"public": True, "tls_cert": cert, "tls_key": key}}
    async with listening(settings_for(tmp_path, "smtp", **tls), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        await client.address()
        await client.send_raw(body(b"\n.\r\n") + b"\r\n.\r\n")
        assert (await client.line()).startswith("554 5.6.0")
        client.close()
    assert door.mails == []
