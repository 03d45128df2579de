"""The rows of the outbox as lists and people use them: without octets, and back on their way."""

from datetime import timedelta

import pytest

from gateway.clock import FakeClock
from gateway.store import outbox
from gateway.store.schema import outbox as rows
from gateway.store.store import Store
from tests.outgoing.letters import NOW
from tests.outgoing.peers import CLOSE, peer
from tests.outgoing.queued import queued, rest, row, sender, turn


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


async def test_a_list_has_the_size_and_not_the_octets(store, clock) -> None:
    id = await queued(store, clock)
    (listed,) = await store.read(
        lambda c: outbox.find_many(c, states=("queued",), ticket=None, recipient=None, limit=9)
    )
    (leased,) = await store.lease_outbox(clock.now(), 1)
    assert (listed.raw, listed.size) == (b"", len(leased.raw))
    assert (row(store, id).raw, row(store, id).size) == (leased.raw, leased.size)


@pytest.mark.parametrize("policy", ["resend", "hold"])
async def test_what_is_decided_is_not_looked_at_again(store, clock, policy) -> None:
    await queued(store, clock, "answered")  # its relay hangs up
    async with peer({"DOT": CLOSE}) as server:
        working = sender(store, clock, server.port, on_uncertain=policy)
        await turn(working)
        await rest(working)
    assert await store.read(outbox.unscheduled) == ()
    await queued(store, clock, "crashed")
    (dead,) = await store.lease_outbox(clock.now(), 1)
    await store.mark_dot(dead, clock.now())
    await clock.advance(700)
    await store.recover_outbox(clock.now())
    (left,) = await store.read(outbox.unscheduled)
    assert (left.id, left.raw, left.size) == (dead.id, b"", len(dead.raw))
    await turn(sender(store, clock, server.port, on_uncertain=policy))
    assert await store.read(outbox.unscheduled) == ()


@pytest.mark.parametrize(
    ("state", "retried", "dropped"),
    [
        # state before, whether a person can have it sent, whether he can stop it
        ("queued", True, True),
        ("deferred", True, True),
        ("failed", True, True),
        ("uncertain", True, True),
        ("sent", False, False),
        ("suppressed", False, False),
    ],
)
@pytest.mark.sqlite
async def test_what_a_person_can_do(store: Store, clock, state, retried, dropped) -> None:
    ids = [await queued(store, clock, key) for key in ("retry", "drop")]
    if state != "queued":
        for item in await store.lease_outbox(clock.now(), 2):
            await store.settle(item, state, now=clock.now(), reason="r")
    later = clock.now() + timedelta(hours=1)
    assert await store.write(lambda c: outbox.retry(c, ids[0], later)) is retried
    assert await store.write(lambda c: outbox.drop(c, ids[1], later)) is dropped
    settled = [store.read_now(lambda c, id=id: c.execute(rows.select().where(rows.c.id == id)).one()) for id in ids]
    if retried:
        assert (settled[0].state, settled[0].settled_at, settled[0].next_attempt_at) == ("queued", None, later)
    assert settled[1].settled_at == (later if dropped else NOW)
