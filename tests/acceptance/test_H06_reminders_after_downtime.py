"""H-06: after a downtime each is told once, of the latest stage, by two schedulers that are killed again and again."""

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, func, insert, select

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.due import Due
from gateway.store import sla_lists
from gateway.store.opening import open_store
from gateway.store.schema import sla_clock, sla_ledger, sla_told, ticket
from tests.processing import Desk

pytestmark = [pytest.mark.p0, pytest.mark.push]

MONDAY = datetime(2026, 11, 23, 8, tzinfo=UTC)
AFTER = MONDAY + timedelta(hours=12)
TICKETS, KILLS = 5000, 30
RULES = """version: 1
defaults: {team: support, calendar: always, sla: standard}
agents:
  ann: {name: Ann Agent, email: ann@agents.test, notify: none}
  bob: {name: Bob, email: bob@agents.test, notify: none}
  eva: {name: Eva Boss, email: eva@agents.test}
teams: {support: {address: support@gw.test, members: [ann, bob], lead: eva, auto_ack: false}}
calendars: {always: {timezone: UTC, hours: {mon-sun: "00:00-24:00"}}}
sla: {standard: {first_response: 4h, warn_at: [25%, 50%]}}
limits: {auto_total: 100000 per 1h}
"""


def furnish(c: Connection) -> None:
    """Tickets of Monday morning, every other one Ann's, that have all their stages before them."""
    plain = {"team": "support", "priority": "normal", "status": "open", "status_type": "open", "channel": "mail",
             "tags": "[]", "fields": "{}", "flags": "[]", "messages": 1, "version": 1, "created_at": MONDAY,
             "updated_at": MONDAY, "status_at": MONDAY}  # fmt: skip
    numbers = range(1, TICKETS + 1)
    owners = ("ann", "bob")
    c.execute(
        insert(ticket), [{**plain, "number": n, "subject": f"Order {n}", "assignee": owners[n % 2]} for n in numbers]
    )
    line = {"at": MONDAY, "what": "opened", "value": "", "cause": "customer"}
    c.execute(insert(sla_ledger), [{**line, "ticket": n} for n in numbers])
    clock = {"metric": "first_response", "cycle": 1, "policy": "standard", "state": "running", "started_at": MONDAY,
             "due_at": MONDAY + timedelta(hours=4), "next_at": MONDAY + timedelta(hours=1)}  # fmt: skip
    c.execute(insert(sla_clock), [{**clock, "ticket": n} for n in numbers])


def catch_up(settings: Settings, minute: int) -> None:
    """What a scheduler does that starts after the downtime, until it is killed."""
    store = open_store(settings)
    desk = Desk(store, settings, RULES)
    desk.now = AFTER + timedelta(minutes=minute)
    asyncio.run(Due(store, lambda: desk.deps, FakeClock(desk.now), lambda: None).remind())
    store.close()


def test_h06_each_is_told_once_however_often_it_is_killed(settings: Settings) -> None:
    store = open_store(settings)
    store.submit(furnish, durable=True).result()
    alone = store.alone
    store.close()
    chance, forking = random.Random(6), multiprocessing.get_context("fork")
    for kill in range(KILLS):
        running = [forking.Process(target=catch_up, args=(settings, kill)) for _ in range(1 if alone else 2)]
        for process in running:
            process.start()
        time.sleep(chance.uniform(0.2, 0.9))  # the world's clock: a kill comes when it comes
        for process in running:
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
    catch_up(settings, KILLS)
    store = open_store(settings)
    desk = Desk(store, settings, RULES)
    with desk.reading() as c:
        assert sla_lists.reached(c, AFTER + timedelta(days=9), 10) == []
        told = Counter(c.execute(select(sla_told.c.stage)).scalars())
        tickets = c.execute(select(func.count(sla_told.c.ticket.distinct()))).scalar_one()
    assert (told, tickets) == ({100: TICKETS}, TICKETS)
    sent = Counter((item.template, item.forward_path.partition("@")[0]) for item in desk.mails())
    assert sent == {("digest", name): 1 for name in ("ann", "bob", "eva")}
    store.close()
