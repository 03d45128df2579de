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
    """Those that it names without belonging to them, and the newest others of its customer.

    customer  whose it is; None: nobody's that we know
    """
    mentioned = [ticket_of(row) for row in c.execute(_MENTIONED, {"ticket": number})]
    others = of_customer(c, customer, _MOST_EARLIER + 1) if customer is not None else []
    named = {number, *(each.number for each in mentioned)}
    return Beside(tuple(mentioned), tuple(each for each in others if each.number not in named)[:_MOST_EARLIER])


_MENTIONED = (
    select(ticket)
    .join(ticket_link, ticket_link.c.other == ticket.c.number)
    .where(ticket_link.c.ticket == bindparam("ticket"), ticket_link.c.kind == "mentions")
    .order_by(ticket.c.number)
    .limit(_MOST_MENTIONED)
)
