"""Small rule files for tests: two teams, two agents, and whatever the test adds."""

from dataclasses import replace
from typing import Any

from gateway.rules import evaluate as engine
from gateway.rules.load import load_rules
from gateway.rules.told import told
from gateway.rules.types import Decision, Event, Facts, RuleSet
from gateway.ticket.sla import Promises

HEAD = r"""
version: 1
defaults: {team: support}
agents:
  ana: {name: Ana Kovač, email: ana@acme.test}
  piotr: {name: Piotr Zieliński, email: piotr@acme.test}
teams:
  support: {address: support@acme.test, members: [ana, piotr]}
  billing: {address: billing@acme.test, members: [piotr]}
lists:
  words: [refund, zwrot]
fields:
  order: {type: text, pattern: '[A-Z]{2}-\d{5}'}
  note: {type: text}
  kind: {type: enum, values: [small, large]}
"""


def rules_of(text: str) -> RuleSet:
    """A revision with the two teams, every word of the language available; `text` holds the sections that follow."""
    return load_rules(HEAD + text, "rules.yaml", 7)


def one_rule(when: str, *, on: str = "new", do: str = "{tag: [hit]}") -> RuleSet:
    """One rule with the id `r`."""
    return rules_of(f"rules:\n  - {{id: r, on: {on}, when: {when}, do: [{do}]}}\n")


def evaluate(rules: RuleSet, facts: Facts, events: tuple[Event, ...], **given: Any) -> Decision:
    """The decision of the engine, its trace with every reason in it."""
    decision = engine.evaluate(rules, facts, events, **given)
    return replace(decision, trace=told(decision.trace, rules.outline))


NO_PROMISES = Promises(rules_of(""), {})
