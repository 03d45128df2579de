"""What falls due in tickets: snoozes that end, and what rules put off, done once, or why it was not.

Transaction  one for each action, which also turns its row away from `waiting`.
Not here     when this is asked (daemon.py), what an action changes (ticket/acted.py).
"""

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.deciding.types import Deps
from gateway.errors import TransientError
from gateway.events import carry_out, happened
from gateway.returned import tell_undelivered
from gateway.rules.types import Decision, Trace
from gateway.store import customers, delayed, tickets
from gateway.store.changes import add_event
from gateway.store.delayed import Delayed
from gateway.store.snoozed import wake
from gateway.store.store import Store
from gateway.ticket.life import FINISHED

_A_RUN = 1000
_WAKES_A_COMMIT = 100
log = structlog.get_logger("due")


class Due:
    """Asks the store what fell due."""

    def __init__(self, store: Store, deps: Callable[[], Deps], clock: Clock, queued: Callable[[], None]) -> None:
        self._store, self._deps, self._clock, self._queued = store, deps, clock, queued

    async def wake(self) -> None:
        """Snoozed tickets whose time has come are as they were before."""
        now, woken, promises = self._clock.now(), _WAKES_A_COMMIT, self._deps().promises
        while woken == _WAKES_A_COMMIT:
            woken = await self._store.write(lambda c: wake(c, now, _WAKES_A_COMMIT, promises))
            if woken:
                log.info("tickets.woken", count=woken)

    async def tell_undelivered(self) -> None:
        """Agents hear of answers that did not arrive."""
        now, d = self._clock.now(), self._deps()
        if await self._store.write(lambda c: tell_undelivered(c, d, now)):
            self._queued()

    async def do_delayed(self) -> None:
        """Every action whose time has come; one that fails keeps no other from being done."""
        now, d = self._clock.now(), self._deps()
        for found in await self._store.read(lambda c: delayed.due(c, now, _A_RUN)):
            try:
                await self._store.write(lambda c, f=found: act_on(c, f, d, now))  # type: ignore[misc]
            except TransientError:
                raise
            except Exception as e:  # noqa: BLE001 -- the outermost frame of one action: its trouble, not the others'
                log.error("delayed.failed", id=found.id, ticket=found.ticket, rule=found.rule, error=type(e).__name__)
                reason = f"{type(e).__name__} while it was done"
                await self._store.write(lambda c, f=found, r=reason: _fail(c, f, r, now))  # type: ignore[misc]
        self._queued()


def act_on(c: Connection, found: Delayed, d: Deps, now: datetime) -> None:
    """Do it if it still waits and its rule still stands."""
    ticket = tickets.find_ticket(c, found.ticket, lock=True)
    if ticket is None or ticket.merged_into is not None or ticket.status_type in FINISHED:
        delayed.settle(c, found, "cancelled", "the ticket is at its end", now)
        return
    if all(rule.id != found.rule for rule in d.rules.rules):
        reason = f"revision {d.rules.revision} has no rule “{found.rule}”"
        if delayed.settle(c, found, "cancelled", reason, now):
            add_event(c, ticket.number, f"Not done: {found.words} ({reason})", now)
        return
    if not delayed.settle(c, found, "done", "", now):
        return
    customer = customers.find_customer(c, ticket.requester.address) if ticket.requester is not None else None
    decision = Decision((found.action,), Trace(d.rules.revision, d.rules.sha256, ()))
    after = carry_out(c, ticket, (), decision, customer, d, now, key=f"delayed:{found.id}")
    if after.status != ticket.status:
        happened(c, ticket, after, (), d, now, actor="rule")


def _fail(c: Connection, found: Delayed, reason: str, now: datetime) -> None:
    if delayed.settle(c, found, "failed", reason, now):
        add_event(c, found.ticket, f"Not done: {found.words} of rule “{found.rule}” ({reason})", now)
