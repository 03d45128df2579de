"""A gateway in a process of its own, started by strace or plainly, and the lines that strace wrote."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.client import Mail, Refused, Session
from gateway.config import load_settings
from gateway.store.inbound import account
from gateway.store.version import open_reader

RULES = """version: 1
defaults: {team: support}
teams: {support: {address: support@acme.test, auto_ack: false}}
"""


def write_config(folder: Path, port: int) -> Path:
    """A configuration whose files are all in the folder."""
    (folder / "rules.yaml").write_text(RULES)
    config = folder / "mailwicket.toml"
    config.write_text(
        f"""[site]\ndomain = "acme.test"\n[paths]\nstate = "{folder}/state"\nruntime = "{folder}"
rules = "{folder}/rules.yaml"\n[smtp]\nlisten = "127.0.0.1:{port}"\n[lmtp]\nlisten = "unix:{folder}/lmtp.sock"
[intake]\nmin_free = "1 MiB"\n[outbound]\ntls = "none"\n[log]\nlevel = "warning"\n"""
    )
    return config


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(config: Path, port: int, strace: Sequence[str] = (), *, faults: Sequence[str] = ()) -> Iterator[int]:
    """A running gateway; its process id. With `strace` the options of strace, which is then needed.

    faults  those of planted.py
    """
    command = [sys.executable, "-m", "tests.acceptance.planted" if faults else "tests.torture.start", str(config)]
    command += faults
    if strace:
        if shutil.which("strace") is None:
            pytest.skip("strace is not installed: apt-get install strace")
        command = ["strace", "-f", "--seccomp-bpf", *strace, *command]
    log = (config.parent / "log").open("ab")
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait_for(port, process, config.parent / "log")
        yield _gateway_of(process, traced=bool(strace))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(_gateway_of(process, traced=bool(strace)), signal.SIGTERM)
        process.wait(30)
        log.close()


async def sent(port: int, raw: bytes) -> str:
    """The answer to one mail on a connection of its own; "" when the connection broke."""
    session = Session("127.0.0.1", port)
    try:
        return await session.send(Mail("jan@bigbank.test", "support@acme.test", raw))
    except Refused as e:
        return str(e)
    except (OSError, asyncio.IncompleteReadError):
        return ""
    finally:
        session.close()
        await asyncio.sleep(0)  # the loop closes it in its next turn: a gateway that ends before waits for its peer


def wait_for_the_end(port: int) -> None:
    """Until nobody listens any more."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.02)
    raise AssertionError("the gateway still listens")


def wait_until_settled(config: Path) -> None:
    """Until no mail is pending."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with open_reader(load_settings(config)).connect() as c:
            if account(c)["pending"] == 0:
                return
        time.sleep(0.05)
    raise AssertionError("mails are still pending")


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as peer:
            if peer.recv(3) == b"220":
                return
        time.sleep(0.05)
    raise AssertionError(f"the gateway did not start: {log.read_text()[-2000:]}")


def _gateway_of(process: subprocess.Popen[bytes], *, traced: bool) -> int:
    """strace's child is the gateway."""
    if not traced:
        return process.pid
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not children.exists() or not (found := children.read_text().split()):
        raise ProcessLookupError
    return int(found[0])
