"""What is confirmed before it is done: what reaches far, or is rarely meant.

Sources  agents-by-mail.md §4, §5: a merge, a customer of another domain, spam of somebody whom we answered, more than
         five tickets at once, a time more than ninety days ahead.
Not here  how it is asked (order_mails.py), what the answer does (agents/).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.message.address import domain_of, normal
from gateway.operations.order_types import Asker, Question, numbers_of
from gateway.operations.types import Duty
from gateway.store import customers, tickets
from gateway.ticket.agent_mail import stands_in
from gateway.ticket.commands import Orders
from gateway.ticket.types import Ticket

_MOST_AT_ONCE = 5
_FAR = timedelta(days=90)


def asked_before(c: Connection, orders: Orders, asker: Asker, duty: Duty) -> Iterator[Question]:
    """All that has to be confirmed before anything is done: one yes is a yes to everything."""
    many = dict.fromkeys(n for each in orders.commands for n in each.numbers)
    if len(many) > _MOST_AT_ONCE:
        yield Question("many", _tickets(c, *many), tuple(each.written for each in orders.commands))
    for command in orders.commands:
        about = _tickets(c, *numbers_of(asker, command))
        match command.name, command.value:
            case "merge", int(into):
                yield Question("merge", (*about, *_tickets(c, into)), (f"#{about[0].number} → #{into}",))
            case "customer", str(address) if any(_elsewhere(t, address, duty.deps) for t in about):
                was = ", ".join(t.requester.address for t in about if t.requester is not None)
                yield Question("customer", about, (f"{was} → {address}",))
            case "spam", _ if any(_known(c, ticket) for ticket in about):
                yield Question("spam", about)
            case (("snooze" | "due"), datetime() as at) if at - duty.now > _FAR:
                yield Question("far", about, (command.written,))
            case "send", timedelta() as after if after > _FAR:
                yield Question("far", about, (command.written,))


def _tickets(c: Connection, *numbers: int) -> tuple[Ticket, ...]:
    return tuple(t for t in (tickets.find_ticket(c, n) for n in numbers) if t is not None)


def _elsewhere(ticket: Ticket, address: str, d: Deps) -> bool:
    """Whether the address is of another domain than that of the customer, and somebody is the customer yet."""
    was = ticket.requester
    return was is not None and not stands_in(ticket, d.rules) and domain_of(was.address) != domain_of(address)


def _known(c: Connection, ticket: Ticket) -> bool:
    """Whether a person of ours ever wrote to the customer."""
    found = customers.find_customer(c, normal(ticket.requester.address)) if ticket.requester is not None else None
    return found is not None and found.answered
