"""What ties tickets to each other and people to tickets: links, and held entries whose writer comes to take part.

Transaction  the caller's; the tickets are locked by it.
Not here     merge and split (merges.py), fields and entries (changes.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, delete, update

from gateway.message.address import normal
from gateway.store.audit import add_audit
from gateway.store.changes import remember_messages, update_ticket
from gateway.store.schema import entry, participant, ticket_link
from gateway.store.upsert import inserted
from gateway.ticket.links import inverse, stored
from gateway.ticket.types import Entry, Participant, Ticket


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, why he may, and when."""

    actor: str
    basis: str | None
    at: datetime


def add(c: Connection, number: int, kind: str, other: int, by: By) -> bool:
    """Link two tickets; False when they are linked so already."""
    ticket, second, word = stored(kind, number, other)
    row = {"ticket": ticket, "other": second, "kind": word}
    made = inserted(c, ticket_link, row)
    if made:
        _both(c, "ticket.linked", number, kind, other, by)
    return made


def remove(c: Connection, number: int, kind: str, other: int, by: By) -> bool:
    """Take a link away; False when there is none."""
    ticket, second, word = stored(kind, number, other)
    same = and_(ticket_link.c.ticket == ticket, ticket_link.c.other == second, ticket_link.c.kind == word)
    gone = c.execute(delete(ticket_link).where(same)).rowcount == 1
    if gone:
        _both(c, "ticket.unlinked", number, kind, other, by)
    return gone


def add_people(c: Connection, number: int, people: Iterable[Participant]) -> list[str]:
    """Let them take part; the addresses of those who did not before."""
    rows = [{"ticket": number, "address": p.address, "name": p.name, "role": p.role} for p in people]
    return [str(row["address"]) for row in rows if inserted(c, participant, row)]


def accept(c: Connection, ticket: Ticket, held: Entry, by: By) -> None:
    """A held entry becomes a part of its ticket, and its writer takes part from now on."""
    c.execute(update(entry).where(entry.c.id == held.id).values(held=None, public=True))
    update_ticket(c, ticket, {}, by.at)
    if held.author is not None:
        address = normal(held.author.address)
        add_people(c, ticket.number, (Participant(address, held.author.name, "cc"),))
        if held.message_id is not None:
            remember_messages(c, ((held.message_id, address),), ticket.number)
    _note(c, "entry.accepted", ticket.number, f"e-{held.id} of {held.author or 'nobody'}", by, held.source)


def _both(c: Connection, action: str, number: int, kind: str, other: int, by: By) -> None:
    """Both tickets tell of it, each in its own words."""
    _note(c, action, number, f"{kind} #{other}", by)
    _note(c, action, other, f"{inverse(kind)} #{number}", by)


def _note(c: Connection, action: str, number: int, detail: str, by: By, source: str | None = None) -> None:
    who, right = by.actor, by.basis
    add_audit(c, at=by.at, actor=who, basis=right, action=action, ticket=number, source=source, detail=detail)
