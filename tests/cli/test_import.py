"""`mailwicket import`: an archive becomes tickets once, with a daemon and without, however often it is begun."""

import asyncio
import io
import json
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.failure import CommandError
from gateway.cli.import_mail import _patiently
from gateway.cli.main import run
from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.errors import GatewayError
from gateway.operations.imports import ImportMails, OldMail
from gateway.operations.types import Told
from gateway.store import inbound, outbox
from gateway.store.listing import find_tickets
from gateway.store.opening import open_store
from gateway.store.version import open_reader
from gateway.ticket.query import Query
from tests.cli.desk import RULES, write_config
from tests.conftest import settings_in
from tests.running import Gateway

PROGRAM = Path(__file__).with_name("program.py")


@pytest.fixture(autouse=True)
def _log_apart(logged: io.StringIO) -> None:
    """The command says where its log goes; afterwards that is as it was."""


@pytest.fixture
def lite(tmp_path: Path) -> Settings:
    """Settings on SQLite."""
    return settings_in(tmp_path)


def archive(folder: Path, mails: int) -> Path:
    """A Maildir of threads of five mails each, the last ones first by name."""
    for name in ("cur", "new", "tmp"):
        (folder / name).mkdir(parents=True)
    for number in range(mails):
        thread, place = divmod(number, 5)
        head = f"From: jan{thread}@bigbank.test\nTo: support@acme.test\nMessage-ID: <m{number}@x.test>\n"
        head += f"Subject: matter {thread}\nDate: Mon, 4 Mar 2019 {number // 60:02d}:{number % 60:02d}:00 +0000\n"
        head += f"In-Reply-To: <m{number - 1}@x.test>\n" if place else ""
        (folder / "cur" / f"{9999 - number}.x:2,S").write_text(f"{head}\nwords {number}\n")
    return folder


async def ran(config: Path, *words: str) -> int:
    """The exit code of a command."""
    invocation = Invocation(config=config, width=120, clock=SystemClock())
    return await asyncio.to_thread(run, list(words), invocation)


def ends(settings: Settings) -> tuple[dict[str, int], int, int]:
    """(the account, tickets, outgoing mails)."""
    store = open_store(settings)
    try:
        account = store.read_now(inbound.account)
        tickets = len(store.read_now(lambda c: find_tickets(c, Query(), 1000)))
        return account, tickets, sum(store.read_now(outbox.counts).values())
    finally:
        store.close()


def through(settings: Settings) -> int:
    """How many mails have their end, seen from another process than the owner."""
    try:
        with open_reader(settings).connect() as c:
            account = inbound.account(c)
    except GatewayError:
        return 0  # there is no store yet
    return account["received"] - account["pending"]


async def test_without_a_daemon_and_again(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, box = write_config(tmp_path, settings), str(archive(tmp_path / "box", 10))
    assert await ran(config, "import", "-n", "maildir", box) == 0
    assert capsys.readouterr().out == "✓ 10 of 10 mails would be imported, 0 were here already\n"
    (tmp_path / "box" / "new" / "1.empty").touch()
    assert await ran(config, "import", "maildir", box) == 1
    said = "✓ 10 of 11 mails imported, 0 were here already\n  2 ticket, 8 entry\n"
    assert capsys.readouterr().out == f"{said}✗ {box}/new/1.empty  is empty\n"
    assert await ran(config, "import", "maildir", box, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["imported"], told["known"], told["ends"]) == (0, 10, {})
    assert ends(settings) == ({"received": 10, "pending": 0, "ticket": 2, "entry": 8}, 2, 0)


async def test_beside_a_daemon(lite: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, box = write_config(tmp_path, lite), str(archive(tmp_path / "box", 10))
    async with Gateway(lite, RULES) as gateway:
        assert await ran(config, "import", "maildir", box, "--state", "open") == 0
        assert capsys.readouterr().out.endswith("  2 ticket, 8 entry\n")
        assert {t.status for t in gateway.tickets()} == {"open"}
        assert await gateway.quiet() == {"received": 10, "pending": 0, "ticket": 2, "entry": 8}
        assert gateway.relay.mails == gateway.outbox() == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        # asked for, exit code, what is said
        ("mbox {}/box", 4, "box is no file"),
        ("maildir {}", 4, "is no Maildir"),
        ("eml {}/missing.eml", 4, "there is no "),
        ("eml {}/box --state pending", 2, "“pending” is no status that an imported ticket may have: new, open, closed"),
        ("eml {}/box --team sailing", 2, "there is no team “sailing”"),
    ],
)
async def test_what_cannot_be_done(
    lite: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str, code: int, said: str
) -> None:
    config = write_config(tmp_path, lite)
    archive(tmp_path / "box", 1)
    assert await ran(config, "import", *(word.format(tmp_path) for word in words.split())) == code
    out, err = capsys.readouterr()
    assert said in err
    assert "next: " in err
    assert out == ""


@pytest.mark.push
async def test_a_mail_that_is_larger_than_a_request(
    lite: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, lite)
    for name, size in (("a", 20 << 20), ("b", 26 << 20)):
        (tmp_path / f"{name}.eml").write_bytes(b"From: jan@x.test\n\n" + (b"x" * 75 + b"\n") * (size // 76))
    async with Gateway(lite, RULES) as gateway:
        assert await ran(config, "import", "eml", str(tmp_path)) == 1
        assert await gateway.quiet() == {"received": 1, "pending": 0, "ticket": 1}
    assert "b.eml  is larger than intake.max_size" in capsys.readouterr().out


@pytest.mark.push
@pytest.mark.parametrize("with_daemon", [False, True])
async def test_killed_again_and_again(lite: Settings, tmp_path: Path, *, with_daemon: bool) -> None:
    """kill -9 five times, each when forty more are through, and once more to its end: each mail once."""
    config, box = write_config(tmp_path, lite), str(archive(tmp_path / "box", 240))

    async def importing(until: int | None) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), "-c", str(config), "-q", "import", "maildir", box,
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if until is not None:
            async with asyncio.timeout(60):
                while through(lite) < until:  # noqa: ASYNC110 - it happens in another process
                    await asyncio.sleep(0.02)
            process.send_signal(signal.SIGKILL)
        return await process.wait()

    async def all_of_it() -> None:
        codes = [await importing(40 * round_) for round_ in range(5)]
        assert -signal.SIGKILL in codes
        assert await importing(None) == 0

    if with_daemon:
        async with Gateway(lite, RULES) as gateway:
            await all_of_it()
            await gateway.quiet()
    else:
        await all_of_it()
    assert ends(lite) == ({"received": 240, "pending": 0, "ticket": 48, "entry": 192}, 48, 0)


def test_rules_that_know_the_team_no_more_end_an_import() -> None:
    wanted = ImportMails((OldMail(b"Subject: x", datetime.now(UTC)),), "closed", "support")
    answers = [(Told("import", "refused", "there is no team “support”"),)]
    with pytest.raises(CommandError, match="no team"):
        _patiently(lambda _: answers.pop(), wanted)
