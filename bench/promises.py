"""A hundred thousand open tickets under a policy, and what a tick costs that finds a hundred of them due.

Either one agent owns the hundred, who gets one digest, or ten do, and each gets a mail for each of his ten.
"""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from gateway import policy
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.due import Due
from gateway.store import sla, sla_lists
from gateway.store.opening import open_store
from gateway.store.schema import entry, sla_clock, sla_ledger, ticket
from gateway.store.store import Store
from gateway.ticket.token import TokenRing

AGENTS = tuple(f"agent{n}" for n in range(10))
RULES = f"""version: 1
defaults: {{team: support, calendar: office, sla: standard}}
agents: {{{", ".join(f"{id}: {{name: {id.title()}, email: {id}@agents.test}}" for id in AGENTS)}}}
teams: {{support: {{address: support@bench.test, members: [{", ".join(AGENTS)}]}}}}
calendars: {{office: {{timezone: Europe/Zagreb, hours: {{mon-fri: "08:00-17:00"}}}}}}
sla: {{standard: {{first_response: 8h, resolution: 5d}}}}
"""
OPENS = datetime(2026, 11, 23, 7, tzinfo=UTC)  # Monday, 8 o'clock in Zagreb
LENGTH, _ANOTHER_DAY = timedelta(hours=8), timedelta(hours=23)
_SLICE, _DUE, _LATER = 5000, 100, timedelta(minutes=10)
# (owners of a hundred that fall due together, what it is called); the first two are not shown: what is compiled at its
# first use was used before, in a gateway that runs
_TICKS = ((1, ""), (10, ""), (1, "one agent, a digest"), (10, "ten agents, a mail for each ticket"))


def measured(settings: Settings, folder: Path, count: int) -> Iterator[tuple[str, str]]:
    """(figure, its text): the look for what is due, the ticks, and one ticket worked out anew."""
    path = folder / "promises.yaml"
    path.write_text(RULES, "utf-8")
    clock = FakeClock(OPENS + LENGTH - _LATER / 2)
    templates = policy.templates_of(settings, clock)
    deps = policy.deps(settings, policy.read_rules(path, templates), TokenRing.of(bytes(32)), templates, clock)
    store = open_store(settings)
    for first in range(0, count, _SLICE):
        store.submit(lambda c, f=first: _furnish(c, range(f, min(f + _SLICE, count))), durable=False).result()  # type: ignore[misc]
    due = Due(store, lambda: deps, clock, lambda: None)
    for _, name in _TICKS:
        asyncio.run(clock.advance(_LATER.total_seconds()))
        yield from _tick(store, due, clock.now(), f"promises.tick, {name}") if name else ()
        asyncio.run(due.remind())
    numbers = range(1, 201)
    cpu = time.process_time()
    store.submit(lambda c: sla.renew(c, numbers, deps.promises, clock.now()), durable=False).result()
    each = 1000 * (time.process_time() - cpu) / len(numbers)
    yield "promises.one", f"{each:.2f} ms CPU, a ticket worked out anew (bound: 1)"
    store.close()


def _tick(store: Store, due: Due, now: datetime, name: str) -> Iterator[tuple[str, str]]:
    began = time.process_time()
    found = store.read_now(lambda c: sla_lists.reached(c, now, 1000))
    look = time.process_time() - began
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(due.remind())
    took, used = time.perf_counter() - began, time.process_time() - cpu
    figures = f"{len(found)} found in {1000 * look:.1f} ms; {1000 * used:.0f} ms CPU, {1000 * took:.0f} ms by the clock"
    yield name, f"{figures}, mails and all (bound: 100)"


def _furnish(c: Connection, some: range) -> None:
    """Tickets; those of each tick come first, then all that are due another day."""
    rows = [{"number": n + 1, "at": OPENS + LENGTH / 2, "length": _ANOTHER_DAY, "assignee": AGENTS[0]} for n in some]
    for row, n in zip(rows, some, strict=True):
        tick, place = divmod(n, _DUE)
        if tick < len(_TICKS):
            row |= {"at": OPENS + _LATER * tick, "length": LENGTH, "assignee": AGENTS[place % _TICKS[tick][0]]}
    plain = {"team": "support", "priority": "normal", "status": "open", "status_type": "open", "channel": "mail"}
    empty = {"tags": "[]", "fields": "{}", "flags": "[]", "messages": 1, "version": 1}
    c.execute(
        insert(ticket),
        [
            {**plain, **empty, "number": r["number"], "subject": f"Order {r['number']}", "created_at": r["at"],
             "updated_at": r["at"], "status_at": r["at"], "assignee": r["assignee"], "requester_name": "Jan",
             "requester_address": "jan@x.test"}
            for r in rows
        ],
    )  # fmt: skip
    said = {"kind": "mail", "text": "Where is it?", "quoted": "", "signature": "", "public": True, "attachments": "[]"}
    c.execute(insert(entry), [{**said, "ticket": r["number"], "at": r["at"]} for r in rows])
    line = {"what": "opened", "value": "", "cause": "customer"}
    c.execute(insert(sla_ledger), [{**line, "ticket": r["number"], "at": r["at"]} for r in rows])
    clock = {"cycle": 1, "policy": "standard", "state": "running"}
    c.execute(
        insert(sla_clock),
        [
            {**clock, "ticket": r["number"], "metric": metric, "started_at": r["at"], "due_at": due, "next_at": due}
            for r in rows
            for metric, length in (("first_response", r["length"]), ("resolution", timedelta(days=7)))
            for due in (r["at"] + length,)
        ],
    )  # fmt: skip
