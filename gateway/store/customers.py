"""Who writes to us: people with one or several addresses, and what is known of them.

Transaction  the caller's.
Not here     their tickets (tickets.py), what look-up tables say of them (ticket/lookup.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.store import holds
from gateway.store.schema import customer, customer_address, entry, ticket
from gateway.store.upsert import inserted
from gateway.ticket.life import FINISHED, SPAM
from gateway.ticket.types import Customer

_ID = re.compile(r"c-([0-9]{1,18})")
_TEXTS = ("language", "chosen_language", "organisation", "zone", "contract", "tier")


def find_customer(c: Connection, address: str) -> Customer | None:
    """Who writes from this address; None for a first contact."""
    row = c.execute(_BY_ADDRESS, {"address": normal(address)}).one_or_none()
    return None if row is None else _counted(row, address)


def customer_of(c: Connection, requester: Mailbox, language: str | None, now: datetime) -> int:
    """The customer of an address, made on first contact."""
    address = normal(requester.address)
    if (known := c.execute(_OWNER, {"address": address}).scalar_one_or_none()) is not None:
        return int(known)
    number = int(c.execute(_NEW, {"name": requester.name, "language": language, "created_at": now}).scalar_one())
    if inserted(c, customer_address, {"address": address, "customer": number}):
        return number
    c.execute(delete(customer).where(customer.c.id == number))  # PostgreSQL: another process was faster
    return int(c.execute(_OWNER, {"address": address}).scalar_one())


def named(c: Connection, name: str) -> Customer | None:
    """A customer by what people say: an address of his, or c-12; None when there is none."""
    if found := _ID.fullmatch(name):
        row = c.execute(_BY_ID, {"id": int(found[1])}).one_or_none()
        return None if row is None else _counted(row, next(iter(addresses(c, row.id)), ""))
    return find_customer(c, name)


def lock(c: Connection, ids: Sequence[int]) -> None:
    """Let nobody else change these customers before the end of the transaction (SQLite has one writer anyway)."""
    c.execute(select(customer.c.id).where(customer.c.id.in_(ids)).order_by(customer.c.id).with_for_update())


def list_customers(c: Connection, words: str, limit: int) -> list[Customer]:
    """Those whose name or an address of whom holds the words (empty: all), newest first; without those merged away."""
    query = _CUSTOMER.where(customer.c.merged_into.is_(None)).order_by(customer.c.id.desc()).limit(limit)
    if words:
        has = exists().where(
            customer_address.c.customer == customer.c.id,
            customer_address.c.address.contains(words.lower(), autoescape=True),
        )
        query = query.where(or_(has, func.lower(customer.c.name).contains(words.lower(), autoescape=True)))
    rows = c.execute(query).all()
    first = dict[int, str]()
    theirs = customer_address.c.customer.in_([row.id for row in rows])
    for row in c.execute(select(customer_address).where(theirs).order_by(customer_address.c.address.desc())):
        first[row.customer] = row.address
    return [_customer(row, first.get(row.id, "")) for row in rows]


def count_customers(c: Connection) -> int:
    """How many there are."""
    return int(
        c.execute(select(func.count()).select_from(customer).where(customer.c.merged_into.is_(None))).scalar_one()
    )


def addresses(c: Connection, id: int) -> tuple[str, ...]:
    """All addresses of a customer, in normal form, sorted."""
    query = select(customer_address.c.address).where(customer_address.c.customer == id)
    return tuple(c.execute(query.order_by(customer_address.c.address)).scalars())


def mute(c: Connection, id: int, *, muted: bool) -> bool:
    """Whether automatic mail goes to him from now on; False when it is so already."""
    same = and_(customer.c.id == id, customer.c.muted.is_(not muted))
    return c.execute(update(customer).where(same).values(muted=muted)).rowcount == 1


def choose_language(c: Connection, number: int, language: str | None, by: str | None = None) -> None:
    """Write to the customer of a ticket in this language from now on; None is that of each of his mails again.

    by  the address, in normal form, of who wants it so: another participant says nothing of him. None: one of ours
    """
    his = select(ticket.c.customer).where(ticket.c.number == number)
    if by is not None:
        who = select(customer_address.c.customer).where(customer_address.c.address == by)
        his = his.where(ticket.c.customer.in_(who))
    c.execute(update(customer).where(customer.c.id == his.scalar_subquery()).values(chosen_language=language))


def language_of(c: Connection, number: int) -> tuple[int, str | None] | None:
    """The customer of a ticket, and the language that was chosen for him; None where it is of nobody."""
    his = select(customer.c.id, customer.c.chosen_language).join(ticket, ticket.c.customer == customer.c.id)
    row = c.execute(his.where(ticket.c.number == number)).one_or_none()
    return None if row is None else (row.id, row.chosen_language)


def chosen_language(c: Connection, id: int) -> str | None:
    """The language that was chosen for a customer; None: none was."""
    return c.execute(select(customer.c.chosen_language).where(customer.c.id == id)).scalar_one_or_none()


def put_language(c: Connection, id: int, language: str | None) -> None:
    """The language that was chosen for a customer is this one; None: none was."""
    c.execute(update(customer).where(customer.c.id == id).values(chosen_language=language))


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge moved, and what it made of the customer who stayed: enough to take it back."""

    place: int  # among those who went into the same customer: the last one comes out first
    addresses: tuple[str, ...]
    tickets: tuple[int, ...]
    before: Mapping[str, Any]  # columns of him who stayed
    after: Mapping[str, Any]


