"""What the tickets of a block have in common makes lists quick, and never wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, select, text

from gateway.config import Settings
from gateway.message.types import Mailbox
from gateway.rules.statuses import BUILT_IN
from gateway.store import merges, search
from gateway.store import shared_words as shared
from gateway.store.audit import appending
from gateway.store.changes import save
from gateway.store.engine import database_url, open_engine
from gateway.store.listing import find_tickets
from gateway.store.schema import entry, shared_words, ticket
from gateway.store.tickets import find_ticket
from gateway.ticket.query import parse_query
from gateway.ticket.types import AddEntry, OpenTicket, SetField, Ticket
from tests.conftest import own_database, settings_in
from tests.rules.desk import NO_PROMISES

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
JAN = Mailbox("Jan", "jan@bigbank.test")
_KEY = b"k" * 64
LAST = 49  # numbers 16 to 31 and 32 to 47 are blocks that are full


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Tickets that all have the words “your”, “order” and “vip”, and their blocks."""
    folder = tmp_path_factory.mktemp("shared")
    if request.param == "sqlite":
        yield from _furnished(settings_in(folder))
        return
    for url in own_database(request.getfixturevalue("postgres")):
        yield from _furnished(settings_in(folder, url))


@pytest.fixture
def c(desk: Engine) -> Iterator[Connection]:
    """A connection to them; what a test changes is taken back."""
    with desk.connect() as connection, appending(connection, _KEY):
        yield connection


@pytest.mark.parametrize(
    ("change", "query", "found"),
    [
        # what happens after the blocks were gathered, what is asked, the tickets that are found
        ("nothing", "-order", []),
        ("nothing", "-ord*", []),
        ("nothing", "order -tag:vip", []),
        ("nothing", "-tag:vip,kind", []),
        ("nothing", "-orders", [*range(LAST, 0, -1)]),
        ("nothing", "-thanks", [*range(LAST, 0, -1)]),
        ("nothing", '-"your order"', []),
        ("nothing", '-subject:"your order"', []),
        ("nothing", '-"order your"', [*range(LAST, 0, -1)]),
        ("nothing", '-"order written"', [*range(LAST, 0, -1)]),  # the one of the ticket, the other of its entry
        ("another subject", "-subject:order", [20]),
        ("another subject", '-"your order"', [20]),
        ("a tag less", "-tag:vip order", [20]),
        ("a tag less", "-tag:vip", [20]),
        ("more words", "-thanks", [*range(LAST, 20, -1), *range(19, 0, -1)]),
        ("erased", "-written", [20]),
        ("merged", "-order", [20]),
        ("merged and taken back", "-order", []),
        ("a new ticket without", "-order", [LAST + 1]),
    ],
)
def test_a_word_left_out_finds_the_tickets_that_lack_it(
    c: Connection, change: str, query: str, found: list[int]
) -> None:
    _CHANGES[change](c)
    before = _found(c, query)
    _gather(c)
    assert (before, _found(c, query)) == (found, found)


def test_only_full_blocks_are_gathered_and_each_once(c: Connection) -> None:
    known = c.execute(select(shared_words.c.block).order_by(shared_words.c.block)).scalars().all()
    assert (known, shared.missing(c)) == ([0, 1, 2], [])
    _CHANGES["a tag less"](c)
    assert shared.missing(c) == [[1]]


def test_a_block_with_a_number_that_is_no_ticket_has_nothing_in_common(c: Connection) -> None:
    words = c.execute(select(shared_words.c.words).order_by(shared_words.c.block)).scalars().all()
    assert not words[0].split()  # the first ticket is 1
    assert {"your", "order", "written"} <= set(words[1].split())


@pytest.mark.parametrize(
    ("texts", "runs"),
    [
        # of the tickets, what they have in common
        (("your order", "your order"), ["your order"]),
        (("your order 1", "my order 2", "our order 3"), ["order"]),
        (("a b c d", "b c d a b"), ["a b", "b c d"]),
        (("a b c", "a b x b c"), ["a b", "b c"]),  # each of both, but never “a b c”
        (("ab b", "b ab"), ["ab", "b"]),
        (("ab", "a b"), []),
        (("a _ b", "a _ b"), ["a", "b"]),  # nothing reaches across a gap
        (("a b _ a b _ a", "a b"), ["a b"]),
        (("", "a"), []),
        (("a", ""), []),
    ],
)
def test_what_texts_have_in_common(texts: tuple[str, ...], runs: list[str]) -> None:
    assert list(shared.runs_in_common(texts)) == runs


