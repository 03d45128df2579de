"""A-06: a client that goes away between its dot and our 250 loses only the reply; its retry is a duplicate."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.intake.accept import Door
from gateway.intake.addresses import Addresses
from gateway.store import inbound
from gateway.store.store import Store
from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0

OURS = Addresses(frozenset({"support@gw.test"}), frozenset({"gw.test"}))
ROUNDS = 12


async def test_A06_every_mail_is_there_once(settings: Settings, store: Store, tmp_path: Path) -> None:
    listener = settings.smtp.model_copy(update={"listen": "127.0.0.1:0", "total": timedelta(seconds=60)})
    settings = settings.model_copy(update={"smtp": listener})
    door = Door(store, settings, SystemClock(), lambda: OURS, lambda: None)
    await door.look()
    with capture_logs() as logs:
        async with listening(settings, door) as listeners:
            for number in range(ROUNDS):
                others = [asyncio.ensure_future(_sent(listeners, f"other {number} {n}")) for n in range(3)]
                client = await _written(listeners, f"mine {number}")
                for _ in range(number):  # turns of the loop: each round is cut at another moment
                    await asyncio.sleep(0)
                client.reset() if number % 2 else client.close()
                assert (await _sent(listeners, f"mine {number}")).startswith("250 2.6.0")
                assert all(reply.startswith("250 2.6.0") for reply in await asyncio.gather(*others))
    counted = await store.read(inbound.account)
    assert counted["pending"] == ROUNDS * 4  # duplicates are rows too, but nobody works on them
    assert counted["received"] == ROUNDS * 4 + counted.get("duplicate", 0)
    assert not [line for line in logs if line["log_level"] == "error"]


async def test_A06_the_commit_goes_on_and_closes_its_file(tmp_path: Path) -> None:
    may_commit = asyncio.Event()
    door = RecordingDoor(before_commit=may_commit.wait)
    async with listening(settings_for(tmp_path), door) as listeners:
        client = await _written(listeners, "x")
        await door.arrived.wait()
        client.reset()
        other = await Client.to(listeners)
        await other.greet()
        assert await other.ask("NOOP") == "250 2.0.0 ok"  # by now the server has seen that the first is gone
        may_commit.set()
        other.close()
    assert door.mails == [b"x\r\n"]
    assert door.incoming[0].raw.closed


async def test_A06_who_only_stops_talking_still_hears_the_answer(tmp_path: Path) -> None:
    may_commit = asyncio.Event()
    door = RecordingDoor(before_commit=may_commit.wait)
    async with listening(settings_for(tmp_path), door) as listeners:
        client = await _written(listeners, "x")
        client.writer.write_eof()
        await door.arrived.wait()
        may_commit.set()
        assert (await client.line()).startswith("250 2.6.0")
        assert await client.closed()


async def _written(listeners: object, text: str) -> Client:
    client = await Client.to(listeners)
    await client.greet()
    await client.address()
    await client.send(text, ".")
    return client


async def _sent(listeners: object, text: str) -> str:
    client = await _written(listeners, text)
    reply = await client.reply()
    client.close()
    return reply
