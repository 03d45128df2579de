"""What 500 rules of ten conditions cost for a mail of 10 KB, and for the most hostile one: decided, traced, encoded.

usage    python -m bench.rules
Output   milliseconds of the processor a mail, as live mail costs them: the trace is made, and encoded as it is stored.
"""

import random
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from gateway.rules.evaluate import Budget, evaluate
from gateway.rules.load import load_rules
from gateway.rules.reading import Mails
from gateway.rules.types import Facts, RuleSet

RULES, OCTETS = 500, 10 * 1024
MAILS = 200
HARD, HARD_OCTETS = 64, 60_000
_SYLLABLES = tuple("ba be ce da ej fi go hu ja ka le mo ny op po ra se ti ul vo wy za zo".split())  # noqa: SIM905
_HEAD = """version: 1
defaults: {team: support}
teams: {support: {address: support@bench.test}, billing: {address: billing@bench.test}}
rules:
"""
_RULE = """  - id: rule-{n}
    on: [new, reply]
    when:
      any:
        - subject: {{contains: [{a}, {b}]}}
        - body.new_text: {{contains: [{c}, {d}, {e}]}}
        - body.text: {{contains: {a} {b}, word: true}}
        - from.domain: {{in: [{a}.test, {b}.test]}}
        - from.address: {a}@{b}.test
      none: [{{from.domain: {{under: {c}.test}}}}, {{headers.X-Queue: {d}}}]
      subject: {{matches: '(?i)\\b{a}[ #:]*(\\d+)'}}
      mail.size: {{gte: {n} KiB}}
      customer.tier: {{not_in: [{e}]}}
    do: [{{tag: [tag-{n}]}}, {{route: billing}}]
"""


def rules_of(chance: random.Random, count: int = RULES) -> RuleSet:
    """Rules that ask different things, as a desk of many customers and products has them."""
    made = (_RULE.format(n=n, **dict(zip("abcde", words(chance, 5), strict=True))) for n in range(count))
    return load_rules(_HEAD + "".join(made), "rules.yaml", 1, Mails({}))


def words(chance: random.Random, count: int) -> list[str]:
    """Made-up words, mostly different ones."""
    return ["".join(chance.choices(_SYLLABLES, k=chance.randint(3, 5))) for _ in range(count)]


def mails(chance: random.Random, count: int = MAILS) -> Iterator[Facts]:
    """Mails of 10 KB in words with and without accents."""
    for number in range(count):
        text = " ".join(chance.choices([*words(chance, 400), "zażółć", "vrácení", "Rückerstattung"], k=OCTETS // 8))
        yield Facts(
            subject=" ".join([*words(chance, 5), str(number)]), body_text=text[:OCTETS],
            body_new_text=text[: OCTETS // 2],
            headers=(("X-Queue", "q"),), from_address=f"u{number}@c.test", from_domain="c.test", size=OCTETS,
            customer_tier="gold", ticket_team="support", ticket_tags=(), now=datetime(2026, 1, 5, tzinfo=UTC),
        )  # fmt: skip


def milliseconds(rules: RuleSet, facts: Facts) -> float:
    """Processor time of one decision and its trace, as live."""
    began = time.process_time()
    decision = evaluate(rules, facts, ("received", "new"), budget=Budget(time.thread_time, 0.05))
    msgspec.json.encode(decision.trace)
    return (time.process_time() - began) * 1000


def hostile(facts: Facts) -> Iterator[tuple[str, Facts]]:
    """Texts of a megabyte that cost most where a reader is careless."""
    texts = {
        "one letter": "a" * (1 << 20),
        "blanks": " " * (1 << 20),
        "syllables": "bace" * (1 << 18),
        "combining marks": "a\u0301\u0302" * (1 << 18),
        "ligatures": "\ufdfa" * (1 << 18),
        "digits": "1 2 " * (1 << 18),
    }
    for name, text in texts.items():
        yield name, replace(facts, subject=text, body_text=text, body_new_text=text)


def hard() -> Iterator[tuple[str, RuleSet, Facts]]:
    """Sixty-four patterns that are hard for what looks for all of them at once, or for each, on 60 KB."""
    chance = random.Random(2)
    letters = {
        "two letters": "".join(chance.choices("ab", k=HARD_OCTETS)),
        "all letters": "".join(chance.choices("abcdefghijklmnopqrstuvwxyz ", k=HARD_OCTETS)),
        "words": " ".join(words(chance, HARD_OCTETS // 6))[:HARD_OCTETS],
    }
    patterns = {
        "states": [f"[ab]*a[ab]{{{12 + n % 8}}}c{n}" for n in range(HARD)],
        "runs": [f"(.*{chr(97 + n % 26)}{{{n // 26 + 1}}}){{20}}" for n in range(HARD)],
        "classes": [f"[a-q][^u-z]{{{13 + n % 7}}}x{n}" for n in range(HARD)],
    }
    rule = "  - {{id: r{n}, on: new, when: {{body.text: {{matches: '{p}'}}}}, do: [{{tag: [t]}}]}}\n"
    for name, each in patterns.items():
        made = "".join(rule.format(n=n, p=p) for n, p in enumerate(each))
        rules = load_rules(_HEAD + made, "rules.yaml", 1, Mails({}))
        for what, text in letters.items():
            yield f"{name} of {what}", rules, Facts(body_text=text, ticket_team="support")


def figures() -> Iterator[tuple[str, str]]:
    """What is measured, and the figure with its bound."""
    chance = random.Random(1)
    rules, given = rules_of(chance), list(mails(chance))
    took = [milliseconds(rules, facts) for facts in given]
    what = f"median of {len(took)} mails of 10 KB, {RULES} rules of ten conditions"
    yield "rules.ordinary", f"{statistics.median(took):.2f} ms, {what} (bound: at most 2)"
    size = len(msgspec.json.encode(evaluate(rules, given[0], ("received", "new")).trace))
    yield "rules.trace", f"{size / 1024:.1f} KiB a mail as it is stored"
    for name, facts in hostile(given[0]):
        worst = max(milliseconds(rules, facts) for _ in range(3))
        yield "rules.hostile", f"{worst:.1f} ms, {name} (bound: at most 50)"
    for name, hard_rules, facts in hard():
        worst = max(milliseconds(hard_rules, facts) for _ in range(5))
        yield "rules.hard", f"{worst:.1f} ms, {HARD} patterns, {name} (bound: at most 50)"


if __name__ == "__main__":
    for name, figure in figures():
        print(f"{name:18} {figure}")
