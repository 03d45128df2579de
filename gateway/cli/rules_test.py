"""`mailwicket rules test`: the tests that stand in a rule file, on the stages that live mail goes through.

Sources  rules.md §6, “Tests”, §7; the JUnit format as CI systems read it (testsuite, testcase, failure).
Not here playing one (trial.py), comparing (rules/selftest.py), rewriting the file (rules/rewrite.py).
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import click

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation, yes_option
from gateway.cli.failure import FINDINGS, USAGE, CommandError
from gateway.cli.output import block, counted, print_json, print_lines, printable
from gateway.cli.rules_check import told_problems
from gateway.errors import ConfigError
from gateway.rules.rewrite import with_expectations
from gateway.rules.selftest import verdict
from gateway.rules.types import RuleSet
from gateway.trial import Result, Stage


@click.command(
    "test",
    cls=Command,
    examples=(
        "mailwicket rules test -k refund --junit results.xml",
        "mailwicket rules test --update",
    ),
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("-k", "part", metavar="TEXT", default="", help="Only tests whose name holds this.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the results as JUnit XML, too.")
@click.option("--coverage", is_flag=True, help="List how many tests each rule applied in.")
@click.option("--update", is_flag=True, help="Show what `expect` would have to say, ask, and write it.")
@yes_option
@json_option
@pass_invocation
def test(
    invocation: Invocation,
    file: Path | None,
    *,
    part: str,
    junit: Path | None,
    coverage: bool,
    update: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Run the tests that stand in a rule file, on the stages that live mail goes through.

    Nothing is stored or sent. A failed test, or an error in the file, ends with 1.
    """
    settings = settings_of(invocation)
    path = file or policy.rules_file(settings)
    templates = policy.templates_of(settings, invocation.clock)
    try:
        found = policy.read_rules(path, templates)
    except ConfigError as e:
        told_problems(invocation, path, e, "json" if as_json else "text")
    scenes = [s for s in found.scenes if part.lower() in s.name.lower()]
    if part and not scenes:
        raise CommandError(
            f"no test has “{printable(part)}” in its name", hint="mailwicket rules test", exit_code=USAGE
        )
    stage = Stage(settings, found, templates, invocation.clock, path.parent)
    try:
        results = [stage.result(scene) for scene in scenes]
    except ConfigError as e:
        told_problems(invocation, path, e, "json" if as_json else "text")
    if junit is not None:
        junit.write_bytes(junit_xml(results))
    if as_json:
        print_json("rules-test/1", _values(results, found))
    else:
        print_lines(_lines(results, found, coverage=coverage))
    if update:
        _update(path, found, results, yes=yes)
    elif any(result.differences for result in results):
        raise click.exceptions.Exit(FINDINGS)


def junit_xml(results: Sequence[Result]) -> bytes:
    """The results as JUnit XML."""
    failed = sum(bool(result.differences) for result in results)
    suite = ET.Element("testsuite", name="rules", tests=str(len(results)), failures=str(failed))
    for result in results:
        case = ET.SubElement(
            suite, "testcase", name=block(result.scene.name), classname=result.scene.source,
            line=str(result.scene.line), time=f"{result.took_ms / 1000:.3f}",
        )  # fmt: skip
        if result.differences:
            failure = ET.SubElement(case, "failure", message=block(result.differences[0]))
            failure.text = block("\n".join(result.differences))
    ET.indent(suite)
    return bytes(ET.tostring(suite, "utf-8", xml_declaration=True)) + b"\n"


def _lines(results: Sequence[Result], found: RuleSet, *, coverage: bool) -> Iterator[str]:
    for result in results:
        yield from map(block, verdict(result.scene, result.differences, result.took_ms))
    applied = Counter(rule for result in results for rule in result.observed.rules)
    if coverage:
        widest = max((len(rule.id) for rule in found.rules), default=0)
        for rule in found.rules:
            yield f"  {rule.id:<{widest}}  {counted(applied[rule.id], 'test') if applied[rule.id] else 'NO TEST'}"
    failed = sum(bool(result.differences) for result in results)
    ends = f"{len(results) - failed} passed, {failed} failed"
    yield f"  {ends} · coverage {len(applied)} of {counted(len(found.rules), 'rule')}"


def _values(results: Sequence[Result], found: RuleSet) -> dict[str, object]:
    failed = sum(bool(result.differences) for result in results)
    applied = sorted({rule for result in results for rule in result.observed.rules})
    return {
        "passed": len(results) - failed,
        "failed": failed,
        "coverage": {"applied": applied, "rules": len(found.rules)},
        "tests": [
            {
                "name": r.scene.name,
                "line": r.scene.line,
                "passed": not r.differences,
                "milliseconds": round(r.took_ms),
                "differences": r.differences,
            }
            for r in results
        ],
    }


def _update(path: Path, found: RuleSet, results: Sequence[Result], *, yes: bool) -> None:
    """Write what came out as what is expected, after a question."""
    failed = [r for r in results if r.differences]
    for name in dict.fromkeys(r.scene.source for r in failed):
        file = path if name == path.name else path.parent / name
        before = found.text if name == path.name else found.files[name]
        after = with_expectations(before, name, [(r.scene, r.observed) for r in failed if r.scene.source == name])
        diff = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="", n=1)
        print_lines(map(block, diff))
        if after != before and (yes or click.confirm(f"Write {counted(len(failed), 'test')} to {name}?", err=True)):
            file.write_text(after, "utf-8")
