"""A thousand rule files, each with one fault in a place that is known: every one of them is named by line and column."""
# ruff: noqa: E501 -- a row of the table is a fault

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from gateway.errors import ConfigError, Problem
from gateway.rules.load import load_rules

HEAD = """\
version: 1
defaults: {team: support, language: en}
agents:
  ana: {name: Ana, email: ana@acme.test, role: lead}
  bo: {name: Bo, email: bo@acme.test}
teams:
  support: {address: support@acme.test, members: [ana, bo], lead: ana}
  billing: {address: billing@acme.test, members: [bo]}
lists:
  words: [refund, return]
fields:
  order: {type: text, pattern: '[A-Z]{2}-[0-9]{5}'}
"""
MARK = "«"  # stands before the fault, and is taken out


@dataclass
class Dice:
    """What the generator chooses by chance, the same for the same seed."""

    seed: int
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def one(self, *words: str) -> str:
        return self.chance.choice(words)

    def slip(self, word: str) -> str:
        """The word with two letters exchanged, one doubled or one lost; never another word of the language."""
        at = self.chance.randrange(1, len(word) - 1)
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        return self.one(*(w for w in (word[:at] + word[at:at + 1] + word[at:], word[:at] + word[at + 1 :], swapped) if w != word))  # fmt: skip

    def condition(self) -> str:
        return self.one(
            "subject: {contains: $words}", "from.domain: {under: bank.test}", "ticket.team: billing",
            "body.new_text: {contains: [a, b], word: true}", "mail.size: {gt: 10 KiB}", "customer.muted: false",
            "subject: {matches: 'order (?P<n>[0-9]+)'}", "auth.dmarc: {in: [pass, none]}",
        )  # fmt: skip

    def action(self) -> str:
        return self.one(
            "{route: billing}", "{tag: [a, b]}", "{set: {priority: high}}", "{assign: ana}", "{reply: auto_ack}",
            "{untag: c}", "{unassign: true}",
        )  # fmt: skip

    def rule(self, id: str, when: str = "", do: str = "", on: str = "new", more: str = "") -> str:
        """A rule in one of the ways in which people write them."""
        when, do = when or self.condition(), do or self.action()
        if self.chance.random() < 0.5:
            return f"  - {{id: {id}, on: {on}, when: {{{when}}}, do: [{do}]{more}}}\n"
        group = self.one("", "all", "any")
        inner = f"      {group}:\n        - {when}\n" if group else f"      {when}\n"
        extra = f"   {more.removeprefix(',')}\n" if more else ""
        return f"  - id: {id}\n    about: one of many\n    on: {on}\n    when:\n{inner}    do:\n      - {do}\n{extra}"


FIELDS = ("subject", "from.domain", "ticket.team", "body.new_text", "auth.dmarc", "customer.known")
OPERATORS = ("contains", "starts_with", "ends_with", "matches", "under")
ACTIONS = ("route", "assign", "unassign", "untag", "reply", "quarantine")

