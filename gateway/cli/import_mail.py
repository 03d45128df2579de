"""`mailwicket import`: the mail of an archive becomes tickets at its own times; nobody is told, nothing is promised.

Sources  operations §14. Asked for as often as one likes: what is here already is not taken again.
Not here reading archives (intake/archive.py), taking their mails (importing.py).
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from gateway.cli.context import settings_of
from gateway.cli.database import reading
from gateway.cli.declare import Command, Invocation, dry_run_option, json_option, pass_invocation
from gateway.cli.failure import FINDINGS, NOT_FOUND, USAGE, CommandError
from gateway.cli.logs import configure_logs
from gateway.cli.output import print_json, print_lines, printable
from gateway.cli.progress import Progress, number
from gateway.cli.time import Time
from gateway.config import Log, Settings
from gateway.control import NOT_SERVED, ControlError, ask_daemon
from gateway.importing import AT_ONCE, KNOWN, Importer, without_daemon
from gateway.intake.archive import ArchiveError, Kept, Kind, Skipped, listed, octets
from gateway.intake.mail_file import UnusableError
from gateway.operations.imports import ImportMails, OldMail
from gateway.operations.types import Told
from gateway.store import archives

_AT_ONCE_OCTETS = 4 << 20
_SHOWN = 50  # skipped mails that are listed; --json has all
_ENDS = ("ticket", "entry", "report", "record", "duplicate", "quarantine", "pending")

Take = Callable[[ImportMails], tuple[Told, ...]]


@dataclass(slots=True)
class _Told:
    """What came of an import so far."""

    found: int
    taken: int = 0
    known: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    ends: dict[str, int] = field(default_factory=dict)


@click.command(
    "import",
    cls=Command,
    examples=("mailwicket import maildir ~/Maildir --state closed", "mailwicket import -n mbox old.mbox --since 90d"),
)
@click.argument("kind", type=click.Choice(["maildir", "mbox", "eml"]))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--state", default="closed", show_default=True, metavar="STATUS", help="What the tickets are: new, open.")
@click.option("--team", metavar="TEAM", help="Whose mails they are; else by the addresses that they name.")
@click.option("--since", type=Time(), metavar="T", help="Mails that came since: 90d, 2024-01-01.")
@dry_run_option
@json_option
@pass_invocation
def import_mail(
    invocation: Invocation,
    kind: Kind,
    paths: tuple[Path, ...],
    *,
    state: str,
    team: str | None,
    since: datetime | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring the mail of Maildirs, of mbox files, or of .eml files and folders of them.

    Each mail becomes a ticket or an entry, at the time it came. Nobody is answered, no rule is asked, nothing is
    promised. The archive is only read. Stopped, or asked for again, it goes on with what is missing.
    """
    settings = settings_of(invocation)
    configure_logs(Log(level="warning" if invocation.verbose else "error"))
    with reading(invocation) as c:
        before = archives.newest(c)
    mails, skipped = _found(kind, paths, since)
    told = _Told(len(mails) + len(skipped), skipped=skipped)
    wanted = ImportMails((), state, team, dry_run)
    progress = Progress(invocation, "import", len(mails), "mails")
    try:
        with _taker(invocation, settings) as take:
            _not_refused(take(wanted))
            _bring(mails, kind, settings, wanted, take, told, progress)
    except KeyboardInterrupt:
        invocation.note(f"\nstopped after {number(told.taken + told.known)} mails; the same command goes on")
        raise
    finally:
        progress.end()
    with reading(invocation) as c:
        told.ends = archives.ends(c, before)
    _report(invocation, told, dry_run=dry_run, as_json=as_json)
    if told.skipped:
        raise click.exceptions.Exit(FINDINGS)


def _found(kind: Kind, paths: Iterable[Path], since: datetime | None) -> tuple[list[Kept], list[Skipped]]:
    """The mails of the archives, oldest first: an answer comes after what it answers."""
    mails, skipped = list[Kept](), list[Skipped]()
    try:
        for each in listed(kind, paths):
            if isinstance(each, Skipped):
                skipped.append(each)
            elif since is None or each.at >= since.timestamp():
                mails.append(each)
    except ArchiveError as e:
        raise CommandError(printable(str(e)), hint=e.instead, exit_code=NOT_FOUND) from e
    return sorted(mails), skipped


