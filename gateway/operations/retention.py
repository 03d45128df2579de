"""Legal holds: of whom nothing is deleted; and what is asked of the job that deletes.

Transaction  the caller's, durable; each change leaves an audit row.
Not here     what is deleted when (retaining.py, store/retention.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.message.charset import clean_line
from gateway.operations.person import actor, unknown_agent
from gateway.operations.types import Done, Duty, Operation, Told
from gateway.rules.desk import Retention
from gateway.rules.quantities import in_words
from gateway.store import customers, holds, tickets
from gateway.store.audit import add_audit
from gateway.store.retention import Over

_MOST_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class RunRetention:
    """Delete now what is over."""


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Tickets (4812) and customers (an address, c-12) of whom nothing is deleted, or of whom it is again."""

    names: tuple[str, ...]
    reason: str = ""
    lifted: bool = False
    by: str | None = None


def would(over: Iterable[tuple[Over, int]], kept: Retention) -> Iterator[Told]:
    """What would be deleted of each kind, and how long it is kept."""
    for each, count in over:
        yield Told(each.key, "done", f"{count} {each.what} would go, kept for {in_words(getattr(kept, each.key))}")


def ended(over: Mapping[Over, int]) -> Iterator[Told]:
    """What was deleted of each kind."""
    return (Told(each.key, "done", f"{count} {each.what} deleted") for each, count in over.items())


def _hold(c: Connection, wanted: LegalHold, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(wanted.by, duty.deps.rules, "hold")) is not None:
        return (refused,)
    return tuple(_one(c, name, wanted, duty) for name in dict.fromkeys(wanted.names))


def _one(c: Connection, name: str, wanted: LegalHold, duty: Duty) -> Done:
    digits = name.removeprefix("#")
    ticket, customer = None, None
    if digits.isascii() and digits.isdecimal() and len(digits) <= 18:
        found = tickets.goes_on_in(c, int(digits))
        ticket, said = (found.number, f"#{found.number}") if found is not None else (None, name[:60])
    else:
        person = customers.named(c, name)
        customer = (person.merged_into or person.id) if person is not None else None
        said = f"c-{customer}" if customer is not None else name[:60]
    if ticket is None and customer is None:
        return Done(said, "not-found", "names no ticket and no customer")
    reason, who = clean_line(wanted.reason)[:_MOST_CHARACTERS], actor(wanted.by)
    if wanted.lifted:
        done = holds.lift(c, ticket=ticket, customer=customer)
    else:
        done = holds.put(c, holds.Hold(ticket, customer, duty.now, who, reason))
    if not done:
        return Done(said, "done", "is so already; nothing was changed")
    add_audit(
        c,
        at=duty.now,
        actor=who,
        basis=duty.basis,
        action="hold.lifted" if wanted.lifted else "hold.made",
        ticket=ticket,
        customer=customer,
        detail=reason,
    )
    told = "is deleted when its time is over" if wanted.lifted else "nothing of it is deleted while this holds"
    return Done(said, "done", told)


OPERATIONS: Mapping[str, Operation] = {"retention.hold": Operation(LegalHold, _hold)}
