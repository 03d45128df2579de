"""Who changed what, when and on which right: one chain of rows, in which nothing can be altered unseen.

Sources      acceptance §7.3 and J-08. A row's hash is HMAC-SHA-256 with `audit-key` over the row as canonical JSON and
             the hash of the row before. What a person could be known by stands apart (`detail`): the chain has only
             SHA-256(salt || detail), so that it holds when detail and salt are erased.
Transaction  the caller's: no audit, no change. Rows are noted while it runs and chained at its end, so that whoever
             waits for the one appender of PostgreSQL holds no lock that another one wants.
Not here     whether the chain still holds (audit_verify.py), where its end is told outside (audit_anchors.py).
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Text,
    bindparam,
    cast,
    insert,
    select,
    type_coerce,
)

from gateway.store.schema import audit, microseconds

_NOTED = "audit"  # where a connection keeps what its transaction has noted
_APPENDER = 0x6D776175  # PostgreSQL: one appender at a time, until its commit
_SALT_OCTETS = 16
_NOTHING = bytes(32)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change. `detail` None was erased."""

    seq: int
    at: datetime
    actor: str  # customer, agent:ID, rule:ID, system, operator
    basis: str | None  # what the actor's right rests on
    action: str
    ticket: int | None
    customer: int | None
    object: str | None  # what was changed, where it is no ticket and no customer: rules:41
    source: str | None  # key of the mail that caused it
    detail: str | None


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row and its hash: what is told of the chain outside the database."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


class Written(msgspec.Struct):
    """What the hash of a row covers, in this order."""

    seq: int
    at: int  # microseconds since 1970
    actor: str
    basis: str | None
    action: str
    ticket: int | None
    customer: int | None
    object: str | None
    source: str | None
    commitment: bytes | None
    prev: bytes  # hash of the row before


@contextmanager
def appending(c: Connection, key: bytes) -> Iterator[None]:
    """What is noted in the block is chained at its end; nothing of it when the block raises."""
    noted: list[dict[str, Any]] = []
    c.info[_NOTED] = noted
    try:
        yield
        if noted:
            _append(c, key, noted)
    finally:
        del c.info[_NOTED]


def add_audit(
    c: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    detail: str,
    basis: str | None = None,
    ticket: int | None = None,
    customer: int | None = None,
    object: str | None = None,
    source: str | None = None,
) -> None:
    """One change of this transaction, for the chain.

    basis   what the actor's right rests on, such as how far the author of a mail is proven
    source  key of the mail that caused it
    """
    c.info[_NOTED].append(
        {
            "at": at,
            "actor": actor,
            "basis": basis,
            "action": action,
            "ticket": ticket,
            "customer": customer,
            "object": object,
            "source": source,
            "detail": detail,
        }
    )


@contextmanager
def attempt(c: Connection, *, only_tried: bool) -> Iterator[None]:
    """A savepoint, with the notes that were made in it: undone when the block raises, or was only tried."""
    before = len(c.info[_NOTED])
    undone = True
    try:
        with c.begin_nested() as savepoint:
            yield
            if only_tried:
                savepoint.rollback()
        undone = only_tried
    finally:
        if undone:
            del c.info[_NOTED][before:]


def find_row(c: Connection, seq: int) -> AuditRow | None:
    """The row of this number; None when there is none."""
    row = c.execute(select(audit).where(audit.c.seq == seq)).one_or_none()
    return None if row is None else _row(row)


def find_rows(
    c: Connection,
    *,
    ticket: int | None = None,
    customer: int | None = None,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    limit: int | None = None,
) -> list[AuditRow]:
    """The newest rows that fit, oldest first.

    actor, action  the whole word, or what stands before its colon or dot: `rule` is every rule
    """
    wanted = [
        *([audit.c.ticket == ticket] if ticket is not None else []),
        *([audit.c.customer == customer] if customer is not None else []),
        *([_kind(audit.c.actor, actor, ":")] if actor is not None else []),
        *([_kind(audit.c.action, action, ".")] if action is not None else []),
        *([audit.c.at >= since] if since is not None else []),
    ]
    rows = c.execute(select(audit).where(*wanted).order_by(audit.c.seq.desc()).limit(limit))
    return [_row(row) for row in rows][::-1]


