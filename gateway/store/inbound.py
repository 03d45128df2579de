"""Accepted mail: the row with its raw bytes, and the way it ended.

Transactions  T0 `insert`; T1a `claim`; T1 `finish`, in the transaction of the changes (DESIGN §6).
Not here      tickets (tickets.py), who calls in which thread (store.py).
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, BinaryIO

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    String,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as lite_insert

from gateway.message.types import Accepted, Auth, Envelope
from gateway.store.schema import arrival, content, inbound, raw_piece
from gateway.ticket.types import Outcome

PIECE_OCTETS = 1 << 20  # raw bytes are written and read in such pieces: neither side holds a whole large mail
REMEMBERED = timedelta(days=7)  # longer than any sender's queue lives (acceptance A-07)
_FOR_GOOD = timedelta(days=36_500)  # an archive may be brought again in years
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = [
    inbound.c[name]
    for name in (
        "id", "key", "reverse_path", "forward_paths", "helo", "peer", "via", "received_at", "size", "sha256",
        "attempts", "ticket", "entry", "released", "lease_token", "verified", "imported", "whole_octets",
    )
]  # fmt: skip
_INTERRUPTED = inbound.c.lease_token.is_not(None)  # if due: whoever had it neither ended nor gave it back
_verdicts = msgspec.json.Decoder(Auth)


@dataclass(frozen=True, slots=True)
class Arriving:
    """A mail at the door: everything T0 stores. `hashes` are its arrival keys, one for each forward-path."""

    key: str
    envelope: Envelope
    size: int
    sha256: str
    hashes: tuple[str, ...]
    raw: BinaryIO  # at position 0
    imported: str | None = None  # as `Accepted.imported`
    at: datetime | None = None  # now; None: when it was received, which of an archive may be long ago
    whole_octets: int | None = None  # as `Accepted.whole_octets`


@dataclass(frozen=True, slots=True)
class Receipt:
    """The promise. `key` names the mail that holds the bytes; for a duplicate the first one."""

    key: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class MailRow:
    """One accepted mail as lists and `mail show` print it."""

    id: int
    key: str
    received_at: datetime
    via: str
    reverse_path: str | None
    forward_paths: tuple[str, ...]
    size: int
    sha256: str
    state: str
    attempts: int
    disposition: str | None
    reason: str | None
    ticket: int | None
    message_id: str | None
    author: str | None
    subject: str | None
    duplicate_of: str | None
    gone_at: datetime | None  # since when its octets are deleted


def insert_batch(c: Connection, batch: Sequence[Arriving]) -> list[Receipt]:
    """T0 for mails of concurrent sessions. A mail all of whose hashes are known is a duplicate: a row, no bytes."""
    known = _remember(c, batch)
    receipts, rows = [], []
    for mail in batch:
        first = known[mail.hashes[0]]
        fresh = tuple(
            path
            for path, digest in zip(mail.envelope.forward_paths, mail.hashes, strict=True)
            if known[digest] == mail.key
        )
        rows.append(_row(mail, fresh or mail.envelope.forward_paths, None if fresh else first))
        receipts.append(Receipt(mail.key if fresh else first, not fresh))
    c.execute(_INSERT, rows)
    fresh_mails = [mail for mail, receipt in zip(batch, receipts, strict=True) if not receipt.duplicate]
    _insert_raw(c, [mail for mail in fresh_mails if mail.size <= PIECE_OCTETS])
    for mail in fresh_mails:
        if mail.size > PIECE_OCTETS:
            _insert_large(c, mail)
    return receipts


def insert_record(c: Connection, mail: Arriving, reason: str) -> None:
    """A mail that is kept and not processed, with the reason, for people to see."""
    row = _row(mail, mail.envelope.forward_paths, None)
    ended = {"state": "done", "disposition": "record", "reason": reason, "finished_at": mail.envelope.received_at}
    c.execute(_INSERT, [row | ended])
    _insert_raw(c, [mail])


def lookup(c: Connection, mail: Arriving) -> Receipt | None:
    """What an earlier commit made of this very mail; None when it left nothing."""
    row = c.execute(select(inbound.c.duplicate_of).where(inbound.c.key == mail.key)).one_or_none()
    return None if row is None else Receipt(row[0] or mail.key, row[0] is not None)


def claim(
    c: Connection, *, now: datetime, token: str, lease_s: int, limit: int, suspicious_after: int, suspects: bool
) -> list[Accepted]:
    """T1a: the oldest pending mails, their attempts counted before any work on them is done.

    suspicious_after  of mails tried so often one is handed out at a time: who is under way at the next accident
                      is most likely its cause. Those that one accident interrupted go first, in their order; of the
                      rest the one tried least, so that a culprit waits for the others
    suspects          whether such a one is wanted; fresh mail never waits behind them
    """
    due = select(inbound.c.id).where(*_due(now))
    wanted = [due.where(inbound.c.attempts < suspicious_after).order_by(inbound.c.id).limit(limit)]
    if suspects:
        tried = due.where(inbound.c.attempts >= suspicious_after)
        once = and_(_INTERRUPTED, inbound.c.attempts <= suspicious_after)
        wanted.append(tried.order_by(case((once, 0), else_=inbound.c.attempts), inbound.c.id).limit(1))
    if c.dialect.name == "postgresql":
        wanted = [query.with_for_update(skip_locked=True) for query in wanted]
    ids = [id for query in wanted for id in c.execute(query).scalars()]
    if not ids:
        return []
    rows = c.execute(
        update(inbound)
        .where(inbound.c.id.in_(ids))
        .values(
            state="working",
            attempts=inbound.c.attempts + 1,
            lease_token=token,
            lease_until=now + timedelta(seconds=lease_s),
        )
        .returning(*_COLUMNS)
    )
    return sorted((accepted(row) for row in rows), key=lambda a: a.id)


def is_one_interrupted(c: Connection, *, before: int, suspicious_after: int, now: datetime) -> bool:
    """Whether a mail that came before this one (`id`) is not ended since whoever worked on it was killed.

    suspicious_after  as for `claim`: it may be under way again
    """
    left = and_(inbound.c.state != "done", _INTERRUPTED, inbound.c.id < before)
    again = inbound.c.attempts > suspicious_after
    return c.execute(select(inbound.c.id).where(left, or_(and_(*_due(now)), again)).limit(1)).first() is not None


def release(c: Connection, key: str, *, lease: str | None = None, innocent: bool = False) -> None:
    """Give a claimed mail back; `innocent` takes the counted attempt back, because the trouble was ours.

    lease  whoever lost it gives nothing back; None asks nobody
    """
    c.execute(
        update(inbound)
        .where(inbound.c.key == key, inbound.c.state == "working", *_held(lease))
        .values(
            state="accepted",
            lease_token=None,
            lease_until=None,
            attempts=inbound.c.attempts - (1 if innocent else 0),
        )
    )


def give_way(c: Connection, key: str, *, lease: str | None) -> None:
    """Back among those that were interrupted, behind the ones before it: the attempt counts."""
    held = (inbound.c.key == key, inbound.c.state == "working", *_held(lease))
    c.execute(update(inbound).where(*held).values(state="accepted", lease_until=None))


def release_all(c: Connection) -> int:
    """At the start of the only daemon: whatever a killed one had claimed is free at once."""
    freed = c.execute(update(inbound).where(inbound.c.state == "working").values(state="accepted", lease_until=None))
    return freed.rowcount


def release_innocent(c: Connection) -> None:
    """Whoever had claimed a mail is not there any more, and it was not the mail that ended him."""
    free = {"state": "accepted", "lease_token": None, "lease_until": None, "attempts": inbound.c.attempts - 1}
    c.execute(update(inbound).where(inbound.c.state == "working").values(free))


def finish(
    c: Connection,
    outcome: Outcome,
    *,
    now: datetime,
    heading: dict[str, str | None],
    explanation: str,
    lease: str | None = None,
) -> bool:
    """The disposition of a mail. False when it has one already, or when the lease was lost: undo the changes.

    heading  message_id, author and subject, for lists
    lease    the worker's token; None asks nobody
    """
    done = c.execute(
        _FINISH,
        {
            "b_key": outcome.key,
            "b_lease": lease,
            "disposition": outcome.disposition,
            "reason": outcome.reason,
            "ticket": outcome.ticket,
            "entry": outcome.entry,
            "explanation": explanation,
            "finished_at": now,
            **heading,
        },
    )
    return done.rowcount == 1


def remembered(imported: str | None) -> timedelta:
    """How long it is remembered that a mail came, so that it is known when it comes again."""
    return REMEMBERED if imported is None else _FOR_GOOD


def same_content(
    c: Connection, digest: str, key: str, now: datetime, *, imported: str | None = None
) -> tuple[str, int | None] | None:
    """Key and ticket of the mail that brought this content before; None when this one is the first.

    What comes in is asked about the time that a queue may live, mail of an archive about all that ever came.
    """
    row = c.execute(
        _upsert_content(c.dialect.name),
        {
            "hash": digest,
            "key": key,
            "expires_at": now + remembered(imported),
            "now": now if imported is None else _EVER,
        },
    ).one_or_none()
    if row is not None:
        return None
    first = c.execute(_FIRST_CONTENT, {"hash": digest}).one()
    return None if first.key == key else (first.key, first.ticket)


def pieces(c: Connection, key: str, first: int, count: int) -> list[bytes]:
    """Pieces of the raw mail, in order, from `first` on; empty behind its end."""
    rows = c.execute(_PIECES, {"key": key, "first": first, "behind": first + count})
    return [bytes(row[0]) for row in rows]


def first_pieces(c: Connection, keys: Sequence[str]) -> dict[str, bytes]:
    """The first piece of each of these mails: all of a small one."""
    return {row.key: bytes(row.octets) for row in c.execute(_FIRST_PIECES, {"keys": list(keys)})}


def reopen(c: Connection, key: str, *, released: bool) -> bool:
    """Let a mail that made no entry be processed again from its raw bytes. False: there is no such mail.

    released  a person wants it through: the rules of `received` are not asked again
    """
    again = c.execute(
        update(inbound)
        .where(
            inbound.c.key == key,
            inbound.c.state == "done",
            inbound.c.gone_at.is_(None),
            inbound.c.disposition.in_(("record", "quarantine", "report")),
        )
        .values(
            state="accepted",
            released=released,
            attempts=0,
            disposition=None,
            reason=None,
            finished_at=None,
        )
    )
    c.execute(delete(content).where(content.c.key == key))
    return again.rowcount == 1


def keep_verdicts(c: Connection, key: str, found: Auth) -> None:
    """What we found out about a mail ourselves; the first answer stays, whatever the domains publish later."""
    c.execute(
        update(inbound)
        .where(inbound.c.key == key, inbound.c.verified.is_(None))
        .values(verified=msgspec.json.encode(found).decode())
    )


def forget(c: Connection, now: datetime) -> None:
    """Remove the keys of arrivals that are older than anybody's queue; what came stays known to archives."""
    c.execute(delete(arrival).where(arrival.c.expires_at < now))


