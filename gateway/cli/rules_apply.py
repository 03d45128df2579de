"""`mailwicket rules apply`, `rollback`, `enable`, `disable`, `shadow`: other rules come into force, and who wanted it.

Check, tests, difference, question, the file written in one step, then the daemon takes it over; when the daemon does
not, the file is as it was.
Sources  rules.md §1, “Reload”, §7.
Not here taking over (daemon.py), looking at what was (rules_history.py), which words change (rules/switch.py).
"""

import os
import pwd
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import click

from gateway import policy
from gateway.cli.context import confirmed, settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, dry_run_option, pass_invocation, yes_option
from gateway.cli.failure import FINDINGS, NOT_FOUND, USAGE, CommandError
from gateway.cli.output import block, counted, print_lines, printable, stamp
from gateway.config import Settings, write_whole
from gateway.control import NOT_SERVED, ControlError, ask_daemon, operate
from gateway.errors import ConfigError, GatewayError, TransientError
from gateway.operations.revisions import KeepRules, LoadRules
from gateway.policy import RuleFile
from gateway.rules.switch import State, rule_ids, switched
from gateway.rules.types import RuleSet
from gateway.rules.written import in_words, include_patterns, is_included, written
from gateway.store import turns
from gateway.store.revisions import Revision, find_revision, newest_revision
from gateway.ticket.assign import distributes
from gateway.trial import current_file, tried

_NEW_MODE = 0o644
message_option = click.option("--message", "-m", default="", metavar="TEXT", help="Why, for the history.")


@click.command(
    "apply", cls=Command, examples=("mailwicket rules apply", "mailwicket rules apply new.yaml --message Storno")
)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@message_option
@click.option("--no-test", is_flag=True, help="Even when tests in it fail; asks twice.")
@yes_option
@dry_run_option
@pass_invocation
def apply(invocation: Invocation, file: Path | None, *, message: str, no_test: bool, yes: bool, dry_run: bool) -> None:
    """Put rules in force: check, tests, difference, a question, then they decide and are a revision.

    The difference names agents who are gone and still own open tickets: within a minute those are nobody's.
    FILE is written over the rules file, which comes into force as it stands when there is no FILE. What it includes
    is looked for beside the rules file. Errors and failed tests end with 1 and change nothing.
    """
    settings = settings_of(invocation)
    target = _target(settings)
    new = RuleFile(target.name, policy.text_of(file or target), target.parent)
    rules = _good(invocation, settings, new, tests=not no_test)
    tests = "not tested" if no_test else f"{counted(len(rules.scenes), 'test')} passed"
    print_lines([f"  ✓ {counted(len(rules.rules), 'rule')}, {tests}, {counted(len(rules.warnings), 'warning')}"])
    force = in_force(invocation)
    changes = list(_changes(force, rules))
    print_lines(f"  {block(line)}" for line in (*changes, *_disowned(invocation, rules)))
    if dry_run:
        invocation.note("nothing was changed: --dry-run")
        return
    if changes:
        confirmed(f"Put this in force ({counted(len(changes), 'change')})?", yes=yes)
    if no_test:
        confirmed("Without its tests, really?", yes=yes)
    _bring(invocation, settings, rules, {target: new.text}, message or "", tests=not no_test)


