"""The index of words follows its tickets: through changes, merges, new readings, and upgrades that stop half way."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, text, update

from gateway.message.types import Mailbox
from gateway.rules.statuses import BUILT_IN
from gateway.store import merges, migrate, search
from gateway.store.audit import appending
from gateway.store.changes import save
from gateway.store.engine import open_engine
from gateway.store.listing import find_tickets
from gateway.store.schema import entry
from gateway.store.store import Store
from gateway.store.tickets import entries, find_ticket
from gateway.ticket.query import parse_query
from gateway.ticket.types import AddEntry, OpenTicket, SetField, Ticket
from tests.rules.desk import NO_PROMISES
from tests.store.test_migrations import at_version

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
JAN = Mailbox("Jan", "jan@bigbank.test")


def opened(c: Connection, subject: str, words: str, quoted: str = "") -> Ticket:
    changes = (OpenTicket(subject, "support", JAN, "en", "mail", NOW), said(words, quoted))
    ticket = save(
        c, changes, ticket_before=None, source=f"{subject}", actor="customer", now=NOW, promises=NO_PROMISES
    ).ticket
    assert ticket is not None
    return ticket


def said(words: str, quoted: str = "") -> AddEntry:
    return AddEntry("mail", JAN, NOW, words, quoted, "", None, None, public=True, trust="participant")


def change(c: Connection, number: int, *changes: AddEntry | SetField) -> None:
    known = find_ticket(c, number)
    save(c, changes, ticket_before=known, source=None, actor="customer", now=NOW, promises=NO_PROMISES)


def found(c: Connection, query: str) -> list[int]:
    return sorted(t.number for t in find_tickets(c, parse_query(query, NOW, statuses=BUILT_IN), 50))


async def test_the_index_follows_what_is_written(store: Store) -> None:
    def work(c: Connection) -> list[list[int]]:
        opened(c, "Zwrot", "erste Worte", quoted="zitiert")
        before = [found(c, q) for q in ("zwrot", "erste", "zitiert", "tag:vip", "#1")]
        change(c, 1, said("zweite Worte", quoted="wieder zitiert"), SetField("tags", ("vip",), "rule:a"))
        change(c, 1, SetField("subject", "Povrat", "operator"), SetField("field.order", "AB-12", "rule:a"))
        after = [found(c, q) for q in ("zwrot", "povrat", "erste zweite", "wieder", "tag:vip", '"ab 12"')]
        change(c, 1, SetField("tags", (), "rule:a"))
        return [*before, *after, found(c, "tag:vip")]

    assert await store.write(work) == [[1], [1], [1], [], [1], [], [1], [1], [], [1], [1], []]


@pytest.mark.parametrize(
    ("words", "marks"),
    [
        # as they stand, how many marks of pairs there are
        (["your"], 0),
        (["your", "order"], 1),
        (["your", "order", "your", "order"], 2),  # each once
        (["your", "_", "order"], 0),  # nothing reaches across a gap
        (["your", "order", "_", "s_your", "s_order"], 2),
    ],
)
def test_words_that_follow_each_other_have_a_mark(words: list[str], marks: int) -> None:
    assert len(search.pairs(words)) == marks


async def test_a_phrase_is_more_than_its_marks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs may share a mark: what the index leads to is read."""
    monkeypatch.setattr("zlib.crc32", lambda _: 7)

    def work(c: Connection) -> list[list[int]]:
        opened(c, "Zwrot", "erste zweite dritte")
        opened(c, "Povrat", "zweite erste dritte")
        return [
            found(c, q) for q in ('"erste zweite"', '"zweite erste dritte"', '-"erste zweite"', '"erste zwe"', "zweite")
        ]

    assert await store.write(work) == [[1], [2], [2], [], [1, 2]]


