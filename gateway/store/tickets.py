"""Tickets, entries, people: the rows that changes make, and the look-ups that threading and rules ask for.

Transaction  T1: everything here runs inside the caller's transaction, together with the disposition of the mail.
Not here     which changes (ticket/apply.py), the mail itself (inbound.py), what goes out (outbox.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Table, Update, and_, bindparam, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as lite_insert

from gateway.errors import TransientError
from gateway.message.address import normal
from gateway.message.types import Attachment, Mailbox
from gateway.store.schema import (
    audit,
    customer,
    customer_address,
    entry,
    participant,
    ticket,
    ticket_link,
    ticket_message,
)
from gateway.ticket.types import (
    AddEntry,
    Change,
    Customer,
    Entry,
    OpenTicket,
    Record,
    Saved,
    SetField,
    Ticket,
)

_attachments = msgspec.json.Decoder(tuple[Attachment, ...])


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change as `why` and `ticket show --events` print it."""

    at: datetime
    actor: str
    action: str
    detail: str


# --- look-ups ---------------------------------------------------------------------------------------------------------


def find_ticket(c: Connection, number: int) -> Ticket | None:
    """The ticket; None when there is no such number."""
    row = c.execute(_TICKET, {"number": number}).one_or_none()
    return None if row is None else _ticket(row)


def list_tickets(c: Connection, *, statuses: Sequence[str], team: str | None, limit: int) -> list[Ticket]:
    """The tickets whose status is one of these names (empty: all), last changed first."""
    query = select(ticket).order_by(ticket.c.updated_at.desc(), ticket.c.number.desc()).limit(limit)
    if statuses:
        query = query.where(ticket.c.status.in_(statuses))
    if team is not None:
        query = query.where(ticket.c.team == team)
    return [_ticket(row) for row in c.execute(query)]


def count_tickets(c: Connection) -> dict[str, int]:
    """Status name -> number of tickets."""
    return {row[0]: row[1] for row in c.execute(select(ticket.c.status, func.count()).group_by(ticket.c.status))}


def entries(c: Connection, number: int) -> list[Entry]:
    """The entries of a ticket, oldest first."""
    return [_entry(row) for row in c.execute(select(entry).where(entry.c.ticket == number).order_by(entry.c.id))]


def history(c: Connection, number: int) -> list[AuditRow]:
    """Every change of a ticket, oldest first."""
    rows = c.execute(select(audit).where(audit.c.ticket == number).order_by(audit.c.seq))
    return [AuditRow(r.at, r.actor, r.action, r.detail) for r in rows]


def links(c: Connection, number: int) -> list[tuple[str, int]]:
    """(kind, other ticket) of each link, both ways."""
    rows = c.execute(select(ticket_link).where(or_(ticket_link.c.ticket == number, ticket_link.c.other == number)))
    return [(r.kind, r.other) if r.ticket == number else (f"{r.kind} by", r.ticket) for r in rows]


def participants(c: Connection, number: int) -> tuple[str, ...]:
    """The addresses, in normal form, of those who take part in a ticket."""
    return tuple(row[0] for row in c.execute(_PARTICIPANTS, {"ticket": number}))


