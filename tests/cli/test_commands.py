"""The commands as a whole: what the help promises is there, examples are real, every way to end has its code."""

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from gateway.cli import main as main_module
from gateway.cli.declare import Command, Group, Invocation
from gateway.cli.failure import CommandError, exit_code_of
from gateway.cli.main import main, run
from gateway.errors import ConfigError, PermanentError, PoisonError, Problem, TransientError
from gateway.parsing.pool import Failure, ParserPool
from gateway.rules.statuses import BUILT_IN
from tests.cli.desk import Desk, mailwicket, mailwicket_beside, write_config
from tests.conftest import settings_in
from tests.docs.generate import commands

_PROGRAM = (sys.executable, "-m", "tests.cli.program")
ALL = dict(commands(main, None, "mailwicket"))


@pytest.mark.parametrize("name", ALL)
def test_help_fits_a_screen_and_ends_with_two_examples(name: str) -> None:
    text = ALL[name].get_help()
    assert len(text.splitlines()) <= 56
    assert max(map(len, text.splitlines())) <= 100
    examples = text.partition("Examples:\n")[2].splitlines()
    assert len(examples) == 2
    assert all("mailwicket" in line for line in examples)


@pytest.mark.parametrize("name", ALL)
def test_examples_are_real(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for file in ("sample.eml", "new.yaml"):
        (tmp_path / file).touch()
    for line in ALL[name].get_help().partition("Examples:\n")[2].splitlines():
        command = re.split(r"[|<>]", line.replace("$(", " ").replace(')"', " "))[0]
        words = shlex.split(command.replace('"', ""))
        _parse(words[words.index("mailwicket") + 1 :])


def _parse(words: list[str]) -> None:
    """Raises click.UsageError when these arguments are not understood; runs nothing."""
    command: click.Command = main
    context = main.make_context("mailwicket", words)
    while isinstance(command, click.Group) and context._protected_args + context.args:
        name, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert below is not None
        command, context = below, below.make_context(name, rest, parent=context)


@pytest.mark.parametrize(("name", "place", "text"), [row for _, rows in main_module._SECTIONS for row in rows])
def test_the_short_help_is_that_of_the_command(name: str, place: str, text: str) -> None:
    made = ALL[f"mailwicket {name}"].command
    assert made.name == name
    assert made.get_short_help_str(200).partition(". ")[0].removesuffix(".") in text.removesuffix(".") or made.help
    assert made.get_short_help_str(200).split()[0] == text.split()[0]


def test_every_command_takes_the_global_options_behind_the_verb() -> None:
    missing = [
        name
        for name, context in ALL.items()
        if name != "mailwicket deliver" and not isinstance(context.command, Command | Group)
    ]
    assert not missing


@pytest.mark.parametrize(
    ("error", "code"),
    [
        # what ends a command, its exit code
        (CommandError("x", exit_code=4), 4),
        (ConfigError(Problem("f", 1, 1, "C001", "x")), 78),
        (TransientError("x"), 75),
        (PermanentError("x"), 65),
        (PoisonError("x"), 70),
        (click.UsageError("x"), 2),
        (click.exceptions.Exit(5), 5),
        (click.Abort(), 1),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError(), 70),
    ],
)
def test_exit_codes(error: BaseException, code: int) -> None:
    assert exit_code_of(error) == code


