"""pytest collects the tests of a rule file, wherever it finds one."""

from importlib.metadata import entry_points

import pytest

MODULE = "gateway.cli.pytest_plugin"
# where the gateway is installed, its entry point loads the plugin already
LOADED = any(point.value == MODULE for point in entry_points(group="pytest11"))
PLUGINS = (*(() if LOADED else ("-p", MODULE)), "-p", "no:asyncio")

RULES = """\
version: 1
defaults: {team: support}
teams: {support: {address: support@acme.test}}
rules:
  - {id: greet, on: new, when: {subject: {contains: hello}}, do: [{tag: [greeted]}]}
tests:
  - {name: a greeting, mail: {from: a@x.test, subject: Hello}, expect: {rules: [greet]}}
  - {name: no greeting, mail: {from: a@x.test, subject: Bye}, expect: {rules: [greet]}}
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\n")
    return pytester


def test_each_test_of_a_rule_file_is_an_item(folder: pytest.Pytester) -> None:
    (folder.path / "rules.yaml").write_text(RULES, "utf-8")
    result = folder.runpytest_inprocess(*PLUGINS, "-v")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*a greeting PASSED*", "*no greeting FAILED*", "*because*greet ✗ subject contains hello*[[]Bye]*"]
    )


def test_a_file_with_errors_fails_with_all_of_them(folder: pytest.Pytester) -> None:
    (folder.path / "rules.yaml").write_text(RULES.replace("contains", "contain"), "utf-8")
    result = folder.runpytest_inprocess(*PLUGINS)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*rules.yaml:5:43: error R001: unknown operator “contain”*"])


def test_the_site_is_that_of_the_configuration(folder: pytest.Pytester) -> None:
    (folder.path / "rules.yaml").write_text(RULES, "utf-8")
    (folder.path / "mailwicket.toml").write_text("[sight]\n", "utf-8")
    folder.makeini("[pytest]\nmailwicket_config = mailwicket.toml\n")
    result = folder.runpytest_inprocess(*PLUGINS)
    result.stdout.fnmatch_lines(["*unknown key*sight*"])


def test_other_files_are_left_alone(folder: pytest.Pytester) -> None:
    (folder.path / "other.yaml").write_text(RULES, "utf-8")
    folder.runpytest_inprocess(*PLUGINS).assert_outcomes()
