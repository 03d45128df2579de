"""The units: what the specification of the product fixes is there, systemd understands it, and code and units agree."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gateway import daemon
from gateway.errors import ConfigError
from gateway.intake.deliver import DEFAULT_SOCKET

UNITS = Path(__file__).parent.parent / "systemd"
SERVICE, LMTP, SMTP = "mailwicket.service", "mailwicket-lmtp.socket", "mailwicket-smtp.socket"
HTTP, METRICS = "mailwicket-http.socket", "mailwicket-metrics.socket"
SOCKETS = (LMTP, SMTP, HTTP, METRICS)
EXPOSURE = 15  # tenths; 1.5 is the release gate

analyze = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def directives(name: str) -> list[tuple[str, str]]:
    lines = (line.strip() for line in (UNITS / name).read_text("utf-8").splitlines())
    pairs = [line.partition("=") for line in lines if line and not line.startswith(("#", "["))]
    return [(key, value) for key, _, value in pairs]


def value(name: str, key: str) -> str:
    return dict(directives(name))[key]


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.mark.parametrize("name", [SERVICE, *SOCKETS])
def test_one_directive_a_line(name: str) -> None:
    for key, said in directives(name):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", key)
        assert not re.search(r"\s[A-Z][A-Za-z]+=", said), f"{key} swallows the next directive"


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        ("Type", "notify"),
        ("CapabilityBoundingSet", ""),
        ("AmbientCapabilities", ""),
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("ProtectProc", "invisible"),
        ("ProcSubset", "pid"),
        ("RestrictNamespaces", "yes"),
        ("MemoryDenyWriteExecute", "yes"),
        ("SocketBindDeny", "any"),  # the program never binds an IP port: the sockets are passed
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX"),
        ("SystemCallArchitectures", "native"),
        ("UMask", "0077"),
        ("StateDirectoryMode", "0700"),
        ("RuntimeDirectoryPreserve", "yes"),  # the listening socket survives a restart
        ("OOMPolicy", "continue"),  # only the parser child dies
        ("LimitCORE", "0"),  # no mail in a core file
    ],
)
def test_the_service_is_closed(key: str, wanted: str) -> None:
    assert value(SERVICE, key) == wanted


def test_systemd_waits_longer_than_the_daemon_drains() -> None:
    assert seconds(value(SERVICE, "TimeoutStopSec")) > daemon._DRAIN_S


def test_the_watchdog_allows_two_missed_beats() -> None:
    assert seconds(value(SERVICE, "WatchdogSec")) >= 3 * daemon._BEAT_S


def test_a_forbidden_start_is_not_tried_again() -> None:
    assert int(value(SERVICE, "RestartPreventExitStatus")) == ConfigError.exit_code


def test_the_sockets_carry_the_names_that_the_program_looks_for() -> None:
    assert [value(name, "FileDescriptorName") for name in SOCKETS] == ["lmtp", "smtp", "http", "metrics"]
    assert value(LMTP, "ListenStream") == DEFAULT_SOCKET
    assert {value(name, "Service") for name in SOCKETS} == {SERVICE}


@analyze
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    for name in (SERVICE, *SOCKETS):
        text = (UNITS / name).read_text("utf-8").replace("/usr/bin/mailwicket", "/bin/true")
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in (SERVICE, *SOCKETS))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, [line for line in done.stderr.splitlines() if "mailwicket" in line]) == (0, [])


@analyze
def test_the_service_is_exposed_to_little() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(UNITS / SERVICE)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-600:]


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("exit 0", 0),  # taken
        ("exit 65", 65),  # too large
        ("exit 67", 67),  # no such address
        ("exit 75", 75),
        ("exit 1", 75),  # a traceback of the interpreter
        ("exit 127", 75),  # a broken venv
        ("kill -9 $$", 75),
        (None, 75),  # no interpreter at all
    ],
)
def test_the_wrapper_bounces_nothing_but_certain_refusals(tmp_path: Path, program: str | None, code: int) -> None:
    python = tmp_path / "python"
    if program is not None:
        python.write_text(f"#!/bin/sh\n{program}\n", "utf-8")
        python.chmod(0o755)
    wrapper = tmp_path / "deliver"
    text = (UNITS / "libexec" / "deliver").read_text("utf-8")
    assert "/opt/mailwicket/bin/python" in text
    wrapper.write_text(text.replace("/opt/mailwicket/bin/python", str(python)), "utf-8")
    assert subprocess.run(["sh", str(wrapper)], stderr=subprocess.DEVNULL, check=False).returncode == code


def test_the_wrapper_can_be_run() -> None:
    assert (UNITS / "libexec" / "deliver").stat().st_mode & 0o111
