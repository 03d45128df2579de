"""`mailwicket rules`: is the file right, do its tests pass, what would become of one mail.

Sources  rules.md §7.
Not here the lines of single rules (rules/explain.py), the stages (rehearsal.py), what happened to mail (why.py).
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import click

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.declare import Group, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS, USAGE, CommandError
from gateway.cli.output import block, counted, print_json, print_lines, printable
from gateway.cli.rules_explain import explained, octets_of
from gateway.config import Settings
from gateway.errors import ConfigError, Problem
from gateway.outgoing.render import Templates
from gateway.rehearsal import Rehearsal, play, scene_mail
from gateway.rules import quantities
from gateway.rules.selftest import compare, verdict
from gateway.rules.types import RuleSet, Scene
from gateway.store.view import EmptyView
from gateway.ticket.token import TokenRing

_WARNINGS = 3  # exit code with --strict
_STAGE_KEY = bytes(32)  # tokens of scenes prove nothing to anybody


@click.group("rules", cls=Group, examples=("mailwicket rules check", "mailwicket rules explain sample.eml"))
def rules() -> None:
    """Check the rules, run their tests, ask them about a mail."""


@rules.command("check", examples=("mailwicket rules check --strict", "mailwicket rules check --rules new.yaml --json"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--strict", is_flag=True, help="Warnings end with 3.")
@json_option
@pass_invocation
def check(invocation: Invocation, file: Path | None, *, strict: bool, as_json: bool) -> None:
    """Check a rule file: every error at once, with its place. Nothing is loaded.

    FILE is the configured one when it is not given. Errors end with 1.
    """
    settings = settings_of(invocation)
    path = file or policy.rules_file(settings)
    try:
        found = policy.read_rules(path, _templates(settings, invocation))
    except ConfigError as e:
        _broken(path, e, as_json=as_json)
    if as_json:
        print_json("rules-check/1", {"file": str(path), "problems": [], **_summary(found)})
    else:
        print_lines(_check_lines(found))
    if strict and found.warnings:
        raise click.exceptions.Exit(_WARNINGS)


@rules.command("test", examples=("mailwicket rules test", "mailwicket rules test -k refund"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("-k", "part", metavar="TEXT", default="", help="Only tests whose name holds this.")
@json_option
@pass_invocation
def test(invocation: Invocation, file: Path | None, *, part: str, as_json: bool) -> None:
    """Run the tests that stand in a rule file, on the stages that live mail goes through.

    Nothing is stored or sent. A failed test, or an error in the file, ends with 1.
    """
    settings = settings_of(invocation)
    path = file or policy.rules_file(settings)
    templates = _templates(settings, invocation)
    try:
        found = policy.read_rules(path, templates)
    except ConfigError as e:
        _broken(path, e, as_json=as_json)
    scenes = [s for s in found.scenes if part.lower() in s.name.lower()]
    if part and not scenes:
        raise CommandError(
            f"no test has “{printable(part)}” in its name", hint="mailwicket rules test", exit_code=USAGE
        )
    stage = _Stage(settings, found, templates, invocation, path.parent)
    results = [stage.result(scene) for scene in scenes]
    applied = {rule for _, played, _, _ in results for rule in played.observed.rules}
    failed = sum(bool(differences) for _, _, differences, _ in results)
    if as_json:
        _print_results(results, applied, found, failed)
    else:
        for scene, _, differences, took_ms in results:
            print_lines(map(block, verdict(scene, differences, took_ms)))
        ends = f"{len(results) - failed} passed, {failed} failed"
        print_lines([f"  {ends} · coverage {len(applied)} of {counted(len(found.rules), 'rule')}"])
    if failed:
        raise click.exceptions.Exit(FINDINGS)


@rules.command("explain", examples=("mailwicket rules explain sample.eml", "mailwicket rules explain - --json < mail"))
@click.argument("mail", type=click.File("rb"), metavar="FILE|-")
@click.option("--at", metavar="TIME", help="The time to suppose, ISO 8601 with its zone.")
@json_option
@pass_invocation
def explain(invocation: Invocation, mail: BinaryIO, *, at: str | None, as_json: bool) -> None:
    """Say what would become of a mail, and why: how it is read and threaded, each rule, each mail sent.

    Tickets and customers are looked up when there is a database. Nothing is stored or sent.
    """
    now = quantities.moment(at) if at else invocation.now()
    if now is None:
        raise CommandError(f"no time: {printable(at or '')}", hint="--at 2026-11-21T22:10:00+01:00", exit_code=USAGE)
    settings = settings_of(invocation)
    shown = explained(invocation, settings, octets_of(settings, mail), now)
    if as_json:
        print_json("rules-explain/1", shown.values())
    else:
        print_lines(shown.lines(invocation.columns()))


class _Stage:
    """Where scenes are played: the site's addresses, no tickets, no budgets used."""

    def __init__(
        self, settings: Settings, found: RuleSet, templates: Templates, invocation: Invocation, folder: Path
    ) -> None:
        self._deps = policy.deps(settings, found, TokenRing.of(_STAGE_KEY), templates, invocation.clock)
        self._limits, self._languages = policy.parse_limits(settings), settings.site.languages
        self._to = found.teams[found.defaults.team].addresses[0]
        self._folder = folder

    def result(self, scene: Scene) -> "_Result":
        """The scene as it was played, what differs, and how long it took in milliseconds."""
        begun = time.perf_counter()
        raw = self._file(scene) if scene.file else scene_mail(scene, self._to)
        played = play(scene, raw, self._deps, self._limits, self._languages, EmptyView())
        return scene, played, compare(scene, played.observed), 1000 * (time.perf_counter() - begun)

    def _file(self, scene: Scene) -> bytes:
        try:
            return (self._folder / scene.file).read_bytes()
        except OSError as e:
            what = f"the mail of test “{printable(scene.name)}” cannot be read: {e.strerror}"
            raise CommandError(what, hint=f"line {scene.line} of the rules", exit_code=FINDINGS) from e


