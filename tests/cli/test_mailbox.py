"""`mailbox`, and what `status` and `doctor` say of mailboxes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.store import mailboxes, probes
from gateway.store.leaves import Leave, keep_leave
from gateway.store.mailboxes import Fetched, Folder
from gateway.store.opening import open_store
from tests.cli.desk import mailwicket_beside, write_config
from tests.conftest import settings_in

pytestmark = pytest.mark.sqlite
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BOX = """
[[imap]]
name = "support"
address = "support@acme.test"
host = "imap.acme.test"
user = "desk"
password = {file = "/nowhere"}
"""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def config(tmp_path: Path) -> Path:
    """With a mailbox that holds old mail, and one mail that cannot be fetched."""

    def fill(c: Connection) -> None:
        mailboxes.health(c, "support", NOW)
        found = Folder("support", "INBOX", 1, 40, NOW, "asked", 0, 40, 38)
        mailboxes.meet(c, found)
        failing = Fetched(41, "failing", attempts=3, next_at=NOW, said="NO \x1b[31mnot this one")
        mailboxes.advance(c, found, (failing,), NOW, uid=41, old_uid=0)
        mailboxes.note_fetched(c, "support", "TLSv1.3, IDLE", "", NOW - timedelta(seconds=20))
        for number, minutes in ((1, 2), (2, 0)):
            probes.note_sent(c, "support", f"<p{number}@acme.test>", NOW - timedelta(minutes=minutes))
            if number == 1:
                probes.note_back(c, "<p1@acme.test>", NOW - timedelta(minutes=2, seconds=-1.5))

    settings = settings_in(tmp_path)
    await changed(settings, fill)
    config = write_config(tmp_path, settings)
    config.write_text(config.read_text() + BOX)
    return config


async def changed(settings: Settings, work: Callable[[Connection], None]) -> None:
    """By somebody who owned the store for the time."""
    store = open_store(settings)
    await store.write(work, durable=True)
    store.close()


async def test_how_it_goes(config: Path, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
    assert await mailwicket_beside(config, "mailbox", "list", clock=clock) == 0
    assert "imap.acme.test:993  fetched 20s ago" in capsys.readouterr().out
    assert await mailwicket_beside(config, "mailbox", "show", "support", clock=clock) == 0
    out = capsys.readouterr().out
    assert "of 38 mails from before" in out
    assert "WAITS: mailwicket mailbox answer-old" in out
    assert "41      3  NO" in out
    assert "\x1b" not in out
    await mailwicket_beside(config, "status", clock=clock)
    assert "Mailbox support  fetched 20s ago" in capsys.readouterr().out


async def test_as_json(config: Path, clock: FakeClock, capsys: pytest.CaptureFixture[str]) -> None:
    assert await mailwicket_beside(config, "mailbox", "list", "--json", clock=clock) == 0
    assert [box["name"] for box in json.loads(capsys.readouterr().out)["mailboxes"]] == ["support"]
    assert await mailwicket_beside(config, "mailbox", "show", "support", "--json", clock=clock) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["folders"][0]["old"], said["mails"]) == (
        "mailwicket.mailbox/1",
        "asked",
        {"failing": 1},
    )


async def test_old_mail_is_answered_after_its_number_was_shown(
    config: Path, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await mailwicket_beside(config, "mailbox", "answer-old", "support", clock=clock) == 2  # no terminal
    capsys.readouterr()
    assert await mailwicket_beside(config, "mailbox", "answer-old", "support", "-n", clock=clock) == 0
    assert await mailwicket_beside(config, "mailbox", "answer-old", "support", "-y", clock=clock) == 0
    assert "38 mails from before become tickets, and are answered" in capsys.readouterr().out
    assert await mailwicket_beside(config, "mailbox", "answer-old", "support", "-y", clock=clock) == 5


async def test_a_mail_is_tried_again_at_once(
    config: Path, clock: FakeClock, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await mailwicket_beside(config, "mailbox", "retry", "support", clock=clock) == 0
    assert "is tried at once" in capsys.readouterr().out
    assert await mailwicket_beside(config, "mailbox", "retry", "nobody", clock=clock) == 4


@pytest.mark.parametrize(
    ("later", "ends", "verdict", "said"),
    [
        # how much later, when the leave ends, what doctor finds
        (timedelta(), None, "ok", "TLSv1.3, IDLE; fetched 20s ago; a probe took 1.5 s"),
        (timedelta(minutes=20), None, "problem", "fetched 20m ago"),
        (timedelta(), timedelta(days=5), "warning", "the leave to fetch support ends"),
        (timedelta(), timedelta(days=-1), "problem", "the leave to fetch support ends"),
        (timedelta(), None, "warning", "1 mail of support to look at, the last: NO"),
        (
            timedelta(minutes=20),
            None,
            "problem",
            "does not come back by support; a probe took 1.5 s 21m ago; a probe is out for 20m",
        ),
    ],
)
async def test_what_doctor_finds(
    later: timedelta,
    ends: timedelta | None,
    verdict: str,
    said: str,
    config: Path,
    clock: FakeClock,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if ends is not None:
        await changed(settings_in(tmp_path), lambda c: keep_leave(c, Leave("support", "t", NOW, NOW + ends)))
    await clock.advance(later.total_seconds())
    await mailwicket_beside(config, "doctor", "--only", "imap", "--json", clock=clock)
    found = json.loads(capsys.readouterr().out)["findings"]
    assert any(each["verdict"] == verdict and said in each["said"] for each in found), found
