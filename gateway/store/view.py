"""What threading, rules and the send guard look up, inside the transaction that will hold the changes.

Not here  the queries (tickets.py, outbox.py); the Protocol it fulfils (deciding/types.py).
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from gateway.message.html import html_text
from gateway.message.limits import ParseLimits
from gateway.message.parse import read_body
from gateway.store import budgets as spent
from gateway.store import customers, happenings, outbox, restraint, tickets, turns
from gateway.ticket.assign import AtDesk
from gateway.ticket.guard import SendBudget
from gateway.ticket.sla import Promises
from gateway.ticket.types import Customer, Ticket

_OUR_LIMITS = ParseLimits()
_ANSWERED_MAILS, _ANSWERED_OCTETS = 3, 64 * 1024  # their texts stand first in them


class StoreView:
    """The store as one mail sees it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def ticket(self, number: int) -> Ticket | None:
        """The ticket in which the matter of this number goes on; None when there is no such number."""
        return tickets.goes_on_in(self._connection, number)

    def participants(self, number: int) -> Sequence[str]:
        """Addresses, in normal form, of those who take part in the ticket: all that each of them has."""
        return tickets.participants(self._connection, number)

    def holders(self, message_ids: Sequence[str]) -> Mapping[str, Sequence[tuple[int, str]]]:
        """Message-ID -> (ticket, address) of each who sent it or was sent it."""
        return tickets.holders(self._connection, message_ids)

    def continued(self, number: int) -> Sequence[int]:
        """The tickets that were opened to go on from the ticket, newest first, of a few."""
        return tickets.continued(self._connection, number)

    def alias(self, name: str) -> int | None:
        """The number of the ticket that an imported system called so; None when it called none."""
        return tickets.find_alias(self._connection, name)

    def alike(self, fields: Sequence[tuple[str, str]], since: datetime) -> Ticket | None:
        """The newest ticket with these custom fields that was opened since then and is not finished; None: none."""
        return tickets.alike(self._connection, fields, since)

    def recent(self, address: str, since: datetime) -> Sequence[Ticket]:
        """The customer's tickets that are not closed and changed since then, newest first, bounded."""
        return tickets.recent(self._connection, address, since)

    def at_desk(self, promises: Promises, now: datetime) -> AtDesk:
        """Who has how much to do, and who is away."""
        return turns.at_desk(self._connection, promises, now)

    def last_given(self, team: str) -> str | None:
        """The agent who was given a ticket of the team last; None: nobody yet."""
        return turns.last_given(self._connection, team)

    def customer(self, address: str) -> Customer | None:
        """Who writes from this address; None for a first contact."""
        return customers.find_customer(self._connection, address)

    def opened_last(self, customer: int, count: int) -> datetime | None:
        """When the last but so many tickets of a customer was opened, the last being 1; None when he has fewer."""
        return tickets.opened_last(self._connection, customer, count)

    def written_last(self, address: str, count: int) -> datetime | None:
        """When the last but so many mails of an author came into tickets, the last being 1; None: there are fewer."""
        return tickets.written_last(self._connection, address, count)

    def also_known_as(self, customer: int) -> Sequence[str]:
        """All addresses of a customer, in normal form."""
        return customers.addresses(self._connection, customer)

    def outbox_ticket(self, id: int) -> tuple[int | None] | None:
        """The ticket of an outgoing mail, in a tuple; None when there is no such mail."""
        item = outbox.find(self._connection, id)
        return None if item is None else (item.ticket,)

    def sent_as(self, ticket: int, message_id: str) -> int | None:
        """The number of the outgoing mail of a ticket with this Message-ID; None when there is none."""
        return outbox.sent_as(self._connection, ticket, message_id)

    def answered(self, ticket: int, message_ids: Sequence[str]) -> Sequence[str]:
        """The words of our mails in a ticket that an answer with these references may repeat; of a few."""
        begun = outbox.answered(
            self._connection, ticket, message_ids, limit=_ANSWERED_MAILS, most_octets=_ANSWERED_OCTETS
        )
        bodies = [read_body(raw, _OUR_LIMITS) for raw in begun]
        return [text for body in bodies for text in (body.text, html_text(body.html or "")) if text]

    def fired(self, ticket: int, cycle: int) -> Collection[str]:
        """The rules that ran in a ticket and are not to run again, in this cycle or at all."""
        return happenings.fired(self._connection, ticket, cycle)

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """How much automatic mail each budget has seen in its time, counted up to its limit."""
        return spent.used(self._connection, budgets, now)

    def marks(self, address: str, now: datetime) -> Collection[str]:
        """What stands against automatic mail to an address."""
        return restraint.marks(self._connection, address, now)
