"""What is promised for tickets, as it is stored: the ledger, the clocks worked out from it, and what was told of them.

Transaction  the caller's: that of the change which started, paused or ended a clock.
Not here     what a ledger means (ticket/ledger.py), when a clock is due (ticket/sla.py), who is told (reminders.py),
             which clocks there are (sla_lists.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from gateway.store.customers import find_customer
from gateway.store.schema import entry, sla_clock, sla_ledger, sla_told, ticket
from gateway.store.tickets import find_ticket
from gateway.store.upsert import inserted
from gateway.ticket.ledger import Line, Metric, What, lines_of, told_lines, unwritten
from gateway.ticket.sla import Promised, Promises, Standing
from gateway.ticket.types import Change, Customer, SetField, Ticket

_DECIDES = ("sla", "due", "priority", "team")  # fields that change what is promised
_REQUESTED = ("tier", "organisation", "country")  # what a policy may ask of a customer


@dataclass(frozen=True, slots=True)
class Story:
    """What the promises for a ticket rest on."""

    ticket: Ticket
    customer: Customer | None
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What a change of a ticket means for its promises: what is to be written."""

    lines: tuple[Line, ...]  # that are new
    standing: Standing
    told: dict[tuple[str, int], int]  # the highest stage that was told, by metric and cycle


def kept(
    c: Connection,
    before: Ticket | None,
    after: Ticket,
    changes: Sequence[Change],
    actor: str,
    promises: Promises,
    now: datetime,
) -> Kept | None:
    """What changes of a ticket mean for its promises; None when they mean nothing.

    before  None for a ticket that they open
    """
    if promises.none_at_all and after.due is None and (before is None or before.next_due is None):
        return None
    new = (*lines_of(changes, actor), *told_lines(changes, now))
    if not new and not any(isinstance(change, SetField) and change.name in _DECIDES for change in changes):
        return None
    there = ledger(c, before.number) if before is not None else ()
    if before is not None and not there:
        new = (*_of_entries(c, before), *new)
    together = sorted((*there, *new), key=lambda line: line.at)
    standing = promises.standing(after, customer_of(c, after, promises), together)
    return Kept(new, standing, told(c, before.number) if before is not None else {})


def write(c: Connection, number: int, kept: Kept, entries: Sequence[int]) -> None:
    """Write it.

    entries  the ids of the entries whose lines are among the new ones, in order
    """
    ids = iter(entries)
    add_lines(c, number, *(replace(line, entry=next(ids, None)) if line.entry == 0 else line for line in kept.lines))
    put_clocks(c, number, kept.standing, kept.told)


def add_lines(c: Connection, number: int, *lines: Line) -> None:
    """Add to the ledger of a ticket."""
    if lines:
        c.execute(_LINE, [{"ticket": number, **asdict(line)} for line in lines])


def renew(c: Connection, numbers: Iterable[int], promises: Promises) -> list[int]:
    """Work the clocks of these tickets out anew, from their ledgers; those of which a due time changed."""
    return [number for number in numbers if _renewed(c, number, promises)]


def _renewed(c: Connection, number: int, promises: Promises) -> bool:
    found = find_ticket(c, number)
    if found is None:
        return False
    lines = ledger(c, number)
    if not lines and not promises.none_at_all:
        add_lines(c, number, *(lines := _of_entries(c, found)))
    standing = promises.standing(found, customer_of(c, found, promises), lines)
    put_clocks(c, number, standing, told(c, number))
    dues = {"next_due": standing.next_due, "answer_due": standing.answer_due}
    if dues == {"next_due": found.next_due, "answer_due": found.answer_due}:
        return False
    c.execute(update(ticket).where(ticket.c.number == number).values(dues))
    return True


def put_clocks(c: Connection, number: int, standing: Standing, told: dict[tuple[str, int], int]) -> None:
    """Put the clocks of a ticket in the place of those that are there."""
    c.execute(_FORGET, {"b_ticket": number})
    rows = [_row(number, each, told) for each in standing.promised]
    if rows:
        c.execute(_CLOCK, rows)


