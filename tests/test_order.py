"""An answer is applied after the mails that came before it, however long a child reads those, and after a kill."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gateway.config import Settings
from gateway.message.types import Accepted, Message
from gateway.parsing.pool import ParserPool
from gateway.pipeline import process
from gateway.store import inbound
from gateway.store.opening import open_store
from gateway.ticket.types import Outcome
from tests.running import Gateway, mail
from tests.store.test_accept import NOW, arriving

FIRST = mail(Message_ID="<one@bigbank.test>")
ANSWER = mail("Re: Zwrot", "I jeszcze jedno.", Message_ID="<two@bigbank.test>", In_Reply_To="<one@bigbank.test>")
OTHER = mail("Faktura", "Proszę o fakturę.", Message_ID="<three@bigbank.test>")


@pytest.fixture
def slow_first(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """The first mail that is read is ready when the event is set; all later ones at once."""
    go, parse, seen = asyncio.Event(), ParserPool.parse, []

    async def parsed(self, octets, size, attempt):
        seen.append(size)
        first = len(seen) == 1
        read = await parse(self, octets, size, attempt)
        if first:
            await go.wait()
        return read

    monkeypatch.setattr(ParserPool, "parse", parsed)
    return go


async def all_but(gateway: Gateway, count: int) -> None:
    async with asyncio.timeout(30):
        while True:
            if (await gateway.store.read(inbound.account))["pending"] == count:
                return
            await asyncio.sleep(0.01)


async def test_an_answer_waits_for_what_it_answers(settings: Settings, slow_first: asyncio.Event) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(FIRST)
        await gateway.send(ANSWER)
        await gateway.send(OTHER)
        await all_but(gateway, 2)  # what is no answer waits for nobody
        assert [ticket.subject for ticket in gateway.tickets()] == ["Faktura"]
        slow_first.set()
        assert await gateway.quiet() == {"received": 3, "pending": 0, "ticket": 2, "entry": 1}
        zwrot = next(ticket for ticket in gateway.tickets() if ticket.subject == "Zwrot")
        assert [entry.message_id for entry in gateway.entries(zwrot.number) if entry.kind == "mail"] == [
            "<one@bigbank.test>",
            "<two@bigbank.test>",
        ]


def refusing(mail: Accepted, message: Message, *rest: Any) -> Outcome:
    """`process`, but for one mail that it cannot do."""
    if message.subject == "fatal":
        raise RecursionError
    return process(mail, message, *rest)


async def test_what_fails_keeps_no_answer_waiting(
    settings: Settings, slow_first: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.work.received", refusing)
    async with Gateway(settings) as gateway:
        await gateway.send(FIRST.replace(b"Zwrot", b"fatal"))
        await gateway.send(ANSWER)
        slow_first.set()
        numbers = await gateway.quiet()
        assert (numbers["quarantine"], numbers["ticket"]) == (1, 1)


@pytest.mark.parametrize("before", [(), (3,)])
async def test_an_answer_waits_for_what_was_interrupted(settings: Settings, before: tuple[int, ...]) -> None:
    """A chain of thirty answers, killed while the first ten were under way, and some of them before."""
    store = open_store(settings)
    for number in range(30):
        answered = {"In_Reply_To": f"<{number - 1}@x.test>"} if number else {}
        raw = mail(f"matter {number}", Message_ID=f"<{number}@x.test>", **answered)
        await store.accept(arriving(raw, to=("support@acme.test",), seed=number, at=NOW + timedelta(seconds=number)))
    for limit in (*before, 10):
        await store.write(inbound.release_all)
        await store.claim(now=NOW, limit=limit, suspicious_after=9)
    store.close()
    async with Gateway(settings) as gateway:
        assert await gateway.quiet() == {"received": 30, "pending": 0, "ticket": 1, "entry": 29}
