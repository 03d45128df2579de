"""Words of somebody who has no part in a ticket wait in it: they become a part of it, or only our own people see them.

Sources      mail-in.md §3 (third parties).
Transaction  the caller's, durable; the ticket is locked.
Not here     mails of agents that wait for their writer (held_mails.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.message.address import normal
from gateway.operations.person import actor, open_ticket, unknown_agent
from gateway.operations.types import Done, Duty, Operation
from gateway.store import held, tickets
from gateway.store.linked import By
from gateway.ticket.saying import saying
from gateway.ticket.types import Entry, Ticket


@dataclass(frozen=True, slots=True)
class Accept:
    """A held entry that becomes a part of its ticket."""

    number: int
    entry: int | None = None  # None is the only one that is held
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A held entry that stays where it is: only our own people ever see it."""

    number: int
    entry: int | None = None  # None is the only one that is held
    by: str | None = None


def _accept(c: Connection, wanted: Accept, duty: Duty) -> tuple[Done, ...]:
    chosen = _chosen(c, wanted, duty)
    if isinstance(chosen, Done):
        return (chosen,)
    ticket, entry = chosen
    if entry.author is not None and normal(entry.author.address) in duty.deps.takes_no_part:
        return (Done(f"#{wanted.number}", "refused", saying("done_own_writer", address=entry.author.address)),)
    step = held.accept(c, ticket, entry, By(actor(wanted.by), duty.basis, duty.now), duty.deps.promises)
    joins = (saying("done_takes_part", who=entry.author.address),) if entry.author else ()
    said = (saying("done_accepted", entry=f"e-{entry.id}"), *joins)
    return (Done(f"#{wanted.number}", "done", said, steps=(step,)),)


def _reject(c: Connection, wanted: Reject, duty: Duty) -> tuple[Done, ...]:
    chosen = _chosen(c, wanted, duty)
    if isinstance(chosen, Done):
        return (chosen,)
    ticket, entry = chosen
    step = held.reject(c, ticket, entry, By(actor(wanted.by), duty.basis, duty.now))
    return (Done(f"#{wanted.number}", "done", saying("done_rejected", entry=f"e-{entry.id}"), steps=(step,)),)


def _chosen(c: Connection, wanted: Accept | Reject, duty: Duty) -> tuple[Ticket, Entry] | Done:
    """The ticket, and the held entry of it that is meant; else why there is none."""
    name = f"#{wanted.number}"
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return refused
    ticket = open_ticket(c, wanted.number)
    if isinstance(ticket, Done):
        return ticket
    waiting = [e for e in tickets.entries(c, ticket.number) if e.held]
    chosen = [e for e in waiting if wanted.entry in (None, e.id)]
    if not chosen:
        return Done(name, "not-found", saying("done_not_held" if waiting else "done_none_held"))
    if len(chosen) > 1:
        ids = ", ".join(f"e-{e.id}" for e in chosen)
        return Done(name, "conflict", saying("done_which_held", entries=ids))
    return ticket, chosen[0]


OPERATIONS: Mapping[str, Operation] = {
    "ticket.accept": Operation(Accept, _accept),
    "ticket.reject": Operation(Reject, _reject),
}
