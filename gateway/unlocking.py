"""Owners who lose their tickets: one who says nothing while his customer waits, one who is gone from the rules.

Somebody else gets the ticket. The silent one hears of it; of one who is gone, those who look after the desk.
Sources      agents-by-mail.md §7 `unlock_after`, §9 (revoked agents).
Transaction  T4, one for each ticket, which has no time of its own any more after it.
Not here     when he was silent for too long (ticket/assign.py), who gets it (distribution.py).
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.distribution import take_back
from gateway.events import carry_out, customer_of, happened
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.rules.types import Decision, Notify, Trace
from gateway.store import tickets, turns
from gateway.ticket.assign import unowned
from gateway.ticket.types import AGENT_NOTICE

UNLOCK = "team.unlock_after"


def unlock(c: Connection, number: int, d: Deps, now: datetime) -> bool:
    """Take a ticket from its owner; False when there was nothing to take any more."""
    ticket = tickets.find_ticket(c, number, lock=True)
    if ticket is None or ticket.next_unlock is None or ticket.next_unlock > now or ticket.assignee is None:
        return False
    after = take_back(c, ticket, "silent for too long", d, now)
    decision = Decision(
        (Notify(UNLOCK, (ticket.assignee,), AGENT_NOTICE),), Trace(d.rules.revision, d.rules.sha256, ())
    )
    key = f"{UNLOCK}:{number}:{ticket.version}"
    carry_out(c, after, (), decision, customer_of(c, after), d, now, key=key)
    happened(c, ticket, after, (), d, now, actor="system")
    return True


def disown(c: Connection, numbers: Iterable[int], d: Deps, now: datetime) -> None:
    """Tickets whose owners the rules do not know are nobody's, so that they wait, and are given to others."""
    for number in numbers:
        ticket = tickets.find_ticket(c, number, lock=True)
        if ticket is not None and ticket.assignee is not None and unowned(ticket, d.rules):
            take_back(c, ticket, "not in the rules any more", d, now)


def tell_disowned(c: Connection, d: Deps, now: datetime) -> None:
    """Those who look after the desk hear who is gone, and how many tickets that leaves without an owner."""
    found = turns.owned_by_others(c, d.rules.agents)
    if found:
        said = "; ".join(
            f"{owner}: {sum(teams.values())} ({', '.join(f'{team} {count}' for team, count in teams.items())})"
            for owner, teams in found.items()
        )
        raise_alarm(c, "owner_gone", "", said, d.desk, now, enqueue)
