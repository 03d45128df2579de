"""What docs/mta.md says to mail servers: each keeps what the gateway cannot take now, and hands it over later, once."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiosmtplib
import pytest

from gateway.config import Settings
from gateway.errors import TransientError
from tests.dialogue import RecordingDoor, listening, settings_for
from tests.outgoing.test_real_relays import folder, needs_postfix
from tests.test_postfix_in_front import answer, postfix

__all__ = ["folder"]  # the fixture

pytestmark = pytest.mark.push
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "mta.md").read_text("utf-8")
OURS = frozenset({"support@acme.test", "billing@acme.test", "bounce@acme.test"})
INSTALLED = "/opt/mailwicket"
PATIENCE_S = 20.0


def recipe(name: str) -> str:
    """The lines of the page for one mail server."""
    found = re.search(rf"<!-- tested: {name} -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


class Desk:
    """A gateway that can be broken, and what its mail server can run, for any user to start."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.door = folder, RecordingDoor(OURS)
        self.settings: Settings = settings_for(folder, "lmtp unix", lmtp={"socket_mode": "0666"})
        self.python = folder / "mailwicket" / "bin" / "python"
        self._listening = AsyncExitStack()
        self.release = asyncio.Event()

    async def start(self) -> None:
        await self._listening.enter_async_context(listening(self.settings, self.door))

    async def stop(self) -> None:
        await self._listening.aclose()

    async def install(self) -> None:
        """As it lies on a machine: an interpreter, the wrapper, and of the gateway only what that imports."""
        made = await asyncio.create_subprocess_exec(
            _for_everybody(), "-m", "venv", "--without-pip", str(self.folder / "mailwicket")
        )
        assert await made.wait() == 0
        (there,) = (self.folder / "mailwicket" / "lib").glob("python*/site-packages")
        for name in ("__init__.py", "intake/__init__.py", "intake/deliver.py"):
            target = there / "gateway" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / "gateway" / name, target)
        whole = target.read_text("utf-8")
        assert "_TOTAL_S = 300.0" in whole
        target.write_text(whole.replace("_TOTAL_S = 300.0", "_TOTAL_S = 2.0"))
        wrapper = self.folder / "mailwicket" / "libexec" / "deliver"
        wrapper.parent.mkdir()
        text = (ROOT / "systemd" / "libexec" / "deliver").read_text("utf-8")
        wrapper.write_text(self.here(text))
        wrapper.chmod(0o755)

    def here(self, lines: str) -> str:
        """Lines of the page, with the places of this test."""
        return (
            lines.replace(INSTALLED, str(self.folder / "mailwicket"))
            .replace("user=mailwicket", "user=nobody")
            .replace("user = mailwicket", "user = nobody")
            .replace("/run/mailwicket/lmtp.sock", str(self.folder / "lmtp.sock"))
            .replace("libexec/deliver -f", f"libexec/deliver --socket {self.folder / 'lmtp.sock'} -f")
        )


