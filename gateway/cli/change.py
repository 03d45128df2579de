"""What became of an operation: a line or an object for each name, and the exit code of the worst."""

from collections.abc import Sequence

import click

from gateway.cli.declare import Invocation
from gateway.cli.failure import CONFLICT, NOT_FOUND
from gateway.cli.output import print_json, print_lines, printable
from gateway.operations import Done

_MARKS = {"done": "✓", "not-found": "✗", "conflict": "✗"}


def report(invocation: Invocation, done: Sequence[Done], schema: str, *, dry_run: bool, as_json: bool) -> None:
    """Print what was done, and end the command with 4 or 5 where it was not."""
    if as_json:
        print_json(schema, {"dry_run": dry_run, "results": done})
    else:
        print_lines(f"{_MARKS[each.outcome]} {printable(each.name)}  {printable(each.said)}" for each in done)
    if dry_run:
        invocation.note("nothing was changed: --dry-run")
    outcomes = {each.outcome for each in done}
    if code := NOT_FOUND if "not-found" in outcomes else CONFLICT if "conflict" in outcomes else 0:
        click.get_current_context().exit(code)
