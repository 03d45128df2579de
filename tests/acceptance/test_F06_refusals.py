"""F-06: each recipient has a state of his own; what the relay has against us costs no mail, and is told."""

from datetime import UTC, datetime

import pytest

from gateway.clock import FakeClock
from gateway.message.types import Mailbox
from gateway.store import alarms
from gateway.store.store import Store
from tests.outgoing.peers import peer
from tests.outgoing.queued import queued, rest, row, sender, turn
from tests.outgoing.test_real_relays import needs_sink, sink

pytestmark = pytest.mark.p0
START = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)


async def test_F06_three_recipients_have_three_ends(store: Store) -> None:
    clock = FakeClock(START)
    async with peer({"RCPT": ["250 2.1.5 ok", "450 4.2.0 greylisted", "550 5.1.1 unknown", "250 ok"]}) as server:
        working = sender(store, clock, server.port, concurrency=1)
        ids = [await queued(store, clock, f"k{n}", recipient=Mailbox("", f"p{n}@x{n}.test")) for n in range(3)]
        for _ in ids:
            await turn(working)
        found = [(item.state, item.last_reply) for item in (row(store, id) for id in ids)]
        assert found == [
            ("sent", "250 2.0.0 queued as 4T9"), ("deferred", "450 4.2.0 greylisted"), ("failed", "550 5.1.1 unknown"),
        ]  # fmt: skip
        await clock.advance(330)
        await turn(working)
        await rest(working)
    assert [row(store, id).state for id in ids] == ["sent", "sent", "failed"]


@pytest.mark.parametrize("said", [
    {"CONNECT": "554 5.7.1 go away"},
    {"EHLO": "550 5.7.1 no"},
    {"MAIL": "530 5.7.0 authentication required"},
    {"CONNECT": "2x0 what"},
    {"RCPT": "2x0 what"},
    {"MAIL": "\r\n".join([*("250-" + "x" * 990 for _ in range(100)), "250 ok"])},  # 100 KB in one reply
])  # fmt: skip
async def test_F06_two_hours_of_a_broken_account_lose_nothing(store: Store, said: dict[str, str]) -> None:
    clock = FakeClock(START)
    async with peer(said) as server:
        working = sender(store, clock, server.port, concurrency=1)
        ids = [await queued(store, clock, f"k{n}") for n in range(3)]
        for _ in range(8):
            for _ in ids:
                await turn(working)
            await clock.advance(15 * 60)
        assert {row(store, id).state for id in ids} <= {"deferred", "queued", "sent"}
        server.replies |= {"CONNECT": "220 x", "EHLO": "250 x", "MAIL": "250 ok", "RCPT": "250 ok"}
        for _ in range(3):
            await clock.advance(3700)
            for _ in ids:
                await turn(working)
        await rest(working)
    assert [row(store, id).state for id in ids] == ["sent"] * 3
    about_us = said.get("CONNECT", "").startswith("5") or "EHLO" in said or "530" in said.get("MAIL", "")
    told = store.read_now(lambda c: {a.about for a in alarms.since(c, START)})
    assert told == ({"relay"} if about_us else set())


@needs_sink
@pytest.mark.parametrize(("options", "state"), [
    # what smtp-sink refuses, what becomes of the mail
    (("-f", "RCPT"), "failed"),
    (("-f", "."), "failed"),
    (("-r", "RCPT"), "deferred"),
    (("-f", "CONNECT"), "deferred"),
    (("-f", "EHLO,HELO"), "deferred"),
])  # fmt: skip
async def test_F06_a_real_server_refuses(store: Store, options: tuple[str, ...], state: str) -> None:
    clock = FakeClock(START)
    async with sink(*options) as port:
        working = sender(store, clock, port)
        id = await queued(store, clock)
        await turn(working)
        await rest(working)
    assert row(store, id).state == state
