"""E-12: what rules do asks no rules again without end; a circle is told before it is in force."""

import pytest

from gateway.config import Settings
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store.happenings import happenings
from gateway.store.store import Store
from tests.processing import RULES, Desk, mail

pytestmark = pytest.mark.p1
CIRCLE = (
    RULES
    + """rules:
  - {id: first, on: new, do: [{tag: x}]}
  - {id: second, on: new, when: {ticket.tags: x}, do: [{route: billing}]}
  - {id: third, on: new, when: {ticket.team: billing}, do: [{route: support}]}
  - {id: back, on: status-changed, when: {ticket.status: {changed_to: solved}}, do: [{set: {status: open}}]}
  - {id: forth, on: status-changed, when: {ticket.status: {changed_to: open}}, do: [{set: {status: solved}}]}
"""
)


def test_E12_a_circle_of_rules_ends(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings, CIRCLE)
    desk.take(mail())
    assert desk.ticket(1).team == "support"
    duty = Duty(desk.now, lambda: desk.deps)
    desk.write(lambda c: OPERATIONS["ticket.change"].perform(c, Change((1,), status="solved"), duty))
    with desk.reading() as c:
        applied = [h.rule for f in happenings(c, 1) for h in f.reasons.rules.hits if h.outcome == "applied"]
    assert sorted(set(applied)) == sorted(applied)  # each once
    assert desk.ticket(1).status in ("open", "solved")
    assert len(desk.outbox()) == 1  # the acknowledgement


def test_E12_the_circle_is_told_before(store: Store, settings: Settings) -> None:
    warned = [w for w in Desk(store, settings, CIRCLE).deps.rules.warnings if "back" in w.text and "forth" in w.text]
    assert len(warned) == 1, [str(w) for w in Desk(store, settings, CIRCLE).deps.rules.warnings]


def test_E12_no_mail_goes_to_an_address_of_ours(store: Store, settings: Settings) -> None:
    own = "rules:\n  - {id: self, on: new, do: [{notify: {to: bob, template: agent_notice}}]}\n"
    desk = Desk(store, settings, RULES.replace("bob@agents.test", "billing@gw.test") + own)
    desk.take(mail())
    told = [item for item in desk.outbox() if item.template == "agent_notice"]
    assert [(item.state, item.reason) for item in told] == [("suppressed", "own-address")]
