"""What is over: the rows that nobody needs any more, a certain time after they ended.

Sources      operations.md §13. Of a ticket nothing is over that is not closed, that a legal hold names, or from which
             something is still to come; a mail whose entry went to another ticket belongs to that one, too.
Not here     what becomes of it (retention.py). All statements have one parameter, `before`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    func,
    not_,
    or_,
    select,
)

from gateway.store.schema import (
    audit,
    customer_address,
    entry,
    happening,
    held_mail,
    inbound,
    legal_hold,
    outbox,
    participant,
    receipt,
    ticket,
    webhook_call,
)

_SETTLED = ("sent", "suppressed", "dropped", "failed")
QUARANTINED = inbound.c.disposition == "quarantine"
_BACKSCATTER = and_(inbound.c.disposition == "record", inbound.c.reason.startswith("backscatter"))


def _before(column: ColumnElement[datetime]) -> ColumnElement[bool]:
    """It ended before the time that is asked about."""
    return column < bindparam("before", type_=inbound.c.finished_at.type)


def _newest(id: Column[Any]) -> ScalarSelect[int]:
    """The highest number that was given: it stays, because SQLite would give it once more."""
    table = id.table.alias()
    return select(func.max(table.c[id.name])).scalar_subquery()


def _held(t: Any) -> ColumnElement[bool]:
    """A hold names it, its customer, or a customer who takes part in it: what he wrote there is his, too."""
    takes_part = (participant.c.ticket == t.c.number, participant.c.address == customer_address.c.address)
    return or_(
        exists().where(or_(legal_hold.c.ticket == t.c.number, legal_hold.c.customer == t.c.customer)),
        exists().where(legal_hold.c.customer == customer_address.c.customer, *takes_part),
    )


def _unfinished(t: Any, *, closed_before: bool) -> ColumnElement[bool]:
    """Something of it may be wanted. Whether it has to be closed for long, or closed is enough."""
    ended = and_(t.c.status_type == "closed", *([_before(t.c.status_at)] if closed_before else []))
    return or_(not_(ended), _held(t))


def _merges() -> CTE:
    """Each ticket that went into another, with all that it is in: one may go on, and on."""
    first = select(ticket.c.number, ticket.c.merged_into.label("into")).where(ticket.c.merged_into.is_not(None))
    line, next_one = first.cte("merges", recursive=True), ticket.alias()
    further = select(line.c.number, next_one.c.merged_into).where(
        next_one.c.number == line.c.into, next_one.c.merged_into.is_not(None)
    )
    return line.union(further)


_MERGES = _merges()


def _no_ticket_needs(number: ColumnElement[Any], *, closed_before: bool) -> ColumnElement[bool]:
    """Neither the ticket of this number nor those that it went into; there may be none."""
    into = ticket.alias()
    needed = select(_MERGES.c.number).where(
        into.c.number == _MERGES.c.into, _unfinished(into, closed_before=closed_before)
    )
    return and_(
        not_(exists().where(ticket.c.number == number, _unfinished(ticket, closed_before=closed_before))),
        or_(number.is_(None), number.not_in(needed)),
    )


def _no_entry_needs(*, closed_before: bool) -> ColumnElement[bool]:
    """Not the ticket that has the entry of a mail either, after a merge or a split."""
    return not_(
        exists().where(
            entry.c.source == inbound.c.key,
            ticket.c.number == entry.c.ticket,
            _unfinished(ticket, closed_before=closed_before),
        )
    )


def _mails(*conditions: ColumnElement[bool]) -> Select[int]:
    there = (inbound.c.state == "done", inbound.c.gone_at.is_(None), _before(inbound.c.finished_at))
    waits = exists().where(held_mail.c.mail == inbound.c.key, held_mail.c.state == "waiting")
    return select(inbound.c.id).where(*there, not_(waits), *conditions).order_by(inbound.c.id)


def _alone(*conditions: ColumnElement[bool]) -> Select[int]:
    """Mails that are of no ticket, and of nobody whom a hold names."""
    senders = (inbound.c.author, inbound.c.reverse_path)  # of a mail that nobody could read the envelope knows it alone
    his = or_(*(func.lower(sender).contains(customer_address.c.address) for sender in senders))
    held = exists().where(customer_address.c.customer == legal_hold.c.customer, his)
    has_entry = exists().where(entry.c.source == inbound.c.key)
    return _mails(inbound.c.ticket.is_(None), not_(has_entry), not_(held), *conditions)


def _tickets(condition: ColumnElement[bool]) -> Select[int]:
    """Those that went into no other, when neither they nor any that went into them are needed."""
    n, part = ticket.c.number, ticket.alias()
    needed = select(_MERGES.c.into).where(part.c.number == _MERGES.c.number, _needed(part))
    return (
        select(n).where(ticket.c.merged_into.is_(None), not_(_needed(ticket)), n.not_in(needed), condition).order_by(n)
    )


def _needed(t: Any) -> ColumnElement[bool]:
    """It is not closed for long, something is still to come from it, or it has a number that would be given again."""
    n = t.c.number
    return or_(
        _unfinished(t, closed_before=True),
        exists().where(outbox.c.ticket == n, outbox.c.state.not_in(_SETTLED)),
        exists().where(webhook_call.c.ticket == n, webhook_call.c.state == "waiting"),
        exists().where(held_mail.c.ticket == n, held_mail.c.state == "waiting"),
        exists().where(inbound.c.ticket == n, inbound.c.state != "done"),
        n == _newest(ticket.c.number),
        # late reports name the mail that they are about by its number, and endpoints know events by theirs
        *(exists().where(t.c.ticket == n, t.c.id == _newest(t.c.id)) for t in (outbox, webhook_call)),
    )


_SENT = (outbox.c.state.in_(_SETTLED), _before(func.coalesce(outbox.c.settled_at, outbox.c.queued_at)))
SPAM = _tickets(ticket.c.status == "spam")
CLOSED = _tickets(ticket.c.status != "spam")
QUARANTINE = _alone(QUARANTINED)
BACKSCATTER = _alone(_BACKSCATTER)
DROPPED = _alone(not_(QUARANTINED), not_(_BACKSCATTER))
ORIGINALS = _mails(
    or_(inbound.c.ticket.is_not(None), exists().where(entry.c.source == inbound.c.key)),
    _no_ticket_needs(inbound.c.ticket, closed_before=True),
    _no_entry_needs(closed_before=True),
)
SENT = (
    select(outbox.c.id)
    .where(*_SENT, outbox.c.raw.is_not(None), outbox.c.ticket.is_not(None))
    .where(_no_ticket_needs(outbox.c.ticket, closed_before=True))
    .order_by(outbox.c.id)
)
LETTERS = (
    select(outbox.c.id)
    .where(*_SENT, outbox.c.ticket.is_(None), outbox.c.id < _newest(outbox.c.id))
    .order_by(outbox.c.id)
)
REASONS = (
    select(inbound.c.id)
    .where(inbound.c.state == "done", inbound.c.explanation != "", _before(inbound.c.finished_at))
    .where(_no_ticket_needs(inbound.c.ticket, closed_before=False), _no_entry_needs(closed_before=False))
    .order_by(inbound.c.id)
)
HAPPENINGS = (
    select(happening.c.id)
    .where(_before(happening.c.at), _no_ticket_needs(happening.c.ticket, closed_before=False))
    .order_by(happening.c.id)
)
RECEIPTS = (
    select(receipt.c.id)
    .where(receipt.c.ticket.is_(None), _before(receipt.c.at), receipt.c.id < _newest(receipt.c.id))
    .order_by(receipt.c.id)
)
DETAILS = (
    select(audit.c.seq)
    .where(_before(audit.c.at), audit.c.detail != "", _no_ticket_needs(audit.c.ticket, closed_before=False))
    .where(not_(exists().where(legal_hold.c.customer == audit.c.customer)))
    .order_by(audit.c.seq)
)
