"""Many patterns and words of one field are looked for in one pass, and each is found where it is found alone."""

import contextlib
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.rules.effects import NotPossible
from gateway.rules.evaluate import Budget, _Run
from gateway.rules.load import leaves
from gateway.rules.operators import TEXT_READ, Seen
from gateway.rules.overlay import Overlay
from gateway.rules.pattern import compiled
from gateway.rules.types import Facts
from tests.rules.desk import evaluate, rules_of

PATTERNS = (
    r"urgent$", r"urgent\z", r"\Aurgent", r"^urgent$", r"^$", r"$", r"(?m)^urgent$", r"(?m)a$", r"(?m)^$",
    r"(?i)URGENT$", r"(?i)\bUrgent\b", r"urgent\b", r"\Burgent", r"urgent\B", r"\b", r"\B", r"(?s)a.b$", r"a.b",
    r"[^a]$", r"^(?:a|b)*$", r"(?U)a+$", r"a{0,3}$", r"\pL\z", r"(?:)", r".*", r"(?P<name>urgent)$",
)  # fmt: skip
MANY = rules_of("rules:\n" + "".join(
    f"  - {{id: r{i}, on: new, when: {{body.text: {{matches: '{p}{extra}'}}}}, do: [{{tag: t}}]}}\n"
    for extra in ("", "|never so")
    for i, p in enumerate(PATTERNS, len(extra) * 100)
))  # fmt: skip
TEXTS = st.lists(st.sampled_from(("urgent", "URGENT", "a", "b", "\n", " ", "é", "_"))).map("".join)


@settings(max_examples=200)
@given(TEXTS | st.builds("{}{}".format, st.just("a " * (TEXT_READ // 2 - 2)), TEXTS))  # longer than what is read, too
@example("")
@example("a" * (TEXT_READ - 6) + "urgent")
@example("a" * (TEXT_READ - 6) + "urgent at the end of what is read")
def test_a_pattern_among_many_is_found_where_it_is_found_alone(text: str) -> None:
    (octets,) = Seen(text).octets
    tests = {rule.id: test for rule in MANY.rules for test, _ in leaves(rule.when, negated=False)}
    alone = [id for id, test in tests.items() if compiled(test.operand.source).search(octets)]
    assert MANY.index["body.text"].sifts
    decision = evaluate(MANY, Facts(body_text=text), ("new",))
    assert [hit.rule for hit in decision.trace.hits if hit.outcome == "applied"] == alone


def test_patterns_that_do_not_fit_into_one_pass_are_looked_for_one_by_one() -> None:
    rules = rules_of("rules:\n" + "".join(
        f"  - {{id: r{i}, on: new, when: {{subject: {{matches: '(?:{i},){{900}}$'}}}}, do: [{{tag: t}}]}}\n"
        for i in range(60)
    ))  # fmt: skip
    assert not rules.index["mail.subject"].sifts
    decision = evaluate(rules, Facts(subject="7," * 900), ("new",))
    assert [hit.rule for hit in decision.trace.hits if hit.outcome == "applied"] == ["r7"]


class _Octets:
    """A clock that goes on by what is looked at: so much for each octet."""

    def __init__(self, each: float) -> None:
        self.each, self.now, self.looked = each, 0.0, 0

    def look(self, octets: bytes) -> bool:
        self.looked += len(octets)
        self.now += self.each * len(octets)
        return False


@pytest.mark.parametrize(("each_us", "octets", "looked", "finished"), [
    # what an octet costs, how long the text is, how many octets are looked at in parts of 100 and as a whole
    (0.1, 100, 100, True),          # so short that it costs nothing to try
    (0.1, 60_000, 120_000, True),
    (100, 60_000, 300, False),      # 20 ms are spent to find out, of 40 that are for patterns
    (100, 200, 400, True),
])  # fmt: skip
def test_a_look_that_would_not_end_in_time_is_not_begun(
    each_us: float, octets: int, looked: int, finished: bool
) -> None:
    clock = _Octets(each_us / 1e6)
    rules = rules_of("")
    run = _Run(Overlay(Facts(), None, rules.index), rules, Budget(lambda: clock.now, 0.05), (), None)
    with contextlib.nullcontext() if finished else pytest.raises(NotPossible, match="would take more than their 50 ms"):
        run._looked(0.5, clock.look, clock.look, 100, b"x" * octets)
    assert clock.looked == looked


def test_patterns_that_are_hard_together_leave_the_others_their_time() -> None:
    hard = "".join(
        f"  - {{id: r{n}, on: new, when: {{body.text: {{matches: '{pattern}'}}}}, do: [{{tag: [a]}}]}}\n"
        for n, pattern in enumerate(f"[ab]*a[ab]{{{12 + n % 8}}}c{n}" for n in range(60))
    )
    easy = "  - {id: easy, on: new, when: {subject: {matches: ^abc}}, do: [{tag: [b]}]}\n"
    rules = rules_of(f"rules:\n{easy}{hard}")
    text = "".join(random.Random(1).choices("ab", k=60_000))
    took = []
    for _ in range(5):
        began = time.process_time()
        decision = evaluate(
            rules, Facts(subject="abc", body_text=text), ("new",), budget=Budget(time.thread_time, 0.05)
        )
        took.append(time.process_time() - began)
    assert min(took) < 0.05
    assert "r59" in decision.failed
    assert [hit.rule for hit in decision.trace.hits if hit.outcome == "applied"] == ["easy"]
