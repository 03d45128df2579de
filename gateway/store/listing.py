"""The tickets that a query finds, the same ones in the same order on both databases.

Sources  SQLite FTS5 §3 (a word is in double quotes, so that it is never syntax), PostgreSQL §8.11.2 (in single ones).
         Both are made of words that hold letters, digits and `_` alone. Words narrow down tickets, not entries: one
         may stand in the first mail, another in the last.
         The way to them goes by how frequent the words are. Tickets of a rare word are looked up. Where all words are
         frequent, the first tickets of the order most likely have them: those are read. Where they have not, the whole
         order is read off its index, and the tickets of each word off the index of words, each as one array: what is
         in both comes first. Words that are left out go the same ways, past the blocks of tickets that all have them.
Not here what may be asked (ticket/query.py), how words are stored (search.py).
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    Text,
    and_,
    any_,
    case,
    cast,
    column,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from gateway.store import shared_words
from gateway.store.schema import customer, ticket
from gateway.store.search import ENTRY_BITS, pairs
from gateway.store.tickets import ticket_of
from gateway.ticket.query import PRIORITIES, Choice, Numbers, Opened, Query, Seen, Sort, Words
from gateway.ticket.types import Ticket

Tickets = ReadOnlyColumnCollection[str, Any]  # the columns of the table, or of a part of its rows
_RARE = 500  # hits of a word that are looked for before the newest tickets are read
_FEW = 2000  # tickets that are looked up one by one
_SLICES = (0, 5000, 1 << 62)  # of an order that is read whole: mostly the first one has enough
_NEWEST = 1000  # tickets of the order that are read first, when no word is rare
_MANY_SPARED = 1 / 8  # of the blocks: so few of the newest tickets lack a word that is left out that others are read


def find_tickets(c: Connection, query: Query, limit: int) -> list[Ticket]:
    """The first of the tickets that fit all conditions, in the order of the query.

    Tickets of customers whose data is restricted are not found by words.
    """
    if c.dialect.name == "postgresql":  # to read every vector is never quicker than the index that leads to some
        c.execute(text("SET LOCAL enable_seqscan = off"))
    first, whole = listing(c, query, limit)
    numbers: Collection[int] = c.execute(first).scalars().all()
    if not whole and len(numbers) < limit:
        numbers = _first_with_all(c, query, limit)
    found = _fitting(query, ticket).where(_among(c, numbers)).limit(limit)
    return [ticket_of(row) for row in c.execute(found)]


def listing(c: Connection, query: Query, limit: int) -> tuple[Select[Any], bool]:
    """The statement for numbers that is tried first, and whether it finds all; else what is among the newest."""
    lite, words = c.dialect.name == "sqlite", _words_of(query)
    rarest, spared = _rarest(c, words, lite=lite), set[int]()
    if rarest is None and any(each.excluded for each in words):
        spared, others = _spared(c, words)
        rarest = (None, others) if others else None
    if rarest is None and words:
        beside = [not_(_among(c, spared, ticket.c.number.op(">>")(_BLOCK)))] if spared else []
        keys = _keys(query.sort)  # named, so that PostgreSQL sees the order again, and stops when it has enough
        named = (key.label(f"key{place}") for place, (key, _) in enumerate(keys))
        newest = _fitting(query, ticket.c.number, *named).where(*beside).limit(_NEWEST).subquery("newest")
        asked = (_is_hit(each, newest.c, lite=lite) for each in words)
        found = select(newest.c.number).where(*asked, newest.c.number.not_in(_HIDDEN))
        order = _ordered((newest.c[f"key{place}"], up) for place, (_, up) in enumerate(keys))
        return found.order_by(*order).limit(limit), False
    found = _fitting(query, ticket.c.number)
    if rarest is not None:
        certain, numbers = rarest
        asked = (_is_hit(each, ticket.c, lite=lite) for each in words if each is not certain)
        found = found.where(_among(c, numbers), *asked, ticket.c.number.not_in(_HIDDEN))
    return found.limit(limit), True


def silent_between(c: Connection, spans: Collection[tuple[datetime, datetime]], some: int) -> list[Ticket]:
    """Tickets that changed last in one of some spans, the longest silent first; closed ones are not among them.

    spans  after one moment and not after another
    some   about so many: those that changed in the same moment as the last of them come with it
    """
    changed = or_(false(), *(and_(ticket.c.updated_at > since, ticket.c.updated_at <= until) for since, until in spans))
    silent = and_(changed, ticket.c.status_type != "closed")
    ends = select(ticket.c.updated_at).where(silent).order_by(ticket.c.updated_at).offset(some - 1).limit(1)
    last = c.execute(ends).scalar_one_or_none()
    query = select(ticket).where(silent).order_by(ticket.c.updated_at, ticket.c.number)
    if last is not None:
        query = query.where(ticket.c.updated_at <= last)
    return [ticket_of(row) for row in c.execute(query)]


def _fitting(query: Query, *wanted: Table | ColumnElement[Any]) -> Select[Any]:
    """The tickets that fit all but the words, in the order of the query."""
    fits = (_columns(each) for each in query.conditions if not isinstance(each, Words))
    return select(*wanted).where(*fits).order_by(*_ordered(_keys(query.sort)))


def _words_of(query: Query) -> list[Words]:
    return [each for each in query.conditions if isinstance(each, Words)]


def _rarest(c: Connection, words: Sequence[Words], *, lite: bool) -> tuple[Words | None, Collection[int]] | None:
    """The words with the fewest hits and the tickets that have them, if those are few."""
    wanted = (asked for asked in words if not asked.excluded)
    few = ((asked, _array(c, _hits(asked, lite=lite).limit(_RARE + 1))) for asked in wanted)
    return min((pair for pair in few if len(pair[1]) <= _RARE), key=lambda pair: len(pair[1]), default=None)


def _spared(c: Connection, words: Iterable[Words]) -> tuple[set[int], list[int]]:
    """The blocks whose tickets all have a word that is left out, if many; and the numbers beside them, if few."""
    blocks = shared_words.blocks(c)
    unwanted = (shared_words.having(each.phrases, prefix=each.prefix) for each in words if each.excluded)
    spared = set[int]().union(*(_array(c, each) for each in unwanted))
    if len(spared) < len(blocks) * _MANY_SPARED:
        return set(), []
    others = blocks - spared
    return spared, shared_words.numbers_in(others) if len(others) << shared_words.BLOCK_BITS <= _FEW else []


def _first_with_all(c: Connection, query: Query, limit: int) -> Collection[int]:
    """The numbers of the first tickets that fit, have the words, and may be found by them; others may be among them.

    A database takes several times as long to look so many tickets up among so many others: they come as arrays.
    """
    words, lite = _words_of(query), c.dialect.name == "sqlite"
    wanted = [set(_array(c, _hits(each, lite=lite))) for each in words if not each.excluded]
    unwanted = set[int]().union(*(_array(c, _hits(each, lite=lite)) for each in words if each.excluded))
    unwanted.update(_array(c, _HIDDEN))
    having = (set.intersection(*wanted) if wanted else _numbers_to(c)) - unwanted
    if len(having) <= _FEW:
        return having
    found: list[int] = []
    for first, last in pairwise(_SLICES):
        fitting = _array(c, _fitting(query, ticket.c.number).offset(first).limit(last - first))
        found.extend(islice(filter(having.__contains__, fitting), limit - len(found)))
        if len(found) == limit or len(fitting) < last - first:
            break
    return found


def _numbers_to(c: Connection) -> set[int]:
    """All numbers up to the newest ticket's: next to none of them is no ticket."""
    return set(range(1, (c.execute(_NEWEST_NUMBER).scalar_one() or 0) + 1))


