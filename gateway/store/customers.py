"""Who writes to us: people with one or several addresses, and what is known of them.

Transaction  the caller's.
Not here     their tickets (tickets.py), what look-up tables say of them (ticket/lookup.py).
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, func, insert, or_, select, update

from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.store.schema import customer, customer_address, entry, ticket
from gateway.store.upsert import inserted
from gateway.ticket.life import FINISHED
from gateway.ticket.types import Customer

_ID = re.compile(r"c-([0-9]{1,18})")


def find_customer(c: Connection, address: str) -> Customer | None:
    """Who writes from this address; None for a first contact."""
    row = c.execute(_BY_ADDRESS, {"address": normal(address)}).one_or_none()
    return None if row is None else replace(_customer(row, address), open_tickets=row.open_tickets)


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
        return None if row is None else _customer(row, next(iter(addresses(c, row.id)), ""))
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


def merge(c: Connection, one: Customer, other: Customer) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Give the addresses and tickets of the one to the other; which ones. What the other lacks he gets too."""
    moved = addresses(c, one.id)
    owned = tuple(c.execute(select(ticket.c.number).where(ticket.c.customer == one.id)).scalars())
    c.execute(update(customer_address).where(customer_address.c.customer == one.id).values(customer=other.id))
    c.execute(update(ticket).where(ticket.c.customer == one.id).values(customer=other.id))
    tags = (*other.tags, *(tag for tag in one.tags if tag not in other.tags))
    values: dict[str, object] = {
        "name": other.name or one.name,
        "muted": one.muted or other.muted,
        "restricted": one.restricted or other.restricted,
        "tags": msgspec.json.encode(tags).decode(),
        "attributes": msgspec.json.encode({**dict(one.attributes), **dict(other.attributes)}).decode(),
    }
    for name in ("language", "organisation", "zone", "contract", "tier"):
        values[name] = getattr(other, name) or getattr(one, name)
    c.execute(update(customer).where(customer.c.id == other.id).values(values))
    c.execute(update(customer).where(customer.c.id == one.id).values(merged_into=other.id))
    return moved, owned


def _customer(row: Row[Any], address: str) -> Customer:
    return Customer(
        id=row.id,
        name=row.name,
        address=address,
        language=row.language,
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


_ANSWERED = (
    exists()
    .where(entry.c.ticket == ticket.c.number, ticket.c.customer == customer.c.id, entry.c.kind == "answer")
    .label("answered")
)
_CUSTOMER = select(customer, _ANSWERED)
_OPEN_TICKETS = (
    select(func.count())
    .select_from(
        select(ticket.c.number)
        .where(ticket.c.customer == customer.c.id, ticket.c.status_type.not_in(FINISHED))
        .limit(1000)
        .correlate(customer)
        .subquery()
    )
    .scalar_subquery()
    .label("open_tickets")
)
_BY_ADDRESS = (
    _CUSTOMER.add_columns(_OPEN_TICKETS)
    .join(customer_address, customer_address.c.customer == customer.c.id)
    .where(customer_address.c.address == bindparam("address"))
)
_BY_ID = _CUSTOMER.where(customer.c.id == bindparam("id"))
_OWNER = select(customer_address.c.customer).where(customer_address.c.address == bindparam("address"))
_NEW = insert(customer).returning(customer.c.id)