def discard(c: Connection, key: str, reason: str) -> bool:
    """Turn a quarantined mail into a record; its raw bytes stay until retention ends."""
    done = c.execute(
        update(inbound)
        .where(inbound.c.key == key, inbound.c.disposition == "quarantine")
        .values(disposition="record", reason=reason)
    )
    return done.rowcount == 1


def account(c: Connection) -> dict[str, int]:
    """received, pending, and the count of each disposition (acceptance P-2)."""
    rows = c.execute(select(inbound.c.disposition, func.count()).group_by(inbound.c.disposition))
    counted = {disposition or "pending": number for disposition, number in rows}
    return {"received": sum(counted.values()), "pending": counted.pop("pending", 0), **counted}


def backlog(c: Connection) -> tuple[int, datetime | None]:
    """How many mails wait, and since when the oldest does; of those that a person let in again, nobody knows.

    Those of an archive do not count: nobody waits for them, and they are let in no faster than they are worked off.
    """
    first = inbound.c.explanation.is_(None)  # it never had an end
    oldest_id = func.min(case((first, inbound.c.id)))
    came_in = (inbound.c.state != "done", inbound.c.imported.is_(None))
    count, oldest = c.execute(select(func.count(), oldest_id).where(*came_in)).one()
    if oldest is None:
        return count, None
    return count, c.execute(select(inbound.c.received_at).where(inbound.c.id == oldest)).scalar_one()


