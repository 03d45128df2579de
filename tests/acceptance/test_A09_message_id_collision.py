"""A-09: a Message-ID alone never makes a duplicate, and a mail without one is a mail."""

import pytest

from gateway.config import Settings
from tests.running import Gateway, mail

pytestmark = pytest.mark.p0


@pytest.mark.parametrize(
    ("what", "first", "second"),
    [
        ("somebody else used his id", mail(Message_ID="<x@victim.test>", body="A", From="eva@evil.test"),
         mail(Message_ID="<x@victim.test>", body="B")),
        ("the same author, other words", mail(Message_ID="<x@victim.test>", body="A"),
         mail(Message_ID="<x@victim.test>", body="B")),
        ("the same words of another author", mail(Message_ID="<x@victim.test>", From="eva@evil.test"),
         mail(Message_ID="<x@victim.test>")),
        ("no id at all", mail(body="1"), mail(body="2")),
    ],
)  # fmt: skip
async def test_A09_two_tickets(settings: Settings, what: str, first: bytes, second: bytes) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(first)
        await gateway.send(second)
        assert await gateway.quiet() == {"received": 2, "pending": 0, "ticket": 2}, what


@pytest.mark.parametrize("message_id", ["<" + "x" * 10_000 + "@y.test>", "<a\r\n b@y.test>", "<>", "no brackets", ""])
async def test_A09_strange_ids_are_accepted(settings: Settings, message_id: str) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(mail(Message_ID=message_id))
        assert (await gateway.quiet())["ticket"] == 1
        assert len(gateway.mails()[0].message_id or "") <= 250
