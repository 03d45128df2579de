"""Clients that others wrote: swaks, and Postfix's load generator."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.dialogue import RecordingDoor, listening, make_certificate, settings_for

SWAKS = shutil.which("swaks")
SMTP_SOURCE = shutil.which("smtp-source", path="/usr/sbin:/usr/lib/postfix/sbin:/usr/bin")
needs_swaks = pytest.mark.skipif(SWAKS is None, reason="swaks: apt-get install swaks")
needs_smtp_source = pytest.mark.skipif(SMTP_SOURCE is None, reason="smtp-source: apt-get install postfix")


async def run(*command: str) -> tuple[int, str]:
    """(exit code, output)."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


@needs_swaks
@pytest.mark.parametrize(
    ("words", "options", "exit_code", "said"),
    [
        # what listens, options of swaks, its exit code, a line of the dialogue
        ("smtp", (), 0, "<-  250 2.6.0 00000000000000000000000000000001 accepted"),
        ("smtp", ("--pipeline",), 0, "<-  250 2.6.0 00000000000000000000000000000001 accepted"),
        ("smtp", ("--protocol", "SMTP"), 0, "<-  250 2.6.0 00000000000000000000000000000001 accepted"),
        ("smtp", ("--from", "<>"), 0, "<-  250 2.1.0 ok"),
        ("smtp", ("--to", "nobody@gw.test"), 24, "<** 550 5.1.1 <nobody@gw.test> is not a support address"),
        ("smtp", ("--to", "victim@other.test"), 24, "<** 550 5.7.1 we relay no mail"),
        ("smtp max_size=300", ("--body", "x" * 400), 26, "<** 552 5.3.4 Message is larger than"),
        ("lmtp unix", ("--protocol", "LMTP"), 0, "<-  250 2.6.0 00000000000000000000000000000001 accepted"),
    ],
)
async def test_swaks(tmp_path: Path, words: str, options: Sequence[str], exit_code: int, said: str) -> None:
    door = RecordingDoor()
    async with listening(settings_for(tmp_path, words), door) as listeners:
        address = next(iter(listeners.addresses.values()))
        where = ("--socket", address.removeprefix("unix:")) if "unix" in words else ("--server", address)
        sender = () if "--from" in options else ("--from", "ann@example.com")
        to = () if "--to" in options else ("--to", "support@gw.test")
        code, output = await run(str(SWAKS), *where, *sender, *to, "--helo", "client.example", *options)
    assert said in output
    assert code == exit_code
    assert len(door.accepted) == (exit_code == 0)


@needs_swaks
async def test_swaks_over_starttls(tmp_path: Path) -> None:
    _, abilities = await run(str(SWAKS), "--support")
    if "=== TLS" not in abilities:
        pytest.skip("TLS in swaks: apt-get install libnet-ssleay-perl")
    cert, key = make_certificate(tmp_path)
    door = RecordingDoor()
    async with listening(settings_for(tmp_path, smtp={"tls_cert": cert, "tls_key": key}), door) as listeners:
        who = ("--from", "ann@example.com", "--to", "support@gw.test", "--helo", "client.example")
        code, output = await run(str(SWAKS), "--server", listeners.addresses["smtp"], "-tls", *who)
    assert code == 0, output
    assert len(door.accepted) == 1


@needs_smtp_source
@pytest.mark.parametrize("options", [(), ("-d",)], ids=["a connection a mail", "connections kept"])
async def test_smtp_source(tmp_path: Path, options: Sequence[str]) -> None:
    """Twenty sessions at once; every mail arrives whole, and no session is refused."""
    door = RecordingDoor()
    async with listening(settings_for(tmp_path), door) as listeners:
        host, _, port = listeners.addresses["smtp"].rpartition(":")
        code, output = await run(
            str(SMTP_SOURCE), *options, "-s", "20", "-m", "400", "-l", "6000",
            "-f", "ann@example.com", "-t", "support@gw.test", f"{host}:{port}",
        )  # fmt: skip
    assert (code, output) == (0, "")
    assert len(door.accepted) == 400
    assert all(6000 < len(raw) < 6200 and raw.count(b"\r\n") == raw.count(b"\n") for raw in door.mails)