def mails(c: Connection, *, dispositions: Sequence[str], since: datetime | None, limit: int) -> list[MailRow]:
    """The newest accepted mails, newest first; `dispositions` empty is all, "pending" those without one."""
    query = select(inbound).order_by(inbound.c.id.desc()).limit(limit)
    if dispositions:
        named = inbound.c.disposition.in_([d for d in dispositions if d != "pending"])
        query = query.where(or_(named, inbound.c.disposition.is_(None)) if "pending" in dispositions else named)
    if since is not None:
        query = query.where(inbound.c.received_at >= since)
    return [_mail(row) for row in c.execute(query)]


def needing_attention(c: Connection, *, since: datetime | None, limit: int) -> list[MailRow]:
    """Mail in quarantine, and mail that was tried and still waits; newest first."""
    tried = or_(
        and_(inbound.c.state == "accepted", inbound.c.attempts > 0),
        and_(inbound.c.state == "working", inbound.c.attempts > 1),
    )
    query = select(inbound).where(or_(inbound.c.disposition == "quarantine", tried))
    if since is not None:
        query = query.where(inbound.c.received_at >= since)
    return [_mail(row) for row in c.execute(query.order_by(inbound.c.id.desc()).limit(limit))]


def find(c: Connection, name: str) -> MailRow | None:
    """The mail that `m-55120`, a key, or the head of a key names; None when nothing or more than one does."""
    if name.startswith("m-") and name[2:].isdecimal() and len(name) < 20:  # more digits than an id can have
        where = inbound.c.id == int(name[2:])
    elif len(name) >= 8 and all(ch in "0123456789abcdef" for ch in name):
        where = inbound.c.key.like(f"{name}%")
    else:
        return None
    rows = c.execute(select(inbound).where(where).limit(2)).all()
    return _mail(rows[0]) if len(rows) == 1 else None


