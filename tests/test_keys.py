"""The keys of tokens: what may stand in the file, and how a new one comes in without a token being lost."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.main import run
from gateway.clock import FakeClock
from gateway.config import Settings, write_secret
from gateway.errors import ConfigError
from gateway.policy import ring_keys, rotated
from gateway.ticket.token import VERIFIES_FOR, TokenRing
from gateway.ticket.token_forms import read_reply
from tests.running import Gateway, mail

DAY = datetime(2026, 11, 21, tzinfo=UTC)
K, L = "k" * 64, "l" * 64


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (K, "a"),  # what a first start makes
        (f"{K}\n", "a"),
        (f"{K}\nb 2026-11-21 {L}\n", "ab"),
        (f"# ours\n\na 2025-01-01 {K}\nc 2026-11-21 {L}", "ac"),
    ],
)
def test_a_file_of_keys(text: str, names: str) -> None:
    assert "".join(key.name for key in ring_keys(text, "hmac-key")) == names


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [0]),
        ("tiny", [1]),
        (f"{K}\nb 2026-11-21 tiny", [2]),
        (f"{K}\na 2026-11-21 {L}", [2]),  # the first one is a already
        (f"b 2026-13-01 {L}", [1]),
        (f"b 20261101 {L}", [1]),
        (f"B 2026-11-01 {L}", [1]),
        (f"bb 2026-11-01 {L}", [1]),
        (f"b {L}", [1]),
        (f"b 2026-11-01 {L} more\nc {L}", [1, 2]),
    ],
)
def test_a_file_that_holds_no_keys_is_refused_without_being_shown(text: str, lines: list[int]) -> None:
    with pytest.raises(ConfigError) as caught:
        ring_keys(text, "hmac-key")
    assert [problem.line for problem in caught.value.problems] == lines
    assert not any(secret in str(caught.value) for secret in (K, L, "tiny"))


def test_tokens_from_before_a_rotation_hold_for_400_days() -> None:
    before = TokenRing(ring_keys(K, "hmac-key"), lambda: DAY)
    address = before.reply_address("support@acme.test", "+", "t", 5, None, "jan@bigbank.test")
    token = read_reply(address.partition("+")[2].partition("@")[0])
    keys = ring_keys(rotated(ring_keys(K, "hmac-key"), DAY, DAY), "hmac-key")
    assert [key.name for key in keys] == ["a", "b"]
    for days, holds in ((0, True), (399, True), (400, False)):
        ring = TokenRing(keys, lambda now=DAY + timedelta(days=days): now)
        assert (ring.holder(token, ["jan@bigbank.test"]) is not None) is holds


def test_letters_come_round_and_ended_keys_leave() -> None:
    text, day = K, DAY
    for letter in "bcdefghijklmnopqrstuvwxyzab":
        text = rotated(ring_keys(text, "hmac-key"), day, day)
        assert text.splitlines()[-1][0] == letter
        day += VERIFIES_FOR
    assert [line[0] for line in text.splitlines()] == ["a", "b"]


def test_too_many_rotations_and_a_day_before_the_last_are_refused() -> None:
    text = K
    for days in range(25):
        text = rotated(ring_keys(text, "hmac-key"), DAY + timedelta(days=days), DAY)
    with pytest.raises(ConfigError, match="all letters"):
        rotated(ring_keys(text, "hmac-key"), DAY + timedelta(days=99), DAY)
    with pytest.raises(ConfigError, match="signs from that day or later"):
        rotated(ring_keys(text, "hmac-key"), DAY, DAY)


def test_the_command_writes_a_file_that_a_start_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hmac-key"
    file.touch(0o600)
    file.write_text(K)
    clock = FakeClock(DAY + timedelta(hours=9))
    assert run(["config", "rotate-key", str(file)], Invocation(clock=clock)) == 0
    assert run(["config", "rotate-key", "--from", "2026-12-01", str(file)], Invocation(clock=clock)) == 0
    out = capsys.readouterr().out
    assert "signs from 2026-11-21 on" in out
    assert "signs from 2026-12-01 on" in out
    assert file.stat().st_mode & 0o777 == 0o600
    keys = ring_keys(file.read_text(), "hmac-key")
    assert [(key.name, f"{key.since:%Y-%m-%d}") for key in keys] == [
        ("a", "1970-01-01"), ("b", "2026-11-21"), ("c", "2026-12-01"),
    ]  # fmt: skip
    assert not any(key.key.decode() in out for key in keys)


def test_a_file_that_others_can_read_is_not_rotated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "hmac-key"
    file.write_text(K)
    file.chmod(0o644)
    assert run(["config", "rotate-key", str(file)]) == 78
    assert file.read_text() == K
    assert "can be read by others" in capsys.readouterr().err


async def test_a_running_gateway_signs_with_the_new_key_and_threads_by_the_old(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        old = _reply_to(gateway)
        path = settings.paths.state / "hmac-key"
        now = datetime.now(UTC)
        write_secret(path, rotated(ring_keys(path.read_text(), "hmac-key"), now - timedelta(days=1), now))
        await gateway.daemon.reload()
        await gateway.send(mail("Coś nowego", "Dopisuję."), to=old)
        await gateway.send(mail("Leki", "Proszę.", From="pia@x.test"), sender="pia@x.test")
        assert await gateway.quiet() == {"received": 3, "pending": 0, "ticket": 2, "entry": 1}
        assert [old.partition(".")[2][0], _reply_to(gateway).partition(".")[2][0]] == ["a", "b"]


async def test_a_file_of_keys_that_was_broken_changes_nothing(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        (settings.paths.state / "hmac-key").write_text("broken")
        await gateway.daemon.reload()
        await gateway.send(mail("Coś nowego", "Dopisuję."), to=_reply_to(gateway))
        assert (await gateway.quiet())["entry"] == 1


def _reply_to(gateway: Gateway) -> str:
    """Where the last mail that was sent wants its answer."""
    return message_from_bytes(gateway.relay.mails[-1][1])["Reply-To"].rpartition("<")[2].strip("<>")