def holders(c: Connection, message_ids: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """Message-ID -> (ticket, address) of each who sent it or was sent it."""
    found: dict[str, list[tuple[int, str]]] = {}
    if message_ids:
        rows = c.execute(select(ticket_message).where(ticket_message.c.message_id.in_(message_ids)))
        for row in rows:
            found.setdefault(row.message_id, []).append((row.ticket, row.address))
    return found


def find_customer(c: Connection, address: str) -> Customer | None:
    """Who writes from this address; None for a first contact."""
    row = c.execute(_CUSTOMER, {"address": normal(address)}).one_or_none()
    if row is None:
        return None
    return Customer(row.id, row.name, address, row.language, row.muted, row.answered)


# --- changes ----------------------------------------------------------------------------------------------------------


def save(
    c: Connection, changes: Sequence[Change], *, ticket_before: Ticket | None, source: str, actor: str, now: datetime
) -> Saved:
    """Make the changes of one mail, with an audit row for each, and say what became of it.

    source  key of the mail; its entry can exist once (UNIQUE), so that a rerun adds nothing
    """
    folded = _folded(changes, ticket_before, actor)
    current, record = folded.ticket, folded.record
    if folded.opening is not None and current is not None:
        current = _open(c, folded.opening, current)
    elif current is not None and folded.columns:
        current = _update(c, current, folded.columns, now)
    entry_id = None
    if folded.entry is not None and current is not None:
        entry_id = _add_entry(c, current.number, folded.entry, source)
    number = current.number if current is not None else record.ticket if record is not None else None
    mail = source.removeprefix("stub:")  # the audit names the mail; the entry of its stub has a source of its own
    c.execute(_AUDIT, [note | {"at": now, "ticket": number, "source": mail} for note in folded.notes])
    if record is not None:
        return Saved(record.disposition, record.reason, current, entry_id, opened=False)
    if current is None:
        raise ValueError("changes that neither record nor touch a ticket")
    opened = folded.opening is not None
    return Saved("ticket" if opened else "entry", "", current, entry_id, opened)


@dataclass(slots=True)
class _Folded:
    """The changes of one mail put together, so that each row is written once."""

    ticket: Ticket | None
    notes: list[dict[str, object]] = field(default_factory=list)  # audit rows
    columns: dict[str, object] = field(default_factory=dict)  # of the ticket, that changed
    opening: OpenTicket | None = None
    entry: AddEntry | None = None
    record: Record | None = None


def _folded(changes: Sequence[Change], ticket_before: Ticket | None, actor: str) -> _Folded:
    folded = _Folded(ticket_before)
    for change in changes:
        match change:
            case OpenTicket():
                folded.opening, folded.ticket = change, _fresh(change)
                folded.notes.append(_note("ticket.opened", actor, change.team))
                folded.notes.extend(_note("ticket.linked", actor, f"mentions #{n}") for n in change.mentions)
            case AddEntry():
                folded.entry = change
                counted = _known(folded).messages + (change.kind in ("mail", "answer"))
                folded.ticket = replace(_known(folded), messages=counted)
                folded.columns |= {"messages": counted, "updated_at": change.at}
                folded.notes.append(_note("entry.added", actor, change.kind))
            case SetField(name, _, cause):
                before, folded.ticket = _shown(_known(folded), name), _with(_known(folded), change)
                folded.columns |= _column(folded.ticket, name)
                folded.notes.append(_note(f"set.{name}", cause, f"{before} -> {_shown(folded.ticket, name)}"))
            case Record():
                folded.record = change
                folded.notes.append(_note(f"mail.{change.disposition}", actor, change.reason))
    return folded


def _known(folded: _Folded) -> Ticket:
    if folded.ticket is None:
        raise ValueError("an entry or a field needs a ticket")
    return folded.ticket


def _fresh(change: OpenTicket) -> Ticket:
    """The ticket before its number."""
    return Ticket(
        number=0,
        subject=change.subject,
        team=change.team,
        assignee=None,
        priority="normal",
        status="new",
        tags=(),
        fields=(),
        language=change.language,
        channel=change.channel,
        requester=change.requester,
        created_at=change.at,
        updated_at=change.at,
        messages=0,
        version=1,
        flags=change.flags,
    )


def add_audit(
    c: Connection, *, at: datetime, actor: str, action: str, ticket: int | None, source: str | None, detail: str
) -> None:
    """One audit row beside those that `save` writes."""
    c.execute(
        _AUDIT, [{"at": at, "actor": actor, "action": action, "ticket": ticket, "source": source, "detail": detail}]
    )


def remember_messages(c: Connection, messages: Iterable[tuple[str, str]], number: int) -> None:
    """Who sent, or was sent, which Message-ID in this ticket; the first ticket keeps it.

    messages  (Message-ID, address in normal form)
    """
    rows = [{"message_id": id, "address": address, "ticket": number} for id, address in dict.fromkeys(messages)]
    if rows:
        c.execute(_upsert(c.dialect.name, ticket_message), rows)


def _open(c: Connection, change: OpenTicket, current: Ticket) -> Ticket:
    requester = change.requester
    columns = ("subject", "team", "assignee", "priority", "status", "language", "channel", "tags", "fields", "flags")
    values: dict[str, object] = {
        "customer": None if requester is None else _customer(c, requester, change),
        "requester_name": requester.name if requester else None,
        "requester_address": requester.address if requester else None,
        "created_at": current.created_at,
        "updated_at": current.updated_at,
        "messages": current.messages,
        "version": current.version,
    }
    for name in columns:
        values |= _column(current, name)
    number = int(c.execute(_OPEN, values).scalar_one())
    if requester is not None:
        c.execute(_PARTICIPANT, {"ticket": number, "address": normal(requester.address), "role": "requester"})
    mentioned = [n for n in change.mentions if c.execute(_TICKET, {"number": n}).one_or_none() is not None]
    if mentioned:
        c.execute(insert(ticket_link), [{"ticket": number, "other": n, "kind": "mentions"} for n in mentioned])
    return replace(current, number=number)


def _customer(c: Connection, requester: Mailbox, change: OpenTicket) -> int:
    """The customer of an address, made on first contact."""
    address = normal(requester.address)
    if (known := c.execute(_OWNER, {"address": address}).scalar_one_or_none()) is not None:
        return int(known)
    values = {"name": requester.name, "language": change.language, "created_at": change.at}
    number = int(c.execute(_NEW_CUSTOMER, values).scalar_one())
    made = c.execute(_upsert(c.dialect.name, customer_address), {"address": address, "customer": number})
    if made.rowcount == 1:
        return number
    return int(c.execute(_OWNER, {"address": address}).scalar_one())  # PostgreSQL: another process was faster


def _add_entry(c: Connection, number: int, change: AddEntry, source: str) -> int:
    made = c.execute(
        _ENTRY,
        {
            "ticket": number,
            "kind": change.kind,
            "author_name": change.author.name if change.author else None,
            "author_address": change.author.address if change.author else None,
            "at": change.at,
            "text": change.text,
            "quoted": change.quoted,
            "signature": change.signature,
            "html": change.html,
            "message_id": change.message_id,
            "public": change.public,
            "trust": change.trust,
            "attachments": msgspec.json.encode(change.attachments).decode(),
            "source": source,
        },
    ).scalar_one()
    return int(made)


def _update(c: Connection, current: Ticket, values: dict[str, object], now: datetime) -> Ticket:
    """Write the changed columns; the version keeps writers in line (acceptance H-07)."""
    values = {"updated_at": now, **values, "version": current.version + 1}
    same = {"b_number": current.number, "b_version": current.version}
    done = c.execute(_update_of(tuple(sorted(values))), values | same)
    if done.rowcount != 1:
        raise TransientError("somebody else changed this ticket first")
    return replace(current, version=current.version + 1)


def _with(current: Ticket, change: SetField) -> Ticket:
    if change.name.startswith("field."):
        name = change.name.removeprefix("field.")
        kept = tuple(pair for pair in current.fields if pair[0] != name)
        return replace(current, fields=(*kept, (name, str(change.value))) if change.value is not None else kept)
    if change.name not in ("team", "assignee", "priority", "status", "language", "tags", "flags"):
        raise ValueError(f"no such ticket field: {change.name}")
    return replace(current, **{change.name: change.value})  # type: ignore[arg-type]


def _column(current: Ticket, name: str) -> dict[str, object]:
    if name == "fields" or name.startswith("field."):
        return {"fields": msgspec.json.encode(dict(current.fields)).decode()}
    value = getattr(current, name)
    return {name: msgspec.json.encode(value).decode() if isinstance(value, tuple) else value}


def _shown(current: Ticket, name: str) -> str:
    value = (
        dict(current.fields).get(name.removeprefix("field.")) if name.startswith("field.") else getattr(current, name)
    )
    return ", ".join(value) if isinstance(value, tuple) else "none" if value is None else str(value)


def _note(action: str, actor: str, detail: str) -> dict[str, object]:
    return {"action": action, "actor": actor, "detail": detail}


@cache
def _upsert(dialect: str, table: Table) -> Any:
    return (pg_insert if dialect == "postgresql" else lite_insert)(table).on_conflict_do_nothing()


@cache
def _update_of(columns: tuple[str, ...]) -> Update:
    """The statement of a set of columns is made once: making it costs more than running it."""
    same = and_(ticket.c.number == bindparam("b_number"), ticket.c.version == bindparam("b_version"))
    return update(ticket).where(same).values({name: bindparam(name) for name in columns})


def _ticket(row: Row[Any]) -> Ticket:
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
    )


