"""A-09: a Message-ID alone never makes a duplicate, and a mail without one is a mail."""

from collections import Counter

import pytest

from gateway.config import Settings
from tests.running import Gateway, mail

pytestmark = pytest.mark.p0


_ID = "<x@victim.test>"
_PAIRS = {
    # the subject of both mails: what differs between them
    "somebody else used his id": ({"From": "eva@evil.test", "body": "A"}, {"body": "B"}),
    "the same author, other words": ({"body": "C"}, {"body": "D"}),
    "the same words of another author": ({"From": "eva@evil.test"}, {}),
    "no id at all": ({"Message_ID": "", "body": "1"}, {"Message_ID": "", "body": "2"}),
}
_STRANGE = ("<" + "x" * 10_000 + "@y.test>", "<a\r\n b@y.test>", "<>", "no brackets", "")


async def test_A09_two_tickets(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        for what, pair in _PAIRS.items():
            for fields in pair:
                await gateway.send(mail(what, **({"Message_ID": _ID} | fields)))
        await gateway.quiet()
        assert Counter(t.subject for t in gateway.tickets()) == dict.fromkeys(_PAIRS, 2)


async def test_A09_strange_ids_are_accepted(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        for n, message_id in enumerate(_STRANGE):
            await gateway.send(mail(f"Question {n}", Message_ID=message_id))
        assert (await gateway.quiet())["ticket"] == len(_STRANGE)
        assert all(len(row.message_id or "") <= 250 for row in gateway.mails())
