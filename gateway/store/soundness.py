"""Whether the store still holds what it promised: what was accepted has its octets and an end, and rows that belong
together know each other.

Transaction  the caller's; it only reads.
Not here     pages of SQLite (engine.damage), the chain of the audit (audit_verify.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, not_, or_, select

from gateway.store.schema import entry, inbound, outbox, ticket
from gateway.store.store import raw_sha256

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Unsound:
    """A row that is not as it should be."""

    name: str  # as people say it: m-12
    said: str


def counts(c: Connection) -> dict[str, int]:
    """How many rows of each kind there are."""
    return {
        name: c.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in (("mails", inbound), ("tickets", ticket), ("entries", entry), ("outgoing", outbox))
    }


def unsound(c: Connection, *, every: int = 1, turn: int = 0) -> Iterator[Unsound]:
    """What is wrong, in order; nothing when all is well.

    every, turn  octets are read of one mail in so many, and of which ones
    """
    for table, prefix, said, wrong in _WRONG:
        for id in c.execute(select(table.c.id).where(wrong).order_by(table.c.id)).scalars():
            yield Unsound(f"{prefix}-{id}", said)
    held = select(inbound.c.id, inbound.c.key, inbound.c.sha256).where(_HAS_OCTETS, inbound.c.id % every == turn)
    for row in c.execute(held.order_by(inbound.c.id).execution_options(yield_per=_AT_ONCE)):
        if raw_sha256(c, row.key) != row.sha256:
            yield Unsound(f"m-{row.id}", "its octets are not those that were accepted")


_HAS_OCTETS = and_(inbound.c.duplicate_of.is_(None), inbound.c.gone_at.is_(None))
_first = inbound.alias()
_NO_TICKET = not_(exists().where(ticket.c.number == inbound.c.ticket))
_NO_ENTRY = not_(exists().where(or_(entry.c.source == inbound.c.key, entry.c.source == "stub:" + inbound.c.key)))
_WRONG: tuple[tuple[Table, str, str, ColumnElement[bool]], ...] = (
    # of which table, its letter, what is wrong, where it is
    (inbound, "m", "it is done, and ended nowhere", and_(inbound.c.state == "done", inbound.c.disposition.is_(None))),
    (
        inbound,
        "m",
        "it is a duplicate of a mail that is not there",
        and_(inbound.c.duplicate_of.is_not(None), not_(exists().where(_first.c.key == inbound.c.duplicate_of))),
    ),
    (
        inbound,
        "m",
        "it went into a ticket that is not there",
        and_(inbound.c.disposition.in_(("ticket", "entry")), inbound.c.gone_at.is_(None), _NO_TICKET, _NO_ENTRY),
    ),
    (
        outbox,
        "q",
        "it is of a ticket that is not there",
        and_(outbox.c.ticket.is_not(None), not_(exists().where(ticket.c.number == outbox.c.ticket))),
    ),
    (
        outbox,
        "q",
        "it is to be sent, and was never written",
        and_(outbox.c.state.in_(("queued", "deferred", "leased", "uncertain")), outbox.c.raw.is_(None)),
    ),
    (
        entry,
        "e",
        "it is of a ticket that is not there",
        not_(exists().where(ticket.c.number == entry.c.ticket)),
    ),
)
