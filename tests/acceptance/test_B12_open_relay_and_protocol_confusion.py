"""B-12: only our recipients, no word about others, and nothing but SMTP (RFC 5321 §3.6.1, §7.3)."""

from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.intake.accept import Door
from gateway.intake.addresses import Addresses
from gateway.store.store import Store
from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0

OURS = Addresses(frozenset({"support@gw.test"}), frozenset({"gw.test"}))


RECIPIENTS = (
    # RCPT TO, reply of the real door
    ("victim@other.test", "550 5.7.1"),
    ("victim%other.test@gw.test", "550 5.1.1"),
    ("other.test!victim@gw.test", "550 5.1.1"),
    ("@gw.test:victim@other.test", "550 5.7.1"),
    ('"victim@other.test"@gw.test', "550 5.1.1"),
    ("victim@other.test@gw.test", "501 5.1.3"),
    ("victim@gw.test.other.test", "550 5.7.1"),
    ("support@[127.0.0.1]", "550 5.7.1"),
    ("support", "501 5.1.3"),
    ("support@GW.TEST.", "250 2.1.5"),
    ("@other.test:support@gw.test", "250 2.1.5"),
)


async def test_B12_we_relay_nothing(settings: Settings, store: Store) -> None:
    settings = settings.model_copy(update={"smtp": settings.smtp.model_copy(update={"listen": "127.0.0.1:0"})})
    door = Door(store, settings, SystemClock(), lambda: OURS, lambda: None)
    await door.look()
    async with listening(settings, door) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        await client.ask("MAIL FROM:<ann@example.com>")
        said = [(path, (await client.ask(f"RCPT TO:<{path}>"))[:9]) for path, _ in RECIPIENTS]
        client.close()
    assert said == list(RECIPIENTS)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        # what a confused or curious client says, reply
        ("POST / HTTP/1.1", "421 4.7.0"),
        ("GET / HTTP/1.1", "421 4.7.0"),
        ("PROXY TCP4 127.0.0.1 127.0.0.1 1 25", "421 4.7.0"),
        ("XCLIENT ADDR=127.0.0.1", "502 5.5.1"),
        ("XFORWARD ADDR=127.0.0.1", "502 5.5.1"),
        ("AUTH PLAIN AGEAYg==", "502 5.5.1"),
        ("AUTH LOGIN", "502 5.5.1"),
        ("EXPN everybody", "502 5.5.1"),
        ("VRFY support@gw.test", "252 2.5.0"),
        ("VRFY nobody@gw.test", "252 2.5.0"),
        ("Host: gw.test", "500 5.5.1"),
    ],
)
async def test_B12_nothing_but_smtp(tmp_path: Path, line: str, code: str) -> None:
    async with listening(settings_for(tmp_path), RecordingDoor()) as listeners:
        client = await Client.to(listeners)
        await client.greet()
        assert (await client.ask(line)).startswith(code)
        if code.startswith("421"):
            assert await client.closed()
        client.close()