_ENDS = [
    # command, exit code, what stderr says
    ("ticket show 99", 4, "error: there is no ticket 99\n  next: mailwicket ticket list\n"),
    ("why 99", 4, "error: there is no ticket 99\n  next: mailwicket ticket list\n"),
    ("why 1 --message 3", 4, "error: 1 has 2 mails\n  next: mailwicket why 1\n"),
    ("mail show m-99", 4, "error: “m-99” names no mail, or more than one\n  next: mailwicket mail list\n"),
    ("why q-1", 4, "error: “q-1” is an outgoing mail\n  next: mailwicket queue show q-1\n"),
    ("why q-one", 4, "error: “q-one” names no mail, or more than one\n  next: mailwicket mail list\n"),
    ("ticket list --team foo", 4, "error: there is no team “foo”\n  next: known: billing, support\n"),
    ("ticket list --status lost", 4, f"error: there is no status “lost”\n  next: known: {', '.join(BUILT_IN)}\n"),
    ("mail show m-9223372036854775808", 4, "names no mail, or more than one"),  # more than a row's number can be
    ("mail raw 01a1fff", 4, "error: “01a1fff” names no mail, or more than one\n  next: mailwicket mail list\n"),
    ("queue show q-99", 4, "error: there is no outgoing mail q-99\n  next: mailwicket queue list\n"),
    ("config get site.nam", 4, "error: there is no setting “site.nam”\n  next: did you mean “site.name”?\n"),
    ("mail discard m-7", 2, "error: this asks first, and there is no terminal\n  next: add -y\n"),
    ("ticket list is:opne", 2, "is:opne is no state\n    is:opne\n    ^  did you mean “open”?\n"),
    ("audit show 999", 4, "error: there is no row 999\n  next: mailwicket audit list\n"),
    ("audit verify --from 7:ab", 2, "“7:ab” is no anchor: number, colon, 64 digits of the hash."),
    ("ticket show one", 2, "“one” is no ticket number, such as #4812."),
    ("queue show m-1", 2, "“m-1” is no outgoing mail, such as q-912."),
    ("mail list --since yesterday", 2, "“yesterday” is no time, such as 2h, 3d or 2026-11-21."),
    ("ticket list --limit 0", 2, "0 is not in the range"),
    ("ticket", 2, "Usage: mailwicket ticket"),
    ("teapot", 2, "No such command 'teapot'."),
    ("mail list --teapot", 2, "No such option"),
    ("mail replay m-4", 75, "and no daemon answers at"),
]  # fmt: skip


