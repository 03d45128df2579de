"""One run: what later rules see, what stops it, what is only traced, and how a chain of rules ends."""
# ruff: noqa: E501 -- a row of a table is a rule, and stays one

from datetime import UTC, datetime, timedelta

import pytest

from gateway.rules.desk import Span
from gateway.rules.types import (
    AddCc,
    Decision,
    Dispose,
    Escalate,
    Facts,
    Later,
    MergeInto,
    Note,
    Notify,
    Redirect,
    Reply,
    Route,
    RuleSet,
    Set,
    Tag,
)
from tests.rules.desk import evaluate, rules_of

SUNDAY = datetime(2026, 11, 22, 21, tzinfo=UTC)
DESK = (
    "calendars: {office: {timezone: UTC, hours: {mon-fri: '08:00-17:00'}}}\n"
    "sla: {gold: {calendar: office, resolution: 2d}}\n"
    "limits: {redirect_domains: [x.test]}\n"
)


def rules(*entries: str) -> RuleSet:
    return rules_of(DESK + "rules:\n" + "".join(f"  - {{{entry}}}\n" for entry in entries))


def outcomes(decision: Decision) -> str:
    return " ".join(f"{h.rule}:{h.outcome}" for h in decision.trace.hits)


def words(decision: Decision) -> list[str]:
    return [f"{e.action}: {e.before} > {e.after}" for h in decision.trace.hits for e in h.effects]


# --- shadow and once --------------------------------------------------------------------------------------------


def test_a_rule_in_shadow_is_traced_with_its_effects_and_changes_nothing() -> None:
    decision = evaluate(
        rules(
            "id: a, on: new, shadow: true, do: [{route: billing}, {stop: true}]",
            "id: b, on: new, when: {ticket.team: billing}, do: [{tag: seen}]",
        ),
        Facts(ticket_team="support"),
        ("new",),
    )
    assert outcomes(decision) == "a:shadow b:not-matched"
    assert words(decision) == ["team: support > billing"]
    assert decision.actions == ()


@pytest.mark.parametrize(("once", "fired", "outcome"), [
    # once, rules that the ticket or cycle has seen, what becomes of it
    ("never", {"a"}, "a:applied"),
    ("ticket", set(), "a:applied"),
    ("ticket", {"a"}, "a:once"),
    ("cycle", {"a"}, "a:once"),
    ("cycle", {"b"}, "a:applied"),
])  # fmt: skip
def test_once_is_once(once: str, fired: set[str], outcome: str) -> None:
    found = evaluate(rules(f"id: a, on: new, once: {once}, do: [{{tag: t}}]"), Facts(), ("new",), fired=fired)
    assert outcomes(found) == outcome


@pytest.mark.parametrize(("on", "default"), [
    # event, once when it is not said
    ("idle", "cycle"),
    ("[sla-warning, sla-breached]", "cycle"),
    ("reply", "never"),
    ("[idle, reply]", "never"),
])  # fmt: skip
def test_rules_of_clocks_run_once_in_a_cycle(on: str, default: str) -> None:
    (rule,) = rules(f"id: a, on: {on}, when: {{ticket.idle: {{gte: 1d}}}}, do: [{{tag: t}}]").rules
    assert rule.once == default


# --- chains -----------------------------------------------------------------------------------------------------

STEPS = ["open", "pending", "on_hold", "solved", "closed"]


def steps(count: int) -> RuleSet:
    """Each rule makes the next status out of one."""
    return rules(
        "id: first, on: new, do: [{set: {status: open}}]",
        *(
            f"id: s{i}, on: status-changed, when: {{ticket.status: {STEPS[i]}}}, do: [{{set: {{status: {STEPS[i + 1]}}}}}]"
            for i in reversed(range(count))  # in file order each would see what the one before it did
        ),
    )


def test_a_status_set_by_a_rule_queues_one_run_of_status_changed() -> None:
    decision = evaluate(steps(2), Facts(ticket_status="new"), ("received", "new"))
    assert [h.rule for h in decision.trace.hits if h.outcome == "applied"] == ["first", "s0", "s1"]
    assert decision.trace.guard == ""
    assert decision.trace.other_events == ()


def test_a_chain_ends_after_three_runs_and_says_so() -> None:
    decision = evaluate(steps(4), Facts(ticket_status="new"), ("new",))
    assert [h.rule for h in decision.trace.hits if h.outcome == "applied"] == ["first", "s0", "s1", "s2"]
    assert decision.actions[-1] == Set("s2", "status", "solved")
    assert "ran 3 times" in decision.trace.guard


