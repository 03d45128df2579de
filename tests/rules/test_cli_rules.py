"""`mailwicket rules`: words, JSON and exit codes."""

import json
from pathlib import Path

import pytest

from gateway.cli.main import run
from gateway.config import Settings
from gateway.store.opening import open_store
from tests.conftest import settings_in

HEAD = "version: 1\ndefaults: {team: support}\nteams: {support: {address: support@acme.test}}\n"
RULE = "rules:\n  - {id: greet, on: new, when: {subject: {contains: hello}}, do: [{tag: [greeted]}]}\n"
TEST = (
    "tests:\n  - name: a greeting\n    mail: {from: a@x.test, subject: Hello there}\n"
    "    expect: {rules: [greet], tags: [greeted]}\n"
)
WRONG = "  - name: not a greeting\n    mail: {from: a@x.test, subject: Goodbye}\n    expect: {rules: [greet]}\n"
MAIL = """\
From: Jan <jan@bigbank.test>
To: support@acme.test
Subject: hello \x1b[31m
Message-ID: <CAJ1@bigbank.test>

some words
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a configuration of its own and the rules of a test."""
    (tmp_path / "mailwicket.toml").write_text(
        f'[site]\ndomain = "acme.test"\n[paths]\nrules = "{tmp_path}/rules.yaml"\nstate = "{tmp_path}/state"\n'
    )
    (tmp_path / "rules.yaml").write_text(HEAD + RULE + TEST)
    (tmp_path / "mail.eml").write_bytes(MAIL.replace("\n", "\r\n").encode())
    return tmp_path


def rules(desk: Path, *words: str) -> int:
    return run(["-c", str(desk / "mailwicket.toml"), "rules", *words])


def test_check_counts_what_a_right_file_holds(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "check", "--strict") == 0
    assert capsys.readouterr().out == "  ✓ 1 rule · 1 team · 1 test\n  0 errors, 0 warnings\n"


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 3)])
def test_check_tells_warnings(
    desk: Path, strict: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE)
    assert rules(desk, "check", *strict) == code
    assert "  ! R022            rules without test: greet\n  0 errors, 1 warning\n" in capsys.readouterr().out


def test_check_tells_every_problem_and_ends_with_1(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE.replace("contains", "contain").replace("tag:", "tags:"))
    assert rules(desk, "check") == 1
    assert capsys.readouterr().out.splitlines() == [
        "rules.yaml:5:43: error R001: unknown operator “contain”",
        "  - {id: greet, on: new, when: {subject: {contain: hello}}, do: [{tags: [greeted]}]}",
        "                                          ^  did you mean “contains”?",
        "rules.yaml:5:67: error R001: unknown action “tags”",
        "  - {id: greet, on: new, when: {subject: {contain: hello}}, do: [{tags: [greeted]}]}",
        "                                                                  ^  did you mean “tag”?",
        "2 errors. Nothing was loaded; the gateway keeps its rules.",
    ]


