"""Two tickets become one, one becomes two, and either is taken back: which rows move, and what undoing needs.

Transaction  the caller's; it has locked both tickets. A receipt keeps what was before, so that undoing is exact.
Not here     whether it may be done (operations/merges.py), where a reply to a merged number goes (tickets.goes_on_in).
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, and_, case, delete, func, insert, or_, select, update

from gateway.message.address import normal
from gateway.rules.statuses import StatusType
from gateway.store import delayed, holds, sla
from gateway.store.changes import add_event, update_ticket
from gateway.store.linked import add_people
from gateway.store.schema import entry, participant, receipt, sla_ledger, ticket_link, ticket_message
from gateway.store.search import renew
from gateway.store.tickets import people
from gateway.store.upsert import inserted
from gateway.ticket.ledger import status_line
from gateway.ticket.types import Entry, Participant, Ticket

_COUNTED = ("mail", "answer")
_SAID = (*_COUNTED, "note")
_ACTIONS = ("merge", "split")  # what else can be taken back is in undoing.py


@dataclass(frozen=True, slots=True)
class Status:
    """All columns of a ticket that say where it stands."""

    status: str
    status_type: StatusType
    status_reason: str | None
    status_at: datetime
    snoozed_until: datetime | None
    awake_status: str | None
    awake_status_type: StatusType | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What a merge or a split moved."""

    entries: tuple[int, ...]
    messages: int  # of them that count
    people: tuple[str, ...] = ()  # addresses that came to take part
    status: Status | None = None  # of the merged ticket before
    held: str | None = None  # of the split entry before
    public: bool = True
    told: int | None = None  # the entry about the people who came
    newest: int = 0  # entry that there was: what has a higher number came later


@dataclass(frozen=True, slots=True)
class Since:
    """The entries that came to a merged ticket before that was taken back."""

    moved: tuple[int, ...] = ()  # of people who had come by the merge
    stayed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """A merge or a split that was done."""

    id: int  # what people say: u-318
    at: datetime
    actor: str
    action: Literal["merge", "split"]
    ticket: int  # where the entries came from
    other: int  # where they went
    before: Moved
    undone_at: datetime | None


def merge(c: Connection, source: Ticket, target: Ticket, *, actor: str, now: datetime) -> int:
    """All entries of the source go to the target, which its number leads to from now on; the id of the receipt."""
    ids = tuple(c.execute(select(entry.c.id).where(entry.c.ticket == source.number).order_by(entry.c.id)).scalars())
    _move(c, ids, target.number, target.revision + 1)
    joining = (Participant(p.address, p.name, "cc") for p in people(c, source.number))
    joined = tuple(add_people(c, target.number, joining))
    inserted(c, ticket_link, _link(source, target, "merged into"))
    delayed.cancel_all(c, source.number, f"the ticket went into #{target.number}", now)
    holds.pass_on(c, "ticket", source.number, target.number)
    merged = Status("merged", "closed", None, now, None, None, None)
    update_ticket(c, source, {**asdict(merged), "merged_into": target.number, "messages": 0}, now)
    update_ticket(c, target, _counted(target, source.messages), now)
    told = None
    if joined:  # whoever answers an older mail was not promised them
        said = f"#{source.number}: + {', '.join(joined)}"
        told = add_event(c, target.number, said, now, revision=target.revision + 1)
    newest = int(c.execute(select(func.max(entry.c.id))).scalar() or 0)
    before = Moved(ids, source.messages, joined, _status_of(source), told=told, newest=newest)
    sla.add_lines(c, source.number, status_line(now, "closed", "merged", actor))
    renew(c, source.number, target.number)
    return _write(c, "merge", source, target, before, actor, now)


def split(c: Connection, source: Ticket, target: Ticket, moving: Entry, *, actor: str, now: datetime) -> int:
    """One entry goes to a new ticket, with the Message-ID by which its answers are known; the id of the receipt."""
    count = int(moving.kind in _COUNTED)
    _move(c, (moving.id,), target.number, target.revision + 1)
    _name(c, [moving.message_id] if moving.message_id else [], source.number, target.number)
    c.execute(update(entry).where(entry.c.id == moving.id).values(held=None, public=not moving.by_machine))
    inserted(c, ticket_link, _link(target, source, "split from"))
    update_ticket(c, source, _counted(source, -count), now)
    update_ticket(c, target, _counted(target, count), now)
    before = Moved((moving.id,), count, held=moving.held, public=moving.public)
    renew(c, source.number, target.number)
    return _write(c, "split", source, target, before, actor, now)


