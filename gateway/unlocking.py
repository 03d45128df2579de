"""An owner who says nothing while his customer waits loses the ticket: somebody else gets it, and he hears of it.

Sources      agents-by-mail.md §7 `unlock_after`.
Transaction  T4, one for each ticket, which has no time of its own any more after it.
Not here     when he was silent for too long (ticket/assign.py), who gets it (distribution.py).
"""

from datetime import datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.distribution import take_back
from gateway.events import carry_out, customer_of, happened
from gateway.rules.types import Decision, Notify, Trace
from gateway.store import tickets
from gateway.ticket.notices import AGENT_NOTICE

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