def _array(c: Connection, numbers: Select[Any]) -> list[int]:
    rows = numbers.subquery()
    gather = func.json_group_array if c.dialect.name == "sqlite" else func.json_agg
    made = c.execute(select(cast(gather(rows.c[0]), Text))).scalar_one()
    return [] if made is None else msgspec.json.decode(made, type=list[int])


def _among(c: Connection, numbers: Iterable[int], of: ColumnElement[int] = ticket.c.number) -> ColumnElement[bool]:
    """Whether a ticket's number, or its block, is one of these: one value, however many there are."""
    if c.dialect.name == "sqlite":
        array = literal(msgspec.json.encode(list(numbers)).decode(), Text)
        return of.in_(select(func.json_each(array).table_valued("value").c.value))
    return of == any_(literal(list(numbers), ARRAY(BigInteger)))


def _hits(asked: Words, *, lite: bool) -> Select[Any]:
    """The tickets that have the words, each as often as it has them."""
    if lite:
        phrases = (f'"{" ".join(phrase)}"{"*" if asked.prefix else ""}' for phrase in asked.phrases)
        match = literal_column("search").op("MATCH")(literal(" OR ".join(phrases)))
        return (
            select(literal_column(f"rowid >> {ENTRY_BITS}", BigInteger).label("ticket"))
            .select_from(_SEARCH)
            .where(match)
        )
    return select(_SEARCH.c.ticket).where(_SEARCH.c.words.op("@@")(_asked_for(asked)))


