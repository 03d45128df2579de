"""B-09: one validator decides what an address is; each bad one has its code, and nothing breaks (RFC 5321 §4.1.2)."""

from pathlib import Path

import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0


@pytest.mark.parametrize(
    ("path", "smtputf8", "code", "reverse_path"),
    [
        # the path as octets, with SMTPUTF8, reply, what the envelope says
        (b'<""@x.test>', False, "501 5.1.7", None),
        (b"<@x.test>", False, "501 5.1.7", None),
        (b"<a\x00b@x.test>", False, "501 5.1.7", None),
        (b"<a\r@x.test>", False, "501 5.1.7", None),
        (b"<a b@x.test>", False, "501 5.1.7", None),
        (b"<a@x.test>>", False, "501 5.5.4", None),
        (b"<a@x.test", False, "501 5.5.4", None),
        (b"a@x.test", False, "501 5.5.4", None),
        (b'<"a@x.test>', False, "501 5.5.4", None),
        (b"<" + b"a" * 300 + b"@x.test>", False, "501 5.1.7", None),
        (b"<\xff@x.test>", False, "501 5.1.7", None),
        (b"<\xff@x.test>", True, "501 5.1.7", None),
        (b"<a@xn--\x80>", False, "501 5.1.7", None),
        ("<jös@x.test>".encode(), False, "553 5.1.7", None),
        ("<jös@x.test>".encode(), True, "250 2.1.0", "jös@x.test"),
        ("<a@bücher.test>".encode(), True, "250 2.1.0", "a@xn--bcher-kva.test"),
        (b"<@h1.test,@h2.test:a@x.test>", False, "250 2.1.0", "a@x.test"),
        (b"<a@[127.0.0.1]>", False, "250 2.1.0", "a@[127.0.0.1]"),
        (b"<a@[IPv6:::1]>", False, "250 2.1.0", "a@[IPv6:::1]"),
        (b'<"a b"@x.test>', False, "250 2.1.0", '"a b"@x.test'),
        (b'<"a@b"@x.test>', False, "250 2.1.0", '"a@b"@x.test'),
        (b'<"a>b"@x.test>', False, "250 2.1.0", '"a>b"@x.test'),
        (b'<"ab"@X.test.>', False, "250 2.1.0", "ab@x.test"),
    ],
)
async def test_B09_reverse_path(
    tmp_path: Path, path: bytes, smtputf8: bool, code: str, reverse_path: str | None
) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        await client.send_raw(b"MAIL FROM:" + path + b" SMTPUTF8" * smtputf8 + b"\r\n")
        assert (await client.line()).startswith(code)
        if code.startswith("250"):
            await client.ask("RCPT TO:<support@gw.test>")
            await client.ask("DATA")
            await client.ask(".")
            assert door.accepted[0][0].reverse_path == reverse_path
        assert await client.ask("RSET") == "250 2.0.0 ok"
        client.close()


@pytest.mark.parametrize("path", [b"<a\x00b@gw.test>", b"<\xff@gw.test>", b'<""@gw.test>', b"<>", b"<@gw.test>"])
async def test_B09_forward_path(tmp_path: Path, path: bytes) -> None:
    async with listening(settings_for(tmp_path), RecordingDoor()) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        await client.ask("MAIL FROM:<>")
        await client.send_raw(b"RCPT TO:" + path + b"\r\n")
        assert (await client.line()).startswith("501 5.1.3")
        client.close()
