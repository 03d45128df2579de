"""Tables of customers that a query of `mailwicket.toml` gives: read whole, from somebody else's database.

Transaction  one that may only read and that has an end: a database that is slow or away costs seconds, and no mail.
Not here     when they are read (lookups.py), what rules make of them (rules/lookups.py).
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import SQLAlchemyError

from gateway.config import LookupQuery
from gateway.errors import ConfigError, TransientError
from gateway.rules.desk import Table
from gateway.rules.lookups import normal_key, row
from gateway.store.engine import known_url, open_engine

MOST_ROWS = 200_000
_SECONDS = 10
_STEPS = 10_000  # of SQLite's machine between two looks at the clock
# rows are fetched as they are wanted; a percent sign of the query is one, and no place for a value
_AS_WRITTEN: Mapping[str, Any] = {"stream_results": True, "no_parameters": True}
_BOUNDED = {"options": f"-c statement_timeout={_SECONDS}s", "tcp_user_timeout": f"{_SECONDS}000"}  # libpq


def read_tables(queries: Iterable[LookupQuery]) -> tuple[dict[str, Table], dict[str, str]]:
    """The tables by the name of their query, and why the others could not be read."""
    tables, failed = dict[str, Table](), dict[str, str]()
    for query in queries:
        try:
            tables[query.name] = read_table(query)
        except (ConfigError, TransientError) as e:
            failed[query.name] = e.text
    return tables, failed


def read_table(query: LookupQuery) -> Table:
    """The rows by their first column; the first of those with the same address or domain.

    Raises  TransientError  the database is away or slow, refuses the query, or has too many rows
            ConfigError     the URL names no database that we read, or its password cannot be read
    """
    url = known_url(query.url, query.password, f"lookup.{query.name}.url")
    lite = url.get_backend_name() == "sqlite"
    engine = open_engine(url if lite else url.update_query_dict(_BOUNDED), connections=1, read_only=True)
    try:
        with engine.connect() as c:
            if lite:
                _end(c, time.monotonic() + _SECONDS)
            found = c.exec_driver_sql(query.query, execution_options=_AS_WRITTEN)
            return dict(_rows(query, found, time.monotonic() + _SECONDS))
    except SQLAlchemyError as e:
        reason = str(getattr(e, "orig", e)).strip().partition("\n")[0]
        raise TransientError(f"query “{query.name}”: {reason}") from e
    finally:
        engine.dispose()


def _rows(query: LookupQuery, found: CursorResult[Any], end: float) -> Iterator[tuple[str, Mapping[str, str]]]:
    columns, seen = tuple(found.keys()), set[str]()
    for number, cells in enumerate(found):
        if number == MOST_ROWS:
            raise TransientError(f"query “{query.name}” has more than {MOST_ROWS} rows")
        if number % 1000 == 0 and time.monotonic() > end:
            raise TransientError(f"query “{query.name}” takes more than {_SECONDS} seconds")
        key = normal_key(str(cells[0] or ""))
        if key and key not in seen:
            seen.add(key)
            yield key, row(columns, _texts(cells))


def _texts(cells: Sequence[object]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in cells]


def _end(c: Connection, at: float) -> None:
    """Let SQLite give up at a time of the monotonic clock."""
    driver: Any = c.connection.driver_connection
    driver.set_progress_handler(lambda: time.monotonic() > at, _STEPS)