def _is_hit(asked: Words, of: Tickets, *, lite: bool) -> ColumnElement[bool]:
    """Whether a ticket has the words: its own are read, one ticket after the other."""
    if lite:
        first = of.number * (1 << ENTRY_BITS)
        rows = and_(_SEARCH.c.rowid >= first, _SEARCH.c.rowid < first + (1 << ENTRY_BITS))
        text = literal(" ", Text) + _SEARCH.c.words + " "
        end = "" if asked.prefix else " "
        fits = or_(*(func.instr(text, f" {' '.join(phrase)}{end}") > 0 for phrase in asked.phrases))
    else:
        rows = _SEARCH.c.ticket == of.number
        fits = _SEARCH.c.words.op("@@")(_asked_for(asked))
    has: Select[Any] = select(literal_column("1")).select_from(_SEARCH).where(rows, fits)
    found = (has if lite else has.offset(0)).exists()  # 0: PostgreSQL makes no join of it
    return not_(found) if asked.excluded else found


def _asked_for(asked: Words) -> ColumnElement[Any]:
    phrases = (_asked_phrase(phrase, prefix=asked.prefix) for phrase in asked.phrases)
    return cast(literal(" | ".join(phrases), Text), TSQUERY)


def _asked_phrase(phrase: Sequence[str], *, prefix: bool) -> str:
    """The words one after the other; the marks of pairs are what the index finds them by."""
    run = " <-> ".join(f"'{word}'" for word in phrase)
    marks = sorted(pairs(phrase[:-1] if prefix else phrase))
    return "(" + " & ".join([f"({run}{':*' if prefix else ''})", *(f"'{mark}'" for mark in marks)]) + ")"


def _columns(asked: Choice | Numbers | Opened | Seen) -> ColumnElement[bool]:
    match asked:
        case Choice():
            return _choice(asked)
        case Seen(agent, teams):
            follows = ticket.c.followers.contains(json.dumps(agent), autoescape=True)
            return or_(ticket.c.team.in_(teams), ticket.c.assignee == agent, ticket.c.responsible == agent, follows)
        case Numbers():
            fits: ColumnElement[bool] = ticket.c.number.in_(asked.numbers)
        case Opened():
            since = [ticket.c.created_at >= asked.since] if asked.since is not None else []
            before = [ticket.c.created_at < asked.before] if asked.before is not None else []
            fits = and_(*since, *before)
    return not_(fits) if asked.excluded else fits


def _choice(asked: Choice) -> ColumnElement[bool]:
    """No value is none of the values, and is one that is asked for as None."""
    chosen = ticket.c[asked.key]
    among = chosen.in_([value for value in asked.values if value is not None])
    empty = None in asked.values
    if asked.excluded:
        return and_(chosen.is_not(None), not_(among)) if empty else or_(chosen.is_(None), not_(among))
    return or_(among, chosen.is_(None)) if empty else among


def _keys(sort: Sort) -> list[tuple[ColumnElement[Any], bool]]:
    """Columns that no two tickets share all of, so that the order is one, and whether it goes up."""
    t = ticket.c
    newest: list[tuple[ColumnElement[Any], bool]] = [(t.updated_at, False), (t.number, False)]
    match sort.key:
        case "updated":
            keys = newest
        case "number":
            keys = newest[1:]
        case "priority":
            keys = [(_rank(), True), *newest]
        case "due":
            keys = [(t.next_due.is_(None), True), (t.next_due, True), *newest]
    return [(key, up is not sort.reverse) for key, up in keys]


def _ordered(keys: Iterable[tuple[ColumnElement[Any], bool]]) -> list[ColumnElement[Any]]:
    return [key.asc() if up else key.desc() for key, up in keys]


def _rank() -> ColumnElement[int]:
    """The place of the priority, written out as the index has it."""
    ranks, priority = enumerate(PRIORITIES), ticket.c.priority
    places = [(priority == literal_column(f"'{name}'"), literal_column(str(rank), Integer)) for rank, name in ranks]
    return case(*places, else_=literal_column(str(len(PRIORITIES)), Integer))


_SEARCH = table("search", column("rowid", BigInteger), column("ticket", BigInteger), column("words", Text))
_HIDDEN = select(ticket.c.number).join(customer, customer.c.id == ticket.c.customer).where(customer.c.restricted)
_NEWEST_NUMBER = select(func.max(ticket.c.number))
_BLOCK = literal_column(str(shared_words.BLOCK_BITS), Integer)