def test_a_rule_runs_once_in_a_chain() -> None:
    loop = rules(
        "id: a, on: [new, status-changed], when: {ticket.status: new}, do: [{set: {status: open}}]",
        "id: b, on: status-changed, when: {ticket.status: open}, do: [{set: {status: new}}]",
    )
    decision = evaluate(loop, Facts(ticket_status="new"), ("new",))
    assert outcomes(decision) == "a:applied a:chain b:applied a:chain b:chain"


def test_a_mail_that_is_disposed_of_changes_no_status() -> None:
    found = rules(
        "id: a, on: received, when: {subject: x}, do: [{record: x}]",
        "id: b, on: new, do: [{set: {status: open}}]",
        "id: c, on: status-changed, do: [{tag: c}]",
    )
    assert outcomes(evaluate(found, Facts(subject="x", ticket_status="new"), ("received", "new"))) == "a:applied"


# --- before and after -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "held"), [
    # the status was pending and is open, the team was and is support
    ("ticket.status: {changed: true}", True),
    ("ticket.status: {changed: false}", False),
    ("ticket.status: {changed_to: open}", True),
    ("ticket.status: {changed_to: [solved, closed]}", False),
    ("ticket.status: {changed_from: [pending, open]}", True),
    ("ticket.status: {changed_from: open}", False),
    ("ticket.team: {changed: true}", False),
    ("ticket.team: {changed_to: support}", False),
    ("ticket.assignee: {changed: true}", True),         # there was none
])  # fmt: skip
def test_changed_compares_with_the_value_before_the_event(when: str, held: bool) -> None:
    now = Facts(ticket_status="open", ticket_team="support", ticket_assignee="ana")
    before = Facts(ticket_status="pending", ticket_team="support")
    found = rules(f"id: a, on: status-changed, when: {{{when}}}, do: [{{tag: t}}]")
    (hit,) = evaluate(found, now, ("status-changed",), before=before).trace.hits
    assert (hit.outcome == "applied") is held


@pytest.mark.parametrize(("when", "is_open", "held"), [
    ("time: {within: office}", True, True),
    ("time: {within: office}", False, False),
    ("time: {outside: office}", False, True),
    ("none: [{time: {within: office}}]", False, True),
])  # fmt: skip
def test_time_is_compared_with_a_calendar(when: str, is_open: bool, held: bool) -> None:
    found = rules(f"id: a, on: new, when: {{{when}}}, do: [{{tag: t}}]")
    asked = []

    def opening(calendar: str, at: datetime) -> bool:
        asked.append((calendar, at))
        return is_open

    (hit,) = evaluate(found, Facts(time=SUNDAY), ("new",), opening=opening).trace.hits
    assert (hit.outcome == "applied") is held
    assert asked == [("office", SUNDAY)]


def test_a_calendar_that_nobody_knows_fails_the_rule_alone() -> None:
    found = rules("id: a, on: new, when: {time: {within: office}}, do: [{tag: t}]", "id: b, on: new, do: [{tag: u}]")
    decision = evaluate(found, Facts(time=SUNDAY), ("new",))
    assert outcomes(decision) == "a:error b:applied"
    assert decision.failed == ("a",)


# --- actions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("do", "action", "effect"), [
    # what the rule says, the value, the words of the trace
    ("notify: {to: [assignee, team.lead, ana], template: sla_warning}",
     Notify("a", ("assignee", "team.lead", "ana"), "sla_warning"),
     "notify:  > sla_warning to assignee, team.lead, ana"),
    ("reply: {template: auto_ack, variant: {outside: office, use: after_hours}}",
     Reply("a", "auto_ack", "after_hours", None, "office"), "reply:  > auto_ack/after_hours outside office"),
    ("reply: {template: t, with: {order: '{{ captures.n }}'}}",
     Reply("a", "t", None, None, None, (("order", "PL-10442"),)), "reply:  > t"),
    ("note: 'Order {{ captures.n | lower }}, from {{ from.name | default(\"nobody\") }}'",
     Note("a", "Order pl-10442, from nobody"), "note:  > Order pl-10442, from nobody"),
    ("tag: 'order-{{ captures.n }}'", Tag("a", ("order-PL-10442",)), "tag:  > +order-PL-10442"),
    ("cc: [Eva@x.test]", AddCc("a", ("eva@x.test",)), "cc:  > eva@x.test"),
    ("escalate: {to: billing}", Escalate("a", "billing"), "escalation: ∅ > 1; team: support > billing"),
    ("set: {status: closed}, after: 3d, unless: reply",
     Later(Set("a", "status", "closed"), timedelta(days=3), None, ("reply",)), "status: new > closed in 3d unless reply"),
    ("tag: late, after: 3d in office", Later(Tag("a", ("late",)), Span(days=3), "office"),
     "tag:  > +late in 3d (office)"),
    ("tag: late, after: 24h in office", Later(Tag("a", ("late",)), Span(hours=timedelta(days=1)), "office"),
     "tag:  > +late in 24h (office)"),
])  # fmt: skip
def test_an_action_is_a_value_and_a_line_of_the_trace(do: str, action: object, effect: str) -> None:
    found = rules(f"id: a, on: new, when: {{subject: {{matches: '(?P<n>PL-[0-9]+)'}}}}, do: [{{{do}}}]")
    facts = Facts(subject="order PL-10442", ticket_team="support", ticket_status="new")
    decision = evaluate(found, facts, ("new",))
    assert decision.actions == (action,)
    assert "; ".join(words(decision)) == effect


