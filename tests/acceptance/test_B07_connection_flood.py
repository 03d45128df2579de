"""B-07: strangers cannot take all sessions, nor keep one for good; our own MTA is served throughout."""

import asyncio
import os
import socket
from ipaddress import IPv4Network
from pathlib import Path

import psutil
import pytest

from gateway.config import Settings
from gateway.intake.sockets import Listeners
from tests.dialogue import Client, RecordingDoor, listening, settings_for

pytestmark = pytest.mark.p0


def settings_with_mta(folder: Path, words: str) -> Settings:
    """127.0.0.99 is our own MTA, the rest of the loopback are strangers."""
    return settings_for(folder, words, smtp={"trusted_networks": (IPv4Network("127.0.0.99/32"),)})


async def connected(listeners: Listeners, source: str) -> Client:
    host, _, port = listeners.addresses["smtp"].rpartition(":")
    return Client(*await asyncio.open_connection(host, int(port), local_addr=(source, 0)))


async def test_B07_the_own_mta_finds_room(tmp_path: Path) -> None:
    process = psutil.Process(os.getpid())
    async with listening(settings_with_mta(tmp_path, "smtp connections=20 per_ip=3"), RecordingDoor()) as listeners:
        before = process.num_fds()
        flood = [await connected(listeners, f"127.0.1.{n % 20 + 1}") for n in range(200)]
        said = [await client.line() for client in flood]
        assert [s[:3] for s in said].count("220") == 16  # four of twenty wait for our MTA
        assert {s for s in said if not s.startswith("220")} == {"421 4.7.0 too many sessions"}
        mta = await connected(listeners, "127.0.0.99")
        await mta.greet()
        await mta.address()
        assert (await mta.ask(".")).startswith("250 2.6.0")
        for client in [*flood, mta]:
            client.close()
        again = await _first_served(listeners)
        assert again.startswith("220")
        assert process.num_fds() <= before + 2


async def _first_served(listeners: Listeners) -> str:
    """What a stranger hears once the places are free again."""
    async with asyncio.timeout(20):
        while True:
            client = await connected(listeners, "127.0.2.1")
            said = await client.line()
            client.close()
            await client.writer.wait_closed()
            if not said.startswith("421"):
                return said


async def test_B07_one_address_is_not_everybody(tmp_path: Path) -> None:
    async with listening(settings_with_mta(tmp_path, "smtp per_ip=2"), RecordingDoor()) as listeners:
        clients = [await connected(listeners, "127.0.1.1") for _ in range(3)]
        said = [(await client.line())[:3] for client in clients]
        assert said == ["220", "220", "421"]
        other = await connected(listeners, "127.0.1.2")
        assert (await other.line()).startswith("220")
        for client in [*clients, other]:
            client.close()


@pytest.mark.parametrize("words", ["smtp total=300", "smtp idle=300"])
async def test_B07_a_slow_command_does_not_buy_time(tmp_path: Path, words: str) -> None:
    async with listening(settings_for(tmp_path, words), RecordingDoor()) as listeners:
        client = await Client.to(listeners)
        await client.reply()

        async def drip() -> None:
            while True:
                await client.send_raw(b"x")
                await asyncio.sleep(0.02)

        dripping = asyncio.ensure_future(drip())
        assert (await client.line()).startswith("421 4.4.2")
        dripping.cancel()
        client.close()


async def test_B07_who_never_reads_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replies to a thousand greetings fill all buffers; the last word cannot be said either."""
    monkeypatch.setattr("gateway.intake.connection._LAST_WORD_S", 0.1)
    settings = settings_for(tmp_path, "smtp junk=1000000 idle=300")
    async with listening(settings, RecordingDoor()) as listeners:
        host, _, port = listeners.addresses["smtp"].rpartition(":")
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.setblocking(False)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_talk_for_ever(deaf, (host, int(port))), 20)
        deaf.close()


async def _talk_for_ever(deaf: socket.socket, address: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, address)
    while True:
        await loop.sock_sendall(deaf, b"EHLO client.example\r\n" * 1000)
