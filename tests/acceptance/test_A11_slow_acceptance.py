"""A-11: while the workers are busy with bombs, nobody at the door waits for them."""

import asyncio

import pytest

from gateway import daemon
from gateway.config import Settings
from tests.acceptance.planted import HostilePool
from tests.running import Gateway, mail

pytestmark = [pytest.mark.p0, pytest.mark.push]

_MOST_S = 2.0  # from the dot to the 250
_SESSIONS = 4
_MAILS = 15  # of each session


async def test_A11_every_250_comes_within_two_seconds(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = settings.limits.model_copy(update={"child_cpu_s": 1})
    monkeypatch.setattr(daemon, "ParserPool", HostilePool)
    loop, waits = asyncio.get_running_loop(), []

    async def client(gateway: Gateway, number: int) -> None:
        for count in range(_MAILS):
            raw = bomb(f"{number}.{count}") if count == 1 else mail(f"{number}.{count}", "words\r\n" * 1000)
            began = loop.time()
            assert (await gateway.send(raw)).startswith("250")
            waits.append(loop.time() - began)

    async with Gateway(settings.model_copy(update={"limits": limits})) as gateway:
        await asyncio.gather(*(client(gateway, number) for number in range(_SESSIONS)))
        tickets = len(gateway.tickets())
        assert len(waits) == _SESSIONS * _MAILS
        assert max(waits) < _MOST_S
        assert tickets < _SESSIONS * _MAILS  # the bombs were still being worked on


def bomb(name: str) -> bytes:
    """A mail that keeps a child at 100 % until it is killed."""
    return f"spin {name}\r\n\r\nwords\r\n".encode()