@contextmanager
def _taker(invocation: Invocation, settings: Settings) -> Iterator[Take]:
    """The daemon, when one runs; else this process."""
    try:
        ask_daemon(settings, "mail.import", ImportMails((), "", dry_run=True))
    except ControlError as e:
        if e.exit_code != NOT_SERVED:
            raise
        with _alone(invocation, settings) as take:
            yield take
        return
    yield lambda wanted: ask_daemon(settings, "mail.import", wanted)


@contextmanager
def _alone(invocation: Invocation, settings: Settings) -> Iterator[Take]:
    """This process, as the owner of the store, in a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        owning = without_daemon(settings, invocation.clock)
        importer = asyncio.run_coroutine_threadsafe(owning.__aenter__(), loop).result()
        try:
            yield lambda wanted: _taken(importer, wanted, loop)
        finally:
            asyncio.run_coroutine_threadsafe(owning.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _taken(importer: Importer, wanted: ImportMails, loop: asyncio.AbstractEventLoop) -> tuple[Told, ...]:
    """As `Importer.take`, from outside its loop."""
    taking = asyncio.run_coroutine_threadsafe(importer.take(wanted), loop)
    try:
        return taking.result()
    finally:
        taking.cancel()  # nobody waits for it any more


def _bring(
    mails: Sequence[Kept],
    kind: Kind,
    settings: Settings,
    wanted: ImportMails,
    take: Take,
    told: _Told,
    progress: Progress,
) -> None:
    """All of them, some at a time; at the end, until none of them waits any more."""
    for some in _batches(mails):
        read = [(mail, raw) for mail in some if (raw := _read(mail, kind, settings, told)) is not None]
        request = ImportMails(
            tuple(OldMail(raw, datetime.fromtimestamp(mail.at, UTC)) for mail, raw in read),
            wanted.status,
            wanted.team,
            wanted.dry_run,
        )
        done = _patiently(take, request) if read else ()
        for (mail, _), each in zip(read, done, strict=True):
            if each.outcome == "conflict":
                told.skipped.append(Skipped(mail.name, each.said))
            told.known += each.said == KNOWN
            told.taken += each.outcome == "done" and each.said != KNOWN
        for _ in some:
            progress.step()
    if not wanted.dry_run:
        while int(_not_refused(take(wanted))[0].said):
            pass


def _patiently(take: Take, request: ImportMails) -> tuple[Told, ...]:
    """What became of each; asked again while those before them are being worked off."""
    while True:
        _, *done = _not_refused(take(request))  # rules that were loaded meanwhile may know the team no more
        if len(done) == len(request.mails):
            return tuple(done)


def _batches(mails: Sequence[Kept]) -> Iterator[list[Kept]]:
    """In their order, so many or so much at once."""
    some, size = list[Kept](), 0
    for mail in mails:
        if some and (len(some) == AT_ONCE or size + mail.size > _AT_ONCE_OCTETS):
            yield some
            some, size = [], 0
        some.append(mail)
        size += mail.size
    if some:
        yield some


def _read(mail: Kept, kind: Kind, settings: Settings, told: _Told) -> bytes | None:
    try:
        return octets(mail, kind, int(settings.intake.max_size))
    except UnusableError as e:
        told.skipped.append(Skipped(mail.name, str(e)))
        return None


def _not_refused(answer: tuple[Told, ...]) -> tuple[Told, ...]:
    if answer[0].outcome == "refused":
        raise CommandError(answer[0].said, hint="mailwicket import --help", exit_code=USAGE)
    return answer


def _report(invocation: Invocation, told: _Told, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        values = {
            "dry_run": dry_run,
            "found": told.found,
            "imported": told.taken,
            "known": told.known,
            "ends": {} if dry_run else told.ends,
            "skipped": [{"where": each.name, "reason": each.reason} for each in told.skipped],
        }
        print_json("import/1", values)
        return
    print_lines(_lines(told, dry_run=dry_run))
    if dry_run:
        invocation.note("nothing was imported: --dry-run")


def _lines(told: _Told, *, dry_run: bool) -> Iterator[str]:
    verb = "would be imported" if dry_run else "imported"
    yield f"✓ {number(told.taken)} of {number(told.found)} mails {verb}, {number(told.known)} were here already"
    if not dry_run and told.ends:
        yield "  " + ", ".join(f"{number(told.ends[end])} {end}" for end in _ENDS if end in told.ends)
    for each in islice(told.skipped, _SHOWN):
        yield f"✗ {printable(each.name)}  {printable(each.reason)}"
    if len(told.skipped) > _SHOWN:
        yield f"✗ {number(len(told.skipped) - _SHOWN)} more were skipped; --json lists them"