def story(c: Connection, number: int) -> Story | None:
    """A ticket with all that its promises rest on; None when there is no such number."""
    found = find_ticket(c, number)
    if found is None:
        return None
    customer = find_customer(c, found.requester.address) if found.requester is not None else None
    return Story(found, customer, ledger(c, number) or _of_entries(c, found))


def put_next(c: Connection, number: int, promised: Promised, told: int) -> None:
    """Of one clock: when the stage after the one that is told now will be reached."""
    ahead = min((at for stage, at in promised.stages if stage > told), default=None)
    c.execute(_NEXT, {"b_ticket": number, "b_metric": promised.clock.metric, "next_at": ahead})


def ledger(c: Connection, number: int) -> tuple[Line, ...]:
    """The ledger of a ticket, by time."""
    return tuple(Line(r.at, r.what, r.value, r.cause, r.entry) for r in c.execute(_LEDGER, {"b_ticket": number}))


def told(c: Connection, number: int) -> dict[tuple[str, int], int]:
    """The highest stage of each clock of a ticket that was told, by metric and cycle."""
    found: dict[tuple[str, int], int] = {}
    for row in c.execute(_TOLD, {"b_ticket": number}):
        key = row.metric, row.cycle
        found[key] = max(row.stage, found.get(key, 0))
    return found


def tell(c: Connection, number: int, metric: Metric, cycle: int, stage: int, now: datetime) -> bool:
    """Note that a stage is told now; False when it was told before."""
    row = {"ticket": number, "metric": metric, "stage": stage, "cycle": cycle, "at": now}
    return inserted(c, sla_told, row)


def customer_of(c: Connection, of: Ticket, promises: Promises) -> Customer | None:
    """The customer of a ticket, where a policy asks who he is; else None, without looking."""
    asked = any(name in _REQUESTED for policy in promises.rules.sla.values() for name, _ in policy.applies)
    return find_customer(c, of.requester.address) if asked and of.requester is not None else None


def _of_entries(c: Connection, of: Ticket) -> tuple[Line, ...]:
    """The ledger of a ticket that is older than its ledger: what its entries and its status still tell."""
    lines = list(unwritten(of))
    for row in c.execute(_ENTRIES, {"b_ticket": of.number}):
        if row.kind == "answer" or (row.kind == "mail" and row.public):
            what: What = "answer" if row.kind == "answer" else "words"
            lines.append(Line(row.at, what, cause=row.author_address or "system", entry=row.id))
    return tuple(sorted(lines, key=lambda line: line.at))


def _row(number: int, promised: Promised, told: dict[tuple[str, int], int]) -> dict[str, Any]:
    clock = promised.clock
    reached = told.get((clock.metric, clock.cycle), 0)
    ahead = [at for stage, at in promised.stages if stage > reached] if clock.ended_at is None else []
    return {
        "ticket": number,
        "metric": clock.metric,
        "cycle": clock.cycle,
        "policy": promised.policy,
        "state": clock.state,
        "started_at": clock.started_at,
        "due_at": promised.due_at,
        "ended_at": clock.ended_at,
        "next_at": min(ahead, default=None),
    }


_LINE = insert(sla_ledger)
_CLOCK = insert(sla_clock)
_FORGET = delete(sla_clock).where(sla_clock.c.ticket == bindparam("b_ticket"))
_NEXT = (
    update(sla_clock)
    .where(sla_clock.c.ticket == bindparam("b_ticket"), sla_clock.c.metric == bindparam("b_metric"))
    .values(next_at=bindparam("next_at"))
)
_LEDGER = (
    select(sla_ledger).where(sla_ledger.c.ticket == bindparam("b_ticket")).order_by(sla_ledger.c.at, sla_ledger.c.id)
)
_TOLD = select(sla_told).where(sla_told.c.ticket == bindparam("b_ticket"))
_ENTRIES = (
    select(entry.c.id, entry.c.kind, entry.c.at, entry.c.public, entry.c.author_address)
    .where(entry.c.ticket == bindparam("b_ticket"))
    .order_by(entry.c.id)
)
