"""What the rules were asked about each mail, so that other rules can be asked the same.

Transaction  the caller's; kept with the changes of the mail [T1].
Not here     what a situation is and how it becomes octets (deciding/), asking again (backtest.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as lite_insert

from gateway.store.schema import inbound, situation

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail that was decided, and how it ended."""

    mail: int  # of m-55120
    octets: bytes
    disposition: str | None
    ticket: int | None


def keep_situation(c: Connection, mail: int, at: datetime, octets: bytes) -> None:
    """Keep it in place of an earlier one: a mail may be let in again."""
    c.execute(_keep(c.dialect.name), {"mail": mail, "at": at, "octets": octets})


def count_since(c: Connection, since: datetime) -> tuple[int, int]:
    """How many mails were decided since then, and how many of them have a situation."""
    decided = select(func.count()).where(inbound.c.received_at >= since, inbound.c.disposition.in_(_DECIDED))
    kept = select(func.count()).where(situation.c.at >= since)
    return c.execute(decided).scalar_one(), c.execute(kept).scalar_one()


def situations_since(c: Connection, since: datetime, every: int = 1) -> Iterator[Kept]:
    """Those decided since then, in the order of their arrival.

    every  only each so many-th: a sample that is the same the next time
    """
    behind, number = 0, 0
    while rows := c.execute(_BATCHES, {"since": since, "behind": behind}).all():
        for row in rows:
            number += 1
            if number % every == 0:
                yield Kept(row.mail, bytes(row.octets), row.disposition, row.ticket)
        behind = rows[-1].mail


def find_situation(c: Connection, mail: int) -> Kept | None:
    """That of one mail; None when it was settled before the rules, or by an earlier version."""
    row = c.execute(_JOINED.where(situation.c.mail == mail)).one_or_none()
    return Kept(row.mail, bytes(row.octets), row.disposition, row.ticket) if row is not None else None


@cache
def _keep(dialect: str) -> Any:
    statement = (pg_insert if dialect == "postgresql" else lite_insert)(situation)
    new = {"at": statement.excluded.at, "octets": statement.excluded.octets}
    return statement.on_conflict_do_update(index_elements=["mail"], set_=new)


_DECIDED = ("ticket", "entry", "record", "quarantine")
_JOINED = select(situation.c.mail, situation.c.octets, inbound.c.disposition, inbound.c.ticket).join(
    inbound, inbound.c.id == situation.c.mail
)
_BATCHES = (
    _JOINED.where(
        situation.c.at >= bindparam("since", type_=situation.c.at.type), situation.c.mail > bindparam("behind")
    )
    .order_by(situation.c.mail)
    .limit(_BATCH)
)
