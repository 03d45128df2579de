"""What a person may change of customers: who is one and the same, and who gets no automatic mail.

Transaction  the caller's, durable; each change leaves an audit row with both customers.
Not here     the statements (store/customers.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.operations.person import actor, unknown_agent
from gateway.operations.types import Done, Duty, Operation
from gateway.store import customers
from gateway.store.audit import add_audit
from gateway.ticket.types import Customer


@dataclass(frozen=True, slots=True)
class Merge:
    """Two records of one customer, by an address or c-12: the one goes into the other."""

    one: str
    other: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """A merge that is taken back, by the customer who went into another one: c-14."""

    name: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Mute:
    """Customers who get no automatic mail from now on, or get it again."""

    names: tuple[str, ...]
    muted: bool = True
    by: str | None = None


def _merge(c: Connection, wanted: Merge, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(wanted.by, duty.deps.rules, wanted.one)) is not None:
        return (refused,)
    one, other = customers.named(c, wanted.one), customers.named(c, wanted.other)
    if one is not None and other is not None:
        customers.lock(c, (one.id, other.id))
        one, other = customers.named(c, f"c-{one.id}"), customers.named(c, f"c-{other.id}")  # as they are by now
    if one is None or other is None:
        return (_nobody(wanted.one if one is None else wanted.other),)
    for customer in (one, other):
        if customer.merged_into is not None:
            return (Done(f"c-{customer.id}", "conflict", f"was merged: he is c-{customer.merged_into} now"),)
    if one.id == other.id:
        return (Done(f"c-{one.id}", "done", "is one customer already; nothing was changed"),)
    merged = customers.merge(c, one, other)
    moved, numbers = merged.addresses, _numbers(merged.tickets)
    for customer, said in (
        (one, f"into c-{other.id}: {', '.join(moved)}; {numbers}"),
        (other, f"from c-{one.id}: {', '.join(moved)}; {numbers}"),
    ):
        _note(c, duty, actor(wanted.by), "customer.merged", customer, said)
    return (Done(f"c-{other.id}", "done", f"has {', '.join(moved)} and {numbers} of c-{one.id} now", f"c-{one.id}"),)


def _undo(c: Connection, wanted: Undo, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(wanted.by, duty.deps.rules, wanted.name)) is not None:
        return (refused,)
    found = customers.named(c, wanted.name)
    if found is None:
        return (_nobody(wanted.name),)
    if found.merged_into is not None:
        customers.lock(c, (found.id, found.merged_into))
    one, name = customers.named(c, f"c-{found.id}") or found, f"c-{found.id}"  # as he is by now
    merged = customers.receipt_of(c, one.id)
    if one.merged_into is None or merged is None:
        said = "went into nobody" if one.merged_into is None else "was merged by a version that could not take it back"
        return (Done(name, "conflict", said),)
    other = customers.named(c, f"c-{one.merged_into}")
    if other is None or other.merged_into is not None:
        return (Done(name, "conflict", f"c-{one.merged_into} was merged himself: take that back first"),)
    if (later := customers.merged_since(c, other.id, merged)) is not None:
        return (Done(name, "conflict", f"c-{later} came after him: take that back first"),)
    numbers = _numbers(customers.unmerge(c, one.id, other.id, merged))
    said = f"{', '.join(merged.addresses)}; {numbers}"
    for customer, what in ((one, f"out of c-{other.id}: {said}"), (other, f"without c-{one.id}: {said}")):
        _note(c, duty, actor(wanted.by), "customer.unmerged", customer, what)
    return (Done(name, "done", f"is a customer of his own again, with {', '.join(merged.addresses)} and {numbers}"),)


def _numbers(tickets: Sequence[int]) -> str:
    return ", ".join(f"#{n}" for n in tickets) or "no ticket"


def _mute(c: Connection, wanted: Mute, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(wanted.by, duty.deps.rules, "customer")) is not None:
        return (refused,)
    return tuple(_muted(c, name, wanted, duty) for name in wanted.names)


def _muted(c: Connection, name: str, wanted: Mute, duty: Duty) -> Done:
    customer = customers.named(c, name)
    if customer is None:
        return _nobody(name)
    if not customers.mute(c, customer.id, muted=wanted.muted):
        return Done(f"c-{customer.id}", "done", "is so already; nothing was changed")
    action = "customer.muted" if wanted.muted else "customer.unmuted"
    _note(c, duty, actor(wanted.by), action, customer, customer.address)
    said = "no automatic mail from now on; people's answers still go" if wanted.muted else "automatic mail goes again"
    return Done(f"c-{customer.id}", "done", f"{customer.address}: {said}")


def _nobody(name: str) -> Done:
    return Done(name, "not-found", "names no customer: an address, or c-12")


def _note(c: Connection, duty: Duty, who: str, action: str, customer: Customer, detail: str) -> None:
    add_audit(c, at=duty.now, actor=who, basis=duty.basis, action=action, customer=customer.id, detail=detail)


OPERATIONS: Mapping[str, Operation] = {
    "customer.merge": Operation(Merge, _merge),
    "customer.undo": Operation(Undo, _undo),
    "customer.mute": Operation(Mute, _mute),
}
