"""What ties tickets to each other and people to tickets.

Transaction  the caller's; the tickets are locked by it.
Not here     merge and split (merges.py), fields and entries (changes.py), held entries (held.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, delete, func, select, update

from gateway.store.audit import add_audit
from gateway.store.schema import participant, ticket, ticket_link
from gateway.store.upsert import inserted
from gateway.ticket.links import inverse, stored
from gateway.ticket.types import Participant


@dataclass(frozen=True, slots=True)
class By:
    """Who changes something, why he may, and when."""

    actor: str
    basis: str | None
    at: datetime
    source: str | None = None  # key of the mail that caused it


def add(c: Connection, number: int, kind: str, other: int, by: By) -> bool:
    """Link two tickets; False when they are linked so already."""
    first, second, word = stored(kind, number, other)
    row = {"ticket": first, "other": second, "kind": word}
    made = inserted(c, ticket_link, row)
    if made:
        _both(c, "ticket.linked", number, kind, other, by)
    return made


def remove(c: Connection, number: int, kind: str, other: int, by: By) -> bool:
    """Take a link away; False when there is none."""
    first, second, word = stored(kind, number, other)
    same = and_(ticket_link.c.ticket == first, ticket_link.c.other == second, ticket_link.c.kind == word)
    gone = c.execute(delete(ticket_link).where(same)).rowcount == 1
    if gone:
        _both(c, "ticket.unlinked", number, kind, other, by)
    return gone


def exists(c: Connection, number: int) -> bool:
    """Whether there is a ticket of this number."""
    return c.execute(select(ticket.c.number).where(ticket.c.number == number)).one_or_none() is not None


def add_people(c: Connection, number: int, people: Iterable[Participant], most: int | None = None) -> list[str]:
    """Let them take part; the addresses of those who did not before.

    most  participants that the ticket may have then: whoever comes later does not; None is no limit
    """
    rows = [{"ticket": number, "address": p.address, "name": p.name, "role": p.role} for p in people]
    there = select(func.count()).select_from(participant).where(participant.c.ticket == number)
    free = len(rows) if most is None else most - int(c.execute(there).scalar_one())
    added = list[str]()
    for row in rows:
        if len(added) < free and inserted(c, participant, row):
            added.append(str(row["address"]))
    return added


def move_requester(c: Connection, number: int, requester: Participant) -> None:
    """The ticket is his; whose it was goes on taking part."""
    was = and_(participant.c.ticket == number, participant.c.role == "requester")
    c.execute(update(participant).where(was).values(role="cc"))
    add_people(c, number, (requester,))
    his = and_(participant.c.ticket == number, participant.c.address == requester.address)
    c.execute(update(participant).where(his).values(role="requester"))


def _both(c: Connection, action: str, number: int, kind: str, other: int, by: By) -> None:
    """Both tickets tell of it, each in its own words."""
    note(c, action, number, f"{kind} #{other}", by)
    note(c, action, other, f"{inverse(kind)} #{number}", by)


def note(c: Connection, action: str, number: int, detail: str, by: By) -> None:
    """The audit row of a change of ties."""
    who, right = by.actor, by.basis
    add_audit(c, at=by.at, actor=who, basis=right, action=action, ticket=number, source=by.source, detail=detail)
