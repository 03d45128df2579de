"""What rules do when people do something, once, and later: on a stored ticket, on both databases."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.due import act_on
from gateway.operations.answers import Answer, Note
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store import delayed
from gateway.store.happenings import happenings
from gateway.store.store import Store
from tests.processing import Desk, mail

RULES = (Path(__file__).parent / "live" / "later.yaml").read_text("utf-8")


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, RULES)


def do(desk: Desk, name: str, wanted: object) -> None:
    """As the command does it."""
    duty = Duty(desk.now, lambda: desk.deps)
    (done,) = desk.write(lambda c: OPERATIONS[name].perform(c, wanted, duty))
    assert done.outcome == "done", done.said


def pass_time(desk: Desk, days: float) -> None:
    """What falls due meanwhile is done, as the timer does it."""
    desk.now += timedelta(days=days)
    with desk.reading() as c:
        found = delayed.due(c, desk.now, 100)
    for action in found:
        desk.write(lambda c, a=action: act_on(c, a, desk.deps, desk.now))


def later(desk: Desk, number: int) -> list[tuple[str, str]]:
    with desk.reading() as c:
        return [(a.state, a.reason) for a in delayed.of_ticket(c, number)]


def answer(desk: Desk) -> bytes:
    return mail(subject="Re: [#1] later", In_Reply_To=desk.our_id("jan@bigbank.test", 1))


@pytest.mark.parametrize(
    ("name", "wanted", "tags", "told"),
    [
        # what a person does -> the tags that rules set, and who hears of it
        ("ticket.note", Note(1, "look", "ann"), ("noted",), []),
        ("ticket.change", Change((1,), status="solved", by="ann"), ("ended",), []),
        ("ticket.change", Change((1,), fields=(("assignee", "bob"),), by="ann"), (), ["bob@agents.test"]),
        ("ticket.change", Change((1,), fields=(("priority", "high"),), by="ann"), (), []),
    ],
)
def test_rules_are_asked_when_a_person_does_something(
    desk: Desk, name: str, wanted: object, tags: tuple[str, ...], told: list[str]
) -> None:
    desk.take(mail())
    do(desk, name, wanted)
    assert desk.ticket(1).tags == tags
    assert [m.forward_path for m in desk.mails()] == told
    with desk.reading() as c:
        applied = [h.rule for found in happenings(c, 1) for h in found.reasons.rules.hits if h.outcome == "applied"]
    assert len(applied) == len(tags) + len(told)


def test_a_reply_that_opens_a_ticket_again_changes_its_status(desk: Desk) -> None:
    desk.take(mail(subject="another"))
    do(desk, "ticket.change", Change((1,), status="solved", by="ann"))
    outcome = desk.take(answer(desk))
    assert desk.ticket(1).status == "open"
    assert desk.ticket(1).reopened == 1
    assert "back" in desk.ticket(1).tags
    hits = desk.why(outcome).rules.hits
    assert [h.rule for h in hits if h.event == "status-changed" and h.outcome == "applied"] == ["back"]


def test_once_is_once(desk: Desk) -> None:
    desk.take(mail())
    for _ in range(3):
        desk.take(answer(desk))
    assert [e.text for e in desk.entries(1) if e.kind == "note"] == ["He wrote again"]
    for text in ("please", "please", "thanks"):  # each answer begins a cycle
        do(desk, "ticket.answer", Answer(1, text, by="ann"))
    assert [e.text for e in desk.entries(1) if e.kind == "note"][1:] == [
        "asked",
        "asked",
    ]


@pytest.mark.parametrize("on", ["status-changed", "[reply, status-changed]"])
def test_once_is_once_where_the_customers_words_change_the_status(store: Store, settings: Settings, on: str) -> None:
    again = "{id: again, on: ON, once: ticket, when: {actor: customer}, do: [{note: again}]}"
    desk = Desk(store, settings, f"{RULES.partition('rules:')[0]}rules:\n  - {again.replace('ON', on)}\n")
    desk.take(mail())
    for words in ("It came back.", "And it came back again."):
        do(desk, "ticket.change", Change((1,), status="solved", by="ann"))
        desk.take(mail(subject="Re: Zwrot", body=words), to=desk.reply_address("jan@bigbank.test", 1))
        assert desk.ticket(1).status == "open"
        assert [e.text for e in desk.entries(1) if e.kind == "note"] == ["again"]


@pytest.mark.parametrize(
    ("happens", "state", "reason"),
    [
        ("nothing", "done", ""),
        ("reply", "cancelled", "cancelled by reply"),
        ("note", "cancelled", "cancelled by note"),
        ("solved", "cancelled", "the ticket is solved"),
        ("gone", "cancelled", "revision 0 has no rule “close-later”"),
    ],
)
def test_an_action_for_later(desk: Desk, happens: str, state: str, reason: str) -> None:
    desk.take(mail(subject="later"))
    pass_time(desk, 2)
    assert later(desk, 1) == [("waiting", "")]
    match happens:
        case "reply":
            desk.take(answer(desk))
        case "note":
            do(desk, "ticket.note", Note(1, "wait", "ann"))
        case "solved":
            do(desk, "ticket.change", Change((1,), status="solved", by="ann"))
        case "gone":
            kept = tuple(r for r in desk.deps.rules.rules if r.id != "close-later")
            desk.deps = replace(desk.deps, rules=replace(desk.deps.rules, rules=kept))
    for _ in range(2):  # a timer may come twice
        pass_time(desk, 2)
    assert later(desk, 1) == [(state, reason)]
    assert (desk.ticket(1).status == "solved") is (happens in ("nothing", "solved"))
    assert ("ended" in desk.ticket(1).tags) is (happens in ("nothing", "solved"))


def test_of_two_processes_one_does_it(desk: Desk) -> None:
    desk.take(mail(subject="tell"))
    desk.now += timedelta(hours=2)
    with desk.reading() as c:
        (action,) = delayed.due(c, desk.now, 100)
    for _ in range(2):
        desk.write(lambda c: act_on(c, action, desk.deps, desk.now))
    assert [m.forward_path for m in desk.mails()] == ["ann@agents.test"]
