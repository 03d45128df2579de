"""What is promised for tickets, as it is stored: the ledger, the clocks worked out from it, and what was told of them.

Transaction  the caller's: that of the change which started, paused or ended a clock.
Not here     what a ledger means (ticket/ledger.py), when a clock is due (ticket/sla.py), who is told (reminders.py),
             which clocks there are (sla_lists.py).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Row, and_, bindparam, delete, insert, select, update

from gateway.store.audit import add_audit
from gateway.store.customers import find_customer
from gateway.store.schema import entry, outbox, sla_clock, sla_ledger, sla_told, ticket
from gateway.store.tickets import find_ticket, ticket_of
from gateway.ticket.change import changed, shown
from gateway.ticket.impossible import flagged, impossible
from gateway.ticket.ledger import Line, Metric, What, in_order, lines_of, told_lines, unwritten
from gateway.ticket.reminder import BREACHED, OVER, WARNING
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
class Reminding:
    """A ticket of which somebody may have to be reminded."""

    ticket: Ticket
    lines: list[Line] = field(default_factory=list)
    told: dict[tuple[str, int], int] = field(default_factory=dict)  # the highest stage, by metric and cycle


@dataclass(frozen=True, slots=True)
class Kept:
    """What a change of a ticket means for its promises: what is to be written."""

    lines: tuple[Line, ...]  # that are new
    standing: Standing
    told: dict[tuple[str, int], int]  # the highest stage that was told, by metric and cycle
    flags: tuple[str, ...]  # of the ticket, by which people see that its times cannot be right


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
    unkept = _of_entries(c, before) if before is not None and not there else ()
    new = (*unkept, *in_order(there or unkept, new))
    standing = promises.standing(after, customer_of(c, after, promises), (*there, *new))
    flags = flagged(after, impossible(after, standing.promised, (*there, *new), now))
    return Kept(new, standing, told(c, before.number) if before is not None else {}, flags)


def write(c: Connection, number: int, kept: Kept, entries: Sequence[int], now: datetime) -> None:
    """Write it; reminders of what has ended, that still waited for their readers, are not sent any more.

    entries  the ids of the entries whose lines are among the new ones, in order
    """
    ids = iter(entries)
    add_lines(c, number, *(replace(line, entry=next(ids, None)) if line.entry == 0 else line for line in kept.lines))
    put_clocks(c, number, kept.standing, kept.told)
    for each in kept.standing.promised:
        clock = each.clock
        if clock.ended_at is not None and (clock.metric, clock.cycle) in kept.told:
            _forget_reminders(c, number, clock.metric, now)


def _forget_reminders(c: Connection, number: int, metric: Metric, now: datetime) -> None:
    never_tried = and_(outbox.c.ticket == number, outbox.c.state == "queued", outbox.c.attempts == 0)
    about = and_(outbox.c.template.in_((WARNING, BREACHED)), outbox.c.dedupe_key.contains(f":{number}:{metric}:"))
    gone = {"state": "suppressed", "stage": "done", "next_attempt_at": None, "settled_at": now, "reason": OVER}
    c.execute(update(outbox).where(never_tried, about).values(gone))


def add_lines(c: Connection, number: int, *lines: Line) -> None:
    """Add to the ledger of a ticket."""
    if lines:
        c.execute(_LINE, [{"ticket": number, **asdict(line)} for line in lines])


def forget_words(c: Connection, number: int, entry: int) -> None:
    """The words of an entry are none of the customer's: no promise counts them."""
    same = and_(sla_ledger.c.ticket == number, sla_ledger.c.entry == entry)
    c.execute(delete(sla_ledger).where(same))


def renew(c: Connection, numbers: Iterable[int], promises: Promises, now: datetime) -> list[int]:
    """Work the clocks of these tickets out anew, from their ledgers; those of which a due time changed."""
    return [number for number in numbers if _renewed(c, number, promises, now)]


