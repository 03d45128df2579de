"""A-15: a mail that kills its child costs three attempts and ends in quarantine; the others never notice."""

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert
from structlog.testing import capture_logs

from gateway import daemon, work
from gateway.config import Settings, load_settings
from gateway.control import operate
from gateway.deciding.types import Deps
from gateway.message.types import Accepted, Message
from gateway.operations.mails import Mails
from gateway.parsing.pool import ParserPool
from gateway.pipeline import process
from gateway.store import inbound as inbound_store
from gateway.store.schema import raw_piece
from gateway.store.store import Store
from gateway.store.version import open_reader
from gateway.ticket.types import Outcome
from tests.acceptance.planted import HostilePool
from tests.acceptance.traced import (
    free_port,
    sent,
    started,
    wait_for_the_end,
    wait_until_settled,
    write_config,
)
from tests.running import Gateway, mail
from tests.store.test_accept import NOW, arriving

pytestmark = [pytest.mark.p0, pytest.mark.push]

ORDERS = ("exit", "spin", "eat", "deep", "kill")


def quick(settings: Settings) -> Settings:
    """A child may burn one second of CPU, so that three attempts are three seconds."""
    return settings.model_copy(update={"limits": settings.limits.model_copy(update={"child_cpu_s": 1})})


def poison(order: str, number: int = 0) -> bytes:
    """A mail that tells the child of tests/parsing/hostile.py to have an accident."""
    return f"{order} {number}\r\n\r\nwords\r\n".encode()


async def test_A15_three_attempts_then_quarantine_then_through(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = quick(settings)
    monkeypatch.setattr(daemon, "ParserPool", HostilePool)
    with capture_logs() as logs:
        async with Gateway(settings) as gateway:
            for number in range(100):
                assert (await gateway.send(mail(f"order {number}", f"mail {number}"))).startswith("250")
                if number % 20 == 10:
                    assert (await gateway.send(poison(ORDERS[number // 20]))).startswith("250")
            numbers = await gateway.quiet()
            assert numbers == {"received": 105, "pending": 0, "ticket": 100, "quarantine": 5}
            poisoned = [row for row in gateway.mails() if row.disposition == "quarantine"]
            stubs = {row.key: row.ticket for row in poisoned}
            assert {row.attempts for row in poisoned} == {3}
            tags = {ticket.number: ticket.tags for ticket in gateway.tickets()}
            assert all("poison" in tags[number or 0] for number in stubs.values())
            assert len(set(stubs.values())) == 5
    tried = Counter(line["mail"] for line in logs if line["event"] == "mail.attempt_failed")
    assert tried == dict.fromkeys(stubs, 3)
    assert {line["mail"] for line in logs if line["event"] == "mail.quarantined"} == set(stubs)  # the alarm

    monkeypatch.setattr(daemon, "ParserPool", ParserPool)  # the child is well again
    async with Gateway(settings) as gateway:
        names = Mails(tuple(stubs))
        done = await asyncio.to_thread(operate, gateway.settings, "mail.replay", names, clock=gateway.daemon._clock)
        assert [answer.outcome for answer in done] == ["done"] * 5
        assert await gateway.quiet() == {"received": 105, "pending": 0, "ticket": 100, "entry": 5}
        assert {row.key: row.ticket for row in gateway.mails() if row.disposition == "entry"} == stubs


async def test_A15_a_row_that_the_store_refuses_is_an_attempt(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of ours is wrong with the database then, and trying for ever would help nobody."""

    def refused(accepted: Accepted, message: Message, deps: Deps, c: Connection) -> Outcome:
        if message.subject == "refused":
            c.execute(insert(raw_piece), {"key": accepted.key, "piece": 0, "octets": b"there already"})
        return process(accepted, message, deps, c)

    monkeypatch.setattr(work, "received", refused)
    async with Gateway(settings) as gateway:
        for subject in ("one", "refused", "two"):
            await gateway.send(mail(subject, f"about {subject}"))
        assert await gateway.quiet() == {"received": 3, "pending": 0, "ticket": 2, "quarantine": 1}
        (row,) = [row for row in gateway.mails() if row.disposition == "quarantine"]
        assert row.attempts == 3
        assert gateway.daemon.store.trouble is None


async def test_A15_a_crowd_of_suspects_keeps_nobody_waiting(store: Store) -> None:
    """Whoever was under way at an accident goes alone, one after the other; fresh mail goes past them."""
    for number in range(60):
        await store.accept(arriving(b"mail %d" % number, seed=number))
    suspects = {mail.key for mail in await store.claim(now=NOW, limit=30, suspicious_after=1)}
    await store.write(inbound_store.release_all)
    first = await store.claim(now=NOW, limit=24, suspicious_after=1)
    assert [mail.key in suspects for mail in first] == [True] + [False] * 24
    second = await store.claim(now=NOW, limit=24, suspicious_after=1, suspects=False)  # that one is under way
    assert [mail.key in suspects for mail in second] == [False] * 6
    await store.write(lambda c: inbound_store.release(c, first[0].key))
    (third,) = await store.claim(now=NOW, limit=24, suspicious_after=1)
    assert third.key in suspects - {first[0].key}  # who was tried least goes first


@pytest.mark.push
@pytest.mark.sqlite
def test_A15_a_mail_that_ends_the_daemon_three_times_is_not_tried_again(tmp_path: Path) -> None:
    config = write_config(tmp_path, port := free_port())
    mails = [mail("fatal"), poison("exit"), *(mail(f"good {n}", f"{n}") for n in range(5))]
    with started(config, port, faults=["hostile", "fatal"]):
        for raw in mails:
            asyncio.run(sent(port, raw))
        wait_for_the_end(port)
    for _ in range(2):
        assert run_to_its_end(config, "hostile", "fatal") == -signal.SIGKILL
    with started(config, port, faults=["hostile", "fatal"]):
        assert all(asyncio.run(sent(port, raw)).startswith("250") for raw in (*mails, mail("after")))
        wait_until_settled(config)
    with open_reader(load_settings(config)).connect() as c:
        rows = inbound_store.mails(c, dispositions=("ticket", "quarantine"), since=None, limit=100)
    ended = Counter((row.disposition, row.subject or row.reason) for row in rows)
    reason = "the gateway ended while it was processed, in the last of 3 attempts"
    good = {("ticket", f"good {n}"): 1 for n in range(5)}
    exited = ("quarantine", "parser: died exit 139")
    assert ended == {("quarantine", reason): 1, exited: 1, ("ticket", "after"): 1, **good}


def run_to_its_end(config: Path, *faults: str) -> int:
    """A gateway that ends by its faults; its exit code."""
    command = [sys.executable, "-m", "tests.acceptance.planted", str(config), *faults]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60).returncode
