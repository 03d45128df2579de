"""G-07: a rule that fails costs the mail nothing else; no rule makes a mail vanish."""

import pytest

from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.rules.actions import ACTIONS
from gateway.store.inbound import find
from gateway.store.store import Store
from tests.processing import Desk, mail
from tests.rules.desk import rules_of

pytestmark = pytest.mark.p1
RULES = r"""version: 1
defaults: {team: support}
teams: {support: {address: support@gw.test}, billing: {address: billing@gw.test}}
fields: {order: {type: text, pattern: 'PL-\d{5}'}}
rules:
  - {id: noise, on: received, when: {subject: noise}, do: [{drop: {reason: nobody reads it}}]}
  - id: fails
    on: new
    when: {subject: {matches: '(?P<n>.+)'}}
    do: [{route: billing}, {set: {field.order: "{{ captures.n }}"}}]
  - {id: goes-on, on: new, do: [{tag: [seen]}]}
"""


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings, RULES)


def test_G07_a_rule_that_fails_is_skipped_whole_and_flagged_and_the_ticket_is_in_the_default_team(desk: Desk) -> None:
    outcome = desk.take(mail(subject="no order at all"))
    ticket = desk.ticket(1)
    assert (ticket.team, ticket.tags, dict(ticket.fields)) == ("support", ("seen",), {})
    assert "rule-failed:fails" in ticket.flags
    said = desk.why(outcome).rules
    assert said is not None
    assert {hit.rule: hit.error for hit in said.hits if hit.outcome == "error"} == {
        "fails": r"field “order” does not take “no order at all” (PL-\d{5})"
    }


def test_G07_what_a_rule_drops_is_kept_with_its_bytes_and_the_rule(desk: Desk) -> None:
    raw = mail(subject="noise")
    outcome = desk.take(raw)
    assert (outcome.disposition, outcome.reason) == ("record", "drop:noise: nobody reads it")
    with desk.reading() as c:
        row = find(c, "m-1")
    assert row is not None
    assert row.size == len(raw)


@pytest.mark.parametrize("action", ["drop: {reason: x}", "quarantine: x"])
def test_G07_a_rule_that_takes_every_mail_has_to_be_confirmed(action: str) -> None:
    with pytest.raises(ConfigError, match="R025"):
        rules_of(f"rules:\n  - {{id: all, on: received, do: [{{{action}}}]}}\n")
    assert rules_of(f"rules:\n  - {{id: all, on: received, do: [{{{action}, confirm: true}}]}}\n").rules


def test_G07_no_action_refuses_mail() -> None:
    assert not {"reject", "refuse", "delete"} & set(ACTIONS)
