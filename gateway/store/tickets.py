"""Tickets as they are stored: the look-ups that threading, rules and commands ask for.

Transaction  T1: everything here runs inside the caller's transaction, together with the disposition of the mail.
Not here     what changes them (changes.py, merges.py), who writes them (customers.py), the mail itself (inbound.py).
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, exists, func, or_, select, union, update

from gateway.message.address import normal
from gateway.message.types import Attachment, Mailbox
from gateway.store.schema import (
    customer_address,
    entry,
    outbox,
    participant,
    ticket,
    ticket_alias,
    ticket_link,
    ticket_message,
)
from gateway.store.upsert import inserted
from gateway.ticket.life import FINISHED
from gateway.ticket.links import inverse
from gateway.ticket.types import Entry, Participant, Ticket

_attachments = msgspec.json.Decoder(tuple[Attachment, ...])
_MOST_CONTINUING = 10  # tickets that are looked at for a mail about one that is over
_MOST_ALIKE = 2000  # tickets whose fields are looked at for a mail, inside its transaction


def find_ticket(c: Connection, number: int, *, lock: bool = False) -> Ticket | None:
    """The ticket; None when there is no such number.

    lock  for a change: on PostgreSQL other writers of it wait for the end of this transaction
    """
    row = c.execute(_LOCKED if lock else _TICKET, {"number": number}).one_or_none()
    return None if row is None else ticket_of(row)


def goes_on_in(c: Connection, number: int) -> Ticket | None:
    """The ticket in which the matter of this number goes on: itself, or the one it was merged into, however often."""
    found = find_ticket(c, number)
    while found is not None and found.merged_into is not None:
        found = find_ticket(c, found.merged_into)
    return found


def find_alias(c: Connection, alias: str) -> int | None:
    """The number of the ticket that an old desk or an imported system called so, in any case; None when none was."""
    number: int | None = c.execute(_ALIAS, {"alias": alias}).scalar_one_or_none()
    return number


def add_aliases(c: Connection, names: Collection[str], number: int) -> None:
    """From now on these names are of this ticket; the first ticket of a name keeps it."""
    for name in names:
        if find_alias(c, name) is None:
            inserted(c, ticket_alias, {"alias": name, "ticket": number})


def count_tickets(c: Connection) -> dict[str, int]:
    """Status name -> number of tickets."""
    return {row[0]: row[1] for row in c.execute(select(ticket.c.status, func.count()).group_by(ticket.c.status))}


def of_customer(c: Connection, customer: int, limit: int) -> list[Ticket]:
    """The tickets of a customer, newest first."""
    query = select(ticket).where(ticket.c.customer == customer).order_by(ticket.c.number.desc()).limit(limit)
    return [ticket_of(row) for row in c.execute(query)]


def of_participant(c: Connection, customer: int | None, addresses: Collection[str], limit: int) -> list[Ticket]:
    """The tickets that somebody takes part in and knows of, as his own or by mails of his or to him, newest first.

    customer   None: he is none yet
    addresses  all of his, in normal form
    """
    own = select(ticket.c.number).where(ticket.c.customer == customer)
    wrote = select(entry.c.ticket).where(entry.c.author_address.in_(addresses))
    got = select(outbox.c.ticket).where(outbox.c.recipient.in_(addresses), outbox.c.state != "suppressed")
    known = union(wrote, got, own).subquery()
    part = exists().where(participant.c.ticket == ticket.c.number, participant.c.address.in_(addresses))
    query = select(ticket).where(ticket.c.number.in_(select(known.c.ticket)), part, ticket.c.merged_into.is_(None))
    return [ticket_of(row) for row in c.execute(query.order_by(ticket.c.number.desc()).limit(limit))]


def at_rung(c: Connection, now: datetime, limit: int) -> list[int]:
    """The numbers of those to which something is to happen by itself, the longest overdue first."""
    query = select(ticket.c.number).where(ticket.c.next_rung <= now).order_by(ticket.c.next_rung).limit(limit)
    return list(c.execute(query).scalars())


def to_wake(c: Connection, now: datetime, limit: int) -> list[int]:
    """The numbers of snoozed tickets whose time has come, the longest overdue first."""
    due = select(ticket.c.number).where(ticket.c.snoozed_until <= now).order_by(ticket.c.snoozed_until).limit(limit)
    return list(c.execute(due).scalars())


def move_rung(c: Connection, of: Ticket, to: Ticket) -> bool:
    """When the next thing happens to it, and what did; False when somebody else moved that first."""
    seen = and_(ticket.c.number == of.number, ticket.c.next_rung == of.next_rung)
    return c.execute(update(ticket).where(seen).values(next_rung=to.next_rung, nudged=to.nudged)).rowcount == 1


def entries(c: Connection, number: int) -> list[Entry]:
    """The entries of a ticket, oldest first."""
    return [_entry(row) for row in c.execute(select(entry).where(entry.c.ticket == number).order_by(entry.c.id))]


def find_entry(c: Connection, id: int) -> Entry | None:
    """One entry, of whichever ticket."""
    row = c.execute(select(entry).where(entry.c.id == id)).one_or_none()
    return None if row is None else _entry(row)


def said_since(c: Connection, number: int, revision: int) -> list[Entry]:
    """What people said in a ticket after this revision of it, oldest first."""
    return [_entry(row) for row in c.execute(_SINCE, {"ticket": number, "revision": revision})]


def written_by(c: Connection, number: int, addresses: Collection[str]) -> list[tuple[datetime, str]]:
    """(when, Message-ID) of each mail that one of these addresses wrote to a ticket.

    addresses  in normal form
    """
    query = select(entry.c.at, entry.c.message_id, entry.c.author_address).where(
        entry.c.ticket == number, entry.c.message_id.is_not(None), entry.c.author_address.is_not(None)
    )
    return [(row.at, row.message_id) for row in c.execute(query) if normal(row.author_address) in addresses]


def last_words(c: Connection, numbers: Collection[int]) -> dict[int, Entry]:
    """What the customer wrote last in each of these tickets, else what anybody did; none where nobody did."""
    return {row.ticket: _entry(row) for row in c.execute(_LAST, {"numbers": tuple(numbers)})} if numbers else {}


def links(c: Connection, number: int) -> list[tuple[str, int]]:
    """(kind, other ticket) of each link, both ways."""
    rows = c.execute(select(ticket_link).where(or_(ticket_link.c.ticket == number, ticket_link.c.other == number)))
    return [(r.kind, r.other) if r.ticket == number else (inverse(r.kind), r.ticket) for r in rows]


def continued(c: Connection, number: int) -> list[int]:
    """The numbers of the tickets that were opened to go on from this one, newest first, of a few."""
    return list(c.execute(_CONTINUED, {"number": number}).scalars())


def participants(c: Connection, number: int) -> tuple[str, ...]:
    """The addresses, in normal form, of those who take part in a ticket: all that each of them has."""
    return tuple(row[0] for row in c.execute(_ADDRESSES, {"ticket": number}))


def people(c: Connection, number: int) -> tuple[Participant, ...]:
    """Those who take part in a ticket, by address."""
    return tuple(people_of(c, (number,)).get(number, ()))


def people_of(c: Connection, numbers: Collection[int]) -> dict[int, list[Participant]]:
    """Those who take part in each of these tickets, by address; a ticket without any is not there."""
    found: dict[int, list[Participant]] = {}
    if numbers:
        query = select(participant).where(participant.c.ticket.in_(numbers))
        for r in c.execute(query.order_by(participant.c.ticket, participant.c.address)):
            found.setdefault(r.ticket, []).append(Participant(r.address, r.name, r.role))
    return found


def holders(c: Connection, message_ids: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """Message-ID -> (ticket, address) of each who sent it or was sent it, with all addresses that he has."""
    found: dict[str, list[tuple[int, str]]] = {}
    if message_ids:
        for row in c.execute(_HOLDERS, {"ids": list(message_ids)}):
            found.setdefault(row.message_id, []).append((row.ticket, row.address))
    return found


def opened_last(c: Connection, customer: int, count: int) -> datetime | None:
    """When the last but so many tickets of a customer was opened, the last being 1; None when he has fewer."""
    return c.execute(_OPENED_LAST, {"customer": customer, "behind": count - 1}).scalar_one_or_none()


def written_last(c: Connection, address: str, count: int) -> datetime | None:
    """When the last but so many mails of an author came into tickets, the last being 1; None when there are fewer."""
    return c.execute(_WRITTEN_LAST, {"address": address, "behind": count - 1}).scalar_one_or_none()


def recent(c: Connection, address: str, since: datetime) -> list[Ticket]:
    """The tickets of this customer that are not closed and changed since then, newest first, at most 50."""
    return [ticket_of(row) for row in c.execute(_RECENT, {"address": normal(address), "since": since})]


def alike(c: Connection, fields: Sequence[tuple[str, str]], since: datetime) -> Ticket | None:
    """The newest ticket with these custom fields that was opened since then and is not finished; None: none.

    Of those that changed last: what nobody touched while so many others went on is no longer the matter of a new mail.
    """
    query = _UNFINISHED.where(*(ticket.c.fields.contains(_pair(*field), autoescape=True) for field in fields))
    found = map(ticket_of, c.execute(query, {"since": since}))
    return next((t for t in found if set(fields) <= set(t.fields)), None)  # LIKE takes other cases for the same


def _pair(name: str, value: str) -> str:
    """A field as it stands in the column: quotes in a value are escaped there, so that it stands nowhere else."""
    return msgspec.json.encode({name: value}).decode()[1:-1]


def ticket_of(row: Row[Any]) -> Ticket:
    """The ticket of a row of the table."""
    return Ticket(
        number=row.number,
        subject=row.subject,
        team=row.team,
        assignee=row.assignee,
        priority=row.priority,
        status=row.status,
        tags=tuple(msgspec.json.decode(row.tags)),
        fields=tuple(msgspec.json.decode(row.fields).items()),
        language=row.language,
        channel=row.channel,
        requester=None if row.requester_address is None else Mailbox(row.requester_name or "", row.requester_address),
        created_at=row.created_at,
        updated_at=row.updated_at,
        messages=row.messages,
        version=row.version,
        flags=tuple(msgspec.json.decode(row.flags)),
        responsible=row.responsible,
        status_type=row.status_type,
        status_reason=row.status_reason,
        status_at=row.status_at,
        due=row.due,
        snoozed_until=row.snoozed_until,
        awake_status=row.awake_status,
        awake_status_type=row.awake_status_type,
        merged_into=row.merged_into,
        origin=row.origin,
        followers=tuple(msgspec.json.decode(row.followers)),
        needs=tuple(msgspec.json.decode(row.needs)),
        escalation=row.escalation,
        reopened=row.reopened,
        sla=row.sla,
        next_due=row.next_due,
        answer_due=row.answer_due,
        next_rung=row.next_rung,
        next_unlock=row.next_unlock,
        nudged=row.nudged,
        revision=row.revision,
    )


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        ticket=row.ticket,
        kind=row.kind,
        author=None if row.author_address is None else Mailbox(row.author_name or "", row.author_address),
        at=row.at,
        text=row.text,
        quoted=row.quoted,
        signature=row.signature,
        html=row.html,
        message_id=row.message_id,
        public=row.public,
        trust=row.trust,
        attachments=_attachments.decode(row.attachments),
        source=row.source,
        held=row.held,
        revision=row.revision,
    )


_said = entry.alias("said")
_last_said = (
    select(_said.c.id)
    .where(_said.c.ticket == ticket.c.number, _said.c.kind == "mail")
    .order_by(_said.c.public.desc(), _said.c.id.desc())
    .limit(1)
)
_LAST = (
    select(entry)
    .join(ticket, entry.c.ticket == ticket.c.number)
    .where(
        ticket.c.number.in_(bindparam("numbers", expanding=True)),
        entry.c.id == _last_said.correlate(ticket).scalar_subquery(),
    )
)
_TICKET = select(ticket).where(ticket.c.number == bindparam("number"))
_SINCE = (
    select(entry)
    .where(entry.c.ticket == bindparam("ticket"), entry.c.revision > bindparam("revision"))
    .order_by(entry.c.id)
)
_CONTINUED = (
    select(ticket_link.c.ticket)
    .where(ticket_link.c.other == bindparam("number"), ticket_link.c.kind == "continues")
    .order_by(ticket_link.c.ticket.desc())
    .limit(_MOST_CONTINUING)
)
_LOCKED = _TICKET.with_for_update()
_ALIAS = (
    select(ticket_alias.c.ticket).where(func.lower(ticket_alias.c.alias) == func.lower(bindparam("alias"))).limit(1)
)
_owner, _other = customer_address.alias("owner"), customer_address.alias("other")  # somebody, and all that is his
_ADDRESSES = (
    select(func.coalesce(_other.c.address, participant.c.address))
    .distinct()
    .outerjoin(_owner, _owner.c.address == participant.c.address)
    .outerjoin(_other, _other.c.customer == _owner.c.customer)
    .where(participant.c.ticket == bindparam("ticket"))
)
_HOLDERS = (
    select(
        ticket_message.c.message_id,
        ticket_message.c.ticket,
        func.coalesce(_other.c.address, ticket_message.c.address).label("address"),
    )
    .outerjoin(_owner, _owner.c.address == ticket_message.c.address)
    .outerjoin(_other, _other.c.customer == _owner.c.customer)
    .where(ticket_message.c.message_id.in_(bindparam("ids", expanding=True)))
    .order_by(ticket_message.c.message_id, ticket_message.c.ticket)
)
_OPENED_LAST = (
    select(ticket.c.created_at)
    .where(ticket.c.customer == bindparam("customer"))
    .order_by(ticket.c.number.desc())
    .offset(bindparam("behind"))
    .limit(1)
)
_WRITTEN_LAST = (
    select(entry.c.at)
    .where(entry.c.author_address == bindparam("address"), entry.c.kind.in_(("mail", "event")))
    .order_by(entry.c.id.desc())
    .offset(bindparam("behind"))
    .limit(1)
)
_changed_last = (  # read off ix_ticket_listing alone, the newest change first, until there are enough
    select(ticket.c.number)
    .where(
        ticket.c.updated_at >= bindparam("since", type_=ticket.c.updated_at.type),  # no other can be opened since
        ticket.c.created_at >= bindparam("since", type_=ticket.c.created_at.type),
        ticket.c.status_type.not_in(FINISHED),
    )
    .order_by(ticket.c.updated_at.desc(), ticket.c.number.desc())
    .limit(_MOST_ALIKE)
    .subquery()
)
_UNFINISHED = (
    select(ticket).join(_changed_last, _changed_last.c.number == ticket.c.number).order_by(ticket.c.number.desc())
)
_RECENT = (
    select(ticket)
    .join(_owner, _owner.c.customer == ticket.c.customer)
    .where(
        _owner.c.address == bindparam("address"),
        ticket.c.updated_at >= bindparam("since", type_=ticket.c.updated_at.type),
        ticket.c.status_type != "closed",
    )
    .order_by(ticket.c.updated_at.desc(), ticket.c.number.desc())
    .limit(50)
)