def undo(c: Connection, done: Receipt, source: Ticket, target: Ticket, *, actor: str, now: datetime) -> Since:
    """All of it is as it was before, and what people wrote since who came by a merge goes with them.

    Of a split the new number stays, and leads to the old ticket.
    Returns  what came to the other ticket in between
    """
    before, since = done.before, _came_since(c, done, target)
    _move(c, (*before.entries, *since.moved), source.number, source.revision + 1)
    named = since.moved
    if done.action == "split":
        values = {"held": before.held, "public": before.public}
        c.execute(update(entry).where(entry.c.id.in_(before.entries)).values(values))
        named = before.entries
    moved_ids = c.execute(select(entry.c.message_id).where(entry.c.id.in_(named))).scalars().all()
    _name(c, [i for i in moved_ids if i], target.number, source.number)
    if before.told is not None:
        c.execute(delete(entry).where(entry.c.id == before.told))
    if before.people:
        gone = and_(participant.c.ticket == target.number, participant.c.address.in_(before.people))
        c.execute(delete(participant).where(gone))
        # whoever answers an older mail was promised that they read it
        said = f"#{source.number}: − {', '.join(before.people)} (a ticket of its own again)"
        add_event(c, target.number, said, now, revision=target.revision + 1)
    messages = before.messages + len(since.moved)
    back: dict[str, Any] = _counted(source, messages)
    rest: dict[str, Any] = _counted(target, -messages)
    if before.status is not None:
        c.execute(delete(ticket_link).where(_same(_link(source, target, "merged into"))))
        back |= {**asdict(before.status), "merged_into": None}
        line = status_line(now, before.status.status_type, before.status.status, actor)
        sla.add_lines(c, source.number, line)
    else:
        c.execute(delete(ticket_link).where(_same(_link(target, source, "split from"))))
        rest |= {**asdict(Status("merged", "closed", None, now, None, None, None)), "merged_into": source.number}
        sla.add_lines(c, target.number, status_line(now, "closed", "merged", actor))
    update_ticket(c, source, back, now)
    update_ticket(c, target, rest, now)
    renew(c, source.number, target.number)
    c.execute(update(receipt).where(receipt.c.id == done.id).values(undone_at=now))
    return since


def _came_since(c: Connection, done: Receipt, target: Ticket) -> Since:
    """Of a merge: what was said in the ticket that it went into. Receipts of old know not since when."""
    if done.action == "split" or not done.before.newest:
        return Since()
    later = and_(entry.c.ticket == target.number, entry.c.id > done.before.newest, entry.c.kind.in_(_SAID))
    rows = c.execute(select(entry.c.id, entry.c.kind, entry.c.author_address).where(later).order_by(entry.c.id)).all()
    theirs = [row.id for row in rows if row.kind == "mail" and normal(row.author_address or "") in done.before.people]
    return Since(tuple(theirs), tuple(row.id for row in rows if row.id not in theirs))


def find_receipt(c: Connection, id: int) -> Receipt | None:
    """The receipt; None when there is none of this number, or it is of commands."""
    row = c.execute(select(receipt).where(receipt.c.id == id, receipt.c.action.in_(_ACTIONS))).one_or_none()
    return None if row is None else _receipt(row)


def that_brought(c: Connection, number: int, entries: Collection[int]) -> list[Receipt]:
    """The merges that these entries of a ticket came by, or are about; oldest first."""
    query = select(receipt).where(receipt.c.other == number, receipt.c.action == "merge", receipt.c.undone_at.is_(None))
    found = map(_receipt, c.execute(query.order_by(receipt.c.id)))
    return [each for each in found if each.before.told in entries or not set(entries).isdisjoint(each.before.entries)]


def since(c: Connection, done: Receipt) -> Receipt | None:
    """A later merge or split of either ticket that was not taken back and must be first; None when there is none."""
    tickets = (done.ticket, done.other)
    query = (
        select(receipt)
        .where(or_(receipt.c.ticket.in_(tickets), receipt.c.other.in_(tickets)))
        .where(receipt.c.id > done.id, receipt.c.undone_at.is_(None), receipt.c.action.in_(_ACTIONS))
        .order_by(receipt.c.id.desc())
        .limit(1)
    )
    row = c.execute(query).one_or_none()
    return None if row is None else _receipt(row)


def _move(c: Connection, ids: Sequence[int], number: int, revision: int) -> None:
    """What was said elsewhere is new in this ticket, whenever it was said."""
    said = case((entry.c.revision.is_not(None), revision), else_=None)
    c.execute(update(entry).where(entry.c.id.in_(ids)).values(ticket=number, revision=said))
    c.execute(update(sla_ledger).where(sla_ledger.c.entry.in_(ids)).values(ticket=number))


def _counted(ticket: Ticket, messages: int) -> dict[str, Any]:
    """The counters of a ticket after so many messages came, or went."""
    return {"messages": ticket.messages + messages, "revision": ticket.revision + 1}


def _name(c: Connection, ids: Sequence[str], before: int, after: int) -> None:
    """These Message-IDs name another ticket from now on."""
    same = and_(ticket_message.c.message_id.in_(ids), ticket_message.c.ticket == before)
    c.execute(update(ticket_message).where(same).values(ticket=after))


def _link(ticket: Ticket, other: Ticket, kind: str) -> dict[str, Any]:
    return {"ticket": ticket.number, "other": other.number, "kind": kind}


def _same(link: dict[str, Any]) -> Any:
    return and_(*(ticket_link.c[name] == value for name, value in link.items()))


def _status_of(ticket: Ticket) -> Status:
    return Status(
        ticket.status,
        ticket.status_type,
        ticket.status_reason,
        ticket.status_at,
        ticket.snoozed_until,
        ticket.awake_status,
        ticket.awake_status_type,
    )


def _write(c: Connection, action: str, source: Ticket, target: Ticket, before: Moved, actor: str, now: datetime) -> int:
    values = {
        "at": now,
        "actor": actor,
        "action": action,
        "ticket": source.number,
        "other": target.number,
        "before": msgspec.json.encode(before).decode(),
    }
    return int(c.execute(insert(receipt).returning(receipt.c.id), values).scalar_one())


def _receipt(row: Row[Any]) -> Receipt:
    before = msgspec.json.decode(row.before, type=Moved)
    return Receipt(row.id, row.at, row.actor, row.action, row.ticket, row.other, before, row.undone_at)
