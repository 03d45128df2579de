"""A gateway with a Maildir: mail becomes tickets, a crash between accept and move doubles none, trouble is told."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config import Maildir, Settings
from gateway.errors import ConfigError
from gateway.store import alarms
from tests.conftest import settings_in
from tests.running import RULES, Gateway, mail

LEAD = RULES.replace("notify: none}", "notify: none, role: lead}")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """An empty Maildir."""
    for name in ("cur", "new", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    return tmp_path / "box"


@pytest.fixture
def watching(tmp_path: Path, box: Path) -> Settings:
    """Settings of a gateway that watches it."""
    maildir = Maildir(name="inbox", path=box, poll=timedelta(milliseconds=100), team="billing")
    return settings_in(tmp_path).model_copy(update={"maildir": (maildir,)})


async def until(happened: Callable[[], bool]) -> None:
    """Return when it has happened."""
    async with asyncio.timeout(20):
        while True:
            if happened():
                return
            await asyncio.sleep(0.01)


def is_empty(folder: Path) -> Callable[[], bool]:
    """Whether nothing is in a folder."""
    return lambda: not any(folder.iterdir())


async def test_mail_becomes_a_ticket_of_its_team_once(watching: Settings, box: Path) -> None:
    raw = b"Return-Path: <jan@bigbank.test>\n" + mail(Message_ID="<a1@bigbank.test>").replace(b"\r\n", b"\n")
    (box / "new" / "1.a").write_bytes(raw)
    async with Gateway(watching) as gateway:
        await until(is_empty(box / "new"))
        assert await gateway.quiet() == {"received": 1, "pending": 0, "ticket": 1}
        assert [t.team for t in gateway.tickets()] == ["billing"]
        assert [to for to, _ in gateway.relay.mails] == ["jan@bigbank.test"]
    (box / "cur" / "1.a:2,S").rename(box / "new" / "1.a")  # as if it had been killed between accept and move
    async with Gateway(watching) as gateway:
        await until(is_empty(box / "new"))
        assert await gateway.quiet() == {"received": 2, "pending": 0, "ticket": 1, "duplicate": 1}
    assert (box / "cur" / "1.a:2,S").read_bytes() == raw


async def test_trouble_is_an_alarm(watching: Settings, box: Path) -> None:
    (box / "new" / "1.a").symlink_to("/etc/passwd")
    async with Gateway(watching, LEAD) as gateway:
        await until(lambda: bool(gateway.relay.mails))
        (found,) = gateway.store.read_now(lambda c: alarms.since(c, gateway.daemon._clock.now() - timedelta(hours=1)))
        assert (found.about, found.key, found.said) == ("maildir", "inbox", "inbox: 1.a is a link")
        (to, raw), *_ = gateway.relay.mails
        assert to == "ana@acme.test"
        assert b"Maildir" in raw


async def test_a_team_that_nobody_knows_forbids_the_start(watching: Settings) -> None:
    unknown = watching.maildir[0].model_copy(update={"team": "sailing"})
    with pytest.raises(ConfigError, match="there is no team “sailing”"):
        async with Gateway(watching.model_copy(update={"maildir": (unknown,)})):
            pass
