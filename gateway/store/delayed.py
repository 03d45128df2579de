"""Actions of rules for later: each is done once, or says why it was not.

Transaction  the caller's. Whoever turns a row away from `waiting` acts on it in the same transaction, so that of
             several processes, and after any crash, one does it.
Not here     what an action changes (ticket/acted.py), when this is asked (due.py).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update

from gateway.rules.effects import said
from gateway.rules.types import Event, Immediate, Later
from gateway.store.schema import delayed

_KINDS = {kind.__name__: kind for kind in get_args(Immediate)}


@dataclass(frozen=True, slots=True)
class Delayed:
    """One action for later."""

    id: int
    ticket: int
    rule: str
    action: Immediate
    words: str
    unless: tuple[Event, ...]
    due_at: datetime
    state: str  # waiting, done, cancelled, failed
    reason: str


def put_off(c: Connection, ticket: int, later: Later, now: datetime, due: datetime | None) -> None:
    """Keep the action until it is due; where it never will be, it failed."""
    row = {
        "ticket": ticket,
        "rule": later.rule,
        "action": msgspec.json.encode([type(later.action).__name__, later.action]).decode(),
        "words": said(later.action),
        "unless": msgspec.json.encode(later.unless).decode(),
        "made_at": now,
        "due_at": due or now,
        "state": "failed" if due is None else "waiting",
        "reason": f"calendar “{later.calendar}” never opens" if due is None else "",
    }
    c.execute(insert(delayed), row)


def cancel(c: Connection, ticket: int, events: Collection[Event], now: datetime) -> None:
    """Forget those that one of the events cancels."""
    if not events:
        return
    for row in c.execute(_OF_TICKET, {"b_ticket": ticket}).all():
        found = _read(row)
        if (event := next((e for e in found.unless if e in events), None)) is not None:
            settle(c, found, "cancelled", f"cancelled by {event}", now)


def waiting(c: Connection, tickets: Collection[int]) -> set[int]:
    """Those of these tickets in which anything waits to be done."""
    query = select(delayed.c.ticket).where(delayed.c.ticket.in_(tickets), delayed.c.state == "waiting").distinct()
    return set(c.execute(query).scalars())


def cancel_all(c: Connection, ticket: int, reason: str, now: datetime) -> None:
    """Forget all of a ticket that is at its end."""
    c.execute(update(delayed).where(_waiting(ticket)).values(state="cancelled", reason=reason, settled_at=now))


def settle(c: Connection, found: Delayed, state: str, reason: str, now: datetime) -> bool:
    """It waits no longer. False: it did not wait any more."""
    mine = and_(delayed.c.id == found.id, delayed.c.state == "waiting")
    return c.execute(update(delayed).where(mine).values(state=state, reason=reason, settled_at=now)).rowcount == 1


def due(c: Connection, now: datetime, limit: int) -> list[Delayed]:
    """Those whose time has come, the longest overdue first."""
    waiting = and_(delayed.c.state == "waiting", delayed.c.due_at <= now)
    query = select(delayed).where(waiting).order_by(delayed.c.due_at, delayed.c.id).limit(limit)
    return [_read(row) for row in c.execute(query)]


def of_ticket(c: Connection, ticket: int) -> list[Delayed]:
    """All of a ticket, in the order in which they were or will be due."""
    query = select(delayed).where(delayed.c.ticket == ticket).order_by(delayed.c.due_at, delayed.c.id)
    return [_read(row) for row in c.execute(query)]


def _waiting(ticket: int) -> Any:
    return and_(delayed.c.ticket == ticket, delayed.c.state == "waiting")


def _read(row: Row[Any]) -> Delayed:
    kind, values = msgspec.json.decode(row.action)
    action = msgspec.convert(values, type=_KINDS[kind])
    unless = tuple(msgspec.json.decode(row.unless))
    return Delayed(row.id, row.ticket, row.rule, action, row.words, unless, row.due_at, row.state, row.reason)


_OF_TICKET = select(delayed).where(delayed.c.ticket == bindparam("b_ticket"), delayed.c.state == "waiting")
