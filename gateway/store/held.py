"""Held entries, and how their writers come to take part.

Transaction  the caller's; the ticket is locked by it.
Not here     why an entry is held (ticket/apply.py), who may accept it (operations/tickets.py).
"""

from dataclasses import replace

from sqlalchemy import Connection, and_, delete, update

from gateway.message.address import normal
from gateway.store import sla, tickets
from gateway.store.changes import update_ticket
from gateway.store.linked import By, add_people, note
from gateway.store.schema import entry, ticket_message
from gateway.store.undoing import Decided, remove_people
from gateway.store.upsert import inserted
from gateway.ticket.ledger import Line
from gateway.ticket.sla import Promises
from gateway.ticket.types import Entry, Participant, Ticket


def accept(c: Connection, ticket: Ticket, held: Entry, by: By, promises: Promises) -> Decided:
    """A held entry becomes a part of its ticket, and its writer takes part from now on; what takes that back."""
    revision = ticket.revision + 1
    c.execute(update(entry).where(entry.c.id == held.id).values(held=None, public=True, revision=revision))
    update_ticket(c, ticket, {"revision": revision}, by.at)
    who = held.author.address if held.author is not None else by.actor
    sla.add_lines(c, ticket.number, Line(held.at, "words", cause=who, entry=held.id))
    sla.renew(c, (ticket.number,), promises, by.at)
    joined, known = list[str](), False
    if held.author is not None:
        address = normal(held.author.address)
        joined = add_people(c, ticket.number, (Participant(address, held.author.name, "cc"),))
        row = {"message_id": held.message_id, "address": address, "ticket": ticket.number}
        known = held.message_id is not None and inserted(c, ticket_message, row)
    note(
        c, "entry.accepted", ticket.number, f"e-{held.id} of {held.author or 'nobody'}", replace(by, source=held.source)
    )
    named = held.message_id if known else None
    joins = next(iter(joined), None)
    return Decided(ticket.number, held.id, held.held or "", accepted=True, joined=joins, message_id=named)


def reject(c: Connection, ticket: Ticket, refused: Entry, by: By) -> Decided:
    """A held entry is filed: it waits for nobody any more, and stays what only our own people see; what takes that
    back."""
    c.execute(update(entry).where(entry.c.id == refused.id).values(held=None, public=False))
    update_ticket(c, ticket, {}, by.at)
    about = f"e-{refused.id} of {refused.author or 'nobody'}"
    note(c, "entry.rejected", ticket.number, about, replace(by, source=refused.source))
    return Decided(ticket.number, refused.id, refused.held or "", accepted=False)


def is_as_left(decided: Decided, found: Entry | None) -> bool:
    """Whether an entry is as somebody's word left it."""
    left = (decided.ticket, None, decided.accepted)
    return found is not None and (found.ticket, found.held, found.public) == left


def hold_again(c: Connection, ticket: Ticket, decided: Decided, found: Entry, by: By, promises: Promises) -> bool:
    """It waits for a word once more, as before; whether its writer takes part no longer.

    Who wrote more since, or is the customer by now, goes on taking part.
    """
    c.execute(update(entry).where(entry.c.id == found.id).values(held=decided.held, public=False, revision=None))
    update_ticket(c, ticket, {}, by.at)
    gone = False
    if decided.accepted:
        sla.forget_words(c, ticket.number, found.id)
        sla.renew(c, (ticket.number,), promises, by.at)
        his = {decided.joined} - {normal(ticket.requester.address) if ticket.requester is not None else None, None}
        if his and not _wrote_more(c, ticket.number, found.id, decided.joined or ""):
            gone = bool(remove_people(c, ticket.number, {each for each in his if each}, by))
        if decided.message_id is not None and (gone or decided.joined is None):
            same = and_(ticket_message.c.message_id == decided.message_id, ticket_message.c.ticket == ticket.number)
            c.execute(delete(ticket_message).where(same))
    about = f"e-{found.id} of {found.author or 'nobody'}"
    note(c, "entry.held", ticket.number, about, replace(by, source=found.source))
    return gone


def _wrote_more(c: Connection, number: int, but: int, address: str) -> bool:
    """Whether another mail of his is a part of the ticket."""
    his = (e for e in tickets.entries(c, number) if e.id != but and e.kind == "mail" and e.public and e.held is None)
    return any(each.author is not None and normal(each.author.address) == address for each in his)


def as_note(c: Connection, source: str) -> None:
    """The words of a mail, by its key, that no customer ever read are a note."""
    c.execute(update(entry).where(entry.c.source == source).values(kind="note", public=False))
