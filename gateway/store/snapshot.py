"""The whole database at one moment, as one file; and such a file as a database again.

Sources  SQLite: the online backup API, in pages, within one reading transaction: who writes meanwhile neither waits
         nor makes it begin anew. PostgreSQL: pg_dump and pg_restore, whose snapshot is one transaction, too.
         Of PostgreSQL the version of the schema is left out: without it no gateway starts on tables that somebody
         brought back by hand, before they are marked (restored.py).
Not here what else a backup holds (backup.py), what has to happen to the old database (restore.py).
"""

import shutil
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL

from gateway.errors import ConfigError, Problem, TransientError

ASIDE = "before_restore"  # how the schemas of PostgreSQL begin that hold what a restore moved aside
_PAGES = 1024  # that are copied at once
_NAMES = {"sqlite": "database.sqlite", "postgresql": "database.pgdump"}


def snapshot_name(url: URL) -> str:
    """What the file is called."""
    return _NAMES[url.get_backend_name()]


def write_snapshot(url: URL, file: Path) -> None:
    """All of the database as it is now. The file is there, and empty.

    Raises  ConfigError     pg_dump is missing
            TransientError  the database cannot be read or is damaged, the disk is full
    """
    if url.get_backend_name() == "sqlite":
        _copy_sqlite(Path(url.database or ""), file)
    else:
        _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", "--exclude-table-data=alembic_version",
             f"--exclude-schema={ASIDE}*", f"--file={file}")  # fmt: skip


def load_postgres(url: URL, file: Path) -> None:
    """Everything that the file holds, into a database without tables of ours; all of it, or nothing.

    Raises  ConfigError     pg_restore is missing
            TransientError  the database or the file refused
    """
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", str(file))


def sound(file: Path) -> bool:
    """Whether the pages of a SQLite file fit together."""
    with closing(sqlite3.connect(_read_only(file), uri=True)) as made:
        return bool(made.execute("PRAGMA quick_check").fetchone()[0] == "ok")


def _copy_sqlite(database: Path, file: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(_read_only(database), uri=True, isolation_level=None)) as source,
            closing(sqlite3.connect(file, isolation_level=None)) as copy,
        ):
            source.execute("BEGIN")
            source.execute("PRAGMA schema_version").fetchone()  # the transaction begins with the first look
            source.backup(copy, pages=_PAGES)
            copy.execute("PRAGMA journal_mode=DELETE")  # then it is one file, and can be read where nothing is written
        if not sound(file):
            raise TransientError("the database is damaged: mailwicket db check")
    except sqlite3.Error as e:
        raise TransientError(f"the database cannot be copied: {e}") from e


def _read_only(file: Path) -> str:
    return f"file:{quote(str(file))}?mode=ro"


def _run(program: str, url: URL, *arguments: str) -> None:
    """A program of PostgreSQL; the password reaches it by a file, because everybody sees its arguments."""
    found = shutil.which(program)
    if found is None:
        hint = "apt install postgresql-client, of the version of the server or a newer one"
        raise ConfigError(Problem("database", 0, 0, "C007", f"{program} is not installed", hint))
    with tempfile.NamedTemporaryFile("w", prefix="mailwicket-", encoding="utf-8") as secret:
        known = url.set(drivername="postgresql")
        if url.password is not None:
            word = str(url.password).replace("\\", "\\\\").replace(":", "\\:")
            secret.write(f"*:*:*:*:{word}\n")
            secret.flush()
            known = known._replace(password=None).update_query_dict({"passfile": secret.name})
        place = known.render_as_string(hide_password=False)
        done = subprocess.run(
            [found, f"--dbname={place}", "--no-password", *arguments], capture_output=True, text=True, check=False
        )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "error:" in line] or done.stderr.splitlines()
        raise TransientError(f"{program}: {lines[0] if lines else f'exit code {done.returncode}'}")
