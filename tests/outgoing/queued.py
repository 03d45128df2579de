"""Mails in an outbox and a Sender that sends them turn by turn, for the tests of this folder."""

import asyncio

from gateway.clock import FakeClock
from gateway.config import Outbound
from gateway.outgoing.compose import compose
from gateway.outgoing.outbox import Sender
from gateway.store import outbox
from gateway.store.outbox import OutboxItem, Written
from gateway.store.store import Store
from tests.outgoing.letters import desk, notice
from tests.outgoing.peers import relay


async def queued(store: Store, clock: FakeClock, key: str = "k", **changed: object) -> int:
    """A mail in the outbox, due now."""
    told = notice(dedupe_key=key, **changed)

    def put(c) -> int:
        (id,) = outbox.enqueue(c, (told,), clock.now())
        made = compose(told, id, desk())
        outbox.attach(c, (Written(id, made.message_id, made.reverse_path, made.raw, clock.now()),))
        return id

    return await store.write(put)


def sender(store: Store, clock: FakeClock, port: int, chance: float = 0.5, **settings: object) -> Sender:
    return Sender(store, Outbound(tls="none", **settings), relay(port), clock, lambda: chance)


async def turn(working: Sender) -> None:
    """Everything that is due now, to its end."""
    await working._turn()
    await asyncio.gather(*working._at_work)


async def rest(working: Sender) -> None:
    for connection in working._idle:
        await connection.close()


def row(store: Store, id: int) -> OutboxItem:
    found = store.read_now(lambda c: outbox.find(c, id))
    assert found is not None
    return found
