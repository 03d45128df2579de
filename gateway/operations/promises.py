"""Promises worked out anew, where the rules changed and nothing happened in the tickets since.

Transaction  the caller's; so many tickets a time that nobody waits for it long.
Not here     what a ticket is promised (ticket/sla.py), what changes it otherwise (store/changes.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.operations.types import Done, Duty, Operation
from gateway.store import sla
from gateway.store.tickets import find_ticket

AT_ONCE = 200  # tickets


@dataclass(frozen=True, slots=True)
class Recompute:
    """The tickets whose clocks are to be worked out from their ledgers."""

    numbers: tuple[int, ...]


def recompute(c: Connection, wanted: Recompute, duty: Duty) -> tuple[Done, ...]:
    """Those of the tickets of which a due time changed, and those that are not there."""
    before = {number: find_ticket(c, number, lock=True) for number in wanted.numbers[:AT_ONCE]}
    there = [number for number, ticket in before.items() if ticket is not None]
    found = []
    for number in sla.renew(c, there, duty.deps.promises, duty.now):
        was, now = before[number], find_ticket(c, number)
        dues = [f"{t.next_due:%Y-%m-%d %H:%M} UTC" if t is not None and t.next_due else "none" for t in (was, now)]
        found.append(Done(f"#{number}", "done", f"due {' -> '.join(dues)}"))
    missing = [Done(f"#{n}", "not-found", "there is no such ticket") for n, t in before.items() if t is None]
    return (*found, *missing)


OPERATIONS: Mapping[str, Operation] = {"sla.recompute": Operation(Recompute, recompute)}
