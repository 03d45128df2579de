"""What differs between two rule files, in words, and a file in which one rule is switched."""

import pytest

from gateway.rules.switch import State, rule_ids, switched
from gateway.rules.written import RuleText, as_diff, in_words, is_included

BEFORE = """version: 1
defaults: {team: support}
teams: {support: {address: support@acme.test}}
lists:
  words: [refund, zwrot]
rules:
  - id: first
    on: new
    do: [{tag: [a]}]
  - {id: second, on: reply, do: [{tag: [b]}]}
tests:
  - {name: one, mail: {subject: x}, expect: {rules: [first]}}
"""


@pytest.mark.parametrize(("old", "new", "words"), [
    # what stands there, what stands there then, in words
    ("version: 1", "version: 1  # a remark",            []),
    ("words: [refund, zwrot]", "words:\n    - refund\n    - zwrot", []),  # another layout
    ("[refund, zwrot]", "[refund, storno]",             ["~ list     words: + storno, - zwrot"]),
    ("tag: [a]", "tag: [c]",                            ["~ rule     first: do"]),
    ("on: new", "about: new ones\n    on: [new, note]", ["~ rule     first: about, on"]),
    ("id: first", "id: third",                          ["+ rule     third", "- rule     first"]),
    ("- {id: second, on: reply, do: [{tag: [b]}]}\n", "\n", ["- rule     second"]),
    ("name: one", "name: two",                          ["+ test     two", "- test     one"]),
    ("team: support}", "team: support, language: de}",  ["~ defaults: language"]),
    ("{support: {address: support@acme.test}}", "{support: {address: a@acme.test}, billing: {address: b@acme.test}}",
     ["~ team     support: address", "+ team     billing"]),
    ("  - id: first\n    on: new\n    do: [{tag: [a]}]\n  - {id: second, on: reply, do: [{tag: [b]}]}\n",
     "  - {id: second, on: reply, do: [{tag: [b]}]}\n  - id: first\n    on: new\n    do: [{tag: [a]}]\n",
     ["~ order    second, first"]),
])  # fmt: skip
def test_in_words(old: str, new: str, words: list[str]) -> None:
    assert old in BEFORE
    assert list(in_words(RuleText("", BEFORE), RuleText("", BEFORE.replace(old, new, 1)))) == words


def test_files_beside_it_count() -> None:
    old = RuleText("", BEFORE, {"d/a.yaml": "rules: [{id: far, on: new, do: []}]\n"}, {"vip.txt": "1", "gone.csv": "1"})
    new = RuleText("", BEFORE, {"d/a.yaml": "rules: [{id: far, on: note, do: []}]\n"}, {"vip.txt": "2", "new.csv": "1"})
    assert list(in_words(old, new)) == [
        "~ rule     far: on",
        "- file     gone.csv",
        "+ file     new.csv",
        "~ file     vip.txt",
    ]
    assert list(as_diff(old, new, "rules.yaml", ("revision 1", "now"))) == [
        "--- d/a.yaml (revision 1)",
        "+++ d/a.yaml (now)",
        "@@ -1 +1 @@",
        "-rules: [{id: far, on: new, do: []}]",
        "+rules: [{id: far, on: note, do: []}]",
    ]


def test_a_file_that_cannot_be_read_holds_nothing() -> None:
    assert "- rule     first" in list(in_words(RuleText("", BEFORE), RuleText("", "rules: [")))


@pytest.mark.parametrize(("name", "pattern", "included"), [
    ("rules.d/a.yaml",   "rules.d/*.yaml", True),
    ("rules.d/a.txt",    "rules.d/*.yaml", False),
    ("rules.d/b/a.yaml", "rules.d/*.yaml", False),  # a star ends at a slash
    ("a.yaml",           "*.yaml",         True),
])  # fmt: skip
def test_what_a_glob_names(name: str, pattern: str, *, included: bool) -> None:
    assert is_included(name, (pattern,)) is included


@pytest.mark.parametrize(("rule", "state", "old", "new"), [
    # which rule, into which state, the octets that change, and what they become
    ("first",  "disable", "  - id: first\n",  "  - id: first\n    enabled: false\n"),
    ("first",  "shadow",  "  - id: first\n",  "  - id: first\n    shadow: true\n"),
    ("first",  "enable",  "",                 ""),
    ("second", "disable", "{id: second,",     "{id: second, enabled: false,"),
    ("second", "shadow",  "{id: second,",     "{id: second, shadow: true,"),
])  # fmt: skip
def test_only_the_words_of_one_rule_change(rule: str, state: State, old: str, new: str) -> None:
    assert switched(BEFORE, rule, state) == BEFORE.replace(old, new, 1)


@pytest.mark.parametrize("first", ["disable", "shadow"])
@pytest.mark.parametrize("rule", ["first", "second"])
def test_a_switch_that_is_there_is_turned(rule: str, first: State) -> None:
    """And whatever was said before, the last word counts."""
    off = switched(BEFORE, rule, first) or ""
    for state, enabled, shadow in (("enable", "true", "false"), ("shadow", "true", "true"), ("disable", "false", None)):
        text = switched(off, rule, state) or ""  # type: ignore[arg-type]
        assert text.count("enabled:") <= 1
        assert text.count("shadow:") <= 1
        if "enabled:" in text:
            assert f"enabled: {enabled}" in text
        if "shadow:" in text and shadow:
            assert f"shadow: {shadow}" in text


def test_remarks_and_line_ends_stay() -> None:
    text = "# head\nrules:\n  - id: a  # why\n    on: new\n    enabled: true  # for now\n    do: []\n"
    assert switched(text, "a", "disable") == text.replace("enabled: true ", "enabled: false ")


def test_a_rule_that_is_not_there() -> None:
    assert switched(BEFORE, "third", "disable") is None
    assert rule_ids(BEFORE) == ("first", "second")
