"""The complete example of the rule language: it loads as it stands, and every overview of it is as it should be."""
# ruff: noqa: E501 -- a row of a table is a rule, and stays one

import json
from pathlib import Path

import jsonschema
import pytest

from gateway.errors import ConfigError
from gateway.rules.explain import trace_lines
from gateway.rules.findings import Findings
from gateway.rules.load import load_rules
from gateway.rules.overview import mermaid_lines, tree_lines
from gateway.rules.schema import schema
from gateway.rules.tree import Node, read_tree
from gateway.rules.types import Facts
from tests.rules.desk import evaluate

TEXT = (Path(__file__).parent / "example" / "rules.yaml").read_text("utf-8")
RULES = load_rules(TEXT, "rules.yaml", 41)
SHIPPED = (Path(__file__).parents[2] / "rules.yaml").read_text("utf-8")

TREE = """\
  received ─┬─ drop-machine-mail          report, auto-reply or noreply@               → record, stop
            └─ unauthenticated-lookalike  DMARC fail and from our domain               → quarantine, stop
  new ──────┬─ vip-fast-lane              $vip_domains or tier gold                    → sla gold, priority high, tag vip
            ├─ refunds-to-billing         subject or new text has $refund_words        → team billing, tag refund
            ├─ order-number               subject has order XX-00000                   → field order
            └─ acknowledge                not muted                                    → mail auto_ack
  reply ────── refunds-to-billing
  sla-warning ─ warn-owner                always                                       → mail sla_warning to assignee, lead
  idle ─────── nudge-then-close           pending, idle 5d or more                     → mail nudge, closed in 3d unless reply
"""

TRACE = """\
✗  drop-machine-mail          rules.yaml:22
   ✗ any: mail.is_bounce is true [false] · mail.is_auto_reply is true [false]
          from.address matches '^(no-?reply|mailer-daemon)@' [jan@bigbank.test]
✗  unauthenticated-lookalike  rules.yaml:26
   ✗ auth.dmarc is fail [pass] · ✗ from.domain under acme.test [bigbank.test]
✓  vip-fast-lane              rules.yaml:31
   ✓ any: ✓ from.domain in $vip_domains → bigbank.test · ✗ customer.tier is gold [absent]
   → sla: standard ⇒ gold · priority: normal ⇒ high · tag: +vip
✓  refunds-to-billing         rules.yaml:35
   ✓ any: subject contains $refund_words → zwrot · body.new_text contains $refund_words → zwrot
   ✓ none: ticket.team is billing   ✓ absent [support]
   → team: support ⇒ billing · tag: +refund
✓  order-number               rules.yaml:41   ✓ subject matches '(?i)\\border[ #:]*(?P<order>…' → order=PL-10442
   → field.order: ∅ ⇒ PL-10442
✓  acknowledge                rules.yaml:45   ✓ none: customer.muted is true   ✓ absent [false]
   → reply: auto_ack/after_hours outside office
–  2 rules are for other events: warn-owner, nudge-then-close"""


def test_the_tree_of_the_example() -> None:
    assert "\n".join(tree_lines(RULES)) + "\n" == TREE


def test_the_tree_of_one_team_has_its_rules_alone() -> None:
    assert list(tree_lines(RULES, "billing")) == [
        "  new ──────── refunds-to-billing  subject or new text has $refund_words        → team billing, tag refund",
        "  reply ────── refunds-to-billing",
    ]


def test_a_chart_names_events_rules_and_effects() -> None:
    lines = list(mermaid_lines(RULES))
    assert lines[:3] == [
        "flowchart LR",
        '  received(["received"])',
        '  received --> received_drop-machine-mail["drop-machine-mail<br>report, auto-reply or noreply@<br>→ record, stop"]',
    ]
    assert len(lines) == 1 + 5 + 9


def test_the_trace_of_the_example() -> None:
    facts = Facts(
        subject="Zwrot, order PL-10442", body_new_text="Proszę o zwrot.", is_bounce=False, is_auto_reply=False,
        from_address="jan@bigbank.test", from_domain="bigbank.test", auth_dmarc="pass", customer_muted=False,
        ticket_team="support", ticket_priority="normal", sla_policy="standard",
    )  # fmt: skip
    assert "\n".join(trace_lines(evaluate(RULES, facts, ("received", "new")).trace)) == TRACE


# --- the schema -------------------------------------------------------------------------------------------------


def as_data(node: Node) -> object:
    """What an editor's YAML parser makes of a file."""
    match node.kind:
        case "map":
            return {key.text: as_data(value) for key, value in node.pairs}
        case "list":
            return [as_data(item) for item in node.items]
        case _:
            return node.value


def wrong_places(text: str) -> list[str]:
    root = read_tree(text, Findings("rules.yaml", text))
    assert root is not None
    checker = jsonschema.Draft202012Validator(schema())
    return [e.json_path for e in checker.iter_errors(as_data(root))]


@pytest.mark.parametrize("text", [TEXT, SHIPPED], ids=["example", "shipped"])
def test_the_schema_takes_a_right_file(text: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert wrong_places(text) == []
    json.dumps(schema())


@pytest.mark.parametrize(("right", "wrong"), [
    # what stands in the example, what a slip makes of it
    ("version: 1", "version: 2"),
    ("team: support, language", "taem: support, language"),
    ("role: lead", "role: leader"),
    ("max_open: 25", "max_open: many"),
    ('hours: {mon-fri: "08:00-17:00"}', "hours: [mon]"),
    ("warn_at: 75%", "warn_at: 175%"),
    ("resolution: 5d", "resolution: 5"),
    ("type: text", "type: txt"),
    ("on: received", "on: recieved"),
    ("mail.is_bounce: true", "mail.is_bounce: maybe"),
    ("auth.dmarc: fail", "auth.dmarc: failed"),
    ("subject: {contains: $refund_words}", "subject: {contain: $refund_words}"),
    ("customer.muted: true", "custmer.muted: true"),
    ("ticket.idle: {gte: 5d}", "ticket.idle: {gte: 5}"),
    ("{route: billing}", "{rout: billing}"),
    ("{route: billing}", "{route: billing, tag: a}"),
    ("priority: high", "priority: hihg"),
    ("template: sla_warning", "templat: sla_warning"),
    ("unless: reply", "unless: replied"),
    ("expect: {rules", "expects: {rules"),
])  # fmt: skip
def test_the_schema_refuses_what_check_refuses(right: str, wrong: str) -> None:
    assert right in TEXT
    text = TEXT.replace(right, wrong, 1)
    assert wrong_places(text)
    with pytest.raises(ConfigError):
        load_rules(text, "rules.yaml", 1)