def _for_everybody() -> str:
    """An interpreter that somebody else than us may start, too."""
    for path in (sys._base_executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if subprocess.run([path, "-c", ""], user="nobody", check=False).returncode == 0:
                return path
    pytest.skip("a python3 that every user can start: apt-get install python3-venv")


Trouble = Callable[[Desk], AsyncIterator[None]]


@asynccontextmanager
async def no_gateway(desk: Desk) -> AsyncIterator[None]:
    await desk.stop()
    yield
    await desk.start()


@asynccontextmanager
async def full_disk(desk: Desk) -> AsyncIterator[None]:
    desk.door.fails = {"check_room": TransientError("insufficient system storage", code=452, status="4.3.1")}
    yield
    desk.door.fails = {}


@asynccontextmanager
async def broken_venv(desk: Desk) -> AsyncIterator[None]:
    kept = desk.python.rename(desk.python.with_name("away"))
    yield
    kept.rename(desk.python)


@asynccontextmanager
async def broken_program(desk: Desk) -> AsyncIterator[None]:
    (module,) = desk.folder.glob("mailwicket/lib/python*/site-packages/gateway/intake/deliver.py")
    whole = module.read_text("utf-8")
    module.write_text("def broken(:\n")
    yield
    module.write_text(whole)


@asynccontextmanager
async def hanging(desk: Desk) -> AsyncIterator[None]:
    """The gateway says nothing any more; `deliver`, or the mail server, gives up after two seconds."""
    release = asyncio.Event()

    async def hang() -> None:
        await release.wait()
        raise TransientError("it was given up")

    desk.door.before_commit = hang
    yield
    desk.door.before_commit = None
    release.set()


@asynccontextmanager
async def killed(desk: Desk) -> AsyncIterator[None]:
    """kill -9 of `deliver`, in the middle of a mail."""
    release = asyncio.Event()

    async def kill() -> None:
        for process in Path("/proc").glob("[0-9]*"):
            words = (process / "cmdline").read_bytes().split(b"\0") if process.exists() else []
            if words[0:1] == [bytes(desk.python)] and b"gateway.intake.deliver" in words:
                os.kill(int(process.name), signal.SIGKILL)
        await release.wait()
        raise TransientError("nobody is there to hear")

    desk.door.before_commit = kill
    yield
    desk.door.before_commit = None
    release.set()


async def until(happened: Callable[[], bool]) -> None:
    """Return when it has happened."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if happened():
                return
            await asyncio.sleep(0.02)


async def kept_and_delivered(
    desk: Desk, troubles: list[Trouble], *, send: Callable[[], Awaitable[object]], deferred: Callable[[], int],
    again: Callable[[], Awaitable[object]],
) -> None:  # fmt: skip
    """In each trouble a mail is sent and deferred; when it is over, it arrives, once."""
    for number, trouble in enumerate(troubles):
        before = deferred()
        async with trouble(desk):  # type: ignore[attr-defined]
            await send()
            await until(lambda before=before: deferred() > before)  # type: ignore[misc]
            assert len(desk.door.accepted) == number, trouble.__name__
        await again()
        await until(lambda number=number: len(desk.door.accepted) > number)  # type: ignore[misc]
    assert len(desk.door.accepted) == len(troubles)


def _beside_postfix(program: str) -> str | None:
    """A program of a mail server that cannot be installed where Postfix is; .ci/run unpacks its package there."""
    return shutil.which(program, path=f"/opt/mail-servers/usr/sbin{os.pathsep}/usr/sbin")


EXIM, SMTPD = _beside_postfix("exim4"), _beside_postfix("smtpd")
_UNPACK = "apt-get download {0} && dpkg-deb -x {0}_*.deb /opt/mail-servers (.ci/run does it)"
EXIM_CONF = """\
primary_hostname = mx.acme.test
spool_directory = {folder}/spool
log_file_path = {folder}/spool/%slog
exim_path = {exim}
keep_environment =
begin routers
{router}
begin transports
{transports}
begin retry
* * F,2h,1s
"""


@needs_postfix
@pytest.mark.parametrize(
    ("way", "troubles"),
    [
        ("pipe", [broken_venv, broken_program, no_gateway, full_disk, hanging, killed]),
        ("lmtp", [no_gateway, full_disk, hanging]),
    ],
)
async def test_postfix_keeps_the_mail_and_delivers_it_later(folder: Path, way: str, troubles: list[Trouble]) -> None:
    desk = Desk(folder)
    await desk.install()
    limits = "lmtp_data_done_timeout = 2s\nminimal_backoff_time = 1s\n"
    relayed = "relay_domains = acme.test\nrelay_recipient_maps = static:ok\n"
    log = folder / "log"

    async def flush() -> None:
        process = await asyncio.create_subprocess_exec("postqueue", "-c", str(folder / "conf"), "-f")
        assert await process.wait() == 0

    await desk.start()
    try:
        lines = desk.here(recipe(f"postfix {way}"))
        services = desk.here(recipe(f"postfix {way} master")) + "pickup unix n - n 60 1 pickup\n"  # postqueue wants it
        async with postfix(folder, lines + limits + relayed, services) as port:
            await kept_and_delivered(
                desk,
                troubles,
                send=lambda: answer(port, "support+t1.abc@acme.test"),
                deferred=lambda: log.read_text("utf-8").count("status=deferred") if log.exists() else 0,
                again=flush,
            )
    finally:
        await desk.stop()
    told = log.read_text("utf-8")
    assert "status=bounced" not in told
    assert {e.forward_paths for e, _ in desk.door.accepted} == {("support+t1.abc@acme.test",)}
    assert {e.via for e, _ in desk.door.accepted} == {way}


@needs_postfix
@pytest.mark.parametrize(
    ("mail", "said"),
    [
        # what comes, what Postfix tells its sender
        (b"Subject: x\r\n\r\n" + b"x\r\n" * 40_000, "5.3.4, status=bounced (Message is larger than"),
        (None, "5.1.1, status=bounced (<support@gw.test> is not a support address"),
    ],
)
async def test_postfix_bounces_what_is_certain(folder: Path, mail: bytes | None, said: str) -> None:
    desk = Desk(folder)
    desk.settings = settings_for(folder, "lmtp unix max_size=100000", lmtp={"socket_mode": "0666"})
    desk.door.addresses = frozenset({"support@gw.test"} if mail is not None else ())
    await desk.install()
    await desk.start()
    log = folder / "log"
    lines = desk.here(recipe("postfix pipe")).replace("acme.test", "gw.test")
    lines += "relay_domains = gw.test\nrelay_recipient_maps = static:ok\n"
    try:
        async with postfix(folder, lines, desk.here(recipe("postfix pipe master"))) as port:
            async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
                await client.sendmail("ann@example.com", ["support@gw.test"], mail or b"Subject: x\r\n\r\nx\r\n")
            await until(lambda: log.exists() and "status=" in log.read_text("utf-8"))
    finally:
        await desk.stop()
    assert f"dsn={said}" in log.read_text("utf-8")
    assert desk.door.accepted == []


@pytest.mark.skipif(EXIM is None or os.getuid() != 0, reason=f"Exim: as root, {_UNPACK.format('exim4-daemon-light')}")
@pytest.mark.parametrize(
    ("way", "troubles"),
    [
        ("pipe", [broken_venv, broken_program, no_gateway, full_disk, hanging, killed]),
        ("lmtp", [no_gateway, full_disk]),
    ],
)
async def test_exim_keeps_the_mail_and_delivers_it_later(folder: Path, way: str, troubles: list[Trouble]) -> None:
    desk = Desk(folder)
    await desk.install()
    (folder / "spool").mkdir()
    shutil.chown(folder / "spool", "Debian-exim")
    router = recipe("exim router").replace("mailwicket_lmtp", f"mailwicket_{way}")
    transports = desk.here(recipe("exim transports"))
    conf = folder / "exim.conf"
    conf.write_text(EXIM_CONF.format(folder=folder, exim=EXIM, router=router, transports=transports))
    log = folder / "spool" / "mainlog"

    async def exim(*words: str, mail: bytes = b"") -> None:
        process = await asyncio.create_subprocess_exec(
            str(EXIM), "-C", str(conf), *words, stdin=asyncio.subprocess.PIPE
        )
        await process.communicate(mail)
        assert process.returncode == 0

    await desk.start()
    try:
        await kept_and_delivered(
            desk,
            troubles,
            send=lambda: exim(
                "-odi", "-i", "-f", "ann@example.com", "support+t1.abc@acme.test", mail=b"Subject: x\n\nhello\n"
            ),
            deferred=lambda: log.read_text("utf-8").count(" == ") if log.exists() else 0,
            again=lambda: exim("-qff"),
        )
    finally:
        await desk.stop()
    assert " ** " not in log.read_text("utf-8")
    assert {(e.reverse_path, e.forward_paths, e.via) for e, _ in desk.door.accepted} == {
        ("ann@example.com", ("support+t1.abc@acme.test",), way)
    }
    assert all(mail.startswith(b"Return-path: <ann@example.com>\r\n") for mail in desk.door.mails)


@pytest.mark.skipif(SMTPD is None, reason=f"OpenSMTPD: {_UNPACK.format('opensmtpd')}")
def test_opensmtpd_understands_its_lines(tmp_path: Path) -> None:
    conf = tmp_path / "smtpd.conf"
    conf.write_text(recipe("opensmtpd"))
    done = subprocess.run([str(SMTPD), "-n", "-f", str(conf)], capture_output=True, text=True, check=False)
    assert done.stderr == "configuration OK\n"
