"""The store of these settings: its lock, its schema, and whether it can keep the promise at all.

Sources  acceptance R-7 (SQLite: one daemon, enforced by a lock; PostgreSQL: any number), A-04 (what forbids the start).
Not here  what an open store does (store.py); engines that only read (version.py).
"""

import fcntl
import os
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.config import Settings, audit_key
from gateway.errors import ConfigError, Problem, TransientError
from gateway.store import migrate
from gateway.store.engine import database_url, open_engine, reachable, unsafe
from gateway.store.store import READERS, Store

_LOSS = "database.i_accept_data_loss = true starts all the same"


def open_store(settings: Settings, *, exclusive: bool = True) -> Store:
    """The store of these settings, its schema up to date, its promise checked.

    exclusive  SQLite: take the lock of the only writer; False is for PostgreSQL alone
    Raises     ConfigError     the database cannot keep the promise, or has another schema; nothing was accepted
               TransientError  another process holds the lock, or the database is away
    """
    url = database_url(settings)
    lite = url.get_backend_name() == "sqlite"
    lock = _locked(settings.paths.state) if lite and exclusive else None
    if lite and url.database:
        os.close(os.open(url.database, os.O_RDWR | os.O_CREAT, 0o600))  # log and index files take its mode
    busy_ms = int(settings.database.busy_timeout.total_seconds() * 1000)
    engine = open_engine(url, connections=5, busy_timeout_ms=busy_ms)
    try:
        if trouble := reachable(engine):
            raise TransientError(f"the database is away: {trouble}")
        key = audit_key(settings, create=True)
        migrate.ensure(engine, upgrade_old=settings.database.auto_upgrade)
        reasons = () if settings.database.i_accept_data_loss else tuple(unsafe(engine))
        if reasons:
            raise ConfigError(*(_problem(reason, _LOSS) for reason in reasons))
    except SQLAlchemyError as e:
        _give_up(engine, lock)
        raise TransientError(f"the database could not be prepared: {str(getattr(e, 'orig', e)).strip()}") from e
    except BaseException:
        _give_up(engine, lock)
        raise
    return Store(settings, engine, open_engine(url, connections=READERS, read_only=True), lock, key)


def _give_up(engine: Engine, lock: int | None) -> None:
    engine.dispose()
    if lock is not None:
        os.close(lock)


def _locked(state: Path) -> int:
    """A descriptor that holds the lock for as long as it is open."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(state / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as e:
        raise ConfigError(
            _problem(
                f"the state folder {state} cannot be written: {e.strerror}", "paths.state, as the user of the gateway"
            )
        ) from e
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as e:
        os.close(descriptor)
        raise TransientError(f"another mailwicket works on {state}") from e
    return descriptor


def _problem(text: str, hint: str) -> Problem:
    return Problem("database", 0, 0, "C008", text, hint)
