"""What rules want where nothing happens: each ticket is asked about once, when it has been silent so long.

Sources      rules.md §3 `idle`. A rule has a lower bound on `ticket.idle`; a ticket crosses it once, until something
             happens in it again. So only those are looked at that crossed it since the rule was asked last: each rule
             has a mark. Rules that a ticket crossed at the same time are asked in one run, in the order of the file.
Transaction  T4, one for some tickets and the marks. `once` keeps a rule from doing it twice in a cycle.
Not here     when this is asked (due.py), what a rule's bound is (rules/load.py).
"""

from collections.abc import Collection
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.errors import TransientError
from gateway.events import carry_out, customer_of, decided, facts_of, owners_after
from gateway.store import delayed, jobs, tickets
from gateway.store.listing import silent_between
from gateway.ticket.colleagues import comes_to_team
from gateway.ticket.types import Ticket

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 200
log = structlog.get_logger("idle")


def ask_idle(c: Connection, d: Deps, now: datetime) -> bool:
    """Ask the rules about tickets that have been silent for their time by now; whether there may be more."""
    spans = {
        rule.id: (jobs.asked_until(c, rule.id) or _EVER, now - rule.idle_for)
        for rule in d.rules.rules
        if rule.idle_for is not None
    }
    if not spans:
        return False
    found = silent_between(c, spans.values(), _AT_ONCE)
    until: dict[str, datetime] = {}
    for ticket in found:
        crossed = {rule for rule, (after, by) in spans.items() if after < ticket.updated_at <= by}
        _ask(c, ticket, crossed, d, now)
        until |= dict.fromkeys(crossed, ticket.updated_at)
    for rule, last in until.items():
        jobs.note_asked(c, rule, last)
    return len(found) >= _AT_ONCE


def _ask(c: Connection, silent: Ticket, crossed: Collection[str], d: Deps, now: datetime) -> None:
    """One that fails keeps no other from being asked about."""
    attempt = c.begin_nested()
    try:
        ticket = tickets.find_ticket(c, silent.number, lock=True)
        if ticket is not None and ticket.version == silent.version:
            _decide(c, ticket, crossed, d, now)
    except TransientError:
        raise
    except Exception as e:  # noqa: BLE001 -- the outermost frame of one ticket
        attempt.rollback()
        log.error("idle.failed", ticket=silent.number, rules=sorted(crossed), error=type(e).__name__)
        return
    attempt.commit()


def _decide(c: Connection, ticket: Ticket, crossed: Collection[str], d: Deps, now: datetime) -> None:
    customer = customer_of(c, ticket)
    stated = facts_of(c, ticket, customer, d, now, actor="system")
    decision = decided(c, ticket, stated, ("idle",), d, only=crossed)
    if decision.actions or decision.failed:
        delayed.cancel(c, ticket.number, decision.trace.events, now)
        key = f"idle:{ticket.number}:{ticket.version}"
        after = carry_out(c, ticket, ("idle",), decision, customer, d, now, key=key)
        if comes_to_team(ticket, after, d.rules):
            owners_after(c, ticket, after, d, now)
