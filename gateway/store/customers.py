"""Who writes to us: people with one or several addresses, and what is known of them.

Transaction  the caller's.
Not here     their tickets (tickets.py), what look-up tables say of them (ticket/lookup.py).
"""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, exists, insert, select

from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.store.schema import customer, customer_address, entry, ticket
from gateway.store.upsert import insert_new
from gateway.ticket.types import Customer


def find_customer(c: Connection, address: str) -> Customer | None:
    """Who writes from this address; None for a first contact."""
    row = c.execute(_BY_ADDRESS, {"address": normal(address)}).one_or_none()
    return None if row is None else _customer(row, address)


def customer_of(c: Connection, requester: Mailbox, language: str | None, now: datetime) -> int:
    """The customer of an address, made on first contact."""
    address = normal(requester.address)
    if (known := c.execute(_OWNER, {"address": address}).scalar_one_or_none()) is not None:
        return int(known)
    number = int(c.execute(_NEW, {"name": requester.name, "language": language, "created_at": now}).scalar_one())
    made = c.execute(insert_new(c.dialect.name, customer_address), {"address": address, "customer": number})
    if made.rowcount == 1:
        return number
    return int(c.execute(_OWNER, {"address": address}).scalar_one())  # PostgreSQL: another process was faster


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
_BY_ADDRESS = _CUSTOMER.join(customer_address, customer_address.c.customer == customer.c.id).where(
    customer_address.c.address == bindparam("address")
)
_OWNER = select(customer_address.c.customer).where(customer_address.c.address == bindparam("address"))
_NEW = insert(customer).returning(customer.c.id)
