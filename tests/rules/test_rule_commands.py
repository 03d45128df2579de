"""The commands on a rule file: formats of check, results of tests, the layout, the overview, one mail under two files."""
# ruff: noqa: E501 -- a rule of a fixture is one line

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.main import run
from gateway.errors import ConfigError
from gateway.rules.layout import formatted
from gateway.rules.sample import sample

HEAD = "version: 1\ndefaults: {team: support}\nteams: {support: {address: support@acme.test}, billing: {address: b@acme.test}}\n"
RULE = "rules:\n  - {id: greet, on: new, when: {subject: {contains: hello}}, do: [{tag: [greeted]}]}\n"
TEST = (
    "tests:\n  - name: a greeting\n    mail: {from: a@x.test, subject: Hello there}\n"
    "    expect: {rules: [greet], tags: [greeted]}\n"
)
WRONG = "  - name: no greeting  # yet\n    mail: {from: a@x.test, subject: Bye}\n    expect:\n      rules: [greet]  # really\n      team: billing\n"
MAIL = "From: Jan <jan@x.test>\r\nTo: support@acme.test\r\nSubject: hello\r\nMessage-ID: <1@x.test>\r\n\r\nwords\r\n"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a configuration of its own and the rules of a test."""
    (tmp_path / "mailwicket.toml").write_text(
        f'[site]\ndomain = "acme.test"\n[paths]\nrules = "{tmp_path}/rules.yaml"\nstate = "{tmp_path}/state"\n'
    )
    (tmp_path / "rules.yaml").write_text(HEAD + RULE + TEST)
    (tmp_path / "mail.eml").write_bytes(MAIL.encode())
    return tmp_path


def rules(desk: Path, *words: str) -> int:
    return run(["-c", str(desk / "mailwicket.toml"), "--no-color", "rules", *words])


# --- check ------------------------------------------------------------------------------------------------------


def test_check_tells_a_workflow_where_to_mark(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE.replace("contains", "contain") + "lists: {a: [b]}\n")
    assert rules(desk, "check", "--format", "github") == 1
    assert capsys.readouterr().out == (
        "::error file=rules.yaml,line=5,col=43,title=R001::unknown operator “contain” (did you mean “contains”?)\n"
    )


def test_check_tells_code_scanners(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE + TEST + "lists: {unused: [b]}\n")
    assert rules(desk, "check", "--format", "sarif", "--strict") == 3
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == "2.1.0"
    (result,) = told["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("R016", "warning")
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "rules.yaml"}, "region": {"startLine": 10, "startColumn": 9}}
    assert "R001" in {rule["id"] for rule in told["runs"][0]["tool"]["driver"]["rules"]}


def test_check_shows_the_place_of_a_warning(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE + "lists: {unused: [b]}\n")
    assert rules(desk, "check") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  ! R016  6:9       list “unused” is never used",
        "  ! R022            rules without test: greet",
        "  0 errors, 2 warnings",
    ]


# --- included files ---------------------------------------------------------------------------------------------


def test_included_rules_follow_in_byte_order_and_name_their_file(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "rules.d").mkdir()
    (desk / "rules.d" / "b.yaml").write_text(
        "rules:\n  - {id: b, on: new, when: {subject: {contains: $w}}, do: [{tag: b}]}\n"
    )
    (desk / "rules.d" / "Z.yaml").write_text(
        "lists: {w: {file: w.txt}}\nrules:\n  - {id: z, on: new, do: [{tag: z}]}\n"
    )
    (desk / "w.txt").write_text("# words\nhello\n\n  hi  # short\n")
    (desk / "rules.yaml").write_text(HEAD + "include: [rules.d/*.yaml]\n" + RULE)
    assert rules(desk, "explain", str(desk / "mail.eml"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["result"]["tags"] == ["greeted", "z", "b"]
    (desk / "rules.d" / "b.yaml").write_text("rulez: []\nteams: {}\nrules: [{id: greet, on: new, do: [{tag: a}]}]\n")
    assert rules(desk, "check") == 1
    assert [line for line in capsys.readouterr().out.splitlines() if ": error" in line] == [
        "rules.d/b.yaml:1:1: error R001: unknown section “rulez”",
        "rules.d/b.yaml:2:1: error R001: unknown section “teams”",
        "rules.d/b.yaml:3:14: error R002: rule id “greet” used twice",
    ]


@pytest.mark.parametrize(("pattern", "said"), [
    # what is included, what is said
    ("/etc/passwd", "“/etc/passwd” is not beside this file"),
    ("../rules.yaml", "“../rules.yaml” is not beside this file"),
    ("none/*.yaml", "there is no file “none/*.yaml” beside this one"),
    ("latin1.yaml", "latin1.yaml is not UTF-8"),
])  # fmt: skip
def test_what_cannot_be_included_is_told_at_its_place(
    desk: Path, pattern: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "latin1.yaml").write_bytes(b"lists: {a: [\xe9]}\n")
    (desk / "rules.yaml").write_text(HEAD + f"include: [{pattern}]\n" + RULE)
    assert rules(desk, "check") == 1
    assert capsys.readouterr().out.splitlines()[0] == f"rules.yaml:4:11: error R030: {said}"


# --- test -------------------------------------------------------------------------------------------------------


def test_results_are_written_for_ci(desk: Path) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE + TEST + WRONG)
    assert rules(desk, "test", "--junit", str(desk / "out.xml")) == 1
    suite = ET.parse(desk / "out.xml").getroot()  # noqa: S314  (we wrote it)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    passed, failed = suite
    assert (passed.get("name"), passed.get("line"), len(passed)) == ("a greeting", "7", 0)
    assert failed[0].text == (
        "expected rules  [greet]\ngot rules       []\nbecause         greet ✗ subject contains hello   [Bye]\n"
        "expected team   billing\ngot team        support"
    )


def test_coverage_names_each_rule(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = "  - {id: other, on: reply, do: [{tag: b}]}\n"
    (desk / "rules.yaml").write_text(HEAD + RULE + other + TEST)
    assert rules(desk, "test", "--coverage") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  greet  1 test",
        "  other  NO TEST",
        "  1 passed, 0 failed · coverage 1 of 2 rules",
    ]


def test_update_shows_the_difference_and_writes_only_what_came_out_otherwise(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = HEAD + RULE + TEST + WRONG
    (desk / "rules.yaml").write_text(before)
    assert rules(desk, "test", "--update", "--yes") == 0
    told = capsys.readouterr().out
    assert "\n-      team: billing\n+      rules: []  # really\n+      team: support\n" in told
    assert (desk / "rules.yaml").read_text() == before.replace("rules: [greet]  #", "rules: []  #").replace(
        "team: billing\n", "team: support\n"
    )
    assert rules(desk, "test") == 0


def test_update_asks_first(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = HEAD + RULE + TEST + WRONG
    (desk / "rules.yaml").write_text(before)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    rules(desk, "test", "--update")
    assert (desk / "rules.yaml").read_text() == before


# --- layout -----------------------------------------------------------------------------------------------------

UGLY = """\
# a head
version:   1
defaults: {team:   support}   # who
teams:
    support: {address: support@acme.test}
