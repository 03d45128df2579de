"""A command that changes something: in whose name, for a try or in earnest, and what became of it.

Exit     the code of the worst: 4 there is nothing of a name, 5 its state forbids it, 2 a value is wrong.
"""

import functools
import mimetypes
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gateway.cli.context import settings_of
from gateway.cli.declare import Invocation, as_option, dry_run_option, json_option, pass_invocation
from gateway.cli.failure import CONFLICT, NOT_FOUND, USAGE, CommandError
from gateway.cli.output import print_json, print_lines, printable
from gateway.control import operate
from gateway.operations.answers import MOST_FILE_OCTETS
from gateway.operations.types import Told
from gateway.ticket.types import File

_MARKS = {"done": "✓", "not-found": "✗", "conflict": "✗", "refused": "✗"}
_MOST_OCTETS = 1 << 20  # of words that somebody types
_END_OF_WORDS = "# ------ what stands below this line is not sent ------"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and how the answer is wanted."""

    invocation: Invocation
    by: str | None
    dry_run: bool
    as_json: bool

    def have_done(self, operation: str, arguments: object) -> None:
        """Have it done by whoever owns the store, and report it."""
        have_done(self.invocation, operation, arguments, dry_run=self.dry_run, as_json=self.as_json)


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every change of a ticket or a customer; the command gets them as `Asked`."""

    def asked(invocation: Invocation, /, *, by: str | None, dry_run: bool, as_json: bool, **rest: Any) -> None:
        command(Asked(invocation, by, dry_run, as_json), **rest)

    functools.update_wrapper(asked, command)
    return as_option(dry_run_option(json_option(pass_invocation(asked))))


def have_done(
    invocation: Invocation, operation: str, wanted: object, *, schema: str = "", dry_run: bool, as_json: bool
) -> None:
    """Have it done by whoever owns the store, and report it.

    schema  of --json; empty is that of the operation's name
    """
    done = operate(settings_of(invocation), operation, wanted, clock=invocation.clock, dry_run=dry_run)
    report(invocation, done, schema or f"{operation.replace('.', '-')}/1", dry_run=dry_run, as_json=as_json)


def report(invocation: Invocation, done: Sequence[Told], schema: str, *, dry_run: bool, as_json: bool) -> None:
    """Print what was done, and end the command with the code of the worst."""
    if as_json:
        print_json(schema, {"dry_run": dry_run, "results": done})
    else:
        print_lines(f"{_MARKS[each.outcome]} {printable(each.name)}  {printable(each.said)}" for each in done)
    if dry_run:
        invocation.note("nothing was changed: --dry-run")
    elif not as_json:
        for each in done:
            if each.undo:
                noun = "customer" if each.undo.startswith("c-") else "ticket"
                invocation.note(f"  take it back: mailwicket {noun} undo {each.undo}")
    outcomes = {each.outcome for each in done}
    codes = (("not-found", NOT_FOUND), ("conflict", CONFLICT), ("refused", USAGE))
    if code := next((code for outcome, code in codes if outcome in outcomes), 0):
        click.get_current_context().exit(code)


def edited(text: str, below: str = "") -> str:
    """The words as somebody leaves them in an editor ($VISUAL, $EDITOR).

    below   what stands there to be read, and is not taken
    Raises  CommandError  nothing was saved, or there is no editor (exit 2)
    """
    try:
        saved = click.edit(f"{text}\n\n{_END_OF_WORDS}\n{below}", extension=".md")
    except click.ClickException as e:
        raise CommandError("no editor can be started", e.message, "name one in $EDITOR", exit_code=USAGE) from e
    if saved is None:
        raise CommandError("nothing was written", hint="save the words, and leave the editor", exit_code=USAGE)
    return saved.partition(_END_OF_WORDS)[0].strip()


def attached(paths: Sequence[Path]) -> tuple[File, ...]:
    """The files that go with an answer.

    Raises  CommandError  one cannot be read (exit 4), or all are more than a mail takes (exit 2)
    """
    files, room = list[File](), MOST_FILE_OCTETS
    for path in paths:
        try:
            with path.open("rb") as file:
                octets = file.read(room + 1)
        except OSError as e:
            raise CommandError(
                f"{printable(str(path))} cannot be read", str(e.strerror), "name another file", exit_code=NOT_FOUND
            ) from e
        room -= len(octets)
        if room < 0:
            raise CommandError(f"these files are more than {MOST_FILE_OCTETS >> 20} MiB", exit_code=USAGE)
        files.append(File(path.name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", octets))
    return tuple(files)


def pair(text: str) -> tuple[str, str]:
    """NAME and VALUE of one argument.

    Raises  CommandError  it is none (exit 2)
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        what = f"“{printable(text, 40)}” is no NAME=VALUE"
        raise CommandError(what, hint="such as priority=high", exit_code=USAGE)
    return name, value


def words(text: str | None, file: Path | None) -> str:
    """What somebody wrote: as an argument, in a file, or on stdin.

    Raises  CommandError  nowhere, twice, or more than 1 MiB (exit 2); the file cannot be read (exit 4)
    """
    if text is not None and file is not None:
        raise CommandError("the words are given twice", hint="as an argument, or with --file", exit_code=USAGE)
    if text is not None:
        return text
    if file is None and sys.stdin.isatty():
        raise CommandError("there are no words", hint="as an argument, with --file, or on stdin", exit_code=USAGE)
    try:
        octets = sys.stdin.buffer.read(_MOST_OCTETS + 1) if file is None else file.read_bytes()
        if len(octets) > _MOST_OCTETS:
            raise CommandError("these are more than 1 MiB of words", exit_code=USAGE)
        return octets.decode("utf-8")
    except OSError as e:
        raise CommandError(f"{file} cannot be read", str(e.strerror), "name another file", exit_code=NOT_FOUND) from e
    except UnicodeDecodeError as e:
        raise CommandError("the words are not UTF-8", hint="save them as UTF-8", exit_code=USAGE) from e
