"""Snoozed tickets, and how they wake.

Transaction  T4: each ticket wakes once. Of several processes one finds its row first, and the others skip it.
Not here     what it wakes to (ticket/life.py), when this is asked (timers.py).
"""

from datetime import datetime

from sqlalchemy import Connection, select

from gateway.store.changes import save
from gateway.store.schema import ticket
from gateway.store.tickets import find_ticket
from gateway.ticket.life import after_snooze
from gateway.ticket.sla import Promises


def wake(c: Connection, now: datetime, limit: int, promises: Promises) -> int:
    """Wake those whose time has come, the longest overdue first; how many."""
    due = select(ticket.c.number).where(ticket.c.snoozed_until <= now).order_by(ticket.c.snoozed_until).limit(limit)
    numbers = c.execute(due.with_for_update(skip_locked=True)).scalars().all()
    for number in numbers:
        asleep = find_ticket(c, number)
        change = after_snooze(asleep, now) if asleep is not None else None
        if change is not None:
            save(c, (change,), ticket_before=asleep, source=None, actor="timer", now=now, promises=promises)
    return len(numbers)