def explanation(c: Connection, key: str) -> str | None:
    """The stored reasons of one mail as JSON; None while it is pending."""
    return c.execute(select(inbound.c.explanation).where(inbound.c.key == key)).scalar_one_or_none()


def of_ticket(c: Connection, number: int) -> list[MailRow]:
    """The mails that ended in a ticket, oldest first."""
    return [_mail(r) for r in c.execute(select(inbound).where(inbound.c.ticket == number).order_by(inbound.c.id))]


def unfinished(c: Connection) -> Iterator[tuple[str, str]]:
    """(key, sha256) of each pending mail that holds bytes, to verify them after trouble (acceptance R-8)."""
    rows = c.execute(select(inbound.c.key, inbound.c.sha256).where(inbound.c.state != "done"))
    yield from ((row.key, row.sha256) for row in rows.all())


def accepted(row: Row[Any]) -> Accepted:
    """The typed form of a claimed row."""
    envelope = Envelope(
        reverse_path=row.reverse_path,
        forward_paths=tuple(msgspec.json.decode(row.forward_paths)),
        helo=row.helo,
        peer=row.peer,
        via=row.via,
        received_at=row.received_at,
    )
    stub = row.ticket if row.entry is not None else None  # a record in a ticket made no entry there
    verified = _verdicts.decode(row.verified) if row.verified is not None else None
    return Accepted(
        row.id,
        row.key,
        envelope,
        row.size,
        row.sha256,
        row.attempts,
        stub,
        row.released,
        row.lease_token,
        verified,
        row.imported,
        row.whole_octets,
    )


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Pending, and nobody's."""
    expired = and_(inbound.c.state == "working", inbound.c.lease_until < now)
    return inbound.c.state != "done", or_(inbound.c.state == "accepted", expired)


