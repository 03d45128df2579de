"""Tables that a query gives: read only, bounded, and what fails says so."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from gateway.clock import FakeClock
from gateway.config import LookupQuery, Settings
from gateway.errors import TransientError
from gateway.lookups import Tables
from gateway.store import lookups
from gateway.store.lookups import read_table, read_tables
from tests.processing import START

TABLE = "CREATE TABLE people (mail text, no text, id integer)"
ROWS = (
    "INSERT INTO people VALUES ('Jan@BigBank.test', 'C-7', 12), ('@bigbank.test', NULL, 13),"
    " ('jan@bigbank.test', 'C-8', 14), (NULL, 'x', 1)"
)
NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"  # without an end


@pytest.fixture
def url(settings: Settings) -> str:
    """Of a database with one table of people."""
    written = settings.database_url
    engine = create_engine(written.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as c:
        c.execute(text(TABLE))
        c.execute(text(ROWS))
    engine.dispose()
    return written


def asking(url: str, query: str) -> LookupQuery:
    return LookupQuery(name="crm", url=url, query=query)


def test_a_query_gives_its_rows_by_their_first_column(url: str) -> None:
    found = read_table(asking(url, "SELECT mail, no, id FROM people WHERE mail LIKE '%@%' OR ':x' = '' ORDER BY id"))
    assert found == {
        "jan@bigbank.test": {"mail": "Jan@BigBank.test", "no": "C-7", "id": "12"},  # the first of two
        "bigbank.test": {"mail": "@bigbank.test", "no": "", "id": "13"},
    }


@pytest.mark.parametrize(("query", "reason"), [
    # a query, what is said
    ("SELECT nothing FROM people", "nothing"),
    ("DELETE FROM people", "readonly|DELETE"),
    ("SELEC 1", "syntax"),
    (NUMBERS, "than 1000 rows"),
    (f"{NUMBERS} WHERE i < 0", "interrupted|cancel"),
])  # fmt: skip
def test_a_query_that_cannot_be_read_says_why_and_ends(
    url: str, query: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "MOST_ROWS", 1000)
    monkeypatch.setattr(lookups, "_SECONDS", 0.5)
    monkeypatch.setattr(lookups, "_BOUNDED", {"options": "-c statement_timeout=200ms"})
    with pytest.raises(TransientError, match=reason):
        read_table(asking(url, query))
    assert read_table(asking(url, "SELECT count(*) AS c, 'x' AS x FROM people")) == {"4": {"c": "4", "x": "x"}}


def test_a_database_that_is_away_keeps_nobody_waiting(tmp_path: Path) -> None:
    away = asking(f"sqlite:///{tmp_path}/none.db", "SELECT 1")
    nowhere = LookupQuery(name="there", url="mysql://x/y", query="SELECT 1")
    tables, failed = read_tables((away, nowhere))
    assert not tables
    assert list(failed) == ["crm", "there"]


async def test_a_table_stays_as_it_was_when_it_cannot_be_read_any_more(tmp_path: Path) -> None:
    path, clock = tmp_path / "crm.db", FakeClock(START)
    settings = Settings(lookup=(LookupQuery(name="crm", url=f"sqlite:///{path}", query="SELECT * FROM p"),))
    tables = Tables(settings, clock)
    await tables.refresh()
    assert tables.current() == {}
    with sqlite3.connect(path) as c:
        c.execute("CREATE TABLE p (mail text)")
        c.execute("INSERT INTO p VALUES ('jan@x.test')")
    await tables.refresh()  # what failed is tried again at once
    assert set(tables.current()["crm"]) == {"jan@x.test"}
    with sqlite3.connect(path) as c:
        c.execute("DELETE FROM p")
    await tables.refresh()  # nothing is due
    assert set(tables.current()["crm"]) == {"jan@x.test"}
    path.unlink()
    await clock.advance(901)
    await tables.refresh()
    assert set(tables.current()["crm"]) == {"jan@x.test"}