_TICKET = select(ticket).where(ticket.c.number == bindparam("number"))
_PARTICIPANTS = select(participant.c.address).where(participant.c.ticket == bindparam("ticket"))
_CUSTOMER = (
    select(
        customer.c.id,
        customer.c.name,
        customer.c.language,
        customer.c.muted,
        exists()
        .where(entry.c.ticket == ticket.c.number, ticket.c.customer == customer.c.id, entry.c.kind == "answer")
        .label("answered"),
    )
    .join(customer_address, customer_address.c.customer == customer.c.id)
    .where(customer_address.c.address == bindparam("address"))
)
_OPEN = insert(ticket).returning(ticket.c.number)
_ENTRY = insert(entry).returning(entry.c.id)
_AUDIT = insert(audit)
_PARTICIPANT = insert(participant)
_OWNER = select(customer_address.c.customer).where(customer_address.c.address == bindparam("address"))
_NEW_CUSTOMER = insert(customer).returning(customer.c.id)


def add_event(c: Connection, ticket: int, text: str, at: datetime) -> None:
    """An entry, for our people only, about what no mail brought; nothing where the ticket is gone.

    text  clean and bounded
    """
    if find_ticket(c, ticket) is None:
        return
    nothing = dict.fromkeys(("author_name", "author_address", "html", "message_id", "trust", "source"))
    words = {"text": text, "quoted": "", "signature": "", "attachments": "[]"}
    c.execute(_ENTRY, {**nothing, **words, "ticket": ticket, "kind": "event", "at": at, "public": False})
