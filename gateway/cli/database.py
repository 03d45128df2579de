"""A look into the database beside a running daemon."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.context import no_database, settings_of
from gateway.cli.declare import Invocation
from gateway.config import Settings
from gateway.errors import TransientError
from gateway.store.engine import database_url, open_engine, reachable
from gateway.store.version import open_reader


@contextmanager
def reading(invocation: Invocation) -> Iterator[Connection]:
    """A transaction that can change nothing.

    Raises  CommandError    it was never made (exit 75: the first start makes it)
            TransientError  it is away
            ConfigError     it has another schema
    """
    settings = settings_of(invocation)
    url = database_url(settings)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise no_database(url.database)
    engine = open_reader(settings)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except SQLAlchemyError as e:
        raise TransientError("the database failed while it was read") from e
    finally:
        engine.dispose()


@contextmanager
def looked_at(settings: Settings) -> Iterator[Engine]:
    """An engine that can only read, whatever schema the database has.

    Raises  TransientError  the database is away or was never made
    """
    engine = open_engine(database_url(settings), connections=1, read_only=True)
    try:
        if trouble := reachable(engine):
            raise TransientError(f"the database {address(settings)} cannot be opened: {trouble}")
        yield engine
    except SQLAlchemyError as e:
        raise TransientError("the database failed while it was read") from e
    finally:
        engine.dispose()


def address(settings: Settings) -> str:
    """Which database it is, without its password."""
    return database_url(settings).render_as_string(hide_password=True)
