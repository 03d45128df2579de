"""How many: what teams did since a moment, and what they have now.

Not here  promises (sla_lists.py), mails (outbox.py, inbound.py).
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection, func, select

from gateway.store.schema import entry, ticket
from gateway.ticket.life import FINISHED


def of_teams(c: Connection, teams: Collection[str], since: datetime, now: datetime) -> Mapping[str, int]:
    """opened, answered and solved since then, open and overdue now."""
    theirs = ticket.c.team.in_(teams)
    some = select(func.count()).select_from(ticket).where(theirs)
    answers = select(func.count()).select_from(entry).join(ticket, ticket.c.number == entry.c.ticket)
    queries = {
        "opened": some.where(ticket.c.created_at >= since),
        "answered": answers.where(theirs, entry.c.kind == "answer", entry.c.at >= since),
        "solved": some.where(ticket.c.status_type.in_(FINISHED), ticket.c.status_at >= since),
        "open": some.where(ticket.c.status_type.not_in(FINISHED)),
        "breached": some.where(ticket.c.status_type.not_in(FINISHED), ticket.c.next_due < now),
    }
    return {name: int(c.execute(query).scalar_one()) for name, query in queries.items()}
