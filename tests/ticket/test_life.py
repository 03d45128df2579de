"""What a reply, an answer and a touch do to the status of a ticket: only its type counts."""

from datetime import timedelta
from typing import Any

import pytest

from gateway.message.types import Attachment
from gateway.rules.load import load_rules
from gateway.rules.statuses import StatusType
from gateway.rules.types import RuleSet
from gateway.ticket.change import changed
from gateway.ticket.life import (
    after_answer,
    after_snooze,
    after_touch,
    after_words_of_customer,
    another_matter,
    goes_on,
)
from gateway.ticket.types import SetStatus
from tests.ticket.mails import NOW, message, ticket

RULES = """version: 1
defaults: {{team: support, after_reply: answered{more}}}
teams:
  support: {{address: support@acme.test}}
  quick: {{address: quick@acme.test, reopen_window: 2d}}
  patient: {{address: patient@acme.test, follow_up: reopen}}
statuses:
  answered: {{type: waiting_customer}}
  parked: {{type: waiting_third}}
  refused: {{type: closed}}
  triage: {{type: new}}
"""


def rules(more: str = "") -> RuleSet:
    return load_rules(RULES.format(more=more), "rules.yaml", 1)


def in_status(name: str, **different: Any) -> Any:
    return ticket(status=name, status_type=rules().statuses[name], **different)


@pytest.mark.parametrize(("status", "text", "after"), [
    # status, the customer's words, status afterwards
    ("new",      "Jeszcze jedno.", "new"),
    ("triage",   "Jeszcze jedno.", "triage"),   # of type new
    ("open",     "Jeszcze jedno.", "open"),
    ("pending",  "Jeszcze jedno.", "open"),
    ("answered", "Jeszcze jedno.", "open"),     # of type waiting_customer
    ("on_hold",  "Jeszcze jedno.", "open"),
    ("parked",   "Jeszcze jedno.", "open"),
    ("snoozed",  "Jeszcze jedno.", "open"),
    ("solved",   "Jeszcze jedno.", "open"),
    ("closed",   "Jeszcze jedno.", "open"),
    ("refused",  "Jeszcze jedno.", "open"),     # of type closed
    ("spam",     "Jeszcze jedno.", "spam"),     # a person says when it is none
    ("solved",   "Dziękuję!",      "solved"),
    ("closed",   "Thank you",      "closed"),
    ("pending",  "Dziękuję!",      "open"),     # it was asked something
    ("solved",   "Dziękuję! A kiedy?", "open"),
])  # fmt: skip
def test_a_reply_of_the_customer(status: str, text: str, after: str) -> None:
    before = in_status(status)
    change = after_words_of_customer(before, message(text=text), rules(), NOW)
    assert (changed(before, change) if change else before).status == after


def test_a_thank_you_with_a_file_or_by_another_policy_opens_again() -> None:
    solved, words = in_status("solved"), message(text="Thanks")
    picture = Attachment("1", "IMG_1.jpg", "image/jpeg", 4, "0" * 64)
    assert after_words_of_customer(solved, words, rules(", thanks_reopens: true"), NOW)
    assert after_words_of_customer(solved, message(text="Thanks", attachments=(picture,)), rules(), NOW)


@pytest.mark.parametrize(("team", "status", "days", "continues"), [
    # team, status, for how long, does a reply go on in it
    ("support", "solved",  29, True),
    ("support", "solved",  31, False),
    ("support", "refused", 31, False),
    ("support", "pending", 400, True),
    ("quick",   "solved",  1, True),
    ("quick",   "solved",  3, False),
    ("patient", "closed",  400, True),
    ("gone",    "closed",  31, False),   # a team that the rules have no more
])  # fmt: skip
def test_the_reopen_window_and_the_policy_of_the_team(team: str, status: str, days: int, continues: bool) -> None:
    before = in_status(status, team=team, status_at=NOW - timedelta(days=days), updated_at=NOW)
    assert goes_on(before, rules(), NOW) is continues


@pytest.mark.parametrize(
    ("named", "status", "kind"),
    [
        # what the agent named, status and type afterwards
        (None, "answered", "waiting_customer"),
        ("solved", "solved", "solved"),
    ],
)
def test_an_answer(named: str | None, status: str, kind: StatusType) -> None:
    assert after_answer(rules(), NOW, "agent:ana", named) == SetStatus(status, kind, NOW, "agent:ana")


@pytest.mark.parametrize(("status", "after"), [
    ("new", "open"), ("triage", "open"), ("pending", None), ("solved", None),
])  # fmt: skip
def test_the_first_touch_opens(status: str, after: str | None) -> None:
    change = after_touch(in_status(status), NOW, "agent:ana")
    assert (change.status if change else None) == after


@pytest.mark.parametrize(("subject", "days", "other"), [
    # subject of a reply to “Zwrot”, days of silence before it, does it look like another matter
    ("Re: [#5] Zwrot",         400, False),
    ("Odp: Re: Zwrot [#5]",    400, False),
    ("Re: [#5] Nowa faktura",  400, True),
    ("Re: [#5] Nowa faktura",  29,  False),   # people change subjects while they talk
    ("",                       400, False),
])  # fmt: skip
def test_another_subject_after_a_long_silence(subject: str, days: int, other: bool) -> None:
    before = in_status("open", updated_at=NOW - timedelta(days=days))
    assert another_matter(before, subject, rules(), NOW) is other


def test_a_snoozed_ticket_wakes_as_it_was_before_the_first_snooze() -> None:
    until = NOW + timedelta(days=2)
    asleep = changed(in_status("answered"), SetStatus("snoozed", "waiting_third", NOW, "agent:ana", until=until))
    longer = changed(asleep, SetStatus("snoozed", "waiting_third", NOW, "agent:ana", until=until + timedelta(days=1)))
    for sleeping in (asleep, longer):
        wake = after_snooze(sleeping, until)
        assert wake is not None
        awake = changed(sleeping, wake)
        assert (awake.status, awake.status_type, awake.snoozed_until) == ("answered", "waiting_customer", None)
        assert after_snooze(awake, until) is None
