"""`mailwicket rules tree`, `fmt` and `schema`: the rule file as an overview, in its layout, and described for editors.

Sources  rules.md §7.
"""

import difflib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, CommandError
from gateway.cli.output import block, print_lines, printable
from gateway.cli.rules_check import told_problems
from gateway.errors import ConfigError
from gateway.rules import overview, reference
from gateway.rules.layout import formatted
from gateway.rules.schema import schema as json_schema
from gateway.rules.types import EVENTS

SCHEMA_FILE = "rules.schema.json"


@click.command("tree", cls=Command, examples=("mailwicket rules tree", "mailwicket rules tree --team billing"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--team", metavar="TEAM", help="Only rules that route to it or ask for it.")
@click.option("--mermaid", is_flag=True, help="As a flow chart in Mermaid.")
@pass_invocation
def tree(invocation: Invocation, file: Path | None, *, team: str | None, mermaid: bool) -> None:
    """Show the rules at a glance: events, their rules, conditions in words, effects."""
    settings = settings_of(invocation)
    path = file or policy.rules_file(settings)
    try:
        found = policy.read_rules(path, policy.templates_of(settings, invocation.clock))
    except ConfigError as e:
        told_problems(invocation, path, e, "text")
    if team is not None and team not in found.teams:
        what, known = f"there is no team “{printable(team, 60)}”", ", ".join(found.teams)
        raise CommandError(what, hint=f"known: {known}", exit_code=NOT_FOUND)
    print_lines(map(block, (overview.mermaid_lines if mermaid else overview.tree_lines)(found, team)))


@click.command("fmt", cls=Command, examples=("mailwicket rules fmt --diff", "mailwicket rules fmt --write"))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--diff", "as_diff", is_flag=True, help="Show what would change; a difference ends with 1.")
@click.option("--write", is_flag=True, help="Write the file instead of printing it.")
@pass_invocation
def fmt(invocation: Invocation, file: Path | None, *, as_diff: bool, write: bool) -> None:
    """Print a rule file in its canonical layout. Comments stay, and so does what it means."""
    path = file or policy.rules_file(settings_of(invocation))
    try:
        before = policy.text_of(path)
        after = formatted(before, path.name)
    except ConfigError as e:
        told_problems(invocation, path, e, "text")
    if write and after != before:
        path.write_text(after, "utf-8")
        invocation.note(f"{printable(str(path))} was laid out anew")
    if as_diff:
        lines = difflib.unified_diff(before.splitlines(), after.splitlines(), str(path), str(path), lineterm="")
        print_lines(map(block, lines))
        if after != before and not write:
            raise click.exceptions.Exit(FINDINGS)
    elif not write:
        print_lines(map(block, after.splitlines()))


@click.command(
    "schema", cls=Command, examples=("mailwicket rules schema > rules.schema.json", "mailwicket rules schema --fields")
)
@click.option("--fields", "part", flag_value="fields", help="Only a table of the fields, each with an example.")
@click.option("--actions", "part", flag_value="actions", help="Only a table of the actions.")
@click.option("--events", "part", flag_value="events", help="Only a table of the events.")
def schema(part: str | None) -> None:
    """Print the JSON Schema of the rule file, for editors: `# yaml-language-server: $schema=./rules.schema.json`."""
    print_lines(_PARTS[part]())


def _whole() -> Iterator[str]:
    yield json.dumps(json_schema(), indent=2, ensure_ascii=False)


_PARTS: dict[str | None, Callable[[], Iterator[str]]] = {
    None: _whole,
    "fields": lambda: reference.table(("field", "type", "events", "example"), reference.field_rows()),
    "actions": lambda: reference.table(("action", "value", "events", "effect", "example"), reference.action_rows()),
    "events": lambda: reference.table(("event", "when"), ((e, reference.ABOUT_EVENTS[e]) for e in EVENTS)),
}
