"""D-05: a number in a subject is a hint; a stranger who writes it gets a ticket of his own, and the old one no mail."""

import pytest

from gateway.config import Settings
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p0
JAN, EVA = "jan@bigbank.test", "eva@evil.test"


def test_D05_a_stranger_with_a_number(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    assert number is not None
    before = desk.ticket(number), desk.entries(number)
    spellings = (
        f"Re: [#{number}] invoice",
        f"[Ticket#{number}]",
        f"(#{number})",
        f"about #{number}",
        f"[OLD-{number}] x",
    )
    for n, subject in enumerate(spellings):
        sent = len(desk.mails())
        outcome = desk.take(mail(EVA, subject, f"Matter {n}."))
        assert outcome.disposition == "ticket", subject
        assert outcome.ticket is not None
        assert desk.mentions(outcome.ticket) == ([] if "OLD" in subject else [number]), subject
        assert {m.forward_path for m in desk.mails()[sent:]} <= {EVA}, subject
    assert (desk.ticket(number), desk.entries(number)) == before


def test_D05_the_number_of_a_participant_counts(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(JAN)).ticket
    outcome = desk.take(mail(f"Jan Nowak <{JAN.upper()}>", f"Pytanie (#{number})", "Co dalej?"))
    assert (outcome.disposition, outcome.ticket) == ("entry", number)
    again = desk.take(mail(JAN, f"[#{(number or 0) + 100}]", "Nie ma takiego."))
    assert again.disposition == "ticket"
