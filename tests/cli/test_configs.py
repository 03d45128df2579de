"""A folder for each wrong configuration: its exact message, and exit 78 for whatever command is given."""

from pathlib import Path
from typing import get_args

import pytest

from gateway.cli.declare import Invocation
from gateway.cli.main import run
from gateway.config import Language, load_settings, packaged

CONFIGS = Path(__file__).parent.parent / "configs"
_WRONG = sorted(path.name for path in CONFIGS.iterdir())


@pytest.mark.parametrize("name", _WRONG)
def test_a_wrong_configuration_is_told_exactly(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(CONFIGS / name)
    assert run(["config", "check"], Invocation(config=Path("mailwicket.toml"))) == 78
    out, err = capsys.readouterr()
    assert out == ""
    expected = CONFIGS / name / "error.txt"
    if request.config.getoption("--update-golden"):
        expected.write_text(err, "utf-8")
    assert err == expected.read_text("utf-8")


@pytest.mark.parametrize(
    "command",
    ["serve", "serve --check", "ticket list", "mail replay m-1", "queue retry 1", "account", "config get log.level"],
)
def test_no_command_works_on_a_wrong_configuration(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = CONFIGS / "everything_at_once" / "mailwicket.toml"
    assert run(command.split(), Invocation(config=wrong)) == 78
    assert capsys.readouterr().err.count("error C004") == 4


def test_a_setting_that_is_hardly_meant_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAILWICKET_OUTBOUND__CONCURRENCY", "0")
    assert run(["config", "check"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  ! outbound.concurrency is 0: nothing is sent, all mail waits in the queue"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        # key, a value that looks odd and can be used
        ("site.domain", "localhost"),
        ("site.domain", "xn--w-uga1v8h.test"),
        ("site.delimiter", "-"),
        ("site.bounce", "bounce@żółw.test"),
        ("smtp.listen", "*:25"),
        ("smtp.listen", "[::1]:0"),
        ("lmtp.listen", "off"),
        ("lmtp.listen", "unix:/run/mailwicket/lmtp.sock"),
        ("outbound.relay", "mail.acme.test"),
        ("outbound.relay", "2001:db8::1"),
        ("outbound.relay", "[2001:db8::1]:465"),
        ("limits.template_s", "0.5"),
    ],
)
def test_odd_and_right(key: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAILWICKET_" + key.replace(".", "__").upper(), value)
    assert run(["config", "check"]) == 0


def test_the_languages_are_those_with_words() -> None:
    assert {*get_args(Language)} == {path.stem for path in (packaged("templates") / "_strings").iterdir()}


def test_no_secret_is_ever_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run(["-vv", "config", "check"], Invocation(config=CONFIGS / "password_in_the_file" / "mailwicket.toml"))
    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value", "error"),
    [
        # variable, its value, the first line of the error
        ("MAILWICKET_INTAK__MAX_SIZE", "1 MiB", "environment: error C003: unknown variable MAILWICKET_INTAK__MAX_SIZE"),
        ("MAILWICKET_SITE", "acme", "MAILWICKET_SITE: error C004: a section"),
        (
            "MAILWICKET_LMTP__IDLE",
            "300",
            "MAILWICKET_LMTP__IDLE: error C004: lmtp.idle: a duration carries its unit, such as 60s, 15m or 1h",
        ),
    ],
)
def test_a_wrong_variable_is_told_exactly(
    variable: str, value: str, error: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    assert run(["config", "check"]) == 78
    assert capsys.readouterr().err.splitlines()[0] == error


@pytest.mark.parametrize("variable", ["MAILWICKET_CONFIG", "MAILWICKET_RULES", "MAILWICKET_AGENT"])
def test_a_variable_of_the_command_line_is_no_wrong_setting(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without = load_settings(None)
    monkeypatch.setenv(variable, "ann")
    assert load_settings(None) == without


def test_a_file_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "check", "-c", "/nonexistent/mailwicket.toml"]) == 78
    assert capsys.readouterr().err == (
        "/nonexistent/mailwicket.toml: error C001: cannot be read: No such file or directory\n    -c FILE\n"
    )
