"""A-08: the same mail by two ways is one ticket; the second way is recorded with the first one's number."""

import pytest

from gateway.config import Settings
from tests.running import RULES, Gateway, mail

pytestmark = pytest.mark.p0
_TABLE = (
    # what: what the other way wrote above the mail, and whom it gave it to
    ("another trace", b"Received: from b.test by acme.test; Sat, 21 Nov 2026 10:00:00 +0000\r\n", "support@acme.test"),
    ("delivered to an alias", b"Delivered-To: support@acme.test\r\n", "support@acme.test"),
    ("another team", b"", "billing@acme.test"),
    ("a list copy", b"List-Id: <all.x.test>\r\n", "support@acme.test"),
)


async def test_A08_one_ticket(settings: Settings) -> None:
    async with Gateway(settings) as gateway:
        for n, (what, above, to) in enumerate(_TABLE, 1):
            raw = mail(what, Message_ID=f"<{n}@bigbank.test>")
            await gateway.send(raw)
            await gateway.quiet()
            await gateway.send(above + raw, to=to)
            numbers = await gateway.quiet()
            assert (numbers["ticket"], numbers["duplicate"]) == (n, n), what
            assert [m.ticket for m in gateway.mails()[-2:]] == [n, n]


async def test_A08_each_team_its_own_ticket_where_the_rules_say_so(settings: Settings) -> None:
    one = mail(Message_ID="<one@bigbank.test>")
    rules = RULES.replace("{team: support}", "{team: support, cross_team: each}")
    async with Gateway(settings, rules) as gateway:
        await gateway.send(one)
        await gateway.quiet()
        await gateway.send(one, to="billing@acme.test")
        assert (await gateway.quiet())["ticket"] == 2
        assert [t.team for t in gateway.tickets()] == ["support", "billing"]
