"""D-06: neither a Cc, nor a forged From, nor a new address takes a ticket over, or hears what was said in it."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail, verdict

pytestmark = pytest.mark.p0
JAN, EVA = "jan@bigbank.test", "eva@evil.test"


def test_D06_nobody_comes_in_by_the_back_door(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    secret = "Numer konta 1234."
    number = desk.take(mail(JAN, body=secret)).ticket
    assert number is not None
    address = desk.reply_address(JAN, number)
    requester = desk.ticket(number).requester
    for n, (what, raw, trust) in enumerate(
        (
            ("forged From, evil in Cc", verdict("fail", mail(JAN, Cc=EVA)), "third-party"),
            ("valid token, another From", mail(EVA), "third-party"),
            ("valid token, another From, Reply-To the customer", mail(EVA, Reply_To=JAN), "third-party"),
            ("valid token, another From, Sender the customer", mail(EVA, Sender=JAN), "third-party"),
            ("the customer himself, evil in Cc", mail(JAN, Cc=EVA, body="Dodaję kogoś."), "proven"),
        )
    ):
        outcome = desk.take(raw.replace(b"\r\n\r\n", f"\r\nX-N: {n}\r\n\r\n{n} ".encode(), 1), to=address, sender=JAN)
        assert (outcome.disposition, outcome.ticket) == ("entry", number), what
        assert desk.entries(number)[-1].trust == trust, what
        assert desk.participants(number) == {JAN}, what
        assert desk.ticket(number).requester == requester, what
    assert EVA not in {m.forward_path for m in desk.mails()}
    third = desk.take(mail(EVA, f"[#{number}] co z tym?", "Proszę o historię."))
    assert third.disposition == "ticket"
    assert secret.encode() not in b"".join(m.raw for m in desk.mails())  # automatic mail quotes nothing


def test_D06_a_third_party_does_not_become_known_by_having_written(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    assert number is not None
    desk.take(mail(EVA, body="Pierwszy.", Message_ID="<e1@evil.test>"), to=desk.reply_address(JAN, number))
    for subject, fields in (("Re: Zwrot", {"In_Reply_To": "<e1@evil.test>"}), (f"[#{number}]", {}), ("Re: Zwrot", {})):
        outcome = desk.take(mail(EVA, subject, f"Drugi {subject}{len(fields)}.", **fields))
        assert outcome.ticket not in (None, number), subject


@pytest.mark.parametrize(
    ("what", "raw", "people"),
    [
        ("known", mail(JAN, Cc=EVA), {JAN, EVA}),
        ("DMARC fails", verdict("fail", mail(JAN, Cc=EVA)), {JAN}),
        ("two readings", mail(f"{JAN} <{EVA}>", Cc=EVA), set()),
    ],
)
def test_D06_whoever_cannot_be_known_brings_nobody_with_him(
    store: Store, settings: Settings, what: str, raw: bytes, people: set[str]
) -> None:
    teams = "teams:\n  support: {address: support@gw.test, participants: customer_cc}\n"
    desk = Desk(store, settings, f"version: 1\ndefaults: {{team: support}}\n{teams}")
    assert desk.participants(desk.take(raw).ticket or 0) == people, what
