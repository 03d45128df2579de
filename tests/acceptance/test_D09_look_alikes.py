"""D-09: addresses are the same only when their octets are, but for the case of ASCII; look-alikes are marked."""

import pytest

from gateway.config import Settings
from gateway.message.address import normal
from gateway.store.store import Store
from tests.processing import Desk, mail

pytestmark = pytest.mark.p1
ANN = "ann@agents.test"


@pytest.mark.parametrize(
    ("author", "flag"),
    [
        ('"ann@agents.test" <x@evil.test>', "address-in-name"),
        ("Ann Agent <x@evil.test>", "agent-name"),
        ("аnn@agents.test", "mixed-script"),  # a Cyrillic letter
        ("ann@аgents.test", "mixed-script"),
        ("ann@agentſ.test", ""),  # long s
        ("ann@agents.test.evil.test", ""),
        ("ann\u200b@agents.test", ""),
        ("Ann\u200b Agent <x@evil.test>", "hidden-characters"),
        ("ann\u0131@agents.test", ""),  # dotless i
        (f"{'Ann ' * 2500}<x@evil.test>", ""),
        ("ann@agents.test.", "ambiguous-author"),
    ],
)
def test_D09_a_look_alike_is_somebody_else(store: Store, settings: Settings, author: str, flag: str) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(ANN, "Sprawa")).ticket
    assert number is not None
    outcome = desk.take(mail(author, f"[#{number}] Sprawa", "To ja."), sender="x@evil.test")
    assert outcome.disposition == "ticket"
    assert outcome.ticket is not None
    ticket = desk.ticket(outcome.ticket)
    assert flag in ("", *ticket.flags)
    assert "claims-agent" not in ticket.flags


@pytest.mark.parametrize("author", ["ANN@AGENTS.TEST", "Ann@agents.test"])
def test_D09_only_case_is_the_same(store: Store, settings: Settings, author: str) -> None:
    desk = Desk(store, settings)
    number = desk.take(mail(ANN, "Sprawa")).ticket
    outcome = desk.take(mail(author, f"[#{number}] Sprawa", "To ja."))
    assert (outcome.disposition, outcome.ticket) == ("entry", number)


@pytest.mark.parametrize(
    ("one", "other"),
    [("K@x.test", "\u212a@x.test"), ("strasse@x.test", "straße@x.test"), ("i@x.test", "\u0131@x.test")],
)
def test_D09_letters_that_fold_are_not_merged(one: str, other: str) -> None:
    assert normal(one) != normal(other)
