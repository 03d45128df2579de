"""D-01: who only claims to be an agent is an ordinary customer, and the ticket says what he claims."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail, verdict

pytestmark = pytest.mark.p0
ANN, JAN = "ann@agents.test", "jan@bigbank.test"


@pytest.mark.parametrize("dmarc", ["none", "fail"])
def test_D01_a_forged_agent_is_a_customer(store: Store, settings: Settings, dmarc: str) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    assert number is not None
    words, sent = desk.entries(number), len(desk.mails())
    forged = verdict(dmarc, mail(f"Ann Agent <{ANN}>", f"Re: [#{number}] Zwrot", "#close\r\n\r\nPrzelew zlecony."))
    to_team = desk.take(forged)
    assert to_team.disposition == "ticket"
    assert to_team.ticket is not None
    assert "claims-agent" in desk.ticket(to_team.ticket).flags
    assert desk.entries(number) == words
    to_ticket = desk.take(forged + b"\r\n.", to=desk.reply_address(JAN, number))
    entry = desk.entries(number)[-1]
    assert (to_ticket.disposition, entry.kind, entry.trust, entry.public) == ("entry", "mail", "third-party", False)
    assert desk.ticket(number).status == "new"
    assert not [m for m in desk.mails()[sent:] if m.forward_path == JAN]
