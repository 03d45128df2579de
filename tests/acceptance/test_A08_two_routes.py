"""A-08: the same mail by two ways is one ticket; the second way is recorded with the first one's number."""

import pytest

from gateway.config import Settings
from tests.running import RULES, Gateway, mail

pytestmark = pytest.mark.p0
_ONE = mail(Message_ID="<one@bigbank.test>")


@pytest.mark.parametrize(
    ("what", "second", "to"),
    [
        ("another trace", b"Received: from b.test by acme.test; Sat, 21 Nov 2026 10:00:00 +0000\r\n" + _ONE,
         "support@acme.test"),
        ("delivered to an alias", b"Delivered-To: support@acme.test\r\n" + _ONE, "support@acme.test"),
        ("another team", _ONE, "billing@acme.test"),
        ("a list copy", b"List-Id: <all.x.test>\r\n" + _ONE, "support@acme.test"),
    ],
)  # fmt: skip
async def test_A08_one_ticket(settings: Settings, what: str, second: bytes, to: str) -> None:
    async with Gateway(settings) as gateway:
        await gateway.send(_ONE)
        await gateway.quiet()
        await gateway.send(second, to=to)
        numbers = await gateway.quiet()
        assert (numbers["ticket"], numbers["duplicate"]) == (1, 1), what
        assert [m.ticket for m in gateway.mails()] == [1, 1]


async def test_A08_each_team_its_own_ticket_where_the_rules_say_so(settings: Settings) -> None:
    rules = RULES.replace("{team: support}", "{team: support, cross_team: each}")
    async with Gateway(settings, rules) as gateway:
        await gateway.send(_ONE)
        await gateway.quiet()
        await gateway.send(_ONE, to="billing@acme.test")
        assert (await gateway.quiet())["ticket"] == 2
        assert [t.team for t in gateway.tickets()] == ["support", "billing"]
