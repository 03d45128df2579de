"""What is said about a scene that came out otherwise than expected."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.rules.selftest import Observed, compare, verdict
from gateway.rules.types import Facts, Scene
from tests.rules.desk import evaluate, rules_of

RULES = rules_of("""
rules:
  - id: machine
    on: received
    when: {any: [{mail.is_bounce: true}, {mail.is_auto_reply: true}]}
    do: [{record: machine}]
  - {id: acknowledge, on: new, when: {none: [{customer.muted: true}]}, do: [{reply: auto_ack}]}
""")
TRACE = evaluate(RULES, Facts(is_bounce=False, is_auto_reply=False), ("received", "new")).trace
SEEN = Observed(
    rules=("acknowledge",),
    ticket="new",
    team="support",
    assignee=None,
    status="new",
    priority="normal",
    tags=("vip", "refund"),
    fields={"order": "PL-10442"},
    sent=("auto_ack.en",),
    quarantine=None,
    drop=None,
    trace=TRACE,
)


def scene(**expect: Any) -> Scene:
    return Scene("a scene", 1, {}, "", None, expect)


@pytest.mark.parametrize("expect", [
    {},                                             # what is not named is not asserted
    {"rules": ("acknowledge",)},
    {"rules_not": ("machine",)},
    {"ticket": "new"},
    {"team": "support", "status": "new", "priority": "normal"},
    {"assignee": "none"},
    {"tags": ("refund", "vip")},                    # in any order
    {"fields": {"order": "PL-10442"}},
    {"sent": ("auto_ack.en",)},
    {"not_sent": ("auto_ack.pl",)},
    {"quarantine": "none", "drop": "none"},
])  # fmt: skip
def test_a_scene_that_came_out_as_expected_has_no_differences(expect: dict[str, Any]) -> None:
    assert compare(scene(**expect), SEEN) == ()


@pytest.mark.parametrize(("expect", "lines"), [
    ({"rules": ("machine",)}, (
        "expected rules  [machine]",
        "got rules       [acknowledge]",
        "because         machine ✗ mail.is_bounce is true   [false]",
        "                machine ✗ mail.is_auto_reply is true   [false]",
    )),
    ({"rules": ()}, ("expected rules  []", "got rules       [acknowledge]")),
    ({"rules": ("acknowledge", "machine")}, (
        "expected rules  [acknowledge, machine]",
        "got rules       [acknowledge]",
        "because         machine ✗ mail.is_bounce is true   [false]",
        "                machine ✗ mail.is_auto_reply is true   [false]",
    )),
    ({"rules_not": ("acknowledge",)}, ("expected rules_not [acknowledge]", "got rules_not   [acknowledge]")),
    ({"ticket": "none"}, ("expected ticket none", "got ticket      new")),
    ({"ticket": 12}, ("expected ticket 12", "got ticket      new")),
    ({"assignee": "ana"}, ("expected assignee ana", "got assignee    none")),
    ({"tags": ("vip",)}, ("expected tags   [vip]", "got tags        [vip, refund]")),
    ({"fields": {"order": "X", "kind": "a"}}, (
        "expected fields {order: X, kind: a}",
        "got fields      {order: PL-10442, kind: none}",
    )),
    ({"sent": ()}, ("expected sent   []", "got sent        [auto_ack.en]")),
    ({"sent": ("auto_ack.en", "a.en")}, ("expected sent   [auto_ack.en, a.en]", "got sent        [auto_ack.en]")),
    ({"not_sent": ("auto_ack.en",)}, ("expected not_sent [auto_ack.en]", "got not_sent    [auto_ack.en]")),
    ({"quarantine": "spoofed sender"}, ("expected quarantine spoofed sender", "got quarantine  none")),
    ({"drop": "noise"}, ("expected drop   noise", "got drop        none")),
])  # fmt: skip
def test_each_difference_is_told_with_what_was_got(expect: dict[str, Any], lines: tuple[str, ...]) -> None:
    assert compare(scene(**expect), SEEN) == lines


def test_a_mail_that_ended_before_the_rules_has_none() -> None:
    assert compare(scene(rules=("machine",)), replace(SEEN, rules=(), trace=None)) == (
        "expected rules  [machine]",
        "got rules       []",
    )


def test_a_scene_is_one_line_when_it_passes_and_tells_its_differences_when_not() -> None:
    assert list(verdict(scene(), (), 12.4)) == ["  PASS  a scene" + " " * 67 + "12 ms"]
    assert list(verdict(scene(), ("expected sent   []",), 1)) == ["  FAIL  a scene", "          expected sent   []"]


def test_a_misspelt_header_field_of_the_test_is_told_beside_the_reasons() -> None:
    wrong = replace(scene(rules=("machine",)), mail={"headers": {"Auto-Submited": ("auto-replied",), "X-Own": ("a",)}})
    assert compare(wrong, SEEN)[-1] == (
        "                header “Auto-Submited” in the test: did you mean “Auto-Submitted”?"
    )
