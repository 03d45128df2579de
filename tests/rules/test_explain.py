"""The lines of a trace, as people read them."""

import msgspec
import pytest

from gateway.rules import evaluate as engine
from gateway.rules.evaluate import Budget
from gateway.rules.explain import trace_lines
from gateway.rules.told import read_outline, told
from gateway.rules.types import Facts, Trace
from tests.rules.desk import evaluate, rules_of

RULES = rules_of(r"""
rules:
  - id: drop-machine-mail
    on: received
    when:
      any:
        - {mail.is_bounce: true}
        - {mail.is_auto_reply: true}
        - {from.address: {matches: '^(no-?reply|mailer-daemon)@'}}
    do: [{record: machine_mail}, {stop: true}]
  - {id: never-reached, on: received, do: [{route: support}]}
  - id: vip-fast-lane
    on: new
    when: {any: [{from.domain: {in: [bigbank.test]}}, {customer.first_contact: true}]}
    do: [{set: {priority: high}}, {tag: [vip]}]
  - id: refunds-to-billing
    on: new
    when:
      subject: {exists: true}
      any: [{subject: {contains: $words}}, {body.new_text: {contains: $words}}]
      none: [{ticket.team: billing}]
    do: [{route: billing}, {tag: [refund]}]
  - id: order-number
    on: new
    when: {subject: {matches: '(?i)\border[ #:]*(?P<order>[A-Z]{2}-\d{5})'}}
    do: [{set: {field.order: "{{ captures.order }}"}}]
  - id: nested
    on: new
    when: {any: [{none: [{subject: a}, {subject: b}]}, {all: [{subject: c}]}]}
    do: [{unassign: true}]
  - {id: no-doubt, on: new, when: {none: [{ticket.team: billing}]}, do: [{tag: a}]}
  - {id: always, on: new, do: [{reply: auto_ack}]}
  - {id: waits, on: reply, do: [{tag: a}]}
""")

GOOD = """\
✗  drop-machine-mail   rules.yaml:18
   ✗ any: mail.is_bounce is true [false] · mail.is_auto_reply is true [absent]
          from.address matches '^(no-?reply|mailer-daemon)@' [jan@bigbank.test]
✓  never-reached       rules.yaml:26   ✓ always
   → team: support ⇒ support
✓  vip-fast-lane       rules.yaml:27
   ✓ any: ✓ from.domain in [bigbank.test] → bigbank.test · ✗ customer.first_contact is true [false]
   → priority: normal ⇒ high · tag: +vip
✓  refunds-to-billing  rules.yaml:31
   ✓ subject exists true ['Zwrot, order PL-10442']
   ✓ any: ✓ subject contains $words → zwrot · ✗ body.new_text contains $words [5 characters]
   ✓ none: ticket.team is billing   ✓ absent [support]
   → team: support ⇒ billing · tag: +refund
✓  order-number        rules.yaml:38   ✓ subject matches '(?i)\\border[ #:]*(?P<order>…' → order=PL-10442
   → field.order: ∅ ⇒ PL-10442
✓  nested              rules.yaml:42
   ✓ any: ✓ none(subject is a   ✓ absent ['Zwrot, order PL-10442'] · subject is b   ✓ absent ['Zwrot, order PL-10442'])
          ✗ all(subject is c ['Zwrot, order PL-10442'])
   → assignee: ∅ ⇒ ∅
✗  no-doubt            rules.yaml:46   ✗ none: ticket.team is billing   ✗ present [billing]
✓  always              rules.yaml:47   ✓ always
   → reply: auto_ack
–  1 rule is for other events: waits"""

MACHINE = """\
✓  drop-machine-mail  rules.yaml:18
   ✓ any: ✗ mail.is_bounce is true [false] · ✓ mail.is_auto_reply is true [true]
          ✗ from.address matches '^(no-?reply|mailer-daemon)@' [absent]
   → record: machine_mail · stop
–  1 rule comes after a stop: never-reached
–  7 rules are for other events: vip-fast-lane, refunds-to-billing, order-number, nested, no-doubt, always, waits"""

SPENT = "!  order-number        rules.yaml:38   error: the patterns of this mail took their 0 ms already"


def lines(facts: Facts, budget: Budget | None = None) -> str:
    return "\n".join(trace_lines(evaluate(RULES, facts, ("received", "new"), budget=budget).trace))


def test_a_trace_shows_each_rule_with_its_reasons_and_effects() -> None:
    facts = Facts(
        subject="Zwrot, order PL-10442",
        body_new_text="Witam",
        is_bounce=False,
        from_address="jan@bigbank.test",
        from_domain="bigbank.test",
        customer_first_contact=False,
        ticket_team="support",
        ticket_priority="normal",
    )
    assert lines(facts) == GOOD


