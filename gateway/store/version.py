"""Which schema this program knows, and which one a database has: all that who only reads has to ask.

Not here  the steps from one to the next, and what makes them (migrate.py).
"""

from sqlalchemy import Connection, Engine, String, column, insert, inspect, select, table

from gateway.config import Settings
from gateway.errors import ConfigError, Problem, TransientError
from gateway.store.engine import database_url, open_engine, reachable

KNOWN = "0039"  # the newest of migrations/versions
_TABLE = table("alembic_version", column("version_num", String))
_VERSION = select(_TABLE.c.version_num)


def revision(engine: Engine) -> str | None:
    """The revision of the database; None for an empty one.

    Raises  ConfigError  there are tables, but none that we made
    """
    names = inspect(engine).get_table_names()
    found: str | None = None
    if "alembic_version" in names:
        with engine.connect() as connection:
            found = connection.execute(_VERSION).scalar()
    if found is None and "inbound" in names:
        raise ConfigError(_problem("the database holds tables of unknown origin", "use another database"))
    return found


def note_revision(c: Connection, found: str) -> None:
    """The database has this schema: only now it is known to be one of ours."""
    c.execute(insert(_TABLE).values(version_num=found))


def open_reader(settings: Settings) -> Engine:
    """An engine that can only read, for commands beside a running daemon.

    Raises  TransientError  the database is away or was never made
            ConfigError     it has another schema
    """
    engine = open_engine(database_url(settings), connections=1, read_only=True)
    if trouble := reachable(engine):
        raise TransientError(f"the database cannot be opened: {trouble}")
    check_revision(engine)
    return engine


def check_revision(engine: Engine) -> None:
    """Raises ConfigError where the database has another schema than this program knows."""
    if (found := revision(engine)) != KNOWN:
        raise ConfigError(_problem(f"its schema is {found}, this program knows {KNOWN}", "mailwicket db upgrade"))


def _problem(text: str, hint: str) -> Problem:
    return Problem("database", 0, 0, "C007", text, hint)
