"""A snooze that ends: the ticket is what it was before, rules hear of it, and what nobody owns finds an owner.

Transaction  T4, one for some tickets, which have no time to wake any more after it.
Not here     when this is asked (due.py), what it wakes to (ticket/life.py).
"""

from datetime import datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.events import happened
from gateway.store import tickets
from gateway.store.changes import save
from gateway.ticket.life import after_snooze


def wake(c: Connection, number: int, d: Deps, now: datetime) -> bool:
    """Wake a ticket whose time has come; False when somebody else has, or it sleeps on."""
    asleep = tickets.find_ticket(c, number, lock=True)
    if asleep is None or asleep.snoozed_until is None or asleep.snoozed_until > now:
        return False
    change = after_snooze(asleep, now)
    if change is None:
        return False
    saved = save(c, (change,), ticket_before=asleep, source=None, actor="timer", now=now, promises=d.promises)
    happened(c, asleep, saved.ticket or asleep, (), d, now, actor="system")
    return True
