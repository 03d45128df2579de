"""Held entries, and how their writers come to take part.

Transaction  the caller's; the ticket is locked by it.
Not here     why an entry is held (ticket/apply.py), who may accept it (operations/tickets.py).
"""

from dataclasses import replace

from sqlalchemy import Connection, update

from gateway.message.address import normal
from gateway.store import sla
from gateway.store.changes import remember_messages, update_ticket
from gateway.store.linked import By, add_people, note
from gateway.store.schema import entry
from gateway.ticket.ledger import Line
from gateway.ticket.sla import Promises
from gateway.ticket.types import Entry, Participant, Ticket


def accept(c: Connection, ticket: Ticket, held: Entry, by: By, promises: Promises) -> None:
    """A held entry becomes a part of its ticket, and its writer takes part from now on."""
    revision = ticket.revision + 1
    c.execute(update(entry).where(entry.c.id == held.id).values(held=None, public=True, revision=revision))
    update_ticket(c, ticket, {"revision": revision}, by.at)
    who = held.author.address if held.author is not None else by.actor
    sla.add_lines(c, ticket.number, Line(held.at, "words", cause=who, entry=held.id))
    sla.renew(c, (ticket.number,), promises, by.at)
    if held.author is not None:
        address = normal(held.author.address)
        add_people(c, ticket.number, (Participant(address, held.author.name, "cc"),))
        if held.message_id is not None:
            remember_messages(c, ((held.message_id, address, ticket.number),))
    note(
        c, "entry.accepted", ticket.number, f"e-{held.id} of {held.author or 'nobody'}", replace(by, source=held.source)
    )


def reject(c: Connection, ticket: Ticket, refused: Entry, by: By) -> None:
    """A held entry is filed: it waits for nobody any more, and stays what only our own people see."""
    c.execute(update(entry).where(entry.c.id == refused.id).values(held=None, public=False))
    update_ticket(c, ticket, {}, by.at)
    about = f"e-{refused.id} of {refused.author or 'nobody'}"
    note(c, "entry.rejected", ticket.number, about, replace(by, source=refused.source))


def as_note(c: Connection, source: str) -> None:
    """The words of a mail, by its key, that no customer ever read are a note."""
    c.execute(update(entry).where(entry.c.source == source).values(kind="note", public=False))