@click.command("rollback", cls=Command, examples=("mailwicket rules rollback", "mailwicket rules rollback 41"))
@click.argument("revision", type=click.IntRange(min=1), required=False)
@message_option
@dry_run_option
@pass_invocation
def rollback(invocation: Invocation, revision: int | None, *, message: str, dry_run: bool) -> None:
    """Put an earlier revision in force again; when none is named, take the last change back.

    The rules file and what it includes are written back; it is a new revision. Its tests are not asked. A rules file
    that is not what is in force becomes that again.
    """
    settings = settings_of(invocation)
    target, force = _target(settings), in_force(invocation)
    if force is None:
        raise CommandError("there is no revision yet", hint="mailwicket rules apply", exit_code=NOT_FOUND)
    edited = not target.exists() or target.read_text("utf-8", "replace") != force.written.text
    back = found_revision(invocation, revision or force.number - (0 if edited else 1))
    rules = _good(
        invocation, settings, RuleFile(target.name, back.written.text, target.parent, back.written.files), tests=False
    )
    print_lines(f"  {block(line)}" for line in (*_changes(force, rules), *_disowned(invocation, rules)))
    aside = list(_added_since(target.parent, back, rules))
    print_lines(f"  {path.name} was not included then: it becomes {_aside(path, force).name}" for path in aside)
    if dry_run:
        invocation.note("nothing was changed: --dry-run")
        return
    files = {target: back.written.text, **{target.parent / name: text for name, text in back.written.files.items()}}
    for path in aside:
        path.rename(_aside(path, force))
    try:
        _bring(invocation, settings, rules, files, message or f"back to revision {back.number}", tests=False)
    except GatewayError:
        for path in aside:
            _aside(path, force).rename(path)
        raise


def _switch(state: State, doc: str) -> click.Command:
    """The command that puts one rule into a state."""

    @click.command(
        state,
        cls=Command,
        help=doc,
        examples=(
            f"mailwicket rules {state} refunds-to-billing",
            f"mailwicket rules {state} vip-fast-lane -m holidays",
        ),
    )
    @click.argument("rule", metavar="ID")
    @message_option
    @dry_run_option
    @pass_invocation
    def command(invocation: Invocation, rule: str, *, message: str, dry_run: bool) -> None:
        settings = settings_of(invocation)
        target, current = _target(settings), current_file(settings)
        before = _good(invocation, settings, current, tests=False)
        path, text = _switched(target, before, rule, state)
        if path == target:
            new = replace(current, text=text)
        else:
            files = {**written(before).files, path.relative_to(target.parent).as_posix(): text}
            new = replace(current, files=files)
        rules = _good(invocation, settings, new, tests=False)
        print_lines(f"  {block(line)}" for line in in_words(written(before), written(rules)))
        if dry_run:
            invocation.note("nothing was changed: --dry-run")
            return
        _bring(invocation, settings, rules, {path: text}, message or f"{state} {rule}", tests=False)

    return command


enable = _switch("enable", "Let a rule decide again. Only its own words in the file change; it is a new revision.")
disable = _switch("disable", "Let a rule rest: as if it were not there. Only its own words in the file change.")
shadow = _switch("shadow", "Let a rule be traced and never applied, to see what it would do.")


def author_of_this() -> str:
    """Who runs this command, for the history."""
    return pwd.getpwuid(os.getuid()).pw_name


def in_force(invocation: Invocation) -> Revision | None:
    """The newest revision; None before the first start."""
    try:
        with reading(invocation) as c:
            return newest_revision(c)
    except (CommandError, TransientError):
        return None


def found_revision(invocation: Invocation, number: int) -> Revision:
    """The revision of this number.

    Raises  CommandError  there is none: exit 4
    """
    with reading(invocation) as c:
        found = find_revision(c, number)
    if found is None:
        raise CommandError(f"there is no revision {number}", hint="mailwicket rules history", exit_code=NOT_FOUND)
    return found


def broken(invocation: Invocation, error: ConfigError) -> CommandError:
    """Print every problem; the error that ends the command says what stays in force."""
    print_lines(block(str(problem)) for problem in error.problems)
    force = in_force(invocation)
    stays = f"; revision {force.number} (loaded {stamp(force.loaded_at)}) stays in force" if force else ""
    what = f"{counted(len(error.problems), 'error')}. Nothing was loaded{stays}"
    return CommandError(what, exit_code=FINDINGS)


def _target(settings: Settings) -> Path:
    if settings.paths.rules is None:
        hint = "copy the rules of the package to a place of your own and name it: paths.rules in mailwicket.toml"
        raise CommandError(
            "there is no rules file to write", "the rules are those of the package", hint, exit_code=USAGE
        )
    return settings.paths.rules


def _good(invocation: Invocation, settings: Settings, file: RuleFile, *, tests: bool) -> RuleSet:
    try:
        return tried(settings, file, invocation.clock, tests=tests)[0]
    except ConfigError as e:
        raise broken(invocation, e) from e


