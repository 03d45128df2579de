"""Whether the audit chain still holds, and which row was changed, deleted, inserted or put elsewhere.

Sources  acceptance §7.3, J-08. A row that does not fit its number is tried at all others: what an HMAC says was
         written there, was. Anchors are what was told of the chain outside the database: they show a tail that was
         cut, and whoever has the key.
Not here  how a row is chained (audit.py), how anchors are kept (audit_anchors.py).
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, bindparam, func, select

from gateway.store.audit import COLUMNS, Anchor, Written, before_the_chain, commitment_of, hash_of
from gateway.store.schema import audit

_FINDINGS = 10  # the first ones; one changed number may move all rows behind it
_AT_ONCE = 1000
_WRITTEN = len(Written.__struct_fields__)
Kind = Literal["changed", "deleted", "inserted", "moved", "cut", "rewritten"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the chain at a row."""

    seq: int
    kind: Kind
    said: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and what is wrong; no finding: every row is as it was written, and none is missing."""

    first: int
    last: int
    rows: int
    older: int  # rows of a version without a chain
    erased: int  # rows whose detail was erased, as it may be
    anchors: int
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Seen:
    """The row before, and the counts so far."""

    seq: int
    hash: bytes | None  # None: unknown, because rows are missing or another one stands there
    rows: int = 0
    erased: int = 0


def verify(c: Connection, key: bytes, anchors: Sequence[Anchor], since: Anchor | None = None) -> Verdict:
    """The verdict on the rows after an anchor, or on all.

    anchors  those that are known, in any order
    """
    last = c.execute(select(func.max(audit.c.seq))).scalar() or 0
    chained = c.execute(_CHAINED).scalar_one_or_none()
    before = last if chained is None else chained - 1
    older = c.execute(_OLDER, {"last": before}).scalar_one()
    if since is not None:
        seen = _Seen(since.seq, since.hash)
    else:
        seen = _Seen(before, before_the_chain(c, before)) if older else _Seen(0, before_the_chain(c, 0))
    first = seen.seq + 1
    findings: list[Finding] = []
    for finding in _findings(c, key, seen, last):
        findings.append(finding)
        if len(findings) == _FINDINGS:
            break
    known = [*anchors, *([since] if since else [])]
    findings += _at_anchors(c, known, last)
    return Verdict(first, last, seen.rows, older, seen.erased, len(known), tuple(findings))


def _findings(c: Connection, key: bytes, seen: _Seen, last: int) -> Iterator[Finding]:
    rows = c.execute(_ROWS, {"since": seen.seq})
    for row in rows:
        if row.seq != seen.seq + 1:
            yield Finding(seen.seq + 1, "deleted", f"{_rows(seen.seq + 1, row.seq - 1)} missing")
            seen.hash = None
        wrong = list(_wrong(c, key, row, seen, last))
        yield from wrong
        in_its_place = all(finding.kind != "moved" for finding in wrong)
        seen.seq, seen.hash, seen.rows = row.seq, row.hash if in_its_place else None, seen.rows + 1


def _wrong(c: Connection, key: bytes, row: Row[Any], seen: _Seen, last: int) -> Iterator[Finding]:
    """What is wrong with a row, if anything."""
    if row.hash is None or row.prev is None:
        yield Finding(row.seq, "inserted", "was added without a hash")
    elif not hmac.compare_digest(hash_of(key, Written(*row[:_WRITTEN])), row.hash):
        yield _misfit(c, key, row, seen, last)
    elif seen.hash is not None and row.prev != seen.hash:
        yield Finding(row.seq, "rewritten", "does not follow what stands before it, and was written with the key")
    elif row.commitment is not None and row.salt is None:
        seen.erased += 1
    elif row.commitment != commitment_of(row.salt, row.detail):
        yield Finding(row.seq, "changed", "its detail is not what was written")


def _misfit(c: Connection, key: bytes, row: Row[Any], seen: _Seen, last: int) -> Finding:
    """A row that was never written at this number: it was written at another one, or never so."""
    if (home := _home(key, row, last)) is not None:
        return Finding(row.seq, "moved", f"was written as row {home}")
    following = c.execute(_FOLLOWING, {"seq": row.seq}).one_or_none()
    if following is None:
        return Finding(row.seq, "changed", "was changed, or added, by somebody without the key")
    if following.prev == row.hash:
        return Finding(row.seq, "changed", "was changed")
    if seen.hash is not None and following.prev == seen.hash:
        return Finding(row.seq, "inserted", "was inserted: the row behind it follows the one before it")
    return Finding(row.seq, "changed", "was changed, and its hash with it")


def _home(key: bytes, row: Row[Any], last: int) -> int | None:
    """The number that the row was written with; None when it never was."""
    written = Written(*row[:_WRITTEN])
    found: bytes = row.hash
    for seq in sorted(range(1, last + _AT_ONCE), key=lambda seq: abs(seq - row.seq)):  # mostly it was a near one
        written.seq = seq
        if hmac.compare_digest(hash_of(key, written), found):
            return seq
    return None


def _at_anchors(c: Connection, anchors: Sequence[Anchor], last: int) -> Iterator[Finding]:
    """The first anchor that the chain does not reach, or does not hold."""
    for anchor in sorted(anchors, key=lambda a: a.seq):
        if anchor.seq > last:
            yield Finding(last + 1, "cut", f"{_rows(last + 1, anchor.seq)} missing: an anchor names row {anchor.seq}")
            return
        found = c.execute(_HASH, {"seq": anchor.seq}).scalar_one_or_none()
        if found is not None and found != anchor.hash:
            yield Finding(anchor.seq, "rewritten", "is not the row that its anchor names")
            return


def _rows(first: int, last: int) -> str:
    return f"row {first} is" if first == last else f"rows {first} to {last} are"


_CHAINED = select(audit.c.seq).where(audit.c.hash.is_not(None)).order_by(audit.c.seq).limit(1)
_OLDER = select(func.count()).where(audit.c.seq <= bindparam("last"))
_ROWS = select(*COLUMNS).where(audit.c.seq > bindparam("since")).order_by(audit.c.seq)
_ROWS = _ROWS.execution_options(yield_per=_AT_ONCE)
_FOLLOWING = select(audit.c.prev).where(audit.c.seq > bindparam("seq")).order_by(audit.c.seq).limit(1)
_HASH = select(audit.c.hash).where(audit.c.seq == bindparam("seq"))
