"""A hundred thousand open tickets under a policy, and what a tick costs that finds a hundred of them due."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, insert

from gateway import policy
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.digests import send_digest
from gateway.due import Due
from gateway.store import sla, sla_lists
from gateway.store.opening import open_store
from gateway.store.schema import entry, sla_clock, sla_ledger, ticket
from gateway.ticket.token import TokenRing

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = """version: 1
defaults: {team: support, calendar: office, sla: standard}
agents: {ann: {name: Ann, email: ann@agents.test}}
teams: {support: {address: support@bench.test, members: [ann], lead: ann}}
calendars: {office: {timezone: Europe/Zagreb, hours: {mon-fri: "08:00-17:00"}}}
sla: {standard: {first_response: 8h, resolution: 5d}}
"""
_SLICE, _DUE = 5000, 101
_BEFORE = timedelta(days=2, hours=12)  # one ticket was due then


def measured(settings: Settings, folder: Path, count: int) -> Iterator[tuple[str, str]]:
    """(figure, its text): the look for what is due, a tick, and one ticket worked out anew."""
    path = folder / "promises.yaml"
    path.write_text(RULES, "utf-8")
    clock = FakeClock(NOW - _BEFORE)
    templates = policy.templates_of(settings, clock)
    deps = policy.deps(settings, policy.read_rules(path, templates), TokenRing.of(bytes(32)), templates, clock)
    store = open_store(settings)
    for first in range(1, count + 1, _SLICE):
        store.submit(lambda c, f=first: _furnish(c, f, count), durable=False).result()  # type: ignore[misc]
    began = time.perf_counter()
    found = store.read_now(lambda c: sla_lists.reached(c, NOW, 1000))
    yield "promises.look", f"{1000 * (time.perf_counter() - began):.1f} ms to find {len(found)} of {count}"
    due = Due(store, lambda: deps, clock, lambda: None)
    ann = deps.rules.agents["ann"]  # what is compiled at its first use was used before, in a gateway that runs
    store.submit(lambda c: send_digest(c, ann, deps, NOW, key="first", about=[count]), durable=False).result()
    asyncio.run(due.remind())
    asyncio.run(clock.advance(_BEFORE.total_seconds()))
    began, cpu = time.perf_counter(), time.process_time()
    asyncio.run(due.remind())
    took, used = time.perf_counter() - began, time.process_time() - cpu
    yield "promises.tick", f"{1000 * took:.0f} ms, {1000 * used:.0f} ms CPU, mails and all (bound: 100)"
    numbers = range(1, 201)
    cpu = time.process_time()
    store.submit(lambda c: sla.renew(c, numbers, deps.promises), durable=False).result()
    each = 1000 * (time.process_time() - cpu) / len(numbers)
    yield "promises.one", f"{each:.2f} ms CPU, a ticket worked out anew (bound: 1)"
    store.close()


def _furnish(c: Connection, first: int, count: int) -> None:
    numbers = range(first, min(first + _SLICE, count + 1))
    opened = NOW - timedelta(hours=2)
    rows = [{"number": n, "at": opened - timedelta(days=3 * (n <= _DUE) + (n == 1))} for n in numbers]
    plain = {"team": "support", "priority": "normal", "status": "open", "status_type": "open", "channel": "mail"}
    empty = {"tags": "[]", "fields": "{}", "flags": "[]", "messages": 1, "version": 1, "assignee": "ann"}
    c.execute(
        insert(ticket),
        [
            {**plain, **empty, "number": r["number"], "subject": f"Order {r['number']}", "created_at": r["at"],
             "updated_at": r["at"], "status_at": r["at"], "requester_name": "Jan", "requester_address": "jan@x.test"}
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
            {**clock, "ticket": r["number"], "metric": metric, "started_at": r["at"], "due_at": r["at"] + length,
             "next_at": r["at"] + length}
            for r in rows
            for metric, length in (("first_response", timedelta(hours=26)), ("resolution", timedelta(days=7)))
        ],
    )  # fmt: skip