FAULTS: dict[str, Callable[[Dice], tuple[str, str]]] = {
    # name: the faulty rule with a mark before the fault, and its code
    "field": lambda d: (d.rule("x", when=f"{MARK}{d.slip(d.one(*FIELDS))}: a"), "R001"),
    "operator": lambda d: (d.rule("x", when=f"subject: {{{MARK}{d.slip(d.one(*OPERATORS))}: a}}"), "R001"),
    "action": lambda d: (d.rule("x", do=f"{{{MARK}{d.slip(d.one(*ACTIONS))}: billing}}"), "R001"),
    "event": lambda d: (d.rule("x", on=f"{MARK}{d.slip(d.one('received', 'reply'))}"), "R001"),
    "team": lambda d: (d.rule("x", do=f"{{route: {MARK}{d.slip(d.one('support', 'billing'))}}}"), "R001"),
    "agent": lambda d: (d.rule("x", do=f"{{assign: {MARK}{d.one('an', 'anna', 'bob')}}}"), "R001"),
    "list": lambda d: (d.rule("x", when=f"subject: {{contains: {MARK}${d.slip('words')}}}"), "R001"),
    "status": lambda d: (d.rule("x", do=f"{{set: {{status: {MARK}{d.slip('pending')}}}}}"), "R001"),
    "rule key": lambda d: (d.rule("x", more=f", {MARK}{d.one('enabeld', 'abuot', 'wen')}: true"), "R001"),
    "value": lambda d: (d.rule("x", when=f"auth.dmarc: {MARK}{d.one('passed', 'fial', 'nome')}"), "R001"),
    "pattern": lambda d: (
        d.rule("x", when=f"subject: {{matches: {MARK}'{d.one('(a', '[b', 'a**', '(?=x)y')}'}}"),
        "R003",
    ),
    "capture": lambda d: (
        d.rule(
            "x", when="subject: {matches: '(?P<n>a)'}", do=f"{{tag: {MARK}'{{{{ captures.{d.one('m', 'nn')} }}}}'}}"
        ),
        "R018",
    ),
    "template": lambda d: (d.rule("x", do=f"{{tag: {MARK}'{{{{ {d.one('1 + 1', 'f()', 'a[0]')} }}}}'}}"), "R030"),
    "event of a field": lambda d: (
        d.rule("x", when=f"{MARK}ticket.team: billing", on="received", do="{record: x}"),
        "R017",
    ),
    "event of an action": lambda d: (
        d.rule("x", on="received", do=f"{{{MARK}{d.one('tag', 'assign')}: ana}}", when="subject: a"),
        "R017",
    ),
    "number for text": lambda d: (
        d.rule("x", when=f"subject: {MARK}{d.chance.randrange(10, 99)}.{d.chance.randrange(10)}0"),
        "R030",
    ),
    "size": lambda d: (d.rule("x", when=f"mail.size: {{gt: {MARK}{d.chance.randrange(1, 99)}}}"), "R030"),
    "duration": lambda d: (d.rule("x", when=f"ticket.age: {{gt: {MARK}{d.one('3 days', '3', '1.5h')}}}"), "R030"),
    "id twice": lambda d: (d.rule(f"{MARK}r0"), "R002"),
    "duplicate key": lambda d: (d.rule("x", more=f", {MARK}id: y"), "R030"),
    "merge key": lambda d: (d.rule("x", more=f", {MARK}<<: {{enabled: true}}"), "R030"),
    "tag": lambda d: (d.rule("x", do=f"{{tag: {MARK}!!python/name:os.system a}}"), "R030"),
    "secret": lambda d: (
        d.rule("x", do=f"{{quarantine: {MARK}AKIA{'A' * 16}}}", on="received", when="subject: a"),
        "R024",
    ),
    "catch-all": lambda d: (
        "  - {id: x, on: received, do: [{" + MARK + d.one("drop", "quarantine") + ": a}]}\n",
        "R025",
    ),
    "test": lambda d: (
        f"tests:\n  - {{name: t, mail: {{from: a@b.test}}, expect: {{rules: [{MARK}{d.one('r00', 'R0')}]}}}}\n",
        "R021",
    ),
}


def planted(seed: int) -> tuple[str, str, int, int, str]:
    """A file, the name of its fault, line, column and code."""
    dice = Dice(seed)
    name = list(FAULTS)[seed % len(FAULTS)]
    fault, code = FAULTS[name](dice)
    good = [dice.rule(f"r{i}") for i in range(dice.chance.randrange(1, 8))]
    at = len(good) if name == "test" else dice.chance.randrange(1, len(good) + 1)
    text = HEAD + "rules:\n" + "".join((*good[:at], fault, *good[at:]))
    before = text[: text.index(MARK)]
    return text.replace(MARK, ""), name, before.count("\n") + 1, len(before) - before.rfind("\n"), code


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load_rules(text, "rules.yaml", 1)
    return caught.value.problems


def missed(seeds: range) -> Iterator[str]:
    for seed in seeds:
        text, name, line, column, code = planted(seed)
        found = [(p.line, p.column, p.code) for p in problems(text)]
        if (line, column, code) not in found:
            yield f"seed {seed}, {name}: {code} at {line}:{column}, found {found}\n{text.splitlines()[line - 1]}"
        elif len({f[:2] for f in found}) > 1:
            yield f"seed {seed}, {name}: more than the one fault is told: {found}"


def test_faults_of_each_kind_are_named_by_line_and_column() -> None:
    assert "\n".join(missed(range(3 * len(FAULTS)))) == ""


@pytest.mark.push
def test_a_thousand_planted_faults_are_named_by_line_and_column() -> None:
    assert "\n".join(missed(range(1000))) == ""


@pytest.mark.parametrize("seed", range(20))
def test_a_file_without_its_fault_is_right(seed: int) -> None:
    dice = Dice(seed)
    load_rules(HEAD + "rules:\n" + "".join(dice.rule(f"r{i}") for i in range(5)), "rules.yaml", 1)
