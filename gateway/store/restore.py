"""From a backup back to a database: everything is checked before anything is touched, and the old one is never lost.

Sources  acceptance A-02: a file is written beside its place, flushed, renamed, and its folder flushed; H-09. The new
         database knows that it came back (restored.py) before it is in its place.
Not here what happens in it then (restored.py), which files of the site are put back (backups.py).
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.config import Settings
from gateway.errors import ConfigError, TransientError
from gateway.store.audit_anchors import Anchors
from gateway.store.backup import Manifest, damaged_parts, flush, put_file, wrong_backup
from gateway.store.engine import database_url, open_engine, reachable
from gateway.store.leading import Leading
from gateway.store.migrate import is_known
from gateway.store.opening import locked
from gateway.store.restored import BEFORE, mark, unfinished
from gateway.store.schema import metadata
from gateway.store.snapshot import ASIDE, load_postgres, snapshot_name
from gateway.store.version import KNOWN, note_revision


def check_backup(settings: Settings, folder: Path, manifest: Manifest) -> None:
    """Whether it could be restored here.

    Raises  ConfigError  it is damaged, of another kind of database, or newer than this program
    """
    if wrong := tuple(damaged_parts(folder, manifest)):
        raise ConfigError(*(wrong_backup(f"{folder}: {each}", "another backup") for each in wrong))
    wanted = snapshot_name(database_url(settings))
    if manifest.database != wanted:
        text = f"the backup holds {manifest.database}, and database.url wants {wanted}"
        raise ConfigError(wrong_backup(text, "the same kind of database as when it was made"))
    if not is_known(manifest.schema_of_database):
        text = f"the backup has schema {manifest.schema_of_database}, newer than this program ({KNOWN})"
        raise ConfigError(wrong_backup(text, f"install mailwicket {manifest.program} or newer"))


def restore(
    settings: Settings, folder: Path, manifest: Manifest, now: datetime, *, resend: bool, replace: bool
) -> str | None:
    """Put the database of a checked backup in its place; where the old one is now, or None: there was none.

    resend   what waited to be sent is to be sent again, when a person lets it
    replace  move a database aside that is there
    Raises   ConfigError     there is a database, and it is not to be replaced
             TransientError  a gateway works on it; the disk is full, the database refused: the old one is as it was
    """
    url, stamp = database_url(settings), f"{now:%Y%m%dT%H%M%SZ}"

    def told(c: Connection) -> None:
        mark(c, manifest.taken_at, now, resend=resend)

    try:
        _check_owner(settings.paths.state)
        if url.get_backend_name() == "sqlite":
            with locked(settings.paths.state):
                aside = _sqlite(Path(url.database or ""), folder / manifest.database, told, stamp, replace=replace)
        else:
            aside = _postgres(url, folder, manifest, told, stamp, replace=replace)
        with contextlib.suppress(FileNotFoundError):  # they name rows that are lost
            anchors = Anchors(settings).path
            anchors.rename(anchors.with_name(f"{anchors.name}.{BEFORE}-{stamp}"))
    except (OSError, SQLAlchemyError) as e:
        said = str(getattr(e, "orig", None) or getattr(e, "strerror", None) or e).strip()
        raise TransientError(f"the database could not be restored: {said}") from e
    return aside


def _check_owner(state: Path) -> None:
    """Raises ConfigError where what is made here could not be opened by the gateway."""
    if state.exists() and state.stat().st_uid != os.geteuid():
        text = f"the state folder {state} belongs to {state.owner()}, and so has to what is put there"
        raise ConfigError(wrong_backup(text, f"sudo -u {state.owner()} mailwicket restore …"))


def _sqlite(target: Path, source: Path, told: Callable[[Connection], None], stamp: str, *, replace: bool) -> str | None:
    if target.exists() and not replace:
        raise _occupied(target)
    made, aside = unfinished(target), target.with_name(f"{BEFORE}-{stamp}")
    try:
        made.unlink(missing_ok=True)
        put_file(source.open("rb"), made)
        engine = open_engine(URL.create("sqlite", database=str(made)), connections=1)
        with engine.begin() as c:
            told(c)
        engine.dispose()  # what was written is in the file itself now
        flush(made)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    old = [file for end in ("", "-wal", "-shm") if (file := target.with_name(target.name + end)).exists()]
    if old:
        aside.mkdir(mode=0o700)
        for file in old:
            file.rename(aside / file.name)
        flush(aside)
    made.rename(target)
    flush(target.parent)
    return str(aside) if old else None


def _postgres(
    url: URL, folder: Path, manifest: Manifest, told: Callable[[Connection], None], stamp: str, *, replace: bool
) -> str | None:
    engine = open_engine(url, connections=2)
    leading = Leading(engine)
    try:
        if trouble := reachable(engine):
            raise TransientError(f"the database cannot be opened: {trouble}")
        if not leading.leads():
            raise TransientError("a gateway works on this database: every one of them has to be stopped")
        occupied = not metadata.tables.keys().isdisjoint(inspect(engine).get_table_names())
        if occupied and not replace:
            raise _occupied(url.database)
        with _old_aside(engine, f"{ASIDE}_{stamp.lower()}" if occupied else None) as aside:
            load_postgres(url, folder / manifest.database)
            with engine.begin() as c:
                told(c)
                note_revision(c, manifest.schema_of_database)
        return f"schema {aside}" if aside is not None else None
    finally:
        leading.end()
        engine.dispose()


@contextmanager
def _old_aside(engine: Engine, name: str | None) -> Iterator[str | None]:
    """While the new database is made the old one has another name; its own again where that fails.

    name  None: there is no old one
    """
    if name is None:
        yield None
        return
    with engine.begin() as c:
        schema = c.execute(select(func.current_schema())).scalar_one()
        c.execute(text(f'ALTER SCHEMA "{schema}" RENAME TO "{name}"'))
        c.execute(text(f'CREATE SCHEMA "{schema}"'))
    try:
        yield name
    except BaseException:
        with engine.begin() as c:
            c.execute(text(f'DROP SCHEMA "{schema}" CASCADE'))
            c.execute(text(f'ALTER SCHEMA "{name}" RENAME TO "{schema}"'))
        raise


def _occupied(what: object) -> ConfigError:
    return ConfigError(wrong_backup(f"there is a database already: {what}", "--replace moves it aside"))