def _renewed(c: Connection, number: int, promises: Promises, now: datetime) -> bool:
    found = find_ticket(c, number)
    if found is None:
        return False
    lines = ledger(c, number)
    if not lines and not promises.none_at_all:
        add_lines(c, number, *(lines := _of_entries(c, found)))
    standing = promises.standing(found, customer_of(c, found, promises), lines)
    put_clocks(c, number, standing, told(c, number))
    _put_flags(c, found, flagged(found, impossible(found, standing.promised, lines, now)), now)
    dues = {"next_due": standing.next_due, "answer_due": standing.answer_due}
    if dues == {"next_due": found.next_due, "answer_due": found.answer_due}:
        return False
    c.execute(update(ticket).where(ticket.c.number == number).values(dues))
    return True


def _put_flags(c: Connection, found: Ticket, flags: tuple[str, ...], now: datetime) -> None:
    if flags == found.flags:
        return
    became = changed(found, SetField("flags", flags, "sla"))
    detail = f"{shown(found, 'flags')} -> {shown(became, 'flags')}"
    c.execute(update(ticket).where(ticket.c.number == found.number).values(flags=msgspec.json.encode(flags).decode()))
    add_audit(c, at=now, actor="sla", action="set.flags", ticket=found.number, detail=detail)


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


def ledger(c: Connection, number: int) -> tuple[Line, ...]:
    """The ledger of a ticket, by time."""
    return tuple(map(_line, c.execute(_LEDGER, {"b_ticket": number})))


def told(c: Connection, number: int) -> dict[tuple[str, int], int]:
    """The highest stage of each clock of a ticket that was told, by metric and cycle."""
    return {(row.metric, row.cycle): row.stage for row in c.execute(_TOLD, {"b_ticket": number})}


def to_remind(c: Connection, numbers: Collection[int], *, lock: bool = True) -> dict[int, Reminding]:
    """What is to be known of tickets before anybody is reminded.

    lock  on PostgreSQL, their rows
    """
    of = {"numbers": sorted(set(numbers))}
    found = {row.number: Reminding(ticket_of(row)) for row in c.execute(_LOCKED if lock else _TICKETS, of)}
    for row in c.execute(_LEDGERS, of):
        found[row.ticket].lines.append(_line(row))
    for row in c.execute(_ALL_TOLD, of):
        found[row.ticket].told[row.metric, row.cycle] = row.stage
    return found


def settle(c: Connection, reminding: Reminding, promises: Promises) -> None:
    """Work the clocks of a ticket out anew of which nothing is to be told."""
    customer = customer_of(c, reminding.ticket, promises)
    put_clocks(
        c, reminding.ticket.number, promises.standing(reminding.ticket, customer, reminding.lines), reminding.told
    )


def tell(c: Connection, stages: Sequence[tuple[int, Promised, int]], now: datetime) -> None:
    """Note of clocks that a stage is told now, and when the next one will be reached; never told twice.

    stages  ticket, clock, percent
    """
    if not stages:
        return
    keys = [(number, each.clock, stage) for number, each, stage in stages]
    c.execute(_TELL, [{"ticket": n, "metric": k.metric, "stage": s, "cycle": k.cycle, "at": now} for n, k, s in keys])
    ahead = [min((at for later, at in each.stages if later > stage), default=None) for _, each, stage in stages]
    rows = zip(keys, ahead, strict=True)
    c.execute(_NEXT, [{"b_ticket": n, "b_metric": k.metric, "next_at": at} for (n, k, _), at in rows])


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


def _line(row: Row[Any]) -> Line:
    return Line(row.at, row.what, row.value, row.cause, row.entry)


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
_TOLD = select(sla_told).where(sla_told.c.ticket == bindparam("b_ticket")).order_by(sla_told.c.stage)
_THESE: BindParameter[Any] = bindparam("numbers", expanding=True)
_TICKETS = select(ticket).where(ticket.c.number.in_(_THESE)).order_by(ticket.c.number)
_LOCKED = _TICKETS.with_for_update()
_LEDGERS = select(sla_ledger).where(sla_ledger.c.ticket.in_(_THESE)).order_by(sla_ledger.c.at, sla_ledger.c.id)
_ALL_TOLD = select(sla_told).where(sla_told.c.ticket.in_(_THESE)).order_by(sla_told.c.stage)
_TELL = insert(sla_told)
_ENTRIES = (
    select(entry.c.id, entry.c.kind, entry.c.at, entry.c.public, entry.c.author_address)
    .where(entry.c.ticket == bindparam("b_ticket"))
    .order_by(entry.c.id)
)
