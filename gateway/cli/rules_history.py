"""`mailwicket rules history` and `rules diff`: what was in force, since when, by whom; and what differs.

Sources  rules.md §7.
Not here bringing other rules into force (rules_apply.py).
"""

from pathlib import Path

import click

from gateway import policy
from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, json_option, limit_option, pass_invocation
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.output import Column, block, print_json, print_lines, printable, stamp, table
from gateway.cli.rules_apply import broken, found_revision, in_force
from gateway.cli.running import state_of
from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.policy import RuleFile
from gateway.rules.written import RuleText, as_diff, in_words, written
from gateway.store.revisions import Revision, revisions
from gateway.trial import current_file, tried

_COLUMNS = (
    Column("Rev", right=True),
    Column("Loaded"),
    Column("By", least=8),
    Column("sha256"),
    Column("Changes", least=12),
    Column("Message", least=12),
)


@click.command("history", cls=Command, examples=("mailwicket rules history", "mailwicket rules history --json"))
@limit_option
@json_option
@pass_invocation
def history(invocation: Invocation, *, limit: int, as_json: bool) -> None:
    """List the revisions of the rules, newest first: since when each was in force, by whom, and why."""
    with reading(invocation) as c:
        found = revisions(c, limit + 1)  # one more, to say what the oldest shown one changed
    shown = found[:limit]
    stale = state_of(settings_of(invocation)).stale
    if as_json:
        print_json("rules-history/1", {"revisions": [_values(r) for r in shown], "stale": stale or None})
        return
    before = [*found[1:], None][: len(shown)]
    rows = [_row(revision, earlier) for revision, earlier in zip(shown, before, strict=True)]
    print_lines(table(_COLUMNS, rows, invocation.columns()))
    if stale:
        print_lines(["", "! STALE: the last reload changed nothing, because", block(stale)])


@click.command(
    "diff",
    cls=Command,
    examples=("mailwicket rules diff 41", "mailwicket rules diff new.yaml"),
)
@click.argument("what", required=False, metavar="[REV|FILE]")
@json_option
@pass_invocation
def diff(invocation: Invocation, what: str | None, *, as_json: bool) -> None:
    """Show what differs, in words and line by line.

    REV is compared with what is in force; what is in force with FILE, or with the rules file as it stands.
    """
    settings = settings_of(invocation)
    force = in_force(invocation)
    if force is None:
        raise CommandError("nothing was in force yet", hint="the first start makes revision 1", exit_code=NOT_FOUND)
    name, ours = policy.rules_file(settings).name, f"revision {force.number}"
    if what is not None and what.isdecimal():
        sides = found_revision(invocation, int(what)).written, force.written
        labels = f"revision {int(what)}", ours
    else:
        sides = force.written, _of_file(invocation, settings, Path(what) if what else None)
        labels = ours, printable(what or "the file now")
    words = list(in_words(*sides))
    lines = list(as_diff(*sides, name, labels))
    if as_json:
        print_json("rules-diff/1", {"from": labels[0], "to": labels[1], "changes": words, "diff": lines})
        return
    print_lines(map(block, words))
    print_lines([""] if words and lines else [])
    print_lines(map(block, lines))
    if not lines and not words:
        print_lines([f"{labels[0]} and {labels[1]} do not differ"])


def _of_file(invocation: Invocation, settings: Settings, path: Path | None) -> RuleText:
    """The file as it would be if it were the rules file."""
    current = policy.rules_file(settings)
    try:
        file = RuleFile(current.name, policy.text_of(path), current.parent) if path else current_file(settings)
        return written(tried(settings, file, invocation.clock, tests=False)[0])
    except ConfigError as e:
        raise broken(invocation, e) from e


def _row(revision: Revision, before: Revision | None) -> tuple[str, ...]:
    changes = list(in_words(before.written, revision.written)) if before is not None else []
    words = " ".join("".join(changes[:1]).split()) + (f" and {len(changes) - 1} more" if len(changes) > 1 else "")
    number, loaded = str(revision.number), stamp(revision.loaded_at)
    return number, loaded, revision.author, revision.written.sha256[:8], words, revision.message


def _values(revision: Revision) -> dict[str, object]:
    return {
        "number": revision.number,
        "sha256": revision.written.sha256,
        "author": revision.author,
        "message": revision.message,
        "loaded_at": revision.loaded_at,
        "files": sorted(revision.written.files),
        "tables": revision.written.tables,
    }
