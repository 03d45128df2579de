"""`mailwicket db`: which schema the database has, the way to the one of this program, and whether it is sound."""

from collections.abc import Iterator
from pathlib import Path

import click
from sqlalchemy import Connection
from sqlalchemy.engine import Engine

from gateway.cli.context import settings_of
from gateway.cli.database import address, looked_at
from gateway.cli.declare import Group, Invocation, dry_run_option, json_option, pass_invocation
from gateway.cli.failure import FINDINGS
from gateway.cli.output import facts, octets, print_json, print_lines, printable
from gateway.config import Settings
from gateway.store import inbound, migrate
from gateway.store.engine import damage, database_url, server_version, unsafe
from gateway.store.opening import open_store
from gateway.store.store import raw_sha256
from gateway.store.version import KNOWN, revision


@click.group(cls=Group, examples=("mailwicket db status", "mailwicket db upgrade --dry-run"))
def db() -> None:
    """Look after the database."""


@db.command("status", examples=("mailwicket db status", "mailwicket db status --json"))
@json_option
@pass_invocation
def status(invocation: Invocation, *, as_json: bool) -> None:
    """Print which database it is, and whether its schema is that of this program; exit 1 when not."""
    settings = settings_of(invocation)
    with looked_at(settings) as engine:
        found, version = revision(engine), server_version(engine)
    current = found == KNOWN
    size = _size(settings)
    if as_json:
        schema = {"found": found, "known": KNOWN, "current": current}
        print_json(
            "db-status/1", {"url": address(settings), "server": version, "schema_of_database": schema, "size": size}
        )
    else:
        verdict = "current" if current else f"this program has {KNOWN}: mailwicket db upgrade"
        print_lines(
            facts(
                (
                    ("Database", address(settings)),
                    ("Server", version),
                    ("Schema", f"{found or 'none'} ({verdict})"),
                    ("Size", octets(size) if size is not None else ""),
                )
            )
        )
    if not current:
        click.get_current_context().exit(FINDINGS)


@db.command("upgrade", examples=("mailwicket db upgrade", "mailwicket db upgrade --dry-run | less"))
@click.option("--no-backup", is_flag=True, help="Make no backup first.")
@dry_run_option
@pass_invocation
def upgrade(invocation: Invocation, *, no_backup: bool, dry_run: bool) -> None:
    """Bring the database to the schema of this program; --dry-run prints the SQL.

    A backup is made first, in backup.dir, else in backup/ of the state folder. Each step is one transaction, and an
    interrupted upgrade goes on where it stopped. The daemon must be stopped.
    """
    settings = settings_of(invocation)
    found = _revision(settings)
    if found == KNOWN:
        print_lines([f"✓ schema {found}: nothing to do"])
    elif dry_run:
        print_lines([migrate.pending_sql(settings.database_url, found)])
    else:
        allowed = settings.database.model_copy(update={"auto_upgrade": True})
        open_store(settings.model_copy(update={"database": allowed}), back_up=not no_backup).close()
        print_lines([f"✓ schema {KNOWN}, it was {found or 'none'}"])


@db.command("check", examples=("mailwicket db check", "mailwicket db check --json"))
@json_option
@pass_invocation
def check(invocation: Invocation, *, as_json: bool) -> None:
    """Check that the database keeps its promise: flushed commits, sound pages, waiting mail with its bytes; exit 1."""
    with looked_at(settings_of(invocation)) as engine:
        problems = list(_problems(engine))
    if as_json:
        print_json("db-check/1", {"problems": problems})
    elif problems:
        print_lines(f"✗ {printable(problem)}" for problem in problems)
    else:
        print_lines(["✓ commits are flushed, pages are sound, every waiting mail has its bytes"])
    if problems:
        click.get_current_context().exit(FINDINGS)


def _revision(settings: Settings) -> str | None:
    """The schema of the database; None for an empty one, or one that is still to be made."""
    url = database_url(settings)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return None
    with looked_at(settings) as engine:
        return revision(engine)


def _problems(engine: Engine) -> Iterator[str]:
    found = revision(engine)
    if found != KNOWN:
        yield f"the schema is {found or 'none'}, this program has {KNOWN}: mailwicket db upgrade"
        return
    yield from unsafe(engine)
    yield from damage(engine)
    with engine.connect() as connection, connection.begin():
        yield from _damaged_mail(connection)


def _damaged_mail(c: Connection) -> Iterator[str]:
    for key, sha256 in inbound.unfinished(c):
        if raw_sha256(c, key) != sha256:
            yield f"the waiting mail {key} is not the bytes that were accepted"


def _size(settings: Settings) -> int | None:
    """Octets of the files of SQLite; None for PostgreSQL."""
    url = database_url(settings)
    if url.get_backend_name() != "sqlite":
        return None
    files = (Path(f"{url.database}{end}") for end in ("", "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())
