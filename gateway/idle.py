"""What rules want where nothing happens: each ticket is asked about once, when it has been silent so long.

Sources      rules.md §3 `idle`. A rule has a lower bound on `ticket.idle`; a ticket crosses it once, until something
             happens in it again. So only those are looked at that crossed it since the rule was asked last: each rule
             has a mark.
Transaction  T4, one for some tickets of a rule and its mark. `once` keeps a rule from doing it twice in a cycle.
Not here     when this is asked (due.py), what a rule's bound is (rules/load.py).
"""

from dataclasses import replace
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.errors import TransientError
from gateway.events import carry_out, customer_of, decided, facts_of, happened
from gateway.rules.types import Rule
from gateway.store import jobs, tickets
from gateway.store.listing import silent_between
from gateway.ticket.types import Ticket

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_AT_ONCE = 200
log = structlog.get_logger("idle")


def ask_idle(c: Connection, rule: Rule, d: Deps, now: datetime) -> bool:
    """Ask the rule about tickets that have been silent for its time by now; whether there may be more."""
    if rule.idle_for is None:
        return False
    since, until = jobs.asked_until(c, rule.id) or _EVER, now - rule.idle_for
    found = silent_between(c, since, until, _AT_ONCE)
    for ticket in found:
        _ask(c, ticket, rule, d, now)
    if found:
        jobs.note_asked(c, rule.id, found[-1].updated_at)
    return len(found) >= _AT_ONCE


def _ask(c: Connection, silent: Ticket, rule: Rule, d: Deps, now: datetime) -> None:
    """One that fails keeps no other from being asked about."""
    attempt = c.begin_nested()
    try:
        ticket = tickets.find_ticket(c, silent.number, lock=True)
        if ticket is not None and ticket.version == silent.version:
            _decide(c, ticket, rule, d, now)
    except TransientError:
        raise
    except Exception as e:  # noqa: BLE001 -- the outermost frame of one ticket
        attempt.rollback()
        log.error("idle.failed", ticket=silent.number, rule=rule.id, error=type(e).__name__)
        return
    attempt.commit()


def _decide(c: Connection, ticket: Ticket, rule: Rule, d: Deps, now: datetime) -> None:
    customer = customer_of(c, ticket)
    stated = facts_of(c, ticket, customer, d, now, actor="system")
    alone = replace(d, rules=replace(d.rules, rules=(rule,)))
    decision = decided(c, ticket, stated, ("idle",), alone)
    if not decision.actions and not decision.failed:
        return
    key = f"idle:{rule.id}:{ticket.number}:{ticket.version}"
    after = carry_out(c, ticket, ("idle",), decision, customer, d, now, key=key)
    if after.status != ticket.status:
        happened(c, ticket, after, (), d, now, actor="rule")
