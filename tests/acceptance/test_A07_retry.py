"""A-07: what a sender sends again, because it never saw our 250, is a duplicate: 250, no second ticket."""

import asyncio

import pytest

from gateway.config import Settings
from tests.running import Gateway, mail

pytestmark = pytest.mark.p0


async def test_A07_three_times_and_twice_in_one_batch(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        raw = mail()
        replies = [await gateway.send(raw) for _ in range(3)]
        replies += await asyncio.gather(gateway.send(raw), gateway.send(raw))
        assert len(set(replies)) == 1  # every repeat names the first mail
        assert await gateway.quiet() == {"received": 5, "pending": 0, "ticket": 1, "duplicate": 4}


async def test_A07_another_recipient_is_another_decision(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail())
        await gateway.quiet()
        await gateway.send(mail(), to="billing@acme.test")
        numbers = await gateway.quiet()
        assert (numbers["ticket"], numbers["duplicate"]) == (1, 1)  # decided after reading it
        assert "the same mail" in (gateway.mails()[1].reason or "")
