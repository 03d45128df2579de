"""The store of these settings: its lock, its schema, and whether it can keep the promise at all.

Sources  acceptance R-7 (SQLite: one daemon, enforced by a lock; PostgreSQL: any number), A-04 (what forbids the start).
Not here  what an open store does (store.py); engines that only read (version.py).
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.config import Settings, audit_key
from gateway.errors import ConfigError, Problem, TransientError
from gateway.store import migrate
from gateway.store.audit import appending
from gateway.store.backup import back_up_before_upgrade
from gateway.store.engine import database_url, open_engine, reachable, unsafe
from gateway.store.restored import go_on, is_marked, was_cut_off
from gateway.store.store import READERS, Store

_LOSS = "database.i_accept_data_loss = true starts all the same"


def open_store(settings: Settings, *, exclusive: bool = True, back_up: bool = True) -> Store:
    """The store of these settings, its schema up to date, its promise checked.

    exclusive  SQLite: take the lock of the only writer; False is for PostgreSQL alone
    back_up    make a backup before an old schema is upgraded
    Raises     ConfigError     the database cannot keep the promise, or has another schema; nothing was accepted
               TransientError  another process holds the lock, or the database is away
    """
    url = database_url(settings)
    lite = url.get_backend_name() == "sqlite"
    busy_ms = int(settings.database.busy_timeout.total_seconds() * 1000)
    engine = open_engine(url, connections=5, busy_timeout_ms=busy_ms)
    lock = take_lock(settings.paths.state) if lite and exclusive else None
    try:
        key = _prepared(settings, engine, back_up=back_up)
    except SQLAlchemyError as e:
        _give_up(engine, lock)
        raise TransientError(f"the database could not be prepared: {str(getattr(e, 'orig', e)).strip()}") from e
    except BaseException:
        _give_up(engine, lock)
        raise
    return Store(settings, engine, open_engine(url, connections=READERS, read_only=True), lock, key)


def _prepared(settings: Settings, engine: Engine, *, back_up: bool) -> bytes:
    """The key of the audit, once the database is one to work with."""
    if engine.dialect.name == "sqlite" and engine.url.database:
        if was_cut_off(engine):
            raise _cut_off()
        os.close(os.open(engine.url.database, os.O_RDWR | os.O_CREAT, 0o600))  # log and index files take its mode
    if trouble := reachable(engine):
        raise TransientError(f"the database is away: {trouble}")
    if was_cut_off(engine):
        raise _cut_off()
    key = audit_key(settings, create=True)
    before = partial(back_up_before_upgrade, settings, datetime.now(UTC)) if back_up else None
    migrate.ensure(engine, upgrade_old=settings.database.auto_upgrade, before=before)
    with engine.connect() as connection, connection.begin():
        if is_marked(connection):
            with appending(connection, key):
                go_on(connection)
    reasons = () if settings.database.i_accept_data_loss else tuple(unsafe(engine))
    if reasons:
        raise ConfigError(*(_problem(reason, _LOSS) for reason in reasons))
    return key


def _cut_off() -> ConfigError:
    return ConfigError(_problem("a restore was cut off here", "the same “mailwicket restore DIR” again"))


def _give_up(engine: Engine, lock: int | None) -> None:
    engine.dispose()
    if lock is not None:
        os.close(lock)


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """No gateway and no other command works on this state meanwhile.

    Raises  as `take_lock`
    """
    descriptor = take_lock(state)
    try:
        yield
    finally:
        os.close(descriptor)


def take_lock(state: Path) -> int:
    """A descriptor that holds the lock for as long as it is open.

    Raises  ConfigError     the state folder cannot be written
            TransientError  somebody else works on it
    """
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
