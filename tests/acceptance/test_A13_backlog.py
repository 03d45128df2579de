"""A-13: more waiting mail than agreed is a 452 at MAIL; memory does not grow with it; later all of it is processed."""

import asyncio
import resource
from datetime import timedelta

import pytest

from bench.client import Refused
from gateway import daemon
from gateway.config import Settings
from gateway.store import inbound
from gateway.store.store import Store
from gateway.ticket.types import Outcome
from gateway.work import Worker
from tests.running import Gateway, mail
from tests.store.test_accept import NOW, arriving

pytestmark = [pytest.mark.p1, pytest.mark.push]

_BOUND = 100
_OCTETS = 20_000


async def test_A13_stops_at_the_bound_and_goes_on_later(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = asyncio.Event()

    async def idle(self: Worker) -> None:
        await at_work.wait()
        await work(self)

    work = Worker.run
    monkeypatch.setattr(Worker, "run", idle)
    monkeypatch.setattr(daemon, "_LOOK_S", 0.02)
    intake = settings.intake.model_copy(update={"backlog": _BOUND})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with Gateway(settings.model_copy(update={"intake": intake})) as gateway:
        accepted, answer = 0, "250"
        while answer.startswith("250") and accepted < 10 * _BOUND:
            answer = await answered(gateway, mail(f"number {accepted}", f"{accepted} " + "x" * _OCTETS))
            accepted += answer.startswith("250")
        assert answer == "452 4.3.1 too much mail is waiting"
        assert _BOUND < accepted < 2 * _BOUND  # counted once in a while, not at each mail
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB
        at_work.set()
        assert (await gateway.quiet())["ticket"] == accepted
        assert [row.subject for row in gateway.mails()] == [f"number {n}" for n in range(accepted)]
        async with asyncio.timeout(5):
            while not answer.startswith("250"):
                answer = await answered(gateway, mail("there is room again"))


async def test_A13_an_old_mail_that_is_let_in_again_is_not_late(store: Store) -> None:
    """It would close the door to everybody until it is processed: for a minute, if it is a poison mail."""
    receipt = await store.accept(arriving(b"two hours ago"))
    outcome = Outcome(receipt.key, "quarantine", "could not be read", None, None)
    heading = dict.fromkeys(("message_id", "author", "subject"))
    await store.write(lambda c: inbound.finish(c, outcome, now=NOW, heading=heading, explanation=""))
    assert await store.write(lambda c: inbound.reopen(c, receipt.key, released=False))
    assert await store.read(inbound.backlog) == (1, None)
    await store.accept(arriving(b"now", seed=1, at=NOW + timedelta(hours=2)))
    assert await store.read(inbound.backlog) == (2, NOW + timedelta(hours=2))


async def answered(gateway: Gateway, raw: bytes) -> str:
    """The answer to one mail, wherever it came."""
    try:
        return await gateway.send(raw)
    except Refused as e:
        return str(e)
