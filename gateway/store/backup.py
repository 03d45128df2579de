"""A backup: a folder with the database as it was at one moment, files beside it, and what proves that it is whole.

The manifest is written last: a folder without one was never finished. Nothing is overwritten: the folder is made here,
and where anything fails nothing of it stays.
Sources  operations.md §12; acceptance H-09, A-02: each file and each folder is on the disk before the manifest.
Not here which files (backups.py), the copy of the database (snapshot.py), the way back (restore.py).
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import msgspec

from gateway.config import Settings, key_marks, write_whole
from gateway.errors import ConfigError, Problem, TransientError
from gateway.store.engine import database_url, open_engine, reachable
from gateway.store.snapshot import snapshot_name, write_snapshot
from gateway.store.version import revision

MANIFEST = "manifest.json"
_SCHEMA = "mailwicket.backup/1"
_PIECE_OCTETS = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup."""

    name: str  # below its folder
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. What is in none: keys and passwords."""

    schema: str
    taken_at: datetime  # the database is not older than this
    program: str  # its version
    schema_of_database: str
    database: str  # the name of its part
    parts: tuple[Part, ...]
    keys: Mapping[str, str]  # by name, a mark of each key that the gateway had: kept apart, and needed to go on

    @property
    def octets(self) -> int:
        """Of all parts."""
        return sum(part.size for part in self.parts)


def take_backup(settings: Settings, folder: Path, files: Mapping[str, bytes], now: datetime) -> Manifest:
    """Make a backup in a folder that is not there yet.

    files    what stands beside the database, by its name in the backup
    Raises   ConfigError     the folder is there, or its parent is not; the database was never made
             TransientError  it could not be finished; nothing of it is left
    """
    url = database_url(settings)
    found = _schema_of(settings)
    try:
        folder.mkdir(mode=0o700)
    except OSError as e:
        hint = "a folder that is not there yet, in one that is"
        raise ConfigError(wrong_backup(f"{folder} cannot be made: {e.strerror}", hint)) from e
    try:
        database = snapshot_name(url)
        os.close(os.open(folder / database, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        write_snapshot(url, folder / database)
        for name, octets in files.items():
            (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_file(BytesIO(octets), folder / name)
        parts = tuple(_flushed(folder, name) for name in (database, *files))
        keys = key_marks(settings)
        manifest = Manifest(_SCHEMA, now, version("mailwicket"), found, database, parts, keys)
        for below in (*(path for path in folder.rglob("*") if path.is_dir()), folder):
            flush(below)
        write_whole(folder / MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)).decode() + "\n", 0o600)
        flush(folder.absolute().parent)
    except OSError as e:
        shutil.rmtree(folder, ignore_errors=True)
        raise TransientError(f"{folder} could not be finished, and is gone again: {e.strerror}") from e
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself.

    Raises  ConfigError  there is none, it was never finished, or it is of a version that nobody knows yet
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except OSError as e:
        unfinished = isinstance(e, FileNotFoundError) and folder.is_dir()
        why = "it was never finished, or is none" if unfinished else e.strerror
        raise ConfigError(wrong_backup(f"{folder} is no backup: {why}", "a folder that “backup” made")) from e
    except msgspec.MsgspecError as e:
        raise ConfigError(wrong_backup(f"{folder / MANIFEST} cannot be read: {e}", "another backup")) from e
    names = (PurePosixPath(part.name) for part in manifest.parts)
    if manifest.schema != _SCHEMA or any(name.is_absolute() or ".." in name.parts for name in names):
        text = f"{folder / MANIFEST} is no manifest of this version ({_SCHEMA})"
        raise ConfigError(wrong_backup(text, "the version that made it, or a newer one"))
    return manifest


def damaged_parts(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Each file that is not as it was written, and how."""
    for part in manifest.parts:
        try:
            with (folder / part.name).open("rb") as f:
                found = hashlib.file_digest(f, "sha256").hexdigest()
        except OSError as e:
            yield f"{part.name}: {e.strerror}"
        else:
            if found != part.sha256:
                yield f"{part.name} is not what was written: SHA-256 is {found}"


def back_up_before_upgrade(settings: Settings, now: datetime) -> None:
    """A backup of a database whose schema is about to change (acceptance H-08): in `backup.dir`, else in the state."""
    kept = settings.backup.dir or settings.paths.state / "backup"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    take_backup(settings, kept / f"before-upgrade-{now:%Y%m%dT%H%M%S%fZ}", {}, now)


def _schema_of(settings: Settings) -> str:
    engine = open_engine(database_url(settings), connections=1, read_only=True)
    try:
        if trouble := reachable(engine):
            raise TransientError(f"the database cannot be opened: {trouble}")
        found = revision(engine)
    finally:
        engine.dispose()
    if found is None:
        raise ConfigError(wrong_backup("the database is empty: nothing is to be kept", "mailwicket serve makes it"))
    return found


def put_file(source: BinaryIO, target: Path, mode: int = 0o600) -> None:
    """A file that is not there yet, with what is left of an open one, which is closed; on the disk when it returns."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with source, os.fdopen(descriptor, "wb") as f:
        shutil.copyfileobj(source, f, _PIECE_OCTETS)
        f.flush()
        os.fsync(f.fileno())


def _flushed(folder: Path, name: str) -> Part:
    """The part, on the disk."""
    path = folder / name
    flush(path)
    with path.open("rb") as f:
        return Part(name, path.stat().st_size, hashlib.file_digest(f, "sha256").hexdigest())


def flush(path: Path) -> None:
    """A file, or the names in a folder, are on the disk when this returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def wrong_backup(text: str, hint: str) -> Problem:
    """Why none is made, or brought back."""
    return Problem("backup", 0, 0, "C011", text, hint)