def test_a_stop_and_rules_that_were_not_reached_are_told() -> None:
    assert lines(Facts(is_bounce=False, is_auto_reply=True)) == MACHINE


def test_a_failed_rule_shows_its_error() -> None:
    assert SPENT in lines(Facts(subject="order PL-10442"), Budget(lambda: 1.0, 0.0))


@pytest.mark.parametrize(("value", "shown"), [
    ("plain words, with a comma", "'plain words, with a comma'"),
    ("it's", "'it''s'"),
    ("true", "'true'"),                                         # a text that YAML would read as something else
    ("1.10", "'1.10'"),
    ("two\nlines\x1b[31m", '"two\\nlines\\u001b[31m"'),          # no control character reaches a terminal
    ("evil\u202etxt.exe", '"evil\\u202etxt.exe"'),
    ("x" * 70, "x" * 59 + "…"),
    ("", "''"),
])  # fmt: skip
def test_values_stand_in_yaml_spelling_on_one_line(value: str, shown: str) -> None:
    rules = rules_of("rules:\n  - {id: r, on: new, when: {subject: zzz}, do: [{tag: a}]}\n")
    (line,) = trace_lines(evaluate(rules, Facts(subject=value), ("new",)).trace)
    assert line == f"✗  r  rules.yaml:17   ✗ subject is zzz [{shown}]"


def test_rules_in_shadow_once_and_in_a_chain_are_told() -> None:
    rules = rules_of("""
rules:
  - {id: tries, on: new, shadow: true, do: [{route: billing}]}
  - {id: opens, on: [new, status-changed], do: [{set: {status: open}}]}
  - {id: said, on: new, once: ticket, do: [{tag: a}]}
  - {id: waits, on: status-changed, when: {ticket.status: open}, do: [{set: {status: pending}}]}
  - {id: solves, on: status-changed, when: {ticket.status: pending}, do: [{set: {status: new}}]}
""")
    trace = evaluate(rules, Facts(ticket_status="new", ticket_team="support"), ("new",), fired={"said"}).trace
    assert list(trace_lines(trace)) == [
        "○  tries   rules.yaml:18   ✓ always",
        "   → in shadow: team: support ⇒ billing",
        "✓  opens   rules.yaml:19   ✓ always",
        "   → status: new ⇒ open",
        "✓  waits   rules.yaml:21   ✓ ticket.status is open [open]",
        "   → status: open ⇒ pending",
        "✓  solves  rules.yaml:22   ✓ ticket.status is pending [pending]",
        "   → status: pending ⇒ new",
        "–  1 rule ran once and does not again: said",
        "–  3 rules ran in this chain before: opens, waits, solves",
    ]


def test_a_trace_that_was_stored_without_its_questions_tells_every_reason_again() -> None:
    rules = rules_of("""
rules:
  - {id: moves, on: [new, status-changed], when: {ticket.team: support}, do: [{route: billing}, {set: {status: open}}]}
  - {id: sees, on: [new, status-changed], when: {ticket.team: support, language: {not_in: [a]}}, do: [{tag: a}]}
  - {id: asks, on: new, when: {none: [{cc: {exists: true}}], subject: {matches: '(?P<x>b+)'}}, do: [{stop: true}]}
  - {id: behind, on: new, do: [{tag: b}]}
""")
    facts = Facts(subject="abba", language="b", ticket_team="support", ticket_status="new")
    trace = engine.evaluate(rules, facts, ("new",)).trace
    assert [(hit.rule, hit.outcome) for hit in trace.hits] == [
        ("moves", "applied"),
        ("asks", "applied"),
        ("moves", "chain"),
    ]
    stored = msgspec.json.decode(msgspec.json.encode(trace), type=Trace)
    outline = read_outline(rules.outline.id, rules.outline.octets)
    assert (
        "\n".join(trace_lines(told(stored, outline)))
        == """\
✓  moves   rules.yaml:18   ✓ ticket.team is support [support]
   → team: support ⇒ billing · status: new ⇒ open
✗  sees    rules.yaml:19
   ✗ ticket.team is support [billing] · ✓ language not in [a] [b]
✓  asks    rules.yaml:20
   ✓ subject matches '(?P<x>b+)' → x=bb
   ✓ none: cc exists true   ✓ absent [absent]
   → stop
✗  sees    rules.yaml:19
   ✗ ticket.team is support [billing] · ✓ language not in [a] [b]
–  1 rule comes after a stop: behind
–  1 rule ran in this chain before: moves"""
    )
    assert told(stored, None).hits == trace.hits  # no outline any more: what happened is there still
