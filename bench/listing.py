"""A hundred thousand tickets, and how long a query takes among them."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from statistics import median

from sqlalchemy import Connection, Engine, insert, text, update

from gateway.rules.statuses import BUILT_IN
from gateway.store import search, shared_words
from gateway.store.listing import find_tickets
from gateway.store.schema import entry, search_backlog, ticket
from gateway.ticket.query import parse_query

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
QUERIES = (
    # what is asked for: words that few, some and nearly all tickets have, alone and together, with fields
    'from:jan4700 is:open tag:refund "order PL-10442" before:2026-11-01',
    '"order PL-10442"',
    "PL-10442",
    "parcel",
    "refund",
    "refund order",
    "refund ord*",
    "is:open refund",
    "is:open -refund parcel",
    "from:jan*",
    "tag:refund",
    "subject:order team:billing",
    "nothingofthekind",
    "",
    "is:open",
    "is:open sort:priority",
    "assignee:nobody",
    "team:billing status:solved since:30d",
    # what needs another order, or most of the tickets: words that nearly all have, left out or of long ago
    "order sort:due",
    "order refund sort:priority",
    "order refund before:2026-01-15",
    "lang:de sort:due",
    "-order",
    "-order sort:priority",
    "refund -order",
    "-or*",
    # phrases: one that every ticket has, left out; words that half of the entries have, seldom one after the other
    '"your order"',
    '-"your order"',
    '-"your order" sort:due',
    '-subject:"your order" refund',
    '"uaa neił"',
    '"prgagbo zpłgc"',
    '"zpłgc uaa neił"',
    '-"uaa neił"',
)
_STATUSES = ("new", "open", "pending", "solved", "closed")
_SLICE = 5000


def furnish(engine: Engine, count: int) -> float:
    """So many tickets with one entry or two; the seconds it takes to fill the index with their words."""
    with engine.begin() as c:
        for first in range(1, count + 1, _SLICE):
            numbers = range(first, min(first + _SLICE, count + 1))
            c.execute(insert(ticket), [_ticket(number, count) for number in numbers])
            c.execute(insert(entry), [row for number in numbers for row in _entries(number)])
        c.execute(update(search_backlog).values(ticket=count))
    began = time.perf_counter()
    behind = True
    while behind:
        with engine.begin() as c:
            search.fill(c)
            behind = search.is_behind(c)
    took = time.perf_counter() - began
    with engine.begin() as c:
        for blocks in shared_words.missing(c):
            shared_words.gather(c, blocks)
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
            c.execute(text("VACUUM ANALYZE"))  # what a running server does by itself
    return took


def timed(c: Connection) -> Iterator[tuple[str, float, int]]:
    """(query, milliseconds, tickets found) of each, the median of nine."""
    for query in QUERIES:
        parsed = parse_query(query, NOW, statuses=BUILT_IN)
        times, found = [], 0
        for _ in range(9):
            began = time.perf_counter()
            found = len(find_tickets(c, parsed, 50))
            times.append(time.perf_counter() - began)
        yield query, median(times) * 1000, found


def _ticket(number: int, count: int) -> dict[str, object]:
    chance = random.Random(number)
    at = NOW - timedelta(minutes=5 * (count - number))
    kind = chance.choices(_STATUSES, (1, 3, 4, 10, 82))[0]
    return {
        "number": number,
        "subject": f"Your order PL-{number}",
        "team": chance.choice(("support", "billing", "orders")),
        "assignee": chance.choice((None, "ana", "piotr", "eva")),
        "priority": chance.choices(("normal", "high", "urgent", "low"), (80, 10, 2, 8))[0],
        "status": kind,
        "status_type": BUILT_IN[kind],
        "status_at": at,
        "tags": '["refund"]' if chance.random() < 0.1 else "[]",
        "fields": "{}",
        "flags": "[]",
        "language": "en",
        "channel": "mail",
        "created_at": at,
        "updated_at": at + timedelta(minutes=chance.randrange(10_000)),
        "messages": 1,
        "version": 1,
    }


def _entries(number: int) -> Iterator[dict[str, object]]:
    chance = random.Random(-number)
    for _ in range(1 + number % 2):
        words = chance.choices(_VOCABULARY, cum_weights=_WEIGHTS, k=chance.randrange(40, 160))
        words += [word for word, share in (("refund", 0.5), ("parcel", 0.2)) if chance.random() < share]
        yield {
            "ticket": number,
            "kind": "mail",
            "author_name": _NAMES[number % len(_NAMES)],
            "author_address": f"{_NAMES[number % len(_NAMES)]}{number % 20_000}@bank{number % 500}.test",
            "at": NOW,
            "text": " ".join(words),
            "quoted": "",
            "signature": "",
            "public": True,
            "attachments": "[]",
        }


_CHANCE = random.Random(1)
_NAMES = ("jan", *("".join(_CHANCE.choices("abeilnorst", k=6)) for _ in range(49)))
_VOCABULARY = [
    "".join(_CHANCE.choices("abcdefghijklmnoprstuwząęłóß", k=_CHANCE.randrange(3, 10))) for _ in range(20_000)
]
_WEIGHTS = list(accumulate(1 / (place + 5) for place in range(20_000)))
