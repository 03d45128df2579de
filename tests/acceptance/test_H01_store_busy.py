"""H-01: a store that is locked or away is a 4xx and a pause; it goes on by itself, and nothing was lost."""

import asyncio
import hashlib
import sqlite3
import threading
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, select, text

from bench.client import Refused
from gateway.config import Settings
from gateway.store import outbox as outbox_store
from gateway.store.schema import inbound
from tests.conftest import own_database, settings_in
from tests.running import Gateway, mail

pytestmark = [pytest.mark.p0, pytest.mark.push]

_CLIENTS = 6


class Traffic:
    """Clients that behave as MTAs: the same mail again until it is answered with a 250."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway, self._stopping = gateway, False
        self.acked: list[str] = []
        self._news = asyncio.Event()
        self.refused: Counter[str] = Counter()
        self._clients = [asyncio.ensure_future(self._client(number)) for number in range(_CLIENTS)]

    async def one_more(self) -> None:
        """Return at the next 250."""
        self._news.clear()
        await self._news.wait()

    async def end(self) -> None:
        """Let each client finish the mail it is at."""
        self._stopping = True
        await asyncio.gather(*self._clients)

    async def _client(self, number: int) -> None:
        count = 0
        while not self._stopping:
            count += 1
            author = f"user{number}-{count}@customers{number}-{count}.test"
            raw = mail(f"order {number}-{count}", From=author)
            while not (answer := await self._answer(raw, author)).startswith("250"):
                self.refused[answer[:9]] += 1
                await asyncio.sleep(0.1)
            self.acked.append(hashlib.sha256(raw).hexdigest())
            self._news.set()

    async def _answer(self, raw: bytes, author: str) -> str:
        try:
            return await self._gateway.send(raw, sender=author)
        except Refused as e:
            return str(e)


async def nothing_was_lost(gateway: Gateway, traffic: Traffic) -> None:
    """Once the store is well: every acknowledged mail is there once, is a ticket, and was answered."""
    await traffic.end()
    async with asyncio.timeout(20):
        numbers = await gateway.quiet()
    assert all(code.startswith("4") for code in traffic.refused), traffic.refused
    assert numbers["ticket"] == len(traffic.acked)
    assert numbers["received"] == numbers["ticket"] + numbers.get("duplicate", 0)
    stored = await gateway.store.read(
        lambda c: Counter(c.execute(select(inbound.c.sha256).where(inbound.c.duplicate_of.is_(None))).scalars())
    )
    assert stored == Counter(traffic.acked)
    states = await gateway.store.read(outbox_store.counts)
    assert set(states) <= {"sent", "suppressed", "deferred"}, states  # deferred: its dot was not written, it waits
    assert all(copies == 1 for copies in Counter(to for to, _ in gateway.relay.mails).values())


@pytest.mark.sqlite
async def test_H01_locked_by_somebody_else(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    patience = settings.database.model_copy(update={"busy_timeout": timedelta(milliseconds=200)})
    async with Gateway(settings.model_copy(update={"database": patience})) as gateway:
        traffic = Traffic(gateway)
        await asyncio.sleep(0.5)
        for seconds in (0.1, 3.0, 0.5):
            await asyncio.to_thread(lock, settings.paths.state / "mailwicket.db", seconds)
            async with asyncio.timeout(15):  # 5 s on a machine with nothing else to do
                for _ in range(_CLIENTS):
                    await traffic.one_more()
        await nothing_was_lost(gateway, traffic)
    assert traffic.refused, "the lock was never met"


def lock(database: Path, seconds: float) -> None:
    """Hold the database exclusively."""
    with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as foreign:
        foreign.execute("BEGIN EXCLUSIVE")
        threading.Event().wait(seconds)
        foreign.execute("ROLLBACK")


@pytest.mark.postgres
async def test_H01_backends_are_terminated(tmp_path: Path, postgres: str) -> None:
    for url in own_database(postgres):
        await mail_flows_while_backends_end(settings_in(tmp_path, url))


async def mail_flows_while_backends_end(settings: Settings) -> None:
    """The same on PostgreSQL, whose connections are cut again and again."""
    async with Gateway(settings) as gateway:
        before = threading.active_count()
        traffic = Traffic(gateway)
        ended = sum([await asyncio.to_thread(terminate, settings.database.url) for _ in range(12)])
        await nothing_was_lost(gateway, traffic)
        assert threading.active_count() <= before + 8
    assert ended > 12


def terminate(url: str) -> int:
    """End all other connections to this database; how many there were."""
    threading.Event().wait(0.25)
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    query = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as c:
        count = len(c.execute(text(query)).all())
    engine.dispose()
    return count
