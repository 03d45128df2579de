"""E-01: two gateways that acknowledge each other stop at once: one ticket a side, two mails at most."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.client import Mail, Session
from gateway.config import Settings, load_settings
from gateway.store.inbound import account
from gateway.store.opening import open_store
from gateway.store.schema import outbox, ticket
from gateway.store.store import Store
from gateway.store.version import open_reader
from tests.conftest import settings_in
from tests.outgoing.peers import free_port, listening
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p0


def test_E01_two_gateways_write_to_each_other_once(store: Store, settings: Settings, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other_settings = settings_in(other_folder)
    here = Desk(store, settings)
    opened = open_store(other_settings)
    try:
        there = Desk(opened, other_settings, RULES.replace("gw.test", "desk.test"), key=b"o" * 64)
        here.take(mail("support@desk.test", "Hello", "To a desk that answers too"))
        handed: set[tuple[int, int]] = set()
        for _ in range(5):
            pass_on(here, there, "support@desk.test", handed)
            pass_on(there, here, "support@gw.test", handed)
        assert len(here.mails()) + len(there.mails()) <= 2
        assert (len(here.tickets()), len(there.tickets())) == (1, 1)
    finally:
        opened.close()


def pass_on(sender: Desk, taker: Desk, to: str, handed: set[tuple[int, int]]) -> None:
    """What one sent to the other since last time."""
    for item in sender.mails():
        if item.forward_path == to and (id(sender), item.id) not in handed:
            handed.add((id(sender), item.id))
            taker.take(item.raw, to=to, sender=item.reverse_path)


@asynccontextmanager
async def process(folder: Path, domain: str, port: int, relay: int) -> AsyncIterator[Path]:
    """A whole gateway, whose mails all go to another one; its configuration."""
    folder.mkdir()
    (folder / "rules.yaml").write_text(RULES.replace("gw.test", domain), "utf-8")
    config = folder / "mailwicket.toml"
    config.write_text(
        f"""[site]
domain = "{domain}"
[paths]
state = "{folder}/state"
runtime = "{folder}"
rules = "{folder}/rules.yaml"
[smtp]
listen = "127.0.0.1:{port}"
[lmtp]
listen = "off"
[http]
metrics_listen = ""
[intake]
min_free = "1 MiB"
[outbound]
relay = "127.0.0.1:{relay}"
tls = "none"
""",
        "utf-8",
    )
    with (folder / "log").open("wb") as log:
        command = (sys.executable, "-m", "tests.cli.program", "-c", str(config), "serve")
        running = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log, cwd=Path(__file__).parents[2])
    await listening(port)
    yield config
    os.kill(running.pid, signal.SIGTERM)
    await running.wait()


def standing(config: Path) -> tuple[int, int, int]:
    """Tickets, mails of ours that were not suppressed, and how much is still to be done."""
    with open_reader(load_settings(config)).connect() as c:
        ours = select(func.count()).select_from(outbox).where(outbox.c.state != "suppressed")
        waits = c.execute(ours.where(outbox.c.state.in_(("queued", "leased", "deferred")))).scalar_one()
        tickets = c.execute(select(func.count()).select_from(ticket)).scalar_one()
        return tickets, c.execute(ours).scalar_one(), waits + account(c)["pending"]


@pytest.mark.push
@pytest.mark.timeout(120)
async def test_E01_two_processes_write_to_each_other_once(tmp_path: Path) -> None:
    here, there = free_port(), free_port()
    async with (
        process(tmp_path / "here", "gw.test", here, there) as one,
        process(tmp_path / "there", "desk.test", there, here) as other,
    ):
        session = Session("127.0.0.1", here)
        raw = mail("support@desk.test", "Hello", "To a desk that answers too")
        assert (await session.send(Mail("support@desk.test", "support@gw.test", raw))).startswith("250")
        session.close()
        quiet = 0
        while quiet < 3:  # looks in a row at which everybody had a ticket and nothing was left to do
            await asyncio.sleep(0.3)
            found = [standing(config) for config in (one, other)]
            quiet = quiet + 1 if all(count and not left for count, _, left in found) else 0
    assert [count for count, _, _ in found] == [1, 1]
    assert 0 < sum(sent for _, sent, _ in found) <= 2
