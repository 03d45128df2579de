"""Legal holds: tickets and customers of whom nothing is deleted, whatever its age.

Transaction  the caller's.
Not here     what is deleted otherwise (retention.py), who asks for a hold (operations/retention.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from gateway.store.schema import legal_hold
from gateway.store.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Hold:
    """One of them; it names a ticket or a customer."""

    ticket: int | None
    customer: int | None
    at: datetime
    by: str
    reason: str


def put(c: Connection, hold: Hold) -> bool:
    """From now on it holds; False when one does already."""
    if c.execute(select(legal_hold.c.id).where(_same(hold.ticket, hold.customer))).first() is not None:
        return False
    c.execute(insert(legal_hold), {name: getattr(hold, name) for name in Hold.__slots__})
    return True


def lift(c: Connection, *, ticket: int | None = None, customer: int | None = None) -> bool:
    """It holds no more; False when none did."""
    return c.execute(delete(legal_hold).where(_same(ticket, customer))).rowcount == 1


def all_holds(c: Connection) -> Sequence[Hold]:
    """All of them, as they were made."""
    rows = c.execute(select(*(legal_hold.c[name] for name in Hold.__slots__)).order_by(legal_hold.c.id))
    return [Hold(*row) for row in rows]


def pass_on(c: Connection, name: str, one: int, other: int) -> None:
    """Who goes into another takes his hold along; it stays with both when that is taken back.

    name  ticket or customer
    """
    column = legal_hold.c[name]
    row = (
        c.execute(select(legal_hold.c.at, legal_hold.c.by, legal_hold.c.reason).where(column == one)).mappings().first()
    )
    if row is not None:
        c.execute(insert_new(c.dialect.name, legal_hold), {**row, name: other})


def _same(ticket: int | None, customer: int | None) -> ColumnElement[bool]:
    return legal_hold.c.ticket == ticket if ticket is not None else legal_hold.c.customer == customer