def _changes(force: Revision | None, rules: RuleSet) -> Iterator[str]:
    if force is not None:
        yield from in_words(force.written, written(rules))


def _disowned(invocation: Invocation, rules: RuleSet) -> Iterator[str]:
    """A line for each owner of open tickets whom the rules do not know: what becomes of those."""
    try:
        with reading(invocation) as c:
            found = turns.owned_by_others(c, rules.agents)
    except (CommandError, TransientError):  # there is no database before the first start
        return
    for owner, of_teams in found.items():
        become = (f"{team}: {count}, {_become(team, rules)}" for team, count in of_teams.items())
        yield f"! agent    {owner} owns {counted(sum(of_teams.values()), 'open ticket')} ({'; '.join(become)})"


def _become(team: str, rules: RuleSet) -> str:
    return "given to others" if distributes(rules.teams.get(team)) else "to be taken"


def _bring(
    invocation: Invocation,
    settings: Settings,
    rules: RuleSet,
    files: Mapping[Path, str],
    message: str,
    *,
    tests: bool,
) -> None:
    """Write the files and have them loaded; when the daemon says no, they are as they were."""
    message = re.sub(r"\s+", " ", message).strip()[:500]
    before = {path: path.read_text("utf-8") if path.exists() else None for path in files}
    changed = {path: text for path, text in files.items() if before[path] != text}
    for path, text in changed.items():
        _write(path, text)
    try:
        said = _loaded(invocation, settings, rules, message, tests=tests)
    except GatewayError as e:
        for path in changed:
            _put_back(path, before[path])
        print_lines([block(e.text)])
        raise CommandError("the daemon refused it; the files are as they were", exit_code=e.exit_code) from e
    print_lines(f"  written: {printable(str(path))}" for path in changed)
    print_lines([f"  ✓ {printable(said)}   undo: mailwicket rules rollback"])


def _loaded(invocation: Invocation, settings: Settings, rules: RuleSet, message: str, *, tests: bool) -> str:
    """What was done, in a sentence."""
    author = author_of_this()
    try:
        return ask_daemon(settings, "rules.load", LoadRules(author, message, tests))[0].said
    except ControlError as e:
        if e.exit_code != NOT_SERVED:
            raise
    try:
        kept = KeepRules(written(rules), author, message)
        return operate(settings, "rules.keep", kept, clock=invocation.clock)[0].said
    except TransientError as e:
        invocation.note(f"the history does not know of it: {printable(e.text)}")
        return "comes into force at the next start"


def _switched(target: Path, rules: RuleSet, rule: str, state: State) -> tuple[Path, str]:
    """The file that holds the rule, and its new text.

    Raises  CommandError  none does: exit 4
    """
    included = written(rules).files
    texts = {target: rules.text, **{target.parent / name: text for name, text in included.items()}}
    for path, text in texts.items():
        if (new := switched(text, rule, state)) is not None:
            return path, new
    known = ", ".join(name for text in texts.values() for name in rule_ids(text))
    raise CommandError(f"there is no rule “{printable(rule, 60)}”", hint=f"rules are: {known}", exit_code=NOT_FOUND)


def _added_since(folder: Path, back: Revision, rules: RuleSet) -> Iterator[Path]:
    """Files that the old text would include, and that it did not have."""
    patterns = include_patterns(rules.text)
    for pattern in patterns:
        for path in sorted(folder.glob(pattern)):
            name = path.relative_to(folder).as_posix()
            if is_included(name, patterns) and name not in back.written.files:
                yield path


def _aside(path: Path, force: Revision) -> Path:
    return path.with_name(f"{path.name}.revision-{force.number}")


def _write(path: Path, text: str) -> None:
    """Whole or not at all; owner and mode stay."""
    if not path.exists():
        write_whole(path, text, _NEW_MODE)
        return
    there = path.stat()
    owner = (there.st_uid, there.st_gid) if os.getuid() == 0 else None
    write_whole(path, text, there.st_mode & 0o777, owner)


def _put_back(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    else:
        _write(path, text)
