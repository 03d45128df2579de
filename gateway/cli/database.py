"""A look into the database beside a running daemon."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.context import no_database, settings_of
from gateway.cli.declare import Invocation
from gateway.errors import TransientError
from gateway.store.engine import database_url
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