@pytest.mark.postgres  # the other one forgets no places
@pytest.mark.parametrize("desk", ["postgres"], indirect=True)
def test_words_follow_each_other_where_their_places_do(c: Connection) -> None:
    """A vector has no places after 16383, and 256 of a word at most: what is told of none is not taken for a phrase."""
    vector = "'late':600 'thing':601 'gone':603 'far':16382 'away':16383 'too':16383"
    c.execute(
        text("UPDATE search SET words = CAST(:v AS tsvector) WHERE ticket >> 4 = 2"),
        {"v": vector},
    )
    shared.forget(c, 32)
    _gather(c)
    words = c.execute(select(shared_words.c.words).where(shared_words.c.block == 2)).scalar_one()
    assert words == " late thing _ gone _ far "


@pytest.mark.postgres  # SQLite has one process
@pytest.mark.parametrize("desk", ["postgres"], indirect=True)
def test_a_ticket_that_is_changed_by_another_process_is_waited_for(desk: Engine) -> None:
    """Its words may go: what was gathered beside it would stay."""
    with desk.connect() as c, desk.connect() as other, appending(c, _KEY):
        _CHANGES["a tag less"](c)
        other.execute(select(ticket.c.number).where(ticket.c.number == 30).with_for_update())
        _gather(c)
        assert shared.missing(c) == [[1]]
        other.rollback()
        _gather(c)
        assert shared.missing(c) == []


def _furnished(settings: Settings) -> Iterator[Engine]:
    engine = open_engine(database_url(settings), connections=2)
    with engine.begin() as c, appending(c, _KEY):
        _furnish(c)
    yield engine
    engine.dispose()


def _furnish(c: Connection) -> None:
    for number in range(1, LAST + 1):
        _save(c, None, OpenTicket("Your order", "support", JAN, "en", "mail", NOW), _said(f"written {number}"))
        _save(c, number, SetField("tags", ("vip",), "rule:a"))
    _gather(c)


def _gather(c: Connection) -> None:
    for blocks in shared.missing(c):
        shared.gather(c, blocks)


def _erase(c: Connection) -> None:
    c.execute(entry.update().where(entry.c.ticket == 20).values(text=""))
    search.renew(c, 20)


def _take_back(c: Connection) -> None:
    receipt = _merge(c)
    done = merges.find_receipt(c, receipt)
    assert done is not None
    merges.undo(c, done, _known(c, 20), _known(c, 30), actor="operator", now=NOW)


def _merge(c: Connection) -> int:
    return merges.merge(c, _known(c, 20), _known(c, 30), actor="operator", now=NOW)


_CHANGES: dict[str, Callable[[Connection], object]] = {
    "nothing": lambda _: None,
    "another subject": lambda c: _save(c, 20, SetField("subject", "Your parcel", "operator")),
    "a tag less": lambda c: _save(c, 20, SetField("tags", (), "rule:a")),
    "more words": lambda c: _save(c, 20, _said("thanks")),
    "erased": _erase,
    "merged": _merge,
    "merged and taken back": _take_back,
    "a new ticket without": lambda c: _save(
        c, None, OpenTicket("Your parcel", "support", JAN, "en", "mail", NOW), _said("written")
    ),
}


def _said(words: str) -> AddEntry:
    return AddEntry("mail", JAN, NOW, words, "", "", None, None, public=True, trust="participant")


def _save(c: Connection, number: int | None, *changes: OpenTicket | AddEntry | SetField) -> None:
    before = None if number is None else _known(c, number)
    save(c, changes, ticket_before=before, source=None, actor="customer", now=NOW, promises=NO_PROMISES)


def _known(c: Connection, number: int) -> Ticket:
    found = find_ticket(c, number)
    assert found is not None
    return found


def _found(c: Connection, query: str) -> list[int]:
    return [each.number for each in find_tickets(c, parse_query(query + " sort:number", NOW, statuses=BUILT_IN), 100)]
