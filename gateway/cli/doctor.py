"""`mailwicket doctor`: whether all of an installation is as it should be, and what to do where it is not."""

from collections.abc import Iterator, Sequence

import click

from gateway.cli.checks import CHECKS, Finding, findings
from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation
from gateway.cli.failure import FINDINGS
from gateway.cli.output import counted, print_json, print_lines, printable

_MARKS = {"ok": "✓", "warning": "!", "problem": "✗"}


@click.command("doctor", cls=Command, examples=("mailwicket doctor", "mailwicket doctor --only rules"))
@click.option("--only", type=click.Choice(list(CHECKS)), metavar="GROUP", help=f"One group: {', '.join(CHECKS)}.")
@json_option
@pass_invocation
def doctor(invocation: Invocation, *, only: str | None, as_json: bool) -> None:
    """Check the whole installation. Each finding says what to do; a problem ends with 1.

    Nothing is changed, nothing is sent.
    """
    found = list(findings(invocation, settings_of(invocation), only))
    if as_json:
        print_json("doctor/1", {"findings": found})
    else:
        print_lines(_lines(found))
    if any(finding.verdict == "problem" for finding in found):
        raise click.exceptions.Exit(FINDINGS)


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    """Findings below each other, what to do behind them."""
    for finding in found:
        fix = f"   → {printable(finding.fix)}" if finding.fix else ""
        yield f"  {_MARKS[finding.verdict]} {finding.group:<11} {printable(finding.said)}{fix}"
    problems, warnings = (sum(f.verdict == kind for f in found) for kind in ("problem", "warning"))
    yield f"  {counted(problems, 'problem')}, {counted(warnings, 'warning')}"
