"""What an action of a rule does in a ticket that is stored, on both databases."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.operations import mails as mail_operations
from gateway.operations.mails import Letters
from gateway.operations.types import Duty
from gateway.store import audit, tickets
from gateway.store.store import Store
from gateway.ticket.change import shown
from tests.processing import Desk, mail

RULES = (Path(__file__).parent / "live" / "effects.yaml").read_text("utf-8")


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, RULES)


@pytest.mark.parametrize(
    ("subject", "field", "value"),
    [
        # subject, what it changes, to what
        ("follow", "followers", "bob, ann"),
        ("due", "responsible", "bob"),
        ("needs", "needs", "refunds, polish"),  # each once
        ("raise", "team", "billing"),  # where the team says
        ("raise", "escalation", "1"),
        ("raise to bob", "assignee", "bob"),
        ("my data", "tags", "gdpr"),
        ("snooze", "status", "snoozed"),
        ("nothing", "tags", "none"),
    ],
)
def test_a_rule_changes_a_field(desk: Desk, subject: str, field: str, value: str) -> None:
    outcome = desk.take(mail(subject=subject))
    assert outcome.disposition == "ticket"
    assert shown(desk.ticket(1), field) == value


def test_a_note_stands_behind_the_mail_and_names_its_rule(desk: Desk) -> None:
    desk.take(mail(subject="order 4711"))
    words, note = desk.entries(1)
    assert (words.kind, note.kind, note.text, note.public) == ("mail", "note", "Order 4711", False)
    assert desk.ticket(1).messages == 1
    with desk.reading() as c:
        rows = [(r.actor, r.action, r.basis) for r in audit.find_rows(c, ticket=1)]
    assert ("rule:note", "entry.added", "revision 0") in rows or ("rule:note", "entry.added", None) in rows


def test_copies_stop_at_the_limit_and_never_go_to_ourselves(desk: Desk) -> None:
    desk.take(mail(subject="cc"))
    assert desk.participants(1) == {"jan@bigbank.test", "eva@x.test", "tom@x.test"}


def test_whom_the_customer_wrote_to_takes_part_by_the_policy_of_the_team(desk: Desk) -> None:
    desk.take(mail(subject="copied", Cc="Eva <eva@x.test>, ann@agents.test"))
    desk.take(mail(subject="another", Cc="Eva <eva@x.test>"))
    assert desk.participants(1) == {"jan@bigbank.test", "eva@x.test"}
    assert desk.participants(2) == {"jan@bigbank.test"}


def test_a_link_is_told_on_both_sides_and_not_made_to_nothing(desk: Desk) -> None:
    desk.take(mail(subject="another"))
    desk.take(mail(subject="link"))
    with desk.reading() as c:
        assert tickets.links(c, 2) == [("parent", 1)]
        assert tickets.links(c, 1) == [("child", 2)]


def test_a_due_time_and_a_snooze_count_from_the_mail(desk: Desk) -> None:
    desk.take(mail(subject="due"))
    assert desk.ticket(1).due == desk.now + timedelta(days=1)
    desk.take(mail(subject="snooze"))
    assert desk.ticket(2).snoozed_until == desk.now + timedelta(days=2)


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        # subject -> who gets which mail, in which state
        (
            "tell",
            [("ann@agents.test", "agent_notice", "queued", ""), ("bob@agents.test", "agent_notice", "queued", "")],
        ),
        ("raise", [("bob@agents.test", "agent_notice", "queued", "")]),  # the lead of the team that has it now
        ("nobody", [("", "agent_notice", "suppressed", "no-recipient")]),
        ("hold", [("jan@bigbank.test", "auto_ack", "held", "look first")]),
    ],
)
def test_who_is_told(desk: Desk, subject: str, told: list[tuple[str, str, str, str]]) -> None:
    outcome = desk.take(mail(subject=subject))
    rows = desk.outbox()
    assert [(r.forward_path, r.template, r.state, r.reason) for r in rows] == told
    assert len(desk.why(outcome).mails) == len(told)


def test_a_notice_says_what_an_agent_needs_and_no_robot_answers_it(desk: Desk) -> None:
    desk.take(mail(subject="tell", body="Proszę o <b>zwrot</b>.\n{{ site }}"))
    ann = message_from_bytes(desk.mails()[0].raw, policy=default)
    assert ann["To"] == "Ann Agent <ann@agents.test>"
    assert (ann["Subject"], ann["Auto-Submitted"]) == ("[#1] tell", "auto-generated")
    text = ann.get_body(("plain",)).get_content()
    for words in ("Jan <jan@bigbank.test>", "support", "Proszę o <b>zwrot</b>.", "{{ site }}", "Why you: rule tell"):
        assert words in text
    bob = message_from_bytes(desk.mails()[1].raw, policy=default)
    assert bob["Content-Language"] == "pl"


def test_a_held_mail_goes_when_a_person_lets_it(desk: Desk) -> None:
    desk.take(mail(subject="hold"))
    (held,) = desk.mails()
    duty = Duty(desk.now, lambda: desk.deps)
    for outcome in ("done", "conflict"):
        (done,) = desk.write(
            lambda c: mail_operations.OPERATIONS["outbox.unhold"].perform(c, Letters((held.id,)), duty)
        )
        assert done.outcome == outcome
    assert [m.state for m in desk.mails()] == ["queued"]
