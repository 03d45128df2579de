"""The tables that queries of look-ups gave last: read in the background, never while a mail waits.

Not here  reading one (store/lookups.py), what rules make of them (rules/lookups.py).
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import cache

import structlog

from gateway.clock import Clock
from gateway.config import LookupQuery, Settings
from gateway.errors import ConfigError, TransientError
from gateway.rules.desk import Table
from gateway.store.lookups import read_table, read_tables

log = structlog.get_logger("lookups")


def read_once(settings: Settings) -> Callable[[], Mapping[str, Table]]:
    """The tables, read when they are asked for first: for a command that finds no daemon."""
    return cache(lambda: read_tables(settings.lookup)[0])


class Tables:
    """What each query gave last; a table that cannot be read any more stays as it was."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._queries, self._clock = settings.lookup, clock
        self._tables: Mapping[str, Table] = {}
        self._due = {query.name: clock.monotonic() for query in settings.lookup}

    def current(self) -> Mapping[str, Table]:
        """The tables by the name of their query; one that could never be read is not there."""
        return self._tables

    async def refresh(self) -> None:
        """Read those whose time has come; what fails is tried again the next time this is asked."""
        now = self._clock.monotonic()
        await asyncio.gather(*(self._read(query) for query in self._queries if self._due[query.name] <= now))

    async def _read(self, query: LookupQuery) -> None:
        try:
            table = await asyncio.to_thread(read_table, query)
        except (ConfigError, TransientError) as e:
            log.warning("lookup.failed", lookup=query.name, known=query.name in self._tables, reason=e.text)
            return
        self._tables = {**self._tables, query.name: table}
        self._due[query.name] = self._clock.monotonic() + query.refresh.total_seconds()
        log.info("lookup.read", lookup=query.name, rows=len(table))
