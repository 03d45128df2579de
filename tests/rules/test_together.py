"""Many patterns and words of one field are looked for in one pass, and each is found where it is found alone."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.rules.load import leaves
from gateway.rules.operators import TEXT_READ, Seen
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


@settings(max_examples=200, deadline=None)
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