async def test_words_of_a_merged_ticket_lead_to_the_one_it_went_to(store: Store) -> None:
    def work(c: Connection) -> list[list[int]]:
        for subject, words in (("Zwrot", "erste"), ("Povrat", "zweite"), ("Umzug", "dritte")):
            opened(c, subject, words)
        _merge(c, 1, 2)
        second = _merge(c, 2, 3)
        merged = [found(c, q) for q in ("zwrot", "erste", "povrat zweite", "umzug", "#1")]
        done = merges.find_receipt(c, second)
        assert done is not None
        merges.undo(c, done, _known(c, 2), _known(c, 3), actor="operator", now=NOW)
        return [*merged, *(found(c, q) for q in ("zwrot", "erste zweite", "umzug"))]

    assert await store.write(work) == [[3], [3], [3], [3], [1], [2], [2], [3]]


async def test_the_words_of_a_split_entry_go_with_it(store: Store) -> None:
    def work(c: Connection) -> list[list[int]]:
        opened(c, "Zwrot", "erste")
        change(c, 1, said("zweite"))
        opened(c, "Umzug", "dritte")
        merges.split(c, _known(c, 1), _known(c, 2), entries(c, 1)[1], actor="operator", now=NOW)
        return [found(c, q) for q in ("erste", "zweite", "dritte")]

    assert await store.write(work) == [[1], [2], [2]]


def _merge(c: Connection, source: int, target: int) -> int:
    return merges.merge(c, _known(c, source), _known(c, target), actor="operator", now=NOW)


def _known(c: Connection, number: int) -> Ticket:
    found = find_ticket(c, number)
    assert found is not None
    return found


async def test_what_is_erased_is_found_no_more(store: Store) -> None:
    def work(c: Connection) -> list[list[int]]:
        opened(c, "Zwrot", "geheimes Wort")
        before = found(c, "geheimes")
        c.execute(update(entry).values(text=""))
        search.renew(c, 1)
        return [before, found(c, "geheimes"), found(c, "zwrot")]

    assert await store.write(work) == [[1], [], [1]]


@pytest.mark.sqlite
def test_an_upgrade_fills_the_index_in_slices(tmp_path: Path) -> None:
    engine = open_engine(URL.create("sqlite", database=str(tmp_path / "old.db")), connections=1)
    at_version(engine, "0003")
    tickets = search._SLICE * 2 + 3
    with engine.begin() as c:
        for number in range(1, tickets + 1):
            c.execute(text(_OLD_TICKET), {"subject": f"Zwrot {number}"})
            c.execute(text(_OLD_ENTRY), {"ticket": number})
    migrate.upgrade(engine)
    slices = 0
    with engine.begin() as c, appending(c, b"k" * 64):
        opened(c, "Povrat", "before the index is whole")
        change(c, 2, said("more words"))
    while True:
        with engine.begin() as c:
            if not search.is_behind(c):
                break
            search.fill(c)
            slices += 1
            newest = tickets + 1 - slices * search._SLICE
            assert found(c, f"subject:{max(newest, 1)}") == [max(newest, 1)]
        with engine.begin() as c:  # killed: what was begun is begun again
            search.fill(c)
            c.rollback()
    with engine.connect() as c:
        assert slices == 3
        assert len(find_tickets(c, parse_query("subject:zwrot worte", NOW, statuses=BUILT_IN), 1000)) == tickets
        assert found(c, "subject:zwrot more words") == [2]
        assert found(c, "povrat whole") == [tickets + 1]
        assert c.execute(text("SELECT count(*) FROM search")).scalar_one() == 2 * (tickets + 1) + 1
    engine.dispose()


_OLD_TICKET = """
INSERT INTO ticket (subject, team, priority, status, tags, fields, flags, channel, created_at, updated_at, messages,
 version) VALUES (:subject, 'support', 'normal', 'new', '[]', '{}', '[]', 'mail', 1, 2, 1, 1)
"""
_OLD_ENTRY = """
INSERT INTO entry (ticket, kind, at, text, quoted, signature, public, attachments)
VALUES (:ticket, 'mail', 1, 'alte Worte', '', '', true, '[]')
"""
