"""`mailwicket backup`, `restore`, `verify`: a copy of everything, the way back from it, and whether all is there."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from gateway.backups import missing_keys, put_files_back, site_files
from gateway.cli.config import secrets_of
from gateway.cli.context import confirmed, settings_of
from gateway.cli.database import looked_at
from gateway.cli.declare import Command, Invocation, json_option, pass_invocation, yes_option
from gateway.cli.failure import FINDINGS, CommandError
from gateway.cli.output import counted, octets, print_json, print_lines, printable, stamp
from gateway.config import Settings
from gateway.control import operate
from gateway.errors import GatewayError, TransientError
from gateway.operations.backups import BackupMade
from gateway.store.backup import Manifest, read_manifest, take_backup
from gateway.store.engine import damage
from gateway.store.opening import open_store
from gateway.store.restore import check_backup, restore
from gateway.store.soundness import Unsound, counts, unsound
from gateway.store.version import KNOWN, check_revision

_MOST_SHOWN = 20
_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


@click.command(
    "backup", cls=Command, examples=("mailwicket backup /srv/backup/2026-11-22", "mailwicket backup /srv/b7 --json")
)
@_folder
@json_option
@pass_invocation
def backup(invocation: Invocation, folder: Path, *, as_json: bool) -> None:
    """Write everything into DIR, which is not there yet, while the gateway goes on.

    The database as it is at one moment, rules, templates and configuration, and a manifest with their hashes, which is
    written last: without it a backup was never finished. No key and no password is in it: keep those elsewhere.
    """
    settings, now = settings_of(invocation), invocation.now()
    manifest = take_backup(settings, folder.absolute(), site_files(settings, invocation.clock), now)
    if manifest.schema_of_database == KNOWN:
        _note(invocation, settings, BackupMade(str(folder.absolute()), now, manifest.octets))
    apart = list(_kept_apart(settings, manifest))
    if as_json:
        print_json("backup/1", {"folder": folder.absolute(), "manifest": manifest, "kept_apart": apart})
        return
    print_lines([f"✓ {_about(folder, manifest)}"])
    print_lines([f"! not in it, and needed to go on: {printable(', '.join(apart), 2000)}"])
    invocation.note(f"  mailwicket restore {printable(str(folder))} --verify")


@click.command(
    "restore",
    cls=Command,
    examples=("mailwicket restore /srv/backup/2026-11-22 --verify", "mailwicket restore /srv/backup/2026-11-22"),
)
@_folder
@click.option("--verify", "only_verify", is_flag=True, help="Check the backup; touch nothing.")
@click.option("--resend", is_flag=True, help="Mails that waited at the backup are sent, too, even if they have left.")
@click.option("--replace", is_flag=True, help="Move a database that is there aside.")
@yes_option
@json_option
@pass_invocation
def restore_command(
    invocation: Invocation, folder: Path, *, only_verify: bool, resend: bool, replace: bool, yes: bool, as_json: bool
) -> None:
    """Bring back what a backup holds. The backup is checked first; the gateway must be stopped.

    Then nothing is sent until `outbound release`, mails that waited at the backup stay unsent, and mailboxes are
    fetched from where they were: what came since comes again, and nothing twice. No file that is there is overwritten.
    """
    settings = settings_of(invocation)
    manifest = read_manifest(folder)
    check_backup(settings, folder, manifest)
    if only_verify:
        _tell(_about(folder, manifest), (), {"folder": folder, "manifest": manifest}, as_json=as_json)
        return
    if replace:
        confirmed("Move the database that is there aside, and bring back the backup?", yes=yes)
    try:
        aside = restore(settings, folder, manifest, invocation.now(), resend=resend, replace=replace)
    except TransientError as e:
        hint = "the same again, the gateway stopped, with room for another database"
        raise CommandError(e.text, hint=hint, exit_code=e.exit_code) from e
    files, keys = list(put_files_back(settings, folder, manifest)), list(missing_keys(settings, manifest))
    current = manifest.schema_of_database == KNOWN
    if current and not keys:
        open_store(settings).close()
    told = [
        *([f"! the database of before is {printable(aside, 4096)}"] if aside else []),
        *(f"! {name} {said}" for name, said in keys),
        *(f"  {printable(name, 4096)} {printable(said, 4096)}" for name, said in files),
        *([] if current else ["! its schema is older than this program: mailwicket db upgrade"]),
        "! nothing is sent: look at mailwicket queue list --held, then mailwicket outbound release",
    ]
    values = {"folder": folder, "manifest": manifest, "aside": aside, "keys": dict(keys), "files": dict(files)}
    _tell(f"restored: {_about(folder, manifest)}", told, values, as_json=as_json)


@click.command("verify", cls=Command, examples=("mailwicket verify", "mailwicket verify --json"))
@json_option
@pass_invocation
def verify(invocation: Invocation, *, as_json: bool) -> None:
    """Check that every accepted mail has its octets and an end, and that tickets and outgoing mails agree; exit 1.

    All octets are read: that takes a while. Each night the gateway does it for every hundredth mail.
    """
    with looked_at(settings_of(invocation)) as engine:
        check_revision(engine)
        wrong = [Unsound("database", each) for each in damage(engine)]
        with engine.connect() as c, c.begin():
            rows = counts(c)
            wrong += unsound(c)
    if as_json:
        print_json("verify/1", {"rows": rows, "wrong": [asdict(each) for each in wrong]})
    else:
        print_lines(f"✗ {each.name}: {printable(each.said, 300)}" for each in wrong[:_MOST_SHOWN])
        said = ", ".join(f"{number} {name}" for name, number in rows.items())
        print_lines([f"{'✗' if wrong else '✓'} {said}: {counted(len(wrong), 'row')} wrong"])
    if wrong:
        click.get_current_context().exit(FINDINGS)


def _note(invocation: Invocation, settings: Settings, made: BackupMade) -> None:
    """Whoever owns the store keeps that it was made; it is whole also where that cannot be."""
    try:
        operate(settings, "backup.noted", made, clock=invocation.clock)
    except GatewayError as e:
        invocation.note(f"  it is whole; “status” does not know of it, because {printable(e.text, 300)}")


def _tell(first: str, more: Sequence[str], values: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json("restore/1", values)
    else:
        print_lines([f"✓ {first}", *more])


def _about(folder: Path, manifest: Manifest) -> str:
    """Which backup it is, in a line."""
    made = f"of {stamp(manifest.taken_at)} by mailwicket {manifest.program}, schema {manifest.schema_of_database}"
    return f"{printable(str(folder), 4096)}: {made}, {counted(len(manifest.parts), 'file')}, {octets(manifest.octets)}"


def _kept_apart(settings: Settings, manifest: Manifest) -> Iterator[str]:
    """What a gateway needs beside a backup."""
    yield from manifest.keys
    yield from (key for key, _ in secrets_of(settings))
