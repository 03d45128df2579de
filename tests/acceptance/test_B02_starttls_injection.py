"""B-02: what was said or sent before TLS counts for nothing after it (RFC 3207 §4.2, CVE-2011-0411)."""

import asyncio
import ssl
from pathlib import Path

import pytest

from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0


def settings_with(folder: Path, certificate: tuple[Path, Path], *, starttls: bool = True) -> object:
    cert, key = certificate
    return settings_for(folder, smtp={"tls_cert": cert, "tls_key": key, "starttls": starttls})


async def secured(client: Client, certificate: tuple[Path, Path]) -> Client:
    """The same connection with TLS, by a client that checks the certificate."""
    context = ssl.create_default_context(cafile=certificate[0])
    await client.writer.start_tls(context, server_hostname="gw.test")
    return client


async def test_B02_nothing_is_carried_over(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    door = RecordingDoor()
    async with listening(settings_with(tmp_path, certificate), door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        assert (await client.ask("MAIL FROM:<early@x.test>")).startswith("250")
        await client.send_raw(b"STARTTLS\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<support@gw.test>\r\n")
        assert (await client.line()).startswith("220 2.0.0")
        await secured(client, certificate)
        assert (await client.ask("DATA")).startswith("503 5.5.1")
        assert (await client.ask("MAIL FROM:<ann@example.com>")).startswith("503 5.5.1 say hello")
        await client.send("EHLO client.example")
        lines = [await client.line() for _ in range(6)]
        assert lines[-1].startswith("250 ")
        assert not [line for line in lines if "STARTTLS" in line or "AUTH" in line]
        assert (await client.ask("STARTTLS")).startswith("503 5.5.1")
        await client.address()
        await client.send("secret", ".")
        assert (await client.line()).startswith("250 2.6.0")
        assert await client.ask("QUIT") == "221 2.0.0 bye"
        client.close()
    assert door.mails == [b"secret\r\n"]


async def test_B02_starttls_is_offered(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    async with listening(settings_with(tmp_path, certificate), RecordingDoor()) as listeners:
        client = await Client.to(listeners)
        await client.reply()
        await client.send("EHLO x")
        assert "250 STARTTLS" in [await client.line() for _ in range(7)]
        assert (await client.ask("STARTTLS now")).startswith("501 5.5.4")
        client.close()


async def test_B02_a_failed_handshake_closes(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    async with listening(settings_with(tmp_path, certificate), RecordingDoor()) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        assert (await client.ask("STARTTLS")).startswith("220")
        await client.send_raw(b"MAIL FROM:<evil@x.test>\r\n")
        rest = await asyncio.wait_for(client.reader.read(), 20)
        assert b"250" not in rest
        client.close()
        again = await Client.to(listeners)
        await again.greet()
        again.close()


async def test_B02_tls_from_the_first_octet(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    door = RecordingDoor()
    async with listening(settings_with(tmp_path, certificate, starttls=False), door) as listeners:
        host, _, port = listeners.addresses["smtp"].rpartition(":")
        context = ssl.create_default_context(cafile=certificate[0])
        client = Client(*await asyncio.open_connection(host, int(port), ssl=context, server_hostname="gw.test"))
        await client.greet()
        await client.address()
        await client.send("x", ".")
        assert (await client.line()).startswith("250 2.6.0")
        assert (await client.ask("STARTTLS")).startswith("503 5.5.1")
        client.close()
    assert door.mails == [b"x\r\n"]
