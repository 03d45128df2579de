"""F-05: a destination that defers one mail after the other rests, and the others go on."""

from datetime import UTC, datetime

import pytest

from gateway.clock import FakeClock
from gateway.message.types import Mailbox
from gateway.store.store import Store
from tests.outgoing.peers import peer
from tests.outgoing.queued import queued, rest, row, sender, turn

pytestmark = pytest.mark.p0


async def test_F05_a_destination_that_defers_five_mails_rests(store: Store) -> None:
    clock = FakeClock(datetime(2026, 11, 21, 21, 10, tzinfo=UTC))
    async with peer({"RCPT": ["451 4.7.1 later"] * 5 + ["250 ok"]}) as server:
        working = sender(store, clock, server.port, concurrency=1)
        for n in range(5):
            await queued(store, clock, f"k{n}")
            await turn(working)
        late = await queued(store, clock, "late")
        other = await queued(store, clock, "other", recipient=Mailbox("", "eva@hospital.test"))
        await turn(working)
        await turn(working)
        assert (row(store, late).attempts, row(store, other).state) == (0, "sent")
        await clock.advance(301)
        await turn(working)
        await rest(working)
        assert row(store, late).attempts + sum(row(store, n).attempts for n in range(1, 6)) > 5