async def test_ends(furnished: tuple[Path, Desk], capsys: pytest.CaptureFixture[str]) -> None:
    config, desk = furnished
    for command, code, said in _ENDS:
        assert await mailwicket_beside(config, *command.split(), clock=desk.clock) == code, command
        out, err = capsys.readouterr()
        assert out == "", command
        assert (err == said) if said.startswith("error:") else (said in err), command


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        # what the parser says, why the mail cannot be read
        (Failure("memory"), "it takes more memory than limits.child_memory, 512.0 MiB"),
        (Failure("cpu"), "it takes more time of the processor than limits.child_cpu_s, 5 s"),
        (Failure("time", "20 s"), "the parser gave no answer within 20 s"),
        (Failure("exception", "KeyError"), "the parser failed on it: KeyError"),
        (Failure("died", "signal 11"), "the parser died on it: signal 11"),
        (Failure("died"), "the parser died on it: without a word"),
    ],
)
async def test_a_mail_that_cannot_be_read(
    failure: Failure,
    why: str,
    furnished: tuple[Path, Desk],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def parse(*_arguments: object) -> Failure:
        return failure

    monkeypatch.setattr(ParserPool, "parse", parse)
    config, desk = furnished
    assert await mailwicket_beside(config, "mail", "show", "m-7", "--parts", clock=desk.clock) == 1
    expected = f"error: m-7 cannot be read\n  because {why}\n  next: mailwicket mail raw m-7\n"
    assert capsys.readouterr() == ("", expected)


async def test_writes_without_a_daemon(
    furnished: tuple[Path, Desk], golden: Callable[[str, str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    config, desk = furnished
    desk.store.close = lambda: None  # type: ignore[method-assign] -- below, once is enough
    type(desk.store).close(desk.store)
    shown = ""
    for command, code in (
        ("mail replay m-1 m-4 m-99", 4),
        ("mail replay m-1", 5),
        ("mail release --dry-run m-7", 0),
        ("mail discard -y m-7", 0),
        ("mail discard -y m-7", 5),
        ("queue retry q-1 q-3", 5),
        ("queue drop --dry-run q-2", 0),
        ("queue drop --yes q-2", 0),
        ("queue drop --yes q-2 --json", 5),
        ("mail list --pending", 0),
    ):
        assert await mailwicket_beside(config, *command.split(), clock=desk.clock) == code, command
        out, err = capsys.readouterr()
        shown += f"$ mailwicket {command}\n{out}{err}"
    golden("writes.txt", shown)


@pytest.mark.sqlite
@pytest.mark.parametrize("command", ["ticket list", "account", "why 1", "queue list", "mail raw m-1", "db status"])
def test_no_database_yet(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write_config(tmp_path, settings_in(tmp_path))
    (tmp_path / "state" / "mailwicket.db").unlink()
    assert mailwicket(config, *command.split()) == 75
    err = capsys.readouterr().err
    assert err.startswith("error: ")
    assert str(tmp_path / "state" / "mailwicket.db") in err
    assert not (tmp_path / "state" / "mailwicket.db").exists()


def test_a_bug_is_told_in_three_lines_and_with_vv_in_full(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug(*_arguments: object) -> None:
        raise ZeroDivisionError("of the \x1b[2J terminal")

    monkeypatch.setattr(main, "get_command", bug)
    assert run(["account"]) == 70
    err = capsys.readouterr().err
    assert err == (
        "error: internal error, ZeroDivisionError: of the \\x1b[2J terminal\n"
        "  next: the same command with -vv, and a report with its output\n"
    )
    assert run(["-vv", "account"]) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "\x1b" not in err


def test_deliver_never_ends_with_usage(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["--teapot"],
        [],
        ["-f", "a@b.test"],
        ["-f", "a@b.test", "--socket", "/nonexistent", "--", "x@y"],
    ):
        assert run(["deliver", *arguments]) == 75
        assert capfd.readouterr().out.startswith("4.3.")


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    pipe = f"{shlex.join(_PROGRAM)} config show --origin | head -c 10"
    done = subprocess.run(["sh", "-c", pipe], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_help_is_quick_because_it_reads_no_settings() -> None:
    code = (
        "import sys; from gateway.cli.main import run; run(['--help'])\n"
        "slow = {'pydantic', 'sqlalchemy', 'jinja2', 'aiosmtpd'} & set(sys.modules)\n"
        "sys.exit(f'imported: {slow}' if slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "config"),
    [
        # the options, the file that is used; the one behind the verb wins
        (["config", "path", "-c", "b.toml"], "b.toml"),
        (["-c", "a.toml", "config", "path"], "a.toml"),
        (["-c", "a.toml", "config", "path", "-c", "b.toml"], "b.toml"),
        (["config", "-c", "a.toml", "path"], "a.toml"),
        (["config", "path"], "from-the-environment.toml"),
    ],
)
def test_global_options_stand_anywhere(
    arguments: list[str], config: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAILWICKET_CONFIG", "from-the-environment.toml")
    assert run(arguments) == 0
    assert capsys.readouterr().out == f"{config}\n"


def test_quiet_says_nothing_but_results(config: Path, store: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ticket", "list", "-q"], Invocation(config=config)) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "environment", "coloured"),
    [
        # on a terminal
        ([], {}, True),
        (["--no-color"], {}, False),
        ([], {"NO_COLOR": "1"}, False),
    ],
)
def test_colours(arguments: list[str], environment: dict[str, str], coloured: bool) -> None:
    mine, its = pty.openpty()
    command = [*_PROGRAM, "config", "get", "site.nam", *arguments]
    done = subprocess.run(command, stdout=its, stderr=its, check=False, timeout=60, env={**os.environ, **environment})
    shown = os.read(mine, 4096).decode()
    os.close(its)
    os.close(mine)
    assert done.returncode == 4
    assert ("\x1b[31m" in shown) is coloured
