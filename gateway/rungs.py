"""What happens to tickets by itself, a rung at a time: reminded, solved, closed; each once, late only the latest.

Transaction  T4, one for each ticket: the mark of the next rung moves in it, from the place where it was seen.
Not here     when this is asked (due.py), which rungs there are (ticket/ladder.py).
"""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.events import carry_out, customer_of, happened
from gateway.rules.types import Decision, Trace
from gateway.store import tickets
from gateway.ticket.ladder import actions, ladder, next_rung

log = structlog.get_logger("rungs")


def climb(c: Connection, number: int, d: Deps, now: datetime) -> str | None:
    """What was done; None when there was nothing to do any more."""
    ticket = tickets.find_ticket(c, number, lock=True)
    if ticket is None or ticket.next_rung is None:
        return None
    reached = [rung for rung in ladder(ticket, d.promises) if ticket.next_rung <= rung.at <= now]
    if not tickets.move_rung(c, ticket, next_rung(ticket, d.promises, now)) or not reached:
        return None
    rung, customer = reached[-1], customer_of(c, ticket)
    decision = Decision(actions(rung, ticket, d.promises), Trace(d.rules.revision, d.rules.sha256, ()))
    key = f"{rung.kind}:{rung.days}:{number}:{ticket.status_at:%Y-%m-%dT%H:%M:%S}"
    after = carry_out(c, ticket, (), decision, customer, d, now, key=key)
    if after.status != ticket.status:
        happened(c, ticket, after, (), d, now, actor="system")
    log.info("rung", ticket=number, did=rung.kind, days=rung.days)
    return rung.kind
