"""Every text of the rules that was in force, by number: traces name the revision that decided.

The text holds what it includes. Of lists, look-up tables and holidays there is the hash alone: a table of customers is
personal data, and is no rule.
Not here  what a text means (rules/load.py), where it is read (policy.py), when it comes into force (daemon.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select

from gateway.rules.written import RuleText
from gateway.store.audit import add_audit
from gateway.store.schema import rule_revision

SYSTEM = "system"  # the author of what is found at a start or at a signal
_LOADER = 0x6D777275  # PostgreSQL: one process numbers a text at a time, until its commit


@dataclass(frozen=True, slots=True)
class Revision:
    """A text of the rules that was in force from `loaded_at` until that of the next one."""

    number: int
    written: RuleText
    author: str  # SYSTEM, or the name of a user of the machine
    message: str
    loaded_at: datetime


def keep_revision(c: Connection, written: RuleText, *, author: str, message: str, now: datetime) -> int:
    """The number of this text; a new one where the newest revision is another text.

    A text that comes back, by a rollback or by hand, is a new revision: the history tells what was in force when.
    """
    if c.dialect.name == "postgresql":
        c.execute(select(func.pg_advisory_xact_lock(_LOADER)))
    last = _NEWEST.limit(1)
    newest = c.execute(last).one_or_none()
    if newest is not None and newest.sha256 == written.sha256:
        return int(newest.number)
    values = {
        "sha256": written.sha256,
        "text": written.text,
        "files": msgspec.json.encode(written.files).decode(),
        "tables": msgspec.json.encode(written.tables).decode(),
        "author": author,
        "message": message,
        "loaded_at": now,
    }
    number = int(c.execute(insert(rule_revision).values(values).returning(rule_revision.c.number)).scalar_one())
    asked = author != SYSTEM
    detail = " · ".join(filter(None, (f"sha256 {written.sha256}", f"by {author}" if asked else "", message)))
    actor, basis = ("operator", "local") if asked else ("system", None)
    add_audit(c, at=now, actor=actor, basis=basis, action="rules.loaded", object=f"rules:{number}", detail=detail)
    return number


def newest_revision(c: Connection) -> Revision | None:
    """What was loaded last; None before the first start."""
    row = c.execute(_NEWEST.limit(1)).one_or_none()
    return _revision(row) if row is not None else None


def find_revision(c: Connection, number: int) -> Revision | None:
    """The revision of this number; None when there is none."""
    row = c.execute(select(rule_revision).where(rule_revision.c.number == number)).one_or_none()
    return _revision(row) if row is not None else None


def revisions(c: Connection, limit: int) -> list[Revision]:
    """The newest ones, newest first."""
    return [_revision(row) for row in c.execute(_NEWEST.limit(limit))]


def _revision(row: Row[Any]) -> Revision:
    files, tables = msgspec.json.decode(row.files), msgspec.json.decode(row.tables)
    written = RuleText(row.sha256, row.text, files, tables)
    return Revision(row.number, written, row.author, row.message, row.loaded_at)


_NEWEST = select(rule_revision).order_by(rule_revision.c.number.desc())
