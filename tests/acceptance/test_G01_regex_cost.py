"""G-01: no pattern and no text costs more than its share; what RE2 lacks is an error of the configuration."""

import time

import pytest

from gateway.errors import ConfigError
from gateway.rules.evaluate import Budget, evaluate
from gateway.rules.types import Facts
from tests.rules.desk import one_rule, rules_of

pytestmark = pytest.mark.p0
PATTERNS = (
    r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"^(a|aa|aaa)+$", r"(a*)*b", r"(.*)*x", r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$", r"^(\d+)*$", r"(.*a){20}", r"\s+$", r".*.*=.*",
)  # fmt: skip
RULES = rules_of(
    "rules:\n"
    + "".join(
        f"  - {{id: r{n}, on: new, when: {{body.text: {{matches: '{pattern}'}}}}, do: [{{tag: t{n}}}]}}\n"
        for n, pattern in enumerate(PATTERNS)
    )
)


@pytest.mark.parametrize(
    "text", ["a" * 1_000_000, " " * 999_999 + "z", "x" * 1_000_000, "1" * 999_999 + "a", "=" * 10**6]
)
def test_G01_all_the_patterns_that_hang_elsewhere_take_their_50_ms_together(text: str) -> None:
    evaluate(RULES, Facts(body_text="warm"), ("new",))
    took = []
    for _ in range(3):
        begun = time.process_time()
        decision = evaluate(RULES, Facts(body_text=text), ("new",), budget=Budget(time.thread_time, 0.05))
        took.append(time.process_time() - begun)
    assert min(took) < 0.05
    assert {hit.outcome for hit in decision.trace.hits} <= {"applied", "error"}  # of those that are told at all


@pytest.mark.parametrize(("pattern", "place"), [
    # what RE2 lacks or refuses, where it stands
    (r"(a)\1", "rules.yaml:17:48"),
    ("(?=a)b", "rules.yaml:17:48"),
    ("((a{1,1000}){1,1000})", "rules.yaml:17:48"),
    ("a{1,1001}", "rules.yaml:17:48"),
])  # fmt: skip
def test_G01_what_re2_lacks_is_named_with_file_and_line(pattern: str, place: str) -> None:
    with pytest.raises(ConfigError) as refused:
        one_rule(f"{{subject: {{matches: '{pattern}'}}}}")
    (problem,) = refused.value.problems
    assert (f"{problem.file}:{problem.line}:{problem.column}", problem.code) == (place, "R003")
