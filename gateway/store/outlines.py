"""What the rules of each revision ask: traces hold the answers alone.

Transaction  the caller's: that of the trace.
Not here     what becomes of both together (rules/told.py).
"""

from sqlalchemy import Connection, bindparam, select

from gateway.rules.told import read_outline
from gateway.rules.types import Outline
from gateway.store.schema import outline as kept
from gateway.store.upsert import insert_new


def keep_outline(c: Connection, outline: Outline) -> None:
    """Keep it, unless it is there: only the first trace that names it has something to write."""
    if c.execute(_IS_THERE, {"id": outline.id}).one_or_none() is None:
        c.execute(insert_new(c.dialect.name, kept), {"id": outline.id, "octets": outline.octets})


def find_outline(c: Connection, id: str) -> Outline | None:
    """The outline that a trace names; None when there is none, as for a trace that is told already."""
    row = c.execute(_FOUND, {"id": id}).one_or_none() if id else None
    return read_outline(id, bytes(row.octets)) if row is not None else None


_IS_THERE = select(kept.c.id).where(kept.c.id == bindparam("id"))
_FOUND = select(kept.c.octets).where(kept.c.id == bindparam("id"))