def test_what_is_for_later_is_not_seen_by_later_rules() -> None:
    found = rules(
        "id: a, on: new, do: [{set: {status: closed}, after: 3d}]",
        "id: b, on: new, when: {ticket.status: closed}, do: [{tag: t}]",
    )
    assert outcomes(evaluate(found, Facts(ticket_status="new"), ("new",))) == "a:applied b:not-matched"


@pytest.mark.parametrize(("do", "value"), [
    ("record: 'from {{ from.domain }}'", Dispose("a", "record", "from x.test")),
    ("drop: {reason: noise}", Dispose("a", "record", "drop:a: noise")),
    ("redirect: desk@x.test", Redirect("a", "desk@x.test")),
    ("merge_into: {same: [field.note], within: 7d}", MergeInto("a", ("field.note",), timedelta(days=7), ("x",))),
])  # fmt: skip
def test_a_disposition_ends_the_run_before_new(do: str, value: object) -> None:
    pattern = "{matches: '(?P<note>x)'}"
    found = rules(
        f"id: a, on: received, when: {{subject: {pattern}}}, do: [{{{do}}}]", "id: b, on: new, do: [{tag: t}]"
    )
    facts = Facts(subject="x", from_domain="x.test")
    decision = evaluate(found, facts, ("received", "new"), has_ticket=lambda merge: True)
    assert (decision.actions, decision.disposition) == ((value,), value)
    assert outcomes(decision) == "a:applied"


def test_what_finds_no_ticket_to_merge_into_goes_its_normal_way() -> None:
    found = rules(
        "id: a, on: received, when: {subject: {matches: '(?P<note>x)'}}, "
        "do: [{merge_into: {same: [field.note], within: 7d}}]",
        "id: b, on: new, do: [{tag: t}]",
    )
    decision = evaluate(found, Facts(subject="x"), ("received", "new"), has_ticket=lambda merge: False)
    assert (outcomes(decision), decision.disposition) == ("a:applied b:applied", None)


@pytest.mark.parametrize(("do", "subject", "error"), [
    ("tag: '{{ captures.n }}'", "two words", "“two words” is no tag"),
    ("note: '{{ from.name }}'", "x", "from.name has no value"),
    ("note: '{{ mail.size | first }}'", "x", "“{{ mail.size | first }}”: 'int' object is not iterable"),
])  # fmt: skip
def test_a_string_that_cannot_be_filled_fails_its_rule_whole(do: str, subject: str, error: str) -> None:
    found = rules(
        f"id: a, on: new, when: {{subject: {{matches: '(?P<n>.+)'}}}}, do: [{{route: billing}}, {{{do}}}]",
        "id: b, on: new, do: [{tag: t}]",
    )
    decision = evaluate(found, Facts(subject=subject, size=3), ("new",))
    assert decision.actions == (Tag("b", ("t",)),)
    assert decision.trace.hits[0].error == error


def test_a_filled_string_is_cut_at_a_kibibyte_and_cleaned() -> None:
    found = rules("id: a, on: new, do: [{note: '{{ body.text }}'}]")
    (action,) = evaluate(found, Facts(body_text="a\x1b[31m\u2028b\n" + "ż" * 1000), ("new",)).actions
    assert isinstance(action, Note)
    assert action.text.startswith("a [31m b\nż")
    assert len(action.text.encode()) <= 1024


def test_a_route_in_received_is_seen_by_new() -> None:
    found = rules(
        "id: a, on: received, do: [{route: billing}]", "id: b, on: new, when: {ticket.team: billing}, do: [{tag: t}]"
    )
    decision = evaluate(found, Facts(ticket_team="support"), ("received", "new"))
    assert decision.actions == (Route("a", "billing"), Tag("b", ("t",)))