def noted(c: Connection, ticket: int) -> list[AuditRow]:
    """What this transaction changed of a ticket so far, oldest first: it is chained, and numbered, at the end alone."""
    return [AuditRow(seq=0, **row) for row in c.info.get(_NOTED, ()) if row["ticket"] == ticket]


def chain_end(c: Connection) -> Anchor | None:
    """The last row; None while none is chained."""
    row = c.execute(_END).one_or_none()
    return None if row is None or row.hash is None else Anchor(row.seq, row.hash)


# --- the chain --------------------------------------------------------------------------------------------------------


def hash_of(key: bytes, written: Written) -> bytes:
    """HMAC-SHA-256 of the row as JSON, its keys in the order of `Written` and octets as base64, and the hash before."""
    return hmac.digest(key, _json(written) + written.prev, "sha256")


def commitment_of(salt: bytes, detail: str) -> bytes:
    """What the chain has of a detail."""
    return hashlib.sha256(salt + detail.encode()).digest()


def before_the_chain(c: Connection, last: int) -> bytes:
    """What the first hash stands on: rows that an older version wrote without one, but for their details.

    last  number of the last such row; 0 is none, which makes 32 zero octets
    """
    rows = c.execute(select(*COLUMNS[:-1]).where(audit.c.seq <= last).order_by(audit.c.seq))
    digest, found = hashlib.sha256(), False
    for row in rows:
        found = True
        digest.update(_json(list(row)))
    return digest.digest() if found else _NOTHING


def _append(c: Connection, key: bytes, noted: list[dict[str, Any]]) -> None:
    if c.dialect.name == "postgresql":
        c.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_APPENDER})")
    last = c.execute(_END).one_or_none()
    seq = 0 if last is None else last.seq
    prev = before_the_chain(c, seq) if last is None or last.hash is None else last.hash
    for row in noted:
        seq += 1
        row["salt"] = secrets.token_bytes(_SALT_OCTETS)
        commitment = commitment_of(row["salt"], row["detail"])
        covered = {name: row[name] for name in ("actor", "basis", "action", "ticket", "customer", "object", "source")}
        written = Written(seq=seq, at=microseconds(row["at"]), commitment=commitment, prev=prev, **covered)
        row |= {"seq": seq, "commitment": commitment, "prev": prev}
        row["hash"] = prev = hash_of(key, written)
    c.execute(_INSERT, noted)


def _kind(column: ColumnElement[str], word: str, mark: str) -> ColumnElement[bool]:
    return (column == word) | column.startswith(f"{word.rstrip(mark)}{mark}", autoescape=True)


def _row(row: Row[Any]) -> AuditRow:
    return AuditRow(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        basis=row.basis,
        action=row.action,
        ticket=row.ticket,
        customer=row.customer,
        object=row.object,
        source=row.source,
        detail=None if row.commitment is not None and row.salt is None else row.detail,
    )


COLUMNS = (  # of a row as `Written` has them, then what the chain says of it
    audit.c.seq,
    type_coerce(audit.c.at, BigInteger).label("at"),
    audit.c.actor,
    audit.c.basis,
    audit.c.action,
    audit.c.ticket,
    audit.c.customer,
    audit.c.object,
    audit.c.source,
    *(cast(c, LargeBinary).label(c.name) for c in (audit.c.commitment, audit.c.prev, audit.c.hash, audit.c.salt)),
    cast(audit.c.detail, Text).label("detail"),  # SQLite would hand out whatever somebody put there
)
_json = msgspec.json.Encoder().encode
_END = select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
_INSERT = insert(audit).values({column.name: bindparam(column.name) for column in audit.columns})
