"""B-10: exactly one reply for each accepted recipient, whatever becomes of the mail (RFC 2033 §4.2)."""

from pathlib import Path

import pytest

from gateway.errors import PermanentError, TransientError
from tests.dialogue import Client, RecordingDoor, listening, settings_for
from tests.test_deliver import deliver, scripted

pytestmark = pytest.mark.p0

LOOP = "Received: by x.test\r\n" * 51 + "\r\nhello"


@pytest.mark.parametrize(
    ("words", "mail", "error", "reply"),
    [
        # what listens, the mail, what the door raises, each of the two replies
        ("lmtp", "hello", None, "250 2.6.0"),
        ("lmtp max_size=100", "x" * 101, None, "552 5.3.4"),
        ("lmtp untrusted", "a\nb", None, "554 5.6.0"),
        ("lmtp", LOOP, None, "554 5.4.6"),
        ("lmtp", "hello", RuntimeError("x"), "451 4.3.0"),
        ("lmtp", "hello", OSError(28, "No space left on device"), "451 4.3.0"),
        ("lmtp", "hello", TransientError("insufficient system storage", code=452, status="4.3.1"), "452 4.3.1"),
        ("lmtp", "hello", PermanentError("no", code=550, status="5.7.1"), "550 5.7.1"),
    ],
)
async def test_B10_two_accepted_two_replies(
    tmp_path: Path, words: str, mail: str, error: Exception | None, reply: str
) -> None:
    door = RecordingDoor(fails={} if error is None else {"accept": error})
    async with listening(settings_for(tmp_path, words), door) as listeners:
        client = await Client.to(listeners, "lmtp")
        await client.greet("LHLO mta.gw.test")
        await client.ask("MAIL FROM:<ann@example.com>")
        assert (await client.ask("RCPT TO:<support@gw.test>")).startswith("250")
        assert (await client.ask("RCPT TO:<nobody@gw.test>")).startswith("550 5.1.1")
        assert (await client.ask("RCPT TO:<sales@gw.test>")).startswith("250")
        assert (await client.ask("DATA")).startswith("354")
        await client.send(mail, ".")
        assert [(await client.line())[:9] for _ in range(2)] == [reply] * 2
        assert await client.ask("NOOP") == "250 2.0.0 ok"
        client.close()


async def test_B10_a_full_disk_while_reading(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "lmtp", paths={"state": tmp_path / "gone", "runtime": tmp_path})
    async with listening(settings, RecordingDoor()) as listeners:
        client = await Client.to(listeners, "lmtp")
        await client.greet("LHLO x")
        await client.address("support@gw.test", "sales@gw.test")
        await client.send("x" * 300_000, ".")
        assert [(await client.line())[:9] for _ in range(2)] == ["452 4.3.1"] * 2
        assert await client.ask("NOOP") == "250 2.0.0 ok"
        client.close()


async def test_B10_our_own_bug_while_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the stream stands is unknown then: the answers that are due, and the end."""

    async def broken(*_: object) -> None:
        raise RuntimeError("db password=hunter2")

    monkeypatch.setattr("gateway.intake.smtp.read_data", broken)
    async with listening(settings_for(tmp_path, "lmtp"), RecordingDoor()) as listeners:
        client = await Client.to(listeners, "lmtp")
        await client.greet("LHLO x")
        await client.address("support@gw.test", "sales@gw.test")
        assert [(await client.line())[:9] for _ in range(3)] == ["451 4.3.0", "451 4.3.0", "421 4.3.0"]
        assert await client.closed()
        client.close()


@pytest.mark.parametrize(
    ("words", "mail", "error", "code"),
    [
        # what listens, the mail, what the door raises, what `deliver` ends with
        ("", "hello", None, 0),
        ("max_size=100", "x" * 101, None, 65),
        ("", LOOP, None, 75),
        ("", "hello", RuntimeError("x"), 75),
        ("", "hello", OSError(28, "No space left on device"), 75),
        ("", "hello", PermanentError("no", code=550, status="5.7.1"), 75),
    ],
)
async def test_B10_deliver_passes_on_what_is_certain(
    tmp_path: Path, words: str, mail: str, error: Exception | None, code: int
) -> None:
    door, path = RecordingDoor(fails={} if error is None else {"accept": error}), str(tmp_path / "lmtp.sock")
    async with listening(settings_for(tmp_path, f"lmtp unix {words}"), door):
        both = ("support@gw.test", "sales@gw.test")
        assert (await deliver("-f", "a@x.test", "--socket", path, "--", *both, mail=mail.encode()))[0] == code
        unknown = await deliver("-f", "a@x.test", "--socket", path, "--", "nobody@gw.test", mail=b"hello")
    assert unknown[0] == 67


@pytest.mark.parametrize("verb", ["greeting", "LHLO", "MAIL", "RCPT", "DATA", "."])
async def test_B10_deliver_defers_where_the_gateway_closes_early(tmp_path: Path, verb: str) -> None:
    path = tmp_path / "lmtp.sock"
    async with scripted(path, {verb: "cut"}):
        code, said = await deliver("-f", "a@x.test", "--socket", str(path), "--", "support@gw.test")
    assert (code, said[:2]) == (75, "4.")
