"""What happens to tickets by itself, a rung at a time: reminded, solved, closed; each once, late only the latest.

Transaction  T4, one for each ticket: the mark of the next rung moves in it, from the place where it was seen.
Not here     when this is asked (due.py), which rungs there are (ticket/ladder.py).
"""

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.events import carry_out, customer_of, happened
from gateway.rules.types import Decision, Trace
from gateway.store import tickets
from gateway.store.satisfaction import was_answered
from gateway.ticket.ladder import Rung, actions, ahead, next_rung
from gateway.ticket.sla import Promises
from gateway.ticket.types import Ticket

log = structlog.get_logger("rungs")


def climb(c: Connection, number: int, d: Deps, now: datetime) -> str | None:
    """What was done; None when there was nothing to do any more."""
    ticket = tickets.find_ticket(c, number, lock=True)
    if ticket is None or ticket.next_rung is None:
        return None
    rung = next((rung for rung in reversed(ahead(ticket, d.promises)) if rung.at <= now), None)
    moved = _behind(ticket, rung, d.promises)
    if not tickets.move_rung(c, ticket, moved) or rung is None:
        return None
    ticket, customer = moved, customer_of(c, ticket)
    if rung.kind == "ask" and not was_answered(c, number):
        return None
    decision = Decision(actions(rung, ticket, d.promises), Trace(d.rules.revision, d.rules.sha256, ()))
    key = f"{rung.kind}:{rung.days}:{number}:{ticket.status_at:%Y-%m-%dT%H:%M:%S}"
    after = carry_out(c, ticket, (), decision, customer, d, now, key=key)
    if after.status != ticket.status:
        happened(c, ticket, after, (), d, now, actor="system")
    log.info("rung", ticket=number, did=rung.kind, days=rung.days)
    return rung.kind


def _behind(ticket: Ticket, rung: Rung | None, promises: Promises) -> Ticket:
    """The ticket behind the rung, which ends the ladder where it solves or closes; None: nothing is due yet."""
    if rung is not None and not rung.goes_on:
        return replace(ticket, next_rung=None)
    reminded = replace(ticket, nudged=rung.days) if rung is not None else ticket
    return replace(reminded, next_rung=next_rung(reminded, promises))
