"""D-03: a From that two programs read differently names nobody, and nobody's words become Alice's by it."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail, verdict

pytestmark = pytest.mark.p0
_ALICE, _BOB = "alice@good.example", "bob@evil.example"
_BOBS = (
    f'"{_ALICE}" <{_BOB}>',
    f"{_BOB}\r\n ({_ALICE})",
    f"=?utf-8?q?alice=40good.example?= <{_BOB}>",
    f'"=?utf-8?q?x=22_=3Calice=40good.example=3E?=" <{_BOB}>',
)
_AMBIGUOUS = (
    f"{_ALICE} <{_BOB}>",
    f"{_ALICE}, {_BOB}",
    f"{_ALICE}(<{_BOB}>",
    f"<{_ALICE}><{_BOB}>",
    "alice@good.example@evil.example",
    "undisclosed:;",
    f'"a" <{_BOB}>, {_ALICE}',
    f"{_ALICE}\0 <{_BOB}>",
    f"Team: {_ALICE}, {_BOB};",
    f"@evil.example:{_ALICE}",
    f"{_ALICE}\r\nFrom: {_BOB}",
    f"{_BOB}\r\nFrom: {_ALICE}",
    f"<=?utf-8?q?alice=40good.example?=> <{_BOB}>",
)


@pytest.mark.parametrize("dmarc", ["none", "pass"])
def test_D03_whose_mail_it_is(store: Store, settings: Settings, dmarc: str) -> None:
    desk = Desk(store, settings)
    theirs = desk.take(mail(_ALICE, "Faktura")).ticket
    assert theirs is not None
    words = desk.entries(theirs)
    for n, (author, known) in enumerate([*((a, _BOB) for a in _BOBS), *((a, None) for a in _AMBIGUOUS)]):
        raw = verdict(dmarc, mail(author, f"Re: [#{theirs}] Faktura {n}", f"Sprawa {n}."))
        outcome = desk.take(raw, sender="x@evil.example")
        assert outcome.disposition == "ticket", author
        assert outcome.ticket is not None
        ticket = desk.ticket(outcome.ticket)
        assert (ticket.requester.address if ticket.requester else None) == known, author
        assert ("ambiguous-author" in ticket.flags) is (known is None), author
        assert _ALICE not in desk.participants(outcome.ticket), author
        if known is None:
            assert not [m for m in desk.mails() if m.ticket == outcome.ticket], author
    assert desk.entries(theirs) == words


def test_D03_a_token_gives_an_ambiguous_author_no_authority(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(_ALICE, "Faktura")).ticket
    assert number is not None
    for n, author in enumerate(_AMBIGUOUS):
        outcome = desk.take(mail(author, body=f"Sprawa {n}."), to=desk.reply_address(_ALICE, number), sender=_ALICE)
        entry = desk.entries(number)[-1]
        assert (outcome.disposition, entry.trust, entry.public) == ("entry", "third-party", False), author
