"""That a backup was made: when, and where, so that whoever watches knows how old the last one is.

Transaction  the caller's, durable.
Not here     how one is made (store/backup.py), when (backups.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gateway.operations.types import Done, Duty, Operation
from gateway.store import jobs
from gateway.store.audit import add_audit


@dataclass(frozen=True, slots=True)
class BackupMade:
    """A backup that is whole."""

    folder: str
    at: datetime  # the database is not older
    octets: int


def note_backup(c: Connection, made: BackupMade, now: datetime, *, actor: str, basis: str | None = None) -> None:
    """Keep that it was made."""
    jobs.note_asked(c, jobs.BACKUP, made.at)
    detail = f"{made.octets} octets in {made.folder}"
    add_audit(c, at=now, actor=actor, basis=basis, action="backup.made", detail=detail)


def _noted(c: Connection, made: BackupMade, duty: Duty) -> tuple[Done, ...]:
    note_backup(c, made, duty.now, actor="operator", basis=duty.basis)
    return (Done("backup", "done", f"{made.octets} octets in {made.folder}"),)


OPERATIONS: Mapping[str, Operation] = {"backup.noted": Operation(BackupMade, _noted)}