def test_check_takes_another_file(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "new.yaml").write_text("version: 2\n")
    assert rules(desk, "check", str(desk / "new.yaml"), "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["schema", "file", "problems"]
    assert told["schema"] == "mailwicket.rules-check/1"
    assert told["problems"][1] == {
        "file": "new.yaml",
        "line": 1,
        "column": 10,
        "code": "R030",
        "text": "version 2 is not known",
        "hint": "version: 1",
    }


def test_check_as_json_counts(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "check", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == []
    assert told["counts"] == {
        "rule": 1,
        "team": 1,
        "agent": 0,
        "calendar": 0,
        "sla_policy": 0,
        "list": 0,
        "field": 0,
        "test": 1,
    }


def test_a_broken_configuration_is_not_a_finding(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "mailwicket.toml").write_text("[sight]\n")
    assert rules(desk, "check") == 78
    assert "unknown key “sight”" in capsys.readouterr().err


def test_tests_that_pass_end_with_0(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "test") == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("  PASS  a greeting  ")
    assert first.endswith(" ms")
    assert last == "  1 passed, 0 failed · coverage 1 of 1 rule"


def test_a_test_that_fails_tells_why_and_ends_with_1(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE + TEST + WRONG)
    assert rules(desk, "test", "-k", "NOT A") == 1
    assert capsys.readouterr().out.splitlines() == [
        "  FAIL  not a greeting",
        "          expected rules  [greet]",
        "          got rules       []",
        "          because         greet ✗ subject contains hello   [Goodbye]",
        "  0 passed, 1 failed · coverage 0 of 1 rule",
    ]


def test_tests_as_json(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text(HEAD + RULE + TEST + WRONG)
    assert rules(desk, "test", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["passed"], told["failed"]) == ("mailwicket.rules-test/1", 1, 1)
    assert told["coverage"] == {"applied": ["greet"], "rules": 1}
    assert [t["passed"] for t in told["tests"]] == [True, False]
    assert told["tests"][1]["differences"][0] == "expected rules  [greet]"


def test_a_name_that_no_test_has_is_a_usage_error(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "test", "-k", "nothing") == 2
    assert "no test has “nothing” in its name" in capsys.readouterr().err


def test_a_test_may_take_its_mail_from_a_file_beside_the_rules(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scene = "tests:\n  - {name: from a file, file: mail.eml, expect: {rules: [greet], ticket: new, team: support}}\n"
    (desk / "rules.yaml").write_text(HEAD + RULE + scene)
    assert rules(desk, "test") == 0
    (desk / "mail.eml").unlink()
    assert rules(desk, "test") == 1
    assert "the mail of test “from a file” cannot be read" in capsys.readouterr().out


def test_explain_shows_the_whole_way_of_one_mail(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "explain", str(desk / "mail.eml"), "--at", "2026-11-21T22:10:00+01:00") == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "Message   <CAJ1@bigbank.test>  “hello �[31m”"
    assert lines[1] == "From      Jan <jan@bigbank.test>   auth: none"
    assert lines[2].endswith("auto-reply=false  bounce=false  attachments=0  new text 10 chars, quoted 0")
    assert lines[3].startswith("Clock     Sat 2026-11-21 22:10 UTC+01:00     Rules rules.yaml, sha256 ")
    nothing = "no reply token, no References, no body token, no [#n], no guess"
    assert lines[4] == f"Threading {nothing} → NEW ticket (events: received, new)"
    assert lines[5].startswith("✓  greet  rules.yaml:5   ✓ subject contains hello [")
    result = "NEW · team support · assignee none · new · normal · greeted"
    assert lines[6:] == [
        "   → tag: +greeted",
        f"Result    1 of 1 rules applied · nothing was saved or sent · {result}",
        "Mail out  1:",
        "   auto_ack (en) → jan@bigbank.test   send guard: pass · by team.auto_ack",
    ]
    assert "\x1b" not in told.out
    assert "tickets and customers are not looked up: there is no database" in told.err


def test_explain_as_json(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(desk, "explain", str(desk / "mail.eml"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["result"]["ticket"], told["result"]["rules"]) == (
        "mailwicket.rules-explain/1",
        "new",
        ["greet"],
    )
    assert told["mails"][0]["suppressed"] is None
    assert "some words" not in json.dumps(told)  # no body in a trace


def test_explain_asks_the_database_when_there_is_one(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings: Settings = settings_in(desk)
    open_store(settings).close()
    assert rules(desk, "explain", str(desk / "mail.eml")) == 0
    assert "not looked up" not in capsys.readouterr().err


@pytest.mark.parametrize(("words", "code"), [
    (("explain", "nowhere.eml"), 2),
    (("explain", "mail.eml", "--at", "yesterday"), 2),
    (("explain",), 2),
])  # fmt: skip
def test_what_cannot_be_asked_is_a_usage_error(desk: Path, words: tuple[str, ...], code: int) -> None:
    assert rules(desk, *(str(desk / w) if w.endswith(".eml") else w for w in words)) == code


def test_explain_with_broken_rules_is_refused(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "rules.yaml").write_text("version: 2\n")
    assert rules(desk, "explain", str(desk / "mail.eml")) == 78
    assert "version 2 is not known" in capsys.readouterr().err
