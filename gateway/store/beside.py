"""Other tickets that whoever works on one should know of.

Transaction  the caller's.
Not here     who may see them (ticket/visibility.py).
"""

from sqlalchemy import Connection, bindparam, select

from gateway.store.schema import ticket, ticket_link
from gateway.store.tickets import of_customer, ticket_of
from gateway.ticket.types import Beside

_MOST_MENTIONED, _MOST_EARLIER = 5, 3


def beside(c: Connection, number: int, customer: int | None) -> Beside:
    """Those that it goes on from, or names without belonging to them, and the newest others of its customer.

    customer  whose it is; None: nobody's that we know
    """
    named = [(row.kind, ticket_of(row)) for row in c.execute(_NAMED, {"ticket": number})]
    others = of_customer(c, customer, _MOST_EARLIER + len(named) + 1) if customer is not None else []
    known = {number, *(each.number for _, each in named)}
    mentioned, continued = (tuple(t for kind, t in named if kind == word) for word in ("mentions", "continues"))
    earlier = tuple(each for each in others if each.number not in known)
    return Beside(mentioned, earlier[:_MOST_EARLIER], continued)


_NAMED = (
    select(ticket, ticket_link.c.kind)
    .join(ticket_link, ticket_link.c.other == ticket.c.number)
    .where(ticket_link.c.ticket == bindparam("ticket"), ticket_link.c.kind.in_(("mentions", "continues")))
    .order_by(ticket.c.number)
    .limit(_MOST_MENTIONED)
)