_Result = tuple[Scene, Rehearsal, tuple[str, ...], float]


def _templates(settings: Settings, invocation: Invocation) -> Templates:
    return policy.templates_of(settings, invocation.clock)


def _broken(path: Path, error: ConfigError, *, as_json: bool) -> NoReturn:
    """Show the problems and end with 1."""
    if as_json:
        problems = [
            {"file": p.file, "line": p.line, "column": p.column, "code": p.code, "text": p.text, "hint": p.hint}
            for p in error.problems
        ]
        print_json("rules-check/1", {"file": str(path), "problems": problems})
    else:
        print_lines(block(str(problem)) for problem in error.problems)
        print_lines([f"{counted(len(error.problems), 'error')}. Nothing was loaded; what runs keeps its rules."])
    raise click.exceptions.Exit(FINDINGS)


def _summary(found: RuleSet) -> dict[str, Any]:
    counts = {
        "rule": found.rules,
        "team": found.teams,
        "agent": found.agents,
        "list": found.lists,
        "field": found.fields,
        "test": found.scenes,
    }
    return {
        "sha256": found.sha256,
        "counts": {name: len(values) for name, values in counts.items()},
        "warnings": found.warnings,
    }


def _check_lines(found: RuleSet) -> Sequence[str]:
    summary = _summary(found)
    counts = " · ".join(counted(number, noun) for noun, number in summary["counts"].items() if number)
    ends = f"  0 errors, {counted(len(found.warnings), 'warning')}"
    return [f"  ✓ {counts}", *_warning_lines(found.warnings), ends]


def _warning_lines(warnings: Sequence[Problem]) -> Iterator[str]:
    """A line each; rules without test share one."""
    for w in warnings:
        if w.code != "R022":
            place = f"{w.line}:{w.column}" if w.line else ""
            yield f"  ! {w.code}  {place:<8}  {w.text}"
    if untested := [w.text.rpartition(": ")[2] for w in warnings if w.code == "R022"]:
        yield f"  ! R022            rules without test: {', '.join(untested)}"


def _print_results(results: Sequence[_Result], applied: set[str], found: RuleSet, failed: int) -> None:
    tests = [
        {"name": s.name, "line": s.line, "passed": not lines, "milliseconds": round(took), "differences": lines}
        for s, _, lines, took in results
    ]
    coverage = {"applied": sorted(applied), "rules": len(found.rules)}
    values = {"passed": len(results) - failed, "failed": failed, "coverage": coverage, "tests": tests}
    print_json("rules-test/1", values)
