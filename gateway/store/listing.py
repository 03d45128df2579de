"""The tickets that a query finds, the same ones in the same order on both databases.

Sources  SQLite FTS5 §3 (a word is in double quotes, so that it is never syntax), PostgreSQL §8.11.2 (in single ones).
         Both are made of words that hold letters, digits and `_` alone. Words narrow down tickets, not entries: one
         may stand in the first mail, another in the last.
Not here what may be asked (ticket/query.py), how words are stored (search.py).
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from gateway.store.schema import ticket
from gateway.store.search import ENTRY_BITS
from gateway.store.tickets import ticket_of
from gateway.ticket.query import PRIORITIES, Choice, Numbers, Opened, Query, Sort, Words
from gateway.ticket.types import Ticket

_FEW = 2000  # hits that are looked up one by one; among more of them the newest tickets are asked whether they are one


def find_tickets(c: Connection, query: Query, limit: int) -> list[Ticket]:
    """The first of the tickets that fit all conditions, in the order of the query."""
    return [ticket_of(row) for row in c.execute(listing(c, query, limit))]


def listing(c: Connection, query: Query, limit: int) -> Select[Any]:
    """The statement that finds them."""
    lite = c.dialect.name == "sqlite"
    rarest = _rarest(c, query) if lite else None
    wanted = [
        _words(each, lite=lite, leads=each is rarest) if isinstance(each, Words) else _columns(each)
        for each in query.conditions
    ]
    return select(ticket).where(*wanted).order_by(*_order(query.sort)).limit(limit)


def _words(asked: Words, *, lite: bool, leads: bool) -> ColumnElement[bool]:
    """Whether a ticket has the words.

    leads  whether SQLite is to look up their tickets; else it looks each ticket of the order up among theirs
    """
    number = ticket.c.number if leads or not lite else literal_column("+ticket.number", BigInteger)
    hits = _lite_hits(asked) if lite else _hits(asked)
    return number.not_in(hits) if asked.excluded else number.in_(hits)


def _rarest(c: Connection, query: Query) -> Words | None:
    """The words with the fewest hits, if those are few: SQLite keeps no statistics of words."""
    counted = []
    for asked in query.conditions:
        if isinstance(asked, Words) and not asked.excluded:
            few = _lite_hits(asked).limit(_FEW + 1).subquery()
            counted.append((c.execute(select(func.count()).select_from(few)).scalar_one(), asked))
    count, rarest = min(counted, key=lambda pair: pair[0], default=(0, None))
    return rarest if count <= _FEW else None


def _lite_hits(asked: Words) -> Select[Any]:
    phrases = (f'"{" ".join(phrase)}"{"*" if asked.prefix else ""}' for phrase in asked.phrases)
    match = literal_column("search").op("MATCH")(literal(" OR ".join(phrases)))
    return select(literal_column(f"rowid >> {ENTRY_BITS}")).select_from(_SEARCH).where(match)


def _hits(asked: Words) -> Select[Any]:
    end = ":*" if asked.prefix else ""
    phrases = (" <-> ".join(f"'{word}'" for word in phrase) + end for phrase in asked.phrases)
    asked_for = literal(" | ".join(f"({phrase})" for phrase in phrases), Text)
    match = column("words").op("@@")(cast(asked_for, TSQUERY))
    return select(column("ticket", BigInteger)).select_from(_SEARCH).where(match)


def _columns(asked: Choice | Numbers | Opened) -> ColumnElement[bool]:
    match asked:
        case Choice():
            return _choice(asked)
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
    values = [value for value in asked.values if value is not None]
    # written out, so that SQLite knows the condition of a partial index
    among = chosen.in_(bindparam(None, values, expanding=True, literal_execute=asked.key == "status_type"))
    empty = None in asked.values
    if asked.excluded:
        return and_(chosen.is_not(None), not_(among)) if empty else or_(chosen.is_(None), not_(among))
    return or_(among, chosen.is_(None)) if empty else among


def _order(sort: Sort) -> list[ColumnElement[Any]]:
    """Columns that no two tickets share all of, so that the order is one; down first, but for what is due."""
    newest: list[tuple[ColumnElement[Any], bool]] = [(ticket.c.updated_at, False), (ticket.c.number, False)]
    match sort.key:
        case "updated":
            columns = newest
        case "number":
            columns = newest[1:]
        case "priority":
            columns = [(_RANK, True), *newest]
        case "due":
            columns = [(ticket.c.due.is_(None), True), (ticket.c.due, True), *newest]
    return [by.asc() if up is not sort.reverse else by.desc() for by, up in columns]


_SEARCH = table("search")
_RANK = case({name: place for place, name in enumerate(PRIORITIES)}, value=ticket.c.priority, else_=len(PRIORITIES))
