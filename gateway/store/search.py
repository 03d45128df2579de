"""Full text: the words that tickets are found by.

Sources      SQLite FTS5 §4.3.2 (its ASCII tokenizer has only blanks to look for); PostgreSQL §8.11 (a tsvector that is
             written out word by word). Both get words that are cut and folded already (ticket/found_by.py), so that
             both find the same. The index of PostgreSQL knows no places: to find a phrase it would read whatever has
             its words. So it gets a mark for each two words that follow each other, which few others share.
             A row's id is its ticket's number, 36 bits to the left, plus the id of its entry (0: the ticket itself): a
             hit tells its ticket without another look-up.
Transaction  words are written in that of the ticket and the entry; what was there before the index is filled in slices.
Not here     what a query finds (listing.py), what it may say (ticket/query.py), words in common (shared_words.py).
"""

import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise

from sqlalchemy import Connection, bindparam, select, text, update

from gateway.store import shared_words
from gateway.store.schema import search_backlog, ticket
from gateway.store.tickets import entries, find_ticket
from gateway.ticket.found_by import GAP, words_of_entry, words_of_ticket
from gateway.ticket.types import AddEntry, Entry, Ticket

ENTRY_BITS = 36
COLUMNS = frozenset({"subject", "tags", "fields"})  # of a ticket: it is found by them
_PAIR = "p_"  # no word begins so (found_by.py)
_SLICE = 50  # tickets: what waits for the writer meanwhile waits for a moment


def put(
    c: Connection, ticket: Ticket | None, number: int, entry: AddEntry | None, entry_id: int | None, *, opening: bool
) -> None:
    """The words of what a change wrote.

    ticket   when its own words are new; None leaves them as they are
    opening  whether the entry is the first of its ticket: quoted words of later ones are known already
    """
    rows = []
    if ticket is not None:
        if not opening:
            shared_words.forget(c, ticket.number)
        merged = () if opening else _merged_into(c, ticket.number)
        rows.append((ticket.number << ENTRY_BITS, _ticket_words(ticket, merged)))
    if entry is not None and entry_id is not None:
        rows.append((_id(number, entry_id), _entry_words(entry, first=opening)))
    _write(c, rows)


def renew(c: Connection, *numbers: int) -> None:
    """The words of these tickets as they are now: after words, entries or whole tickets went elsewhere."""
    for number in numbers:
        shared_words.forget(c, number)
        c.execute(_CLEAR[c.dialect.name], {"first": number << ENTRY_BITS, "next": (number + 1) << ENTRY_BITS})
        found = find_ticket(c, number)
        if found is not None and found.merged_into is None:
            _write(c, _rows_of(c, found))


def is_behind(c: Connection) -> bool:
    """Whether there are tickets from before the index whose words are not in it."""
    return bool(c.execute(select(search_backlog.c.ticket)).scalar_one())


def fill(c: Connection) -> None:
    """The words of a slice of those tickets, the newest first. Once more after a crash: from where it was."""
    last = c.execute(_BACKLOG).scalar_one()
    numbers = c.execute(_NUMBERS, {"last": last, "limit": _SLICE}).scalars().all()
    renew(c, *numbers)
    c.execute(update(search_backlog).values(ticket=numbers[-1] - 1 if numbers else 0))


def _rows_of(c: Connection, found: Ticket) -> Iterable[tuple[int, list[str]]]:
    """The ticket itself, its entries, and what is left of tickets that were merged into it."""
    yield found.number << ENTRY_BITS, _ticket_words(found, _merged_into(c, found.number))
    for place, each in enumerate(entries(c, found.number)):
        yield _id(found.number, each.id), _entry_words(each, first=place == 0)


def _merged_into(c: Connection, number: int) -> list[Ticket]:
    """The tickets that go on in this one, directly or by way of others."""
    found: list[Ticket] = []
    for merged in c.execute(_MERGED, {"number": number}).scalars().all():
        ticket = find_ticket(c, merged)
        found += [*([ticket] if ticket else []), *_merged_into(c, merged)]
    return found


def _ticket_words(found: Ticket, merged: Iterable[Ticket]) -> list[str]:
    words = words_of_ticket(found.number, found.subject, found.tags, found.fields)
    for other in merged:
        words += words_of_ticket(other.number, other.subject, (), other.fields)
    return words


def _entry_words(each: AddEntry | Entry, *, first: bool) -> list[str]:
    texts = (each.text, each.signature, each.quoted) if first else (each.text,)
    return words_of_entry(each.author, texts, each.attachments, by_customer=each.kind == "mail")


def _id(number: int, entry_id: int) -> int:
    return (number << ENTRY_BITS) + entry_id


def _write(c: Connection, rows: Iterable[tuple[int, Sequence[str]]]) -> None:
    column = _vector if c.dialect.name == "postgresql" else " ".join
    values = [{"id": id, "words": column(words)} for id, words in rows]
    if values:
        c.execute(_PUT[c.dialect.name], values)


def _vector(words: Sequence[str]) -> str:
    """The words with their places, as PostgreSQL reads a tsvector; no word has a character that it would mind."""
    return " ".join((*(f"{word}:{place}" for place, word in enumerate(words, 1)), *sorted(pairs(words))))


def pairs(words: Sequence[str]) -> set[str]:
    """The marks of the words that follow each other, one of 65,536 for each two."""
    followed = {f"{one} {other}" for one, other in pairwise(words) if one != GAP != other}
    return {f"{_PAIR}{zlib.crc32(each.encode()) & 0xFFFF:04x}" for each in followed}


_BACKLOG = select(search_backlog.c.ticket).with_for_update()
_NUMBERS = (
    select(ticket.c.number)
    .where(ticket.c.number <= bindparam("last"))
    .order_by(ticket.c.number.desc())
    .limit(bindparam("limit"))
)
_MERGED = select(ticket.c.number).where(ticket.c.merged_into == bindparam("number")).order_by(ticket.c.number)
_PUT = {
    "sqlite": text("INSERT OR REPLACE INTO search (rowid, words) VALUES (:id, :words)"),
    "postgresql": text(
        "INSERT INTO search (id, words) VALUES (:id, CAST(:words AS tsvector))"
        " ON CONFLICT (id) DO UPDATE SET words = excluded.words"
    ),
}
_CLEAR = {
    "sqlite": text("DELETE FROM search WHERE rowid >= :first AND rowid < :next"),
    "postgresql": text("DELETE FROM search WHERE id >= :first AND id < :next"),
}