def _held(lease: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if lease is None else (inbound.c.lease_token == lease,)


def _remember(c: Connection, batch: Sequence[Arriving]) -> dict[str, str]:
    """hash -> key of the mail that holds it: the new one, or the one that was here within seven days."""
    now = max(mail.at or mail.envelope.received_at for mail in batch)
    wanted: dict[str, str] = {}
    until: dict[str, datetime] = {}
    for mail in batch:
        for digest in mail.hashes:
            wanted.setdefault(digest, mail.key)
            until.setdefault(digest, now + remembered(mail.imported))
    rows = c.execute(
        select(arrival.c.hash, arrival.c.key).where(arrival.c.hash.in_(wanted), arrival.c.expires_at > now)
    )
    known = {row.hash: row.key for row in rows}
    fresh = sorted(set(wanted) - set(known))  # in order, so that two processes never wait for each other in a ring
    if fresh:
        statement = _upsert(c.dialect.name, arrival)
        c.execute(statement, [{"hash": h, "key": wanted[h], "expires_at": until[h], "now": now} for h in fresh])
        if c.dialect.name == "postgresql":  # somebody else may have been faster
            rows = c.execute(select(arrival.c.hash, arrival.c.key).where(arrival.c.hash.in_(fresh)))
            return known | {row.hash: row.key for row in rows}
    return {digest: known.get(digest, key) for digest, key in wanted.items()}


@cache
def _upsert_content(dialect: str) -> Any:
    return _upsert(dialect, content).returning(content.c.key)


@cache
def _upsert(dialect: str, table: Table) -> Any:
    """Insert, or take over an expired row, or do nothing."""
    statement = (pg_insert if dialect == "postgresql" else lite_insert)(table)
    statement = statement.values(hash=bindparam("hash"), key=bindparam("key"), expires_at=bindparam("expires_at"))
    return statement.on_conflict_do_update(
        index_elements=["hash"],
        set_={"key": statement.excluded.key, "expires_at": statement.excluded.expires_at},
        where=table.c.expires_at <= bindparam("now", type_=table.c.expires_at.type),
    )


def _row(mail: Arriving, forward_paths: tuple[str, ...], duplicate_of: str | None) -> dict[str, object]:
    envelope = mail.envelope
    return {
        "key": mail.key,
        "received_at": envelope.received_at,
        "via": envelope.via,
        "reverse_path": envelope.reverse_path,
        "forward_paths": msgspec.json.encode(forward_paths).decode(),
        "helo": envelope.helo,
        "peer": envelope.peer,
        "size": mail.size,
        "sha256": mail.sha256,
        "state": "accepted" if duplicate_of is None else "done",
        "disposition": None if duplicate_of is None else "duplicate",
        "reason": None if duplicate_of is None else "the same bytes for the same recipients came before",
        "duplicate_of": duplicate_of,
        "finished_at": None if duplicate_of is None else mail.at or envelope.received_at,
        "imported": mail.imported,
        "whole_octets": mail.whole_octets,
    }


def _insert_raw(c: Connection, mails: Sequence[Arriving]) -> None:
    """The bytes of mails that are one piece each, in one statement."""
    for mail in mails:
        mail.raw.seek(0)  # the batch may be done again
    if mails:
        c.execute(_INSERT_PIECE, [{"key": mail.key, "piece": 0, "octets": mail.raw.read()} for mail in mails])


def _insert_large(c: Connection, mail: Arriving) -> None:
    """The bytes of a large mail, piece by piece: it is never in memory as a whole."""
    mail.raw.seek(0)
    for piece in itertools.count():
        if not (octets := mail.raw.read(PIECE_OCTETS)):
            return
        c.execute(_INSERT_PIECE, {"key": mail.key, "piece": piece, "octets": octets})


def _mail(row: Row[Any]) -> MailRow:
    values = {name: getattr(row, name) for name in MailRow.__slots__}
    return MailRow(**(values | {"forward_paths": tuple(msgspec.json.decode(row.forward_paths))}))


_FIRST_CONTENT = (
    select(content.c.key, inbound.c.ticket)
    .outerjoin(inbound, inbound.c.key == content.c.key)
    .where(content.c.hash == bindparam("hash"))
)
_PIECES = (
    select(raw_piece.c.octets)
    .where(
        raw_piece.c.key == bindparam("key"),
        raw_piece.c.piece >= bindparam("first"),
        raw_piece.c.piece < bindparam("behind"),
    )
    .order_by(raw_piece.c.piece)
)
_FIRST_PIECES = select(raw_piece.c.key, raw_piece.c.octets).where(
    raw_piece.c.key.in_(bindparam("keys", expanding=True)), raw_piece.c.piece == 0
)
_INSERT = insert(inbound)
_INSERT_PIECE = insert(raw_piece)
_FINISH = (
    update(inbound)
    .where(
        inbound.c.key == bindparam("b_key"),
        inbound.c.state != "done",
        or_(bindparam("b_lease", type_=String) == null(), inbound.c.lease_token == bindparam("b_lease", type_=String)),
    )
    .values(
        state="done",
        disposition=bindparam("disposition"),
        reason=bindparam("reason"),
        ticket=bindparam("ticket"),
        entry=bindparam("entry"),
        explanation=bindparam("explanation"),
        finished_at=bindparam("finished_at"),
        message_id=bindparam("message_id"),
        author=bindparam("author"),
        subject=bindparam("subject"),
        lease_token=None,
        lease_until=None,
    )
)
