"""F-04: killed at any stage, no mail is lost; what may have arrived is marked, and only that can come twice."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.store import outbox
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.outgoing.letters import read
from tests.outgoing.peers import Peer, peer
from tests.outgoing.queued import queued, rest, row, sender, turn

pytestmark = [pytest.mark.p0, pytest.mark.sqlite]
START = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
POINTS = (
    # where the process dies, whether the mail may have arrived then
    ("leased", False),
    ("MAIL", False),
    ("DATA", False),
    ("dot", True),
    ("settle", True),
)


class Killed(BaseException):
    """The process is gone: no handler of ours runs."""


async def die(store: Store, clock: FakeClock, server: Peer, point: str) -> None:
    """Send what is due, and stop dead at the point."""
    working = sender(store, clock, server.port, concurrency=1)
    if point == "leased":
        await store.lease_outbox(clock.now(), 1, ())
        return
    if point == "settle":

        async def killed(*_: object, **__: object) -> bool:
            raise Killed

        working._settle = killed  # type: ignore[method-assign]
    await working._turn()
    tasks = tuple(working._at_work)
    waits = {"MAIL": server.said("MAIL"), "DATA": server.said("DATA"), "dot": server.taken.wait()}
    if point in waits:
        await waits.pop(point)
        for task in tasks:
            task.cancel()
    for unused in waits.values():
        unused.close()
    await asyncio.gather(*tasks, return_exceptions=True)
    await rest(working)


@pytest.mark.parametrize(("point", "in_doubt"), POINTS)
@pytest.mark.parametrize("policy", ["resend", "hold"])
async def test_F04_killed_while_it_sends(settings: Settings, point: str, in_doubt: bool, policy: str) -> None:
    clock, store = FakeClock(START), open_store(settings)
    silent = {"MAIL": ["<silence>", "250 ok"]} if point == "MAIL" else {}
    silent |= {"DATA": ["<silence>", "354 go"]} if point == "DATA" else {}
    silent |= {"DOT": ["<silence>", "250 ok"]} if point == "dot" else {}
    async with peer(silent) as server:
        id = await queued(store, clock)
        await die(store, clock, server, point)
        store.close()
        store = open_store(settings)  # another process
        try:
            await clock.advance(timedelta(minutes=20).total_seconds())  # leases have run out, that for the answer too
            assert await store.recover_outbox(clock.now(), running=False) == 1
            await finish(store, clock, server, policy)
            item = row(store, id)
        finally:
            store.close()
    copies = Counter(read(raw)["Message-ID"] for raw in server.mails)
    assert item.reason.startswith("uncertain") is in_doubt  # flagged, whatever comes of it
    if in_doubt and policy == "hold":
        assert (item.state, copies) == ("uncertain", {item.message_id: 1})
    else:
        assert (item.state, copies) == ("sent", {item.message_id: 2 if in_doubt else 1})


async def finish(store: Store, clock: FakeClock, server: Peer, policy: str) -> None:
    """The next process sends on for an hour."""
    working = sender(store, clock, server.port, on_uncertain=policy)
    for _ in range(4):
        await turn(working)
        await clock.advance(timedelta(minutes=16).total_seconds())
    await turn(working)
    await rest(working)


async def test_F04_the_bytes_are_those_of_the_first_attempt(settings: Settings) -> None:
    clock, store = FakeClock(START), open_store(settings)
    try:
        async with peer({"DOT": ["451 4.3.0 later", "250 ok"]}) as server:
            id = await queued(store, clock)
            before = store.read_now(lambda c: outbox.find(c, id)).raw
            working = sender(store, clock, server.port)
            await turn(working)
            await clock.advance(3600)
            await turn(working)
            await rest(working)
        assert server.mails == [before, before]
    finally:
        store.close()