def merge(c: Connection, one: Customer, other: Customer) -> Merged:
    """Give the addresses and tickets of the one to the other. What the other lacks he gets too."""
    owned = tuple(c.execute(select(ticket.c.number).where(ticket.c.customer == one.id)).scalars())
    joined = replace(
        other,
        name=other.name or one.name,
        muted=one.muted or other.muted,
        restricted=one.restricted or other.restricted,
        tags=(*other.tags, *(tag for tag in one.tags if tag not in other.tags)),
        attributes=tuple((dict(one.attributes) | dict(other.attributes)).items()),
        **{name: getattr(other, name) or getattr(one, name) for name in _TEXTS},
    )
    place = 1 + max((receipt.place for _, receipt in _inside(c, other.id)), default=0)
    merged = Merged(place, addresses(c, one.id), owned, _columns(other), _columns(joined))
    c.execute(update(customer_address).where(customer_address.c.customer == one.id).values(customer=other.id))
    c.execute(update(ticket).where(ticket.c.customer == one.id).values(customer=other.id))
    c.execute(update(customer).where(customer.c.id == other.id).values(merged.after))
    holds.pass_on(c, "customer", one.id, other.id)
    receipt = {"merged_into": other.id, "before_merge": msgspec.json.encode(merged).decode()}
    c.execute(update(customer).where(customer.c.id == one.id).values(receipt))
    return merged


def merged_since(c: Connection, id: int, merged: Merged) -> int | None:
    """Somebody who went into this customer after that merge, and must come out of him first; None when nobody did."""
    return next((other for other, receipt in _inside(c, id) if receipt.place > merged.place), None)


def _inside(c: Connection, id: int) -> Iterator[tuple[int, Merged]]:
    """Those who went into this customer, each with his receipt."""
    others = select(customer.c.id, customer.c.before_merge).where(customer.c.merged_into == id)
    return ((row.id, _merged.decode(row.before_merge)) for row in c.execute(others) if row.before_merge)


def receipt_of(c: Connection, id: int) -> Merged | None:
    """What the merge of this customer moved; None when he was not merged, or by a version that wrote nothing down."""
    written = c.execute(select(customer.c.before_merge).where(customer.c.id == id)).scalar_one_or_none()
    return _merged.decode(written) if written else None


def unmerge(c: Connection, one: int, other: int, merged: Merged) -> tuple[int, ...]:
    """Give back what the merge moved, and the tickets that his addresses opened since; their numbers.

    What was changed of the other since then stays.
    """
    theirs = c.execute(select(ticket.c.number, ticket.c.requester_address).where(ticket.c.customer == other))
    back = [n for n, address in theirs if n in merged.tickets or normal(address or "") in merged.addresses]
    moved = customer_address.c.address.in_(merged.addresses)
    c.execute(update(customer_address).where(customer_address.c.customer == other, moved).values(customer=one))
    c.execute(update(ticket).where(ticket.c.number.in_(back)).values(customer=one))
    now = c.execute(select(customer).where(customer.c.id == other)).mappings().one()
    values = {name: old for name, old in merged.before.items() if now[name] == merged.after[name]}
    if values:
        c.execute(update(customer).where(customer.c.id == other).values(values))
    c.execute(update(customer).where(customer.c.id == one).values(merged_into=None, before_merge=None))
    return tuple(sorted(back))


def _columns(of: Customer) -> dict[str, Any]:
    """What a merge may change in a customer, as the table has it."""
    return {
        "name": of.name,
        "muted": of.muted,
        "restricted": of.restricted,
        "tags": msgspec.json.encode(of.tags).decode(),
        "attributes": msgspec.json.encode(dict(of.attributes)).decode(),
        **{name: getattr(of, name) for name in _TEXTS},
    }


def _customer(row: Row[Any], address: str) -> Customer:
    return Customer(
        id=row.id,
        name=row.name,
        address=address,
        language=row.language,
        chosen_language=row.chosen_language,
        muted=row.muted,
        answered=row.answered,
        organisation=row.organisation,
        zone=row.zone,
        contract=row.contract,
        tier=row.tier,
        tags=tuple(msgspec.json.decode(row.tags)),
        attributes=tuple(msgspec.json.decode(row.attributes).items()),
        restricted=row.restricted,
        merged_into=row.merged_into,
    )


def _counted(row: Row[Any], address: str) -> Customer:
    return replace(_customer(row, address), open_tickets=row.open_tickets, spam_tickets=row.spam_tickets)


_ANSWERED = (
    exists()
    .where(entry.c.ticket == ticket.c.number, ticket.c.customer == customer.c.id, entry.c.kind == "answer")
    .label("answered")
)
_CUSTOMER = select(customer, _ANSWERED)


def _many(name: str, which: ColumnElement[bool]) -> Label[int]:
    """How many tickets of a customer are such, as a column of this name."""
    his = select(ticket.c.number).where(ticket.c.customer == customer.c.id, which).limit(1000).correlate(customer)
    return select(func.count()).select_from(his.subquery()).scalar_subquery().label(name)


_FORGED = ticket.c.flags.contains('"dmarc-fail"')  # it is not known to be his; his domain says that it is not
_COUNTED = _CUSTOMER.add_columns(
    _many("open_tickets", ticket.c.status_type.not_in(FINISHED)),
    _many("spam_tickets", and_(ticket.c.status == SPAM, ~_FORGED)),
)
_BY_ADDRESS = _COUNTED.join(customer_address, customer_address.c.customer == customer.c.id).where(
    customer_address.c.address == bindparam("address")
)
_BY_ID = _COUNTED.where(customer.c.id == bindparam("id"))
_OWNER = select(customer_address.c.customer).where(customer_address.c.address == bindparam("address"))
_NEW = insert(customer).returning(customer.c.id)
_merged = msgspec.json.Decoder(Merged)
