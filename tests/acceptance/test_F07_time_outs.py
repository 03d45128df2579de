"""F-07: a relay that hangs costs its slot for a bounded time; silence after the dot is a doubt, and no second copy."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import FakeClock
from gateway.outgoing import smtp
from gateway.store.store import Store
from tests.outgoing.peers import SILENCE, peer
from tests.outgoing.queued import queued, rest, row, sender, turn
from tests.outgoing.test_real_relays import needs_sink, sink

pytestmark = pytest.mark.p0
START = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time-outs of RFC 5321 §4.5.3.2 a thousand times shorter; that they are those, test_delivery says."""
    for name in ("_CONNECT_S", "_COMMAND_S", "_DATA_S", "_BLOCK_S", "_DOT_S"):
        monkeypatch.setattr(smtp, name, getattr(smtp, name) / 1000)


@needs_sink
@pytest.mark.parametrize(("options", "state"), [
    # how smtp-sink hangs (-W: before the reply to it, -w: before each), what becomes of the mail
    (("-W", "CONNECT:700"), "deferred"),
    (("-W", "EHLO:700"), "deferred"),
    (("-W", "RCPT:700"), "deferred"),
    (("-W", "DATA:700"), "deferred"),
    (("-W", ".:650"), "uncertain"),
    (("-w", "700"), "deferred"),
])  # fmt: skip
async def test_F07_a_real_server_hangs(store: Store, options: tuple[str, ...], state: str) -> None:
    clock = FakeClock(START)
    async with sink(*options) as port:
        working = sender(store, clock, port)
        id = await queued(store, clock)
        async with asyncio.timeout(10):
            await turn(working)
            await rest(working)
    assert row(store, id).state == state
    assert len(working._idle) == 4  # the slot is free


async def test_F07_no_second_copy_within_half_an_hour(store: Store) -> None:
    clock = FakeClock(START)
    async with peer({"DOT": [SILENCE, "250 2.0.0 ok"]}) as server:
        working = sender(store, clock, server.port)
        id = await queued(store, clock)
        await turn(working)
        assert (row(store, id).state, len(server.mails)) == ("uncertain", 1)
        for _ in range(29):
            await clock.advance(60)
            await turn(working)
        assert (row(store, id).attempts, len(server.mails)) == (1, 1)
        await clock.advance(120)
        await turn(working)
        await rest(working)
    assert (row(store, id).state, len(server.mails)) == ("sent", 2)
    assert server.mails[0] == server.mails[1]
    assert row(store, id).next_attempt_at is None or row(store, id).next_attempt_at >= START + timedelta(minutes=30)


async def test_F07_a_connection_that_dies_in_the_middle_holds_up_nobody(store: Store) -> None:
    """A way that swallows everything: first within the content, then behind the dot."""
    clock = FakeClock(START)
    async with peer() as good, black_hole(good.port, swallow_after=b"DATA\r\n") as port:
        working = sender(store, clock, port)
        id = await queued(store, clock)
        async with asyncio.timeout(10):
            await turn(working)
            await rest(working)
        assert (row(store, id).state, good.mails) == ("deferred", [])


class black_hole:  # noqa: N801  (a context manager that reads as a verb)
    """A proxy to a port that stops passing anything on, in either direction, once the client has sent these octets."""

    def __init__(self, port: int, swallow_after: bytes) -> None:
        self._port, self._mark = port, swallow_after

    async def __aenter__(self) -> int:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        answers = asyncio.create_task(self._pass(there, writer, b"\0never"))
        self._tasks.add(answers)
        await self._pass(reader, back, self._mark)
        answers.cancel()
        while await reader.read(65536):
            pass

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: bytes) -> None:
        while octets := await reader.read(65536):
            writer.write(octets)
            await writer.drain()
            if mark in octets:
                return