rules:
- id: a      # the first

  # why
  on: new
  do:   [{tag:   x},   {stop: true}]
"""
NEAT = """\
# a head
version: 1
defaults: {team: support}     # who
teams:
  support: {address: support@acme.test}
rules:
  - id: a    # the first

    # why
    on: new
    do: [{tag: x}, {stop: true}]
"""


def test_the_layout_is_canonical_and_keeps_comments() -> None:
    made = formatted(UGLY, "rules.yaml")
    assert made == NEAT
    assert formatted(made, "rules.yaml") == made


def test_fmt_shows_or_writes(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text(UGLY)
    assert rules(desk, "fmt") == 0
    assert capsys.readouterr().out == NEAT
    assert rules(desk, "fmt", "--diff") == 1
    assert "+  support: {address: support@acme.test}" in capsys.readouterr().out
    assert (desk / "rules.yaml").read_text() == UGLY
    assert rules(desk, "fmt", "--write") == 0
    assert (desk / "rules.yaml").read_text() == NEAT
    assert rules(desk, "fmt", "--diff") == 0


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=12)
VALUES = st.recursive(
    st.one_of(
        WORDS.map(lambda w: "'" + w.replace("'", "''") + "'"), st.integers().map(str), st.just("true"), st.just("plain")
    ),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda v: "[" + ",  ".join(v) + "]")
        | st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=3).map(
            lambda m: "{" + ", ".join(f"{k}:   {v}" for k, v in m.items()) + "}"
        )
    ),
    max_leaves=8,
)


@settings(max_examples=20)
@given(st.dictionaries(st.sampled_from(["one", "two", "three", "four"]), VALUES, min_size=1), st.integers(1, 6))
def test_formatting_twice_is_formatting_once(sections: dict[str, str], indent: int) -> None:
    text = "".join(f"{name}:   # why\n{' ' * indent}of: {value}\n" for name, value in sections.items())
    try:
        made = formatted(text, "rules.yaml")
    except ConfigError:
        return  # it says that it will not, and the file stays
    assert formatted(made, "rules.yaml") == made
    assert made.count("# why") == len(sections)


# --- the rest ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("pattern", "shown"), [
    (r"(?i)\border[ #:]*(?P<order>[A-Z]{2}-\d{5})", "order XX-00000"),
    ("^(no-?reply|mailer-daemon)@", "noreply@"),
    (r"a+b*c?", "a"),
    (r"\$[0-9]+(?:[.,]\d\d)?", "$0"),
    (r"[^a]x.*", "…x"),
    (r"x|y", "x"),
    (r"[", ""),
    ("(" * 30, ""),
])  # fmt: skip
def test_a_pattern_is_shown_by_what_it_finds(pattern: str, shown: str) -> None:
    assert sample(pattern) == shown


@pytest.mark.parametrize(("part", "first"), [
    ((), "{"),
    (("--fields",), "| field | type | events | example |"),
    (("--actions",), "| action | value | events | effect | example |"),
    (("--events",), "| event | when |"),
])  # fmt: skip
def test_schema_prints_the_words_of_the_language(
    desk: Path, part: tuple[str, ...], first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert rules(desk, "schema", *part) == 0
    assert capsys.readouterr().out.splitlines()[0] == first


def test_tree_draws_the_rules(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "tree") == 0
    assert capsys.readouterr().out == f"  new ──────── greet  {'subject has hello':<45}→ tag greeted\n"
    assert rules(desk, "tree", "--mermaid") == 0
    assert capsys.readouterr().out.startswith("flowchart LR\n")
    assert rules(desk, "tree", "--team", "sales") == 4


def test_explain_compares_two_files(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "new.yaml").write_text(HEAD + RULE.replace("{tag: [greeted]}", "{route: billing}"))
    assert rules(desk, "explain", str(desk / "mail.eml"), "--diff", str(desk / "new.yaml")) == 0
    assert capsys.readouterr().out.splitlines() == [
        "team      support → billing",
        "tags      greeted → none",
    ]
    assert rules(desk, "explain", str(desk / "mail.eml"), "--diff", str(desk / "rules.yaml")) == 0
    assert capsys.readouterr().out == "no difference\n"


def test_explain_supposes_an_event_and_asks_one_rule(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = "  - {id: other, on: reply, do: [{tag: b}]}\n"
    (desk / "rules.yaml").write_text(HEAD + RULE + other)
    mail = str(desk / "mail.eml")
    assert rules(desk, "explain", mail, "--json", "--event", "reply") == 0
    assert json.loads(capsys.readouterr().out)["result"]["rules"] == ["other"]
    assert rules(desk, "explain", mail, "--json", "--only", "other") == 0
    assert json.loads(capsys.readouterr().out)["result"]["rules"] == []
    assert rules(desk, "explain", mail, "--only", "othre") == 4
    assert "did you mean “other”?" in capsys.readouterr().err
    assert rules(desk, "explain", mail, "--as-ticket", "7") == 4


def test_explain_shows_its_stages(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "explain", str(desk / "mail.eml"), "-v") == 0
    stages = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:12]]
    assert stages == ["00", "10", "20", "30", "40", "50", "60", "70", "80", "received", "new", "99"]
