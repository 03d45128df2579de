"""What endpoints of other programs are told: each call waits until it is taken, or until nobody tries it any more.

Transaction  the caller's. A claim counts the attempt and moves the next one ahead before anything leaves the machine:
             of several processes one makes it, and a crash costs that one attempt.
Not here     the network (outgoing/webhook.py), when it is asked and what is given up (webhooks.py beside the daemon).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from gateway.message.charset import clean_line
from gateway.store.schema import webhook_call, webhook_trouble
from gateway.store.upsert import inserted

_MAX_SAID = 300
_WAITING = webhook_call.c.state == "waiting"


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that one endpoint is told."""

    id: int
    endpoint: str
    ticket: int
    rule: str
    event: str  # JSON
    state: str  # waiting, taken, failed
    attempts: int  # begun, with the one that is claimed
    made_at: datetime
    next_at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How it stands with the calls to one of them."""

    name: str
    waiting: int
    taken: int
    failed: int
    trouble_since: datetime | None  # None: the last call was taken, or none was made
    off: bool


def add_call(
    c: Connection, endpoint: str, rule: str | None, ticket: int, event: Mapping[str, object], now: datetime
) -> None:
    """Keep it to be made at once; an endpoint that is off is not told.

    rule  that asks for it; None: the endpoint wants to know
    """
    told = msgspec.json.encode(event).decode()
    row = {"endpoint": endpoint, "ticket": ticket, "rule": rule or "", "event": told, "attempts": 0}
    ends: dict[str, object] = {"state": "waiting", "said": "", "settled_at": None}
    if endpoint in off(c):
        ends = {"state": "failed", "said": "the endpoint is off", "settled_at": now}
    c.execute(insert(webhook_call), {**row, **ends, "made_at": now, "next_at": now})


def is_due(c: Connection, now: datetime) -> bool:
    """Whether any call is to be made by now."""
    return (
        c.execute(select(webhook_call.c.id).where(_WAITING, webhook_call.c.next_at <= now).limit(1)).first() is not None
    )


def claim(c: Connection, now: datetime, ahead: timedelta, limit: int, each: int) -> list[Call]:
    """Calls that are due, an attempt counted for each, those that wait longest first.

    ahead  when another attempt is due, should this one never be settled.  each  at most of one endpoint
    """
    place = func.row_number().over(partition_by=webhook_call.c.endpoint, order_by=webhook_call.c.next_at)
    due = select(webhook_call.c.id, place.label("place")).where(_WAITING, webhook_call.c.next_at <= now).subquery()
    query = select(webhook_call).join(due, due.c.id == webhook_call.c.id).where(due.c.place <= each)
    found = c.execute(query.order_by(webhook_call.c.next_at, webhook_call.c.id).limit(limit)).all()
    calls = []
    for row in found:
        mine = and_(_WAITING, webhook_call.c.id == row.id, webhook_call.c.attempts == row.attempts)
        moved = {"attempts": row.attempts + 1, "next_at": now + ahead}
        if c.execute(update(webhook_call).where(mine).values(moved)).rowcount == 1:
            fields = {name: getattr(row, name) for name in Call.__slots__}
            calls.append(Call(**{**fields, **moved}))
    return calls


def settle(c: Connection, call: Call, state: str, said: str, now: datetime, next_at: datetime | None = None) -> None:
    """What became of an attempt; nothing when another one was begun since.

    next_at  of one that waits on
    """
    mine = and_(_WAITING, webhook_call.c.id == call.id, webhook_call.c.attempts == call.attempts)
    ends = {"settled_at": now} if next_at is None else {"next_at": next_at}
    c.execute(update(webhook_call).where(mine).values(state=state, said=clean_line(said)[:_MAX_SAID], **ends))


def trouble_since(c: Connection, endpoint: str, now: datetime) -> datetime:
    """Note that it did not take a call; since when it has taken none."""
    inserted(c, webhook_trouble, {"endpoint": endpoint, "since": now, "off": False})
    since = c.execute(select(webhook_trouble.c.since).where(webhook_trouble.c.endpoint == endpoint)).scalar_one()
    return since if isinstance(since, datetime) else now


def works(c: Connection, endpoint: str) -> None:
    """It took a call, or a person says that it will."""
    c.execute(delete(webhook_trouble).where(webhook_trouble.c.endpoint == endpoint))


def turn_off(c: Connection, endpoint: str, said: str, now: datetime) -> None:
    """Tell it nothing more; what waits has failed."""
    c.execute(update(webhook_trouble).where(webhook_trouble.c.endpoint == endpoint).values(off=True))
    waiting = and_(_WAITING, webhook_call.c.endpoint == endpoint)
    c.execute(update(webhook_call).where(waiting).values(state="failed", said=said, settled_at=now))


def end_all(c: Connection, said: str, now: datetime) -> int:
    """No endpoint is told what waits; how many calls."""
    return c.execute(update(webhook_call).where(_WAITING).values(state="failed", said=said, settled_at=now)).rowcount


def off(c: Connection) -> frozenset[str]:
    """The endpoints that are told nothing."""
    return frozenset(c.execute(select(webhook_trouble.c.endpoint).where(webhook_trouble.c.off)).scalars())


def again(c: Connection, endpoint: str, now: datetime) -> int:
    """Try what failed once more, from the first attempt on; how many."""
    works(c, endpoint)
    failed = and_(webhook_call.c.endpoint == endpoint, webhook_call.c.state == "failed")
    waits = {"state": "waiting", "attempts": 0, "next_at": now, "settled_at": None}
    return c.execute(update(webhook_call).where(failed).values(waits)).rowcount


def forget(c: Connection, before: datetime) -> int:
    """Delete what was settled before; how many."""
    return c.execute(delete(webhook_call).where(webhook_call.c.settled_at < before)).rowcount


def endpoints(c: Connection, known: Collection[str]) -> list[Endpoint]:
    """Those of the settings, and those that calls are left of, by name."""
    counts: dict[str, dict[str, int]] = {name: {} for name in known}
    query = select(webhook_call.c.endpoint, webhook_call.c.state, func.count()).group_by(
        webhook_call.c.endpoint, webhook_call.c.state
    )
    for name, state, count in c.execute(query):
        counts.setdefault(name, {})[state] = count
    troubles = {row.endpoint: row for row in c.execute(select(webhook_trouble))}
    return [
        Endpoint(
            name, by.get("waiting", 0), by.get("taken", 0), by.get("failed", 0),
            troubles[name].since if name in troubles else None,
            off=name in troubles and troubles[name].off,
        )
        for name, by in sorted(counts.items())
    ]  # fmt: skip


def of_ticket(c: Connection, ticket: int) -> list[Call]:
    """All about a ticket, oldest first."""
    columns = (webhook_call.c[name] for name in Call.__slots__)
    return [Call(*row) for row in c.execute(select(*columns).where(webhook_call.c.ticket == ticket).order_by("id"))]
