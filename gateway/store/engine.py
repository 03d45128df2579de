"""Connections to the database, and whether it can keep our promise.

Sources  SQLite: WAL, `synchronous=FULL` for T0 and T2, NORMAL for T1 (DESIGN §6); PostgreSQL: `synchronous_commit`.
         Transactions begin by our own hand: the driver's defaults lose updates silently.
Not here  the thread that writes (writer.py), the tables (schema.py).
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.config import Secret, Settings
from gateway.errors import ConfigError, Problem, TransientError

_UNSAFE_FILE_SYSTEMS = ("nfs", "nfs4", "cifs", "smb3", "fuse", "9p")
_READING = ("query_only=1", "wal_autocheckpoint=0")
# 16 MiB of log between checkpoints, 8 MiB of pages in memory: what a busy hour touches again is written once
_WRITING = ("journal_mode=WAL", "wal_autocheckpoint=4096", "cache_size=-8192")
_FLUSHED_SQLITE = ("2", "3")  # FULL, EXTRA


def database_url(settings: Settings) -> URL:
    """The URL of our own database, as `known_url`."""
    return known_url(settings.database_url, settings.database.password, "database.url")


def known_url(written: str, password: Secret | None, key: str) -> URL:
    """The URL with its password, and psycopg as the driver of PostgreSQL.

    key     the setting that holds it
    Raises  ConfigError  it is no URL of SQLite or PostgreSQL
    """
    try:
        url = make_url(written)
    except ArgumentError as e:
        raise ConfigError(_problem(f"{key} is no database URL", "sqlite:////path or postgresql://…")) from e
    match url.get_backend_name():
        case "sqlite":
            return url.set(drivername="sqlite")
        case "postgresql":
            url = url.set(drivername="postgresql+psycopg")
            return url if password is None else url.set(password=password.read())
        case other:
            raise ConfigError(_problem(f"{key} names {other}", "SQLite and PostgreSQL are supported"))


def open_engine(url: URL, *, connections: int, busy_timeout_ms: int = 5000, read_only: bool = False) -> Engine:
    """An engine whose transactions are durable unless the connection has the option `relaxed`.

    Raises  ConfigError  the driver is not installed
    """
    lite = url.get_backend_name() == "sqlite"
    if lite and read_only:
        url = url.set(database=f"file:{quote(url.database or '')}", query={"mode": "ro", "uri": "true"})
    arguments = {"check_same_thread": False} if lite else {"connect_timeout": 5}
    try:
        engine = create_engine(
            url, pool_size=connections, max_overflow=0, pool_timeout=10, connect_args=arguments, hide_parameters=True
        )
    except (ModuleNotFoundError, NoSuchModuleError) as e:
        raise ConfigError(_problem("the driver of this database is missing", "pip install 'mailwicket[pg]'")) from e

    @event.listens_for(engine, "connect")
    def _connected(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        if not lite:
            return
        connection.isolation_level = None
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
            cursor.execute("PRAGMA foreign_keys=ON")
            for pragma in _READING if read_only else _WRITING:
                cursor.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        relaxed = connection.get_execution_options().get("relaxed", False)
        if not lite:
            if read_only:
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            else:
                connection.exec_driver_sql(f"SET LOCAL synchronous_commit={'off' if relaxed else 'on'}")
            return
        if read_only:
            connection.exec_driver_sql("BEGIN")
            return
        flush = "NORMAL" if relaxed else "FULL"
        if connection.info.get("synchronous") != flush:  # it stays with the connection; check_durable reads it back
            connection.exec_driver_sql(f"PRAGMA synchronous={flush}")
            connection.info["synchronous"] = flush
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def check_durable(connection: Connection) -> None:
    """Read the flush setting of this transaction back before its COMMIT (acceptance R-3).

    Raises  TransientError 4.3.0  it would commit without a flush; the sender keeps the mail
    """
    if connection.dialect.name == "sqlite":
        safe = str(connection.exec_driver_sql("PRAGMA synchronous").scalar()) in _FLUSHED_SQLITE
    else:
        safe = connection.exec_driver_sql("SHOW synchronous_commit").scalar() not in ("off", "local")
    if not safe:
        raise TransientError("the store would not flush this commit")


def unsafe(engine: Engine) -> Iterator[str]:
    """Each reason why this database cannot keep the promise of a 250 (acceptance A-04)."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        if mode != "wal":
            yield f"journal_mode is {mode}, not wal"
        kind = file_system_of(Path(engine.url.database or ".").resolve().parent)
        if kind.startswith(_UNSAFE_FILE_SYSTEMS):
            yield f"the state folder is on {kind}, whose locks and flushes cannot be trusted"
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            value = connection.exec_driver_sql(f"SHOW {name}").scalar()
            if value in ("off", "local"):
                yield f"PostgreSQL runs with {name}={value}"


def damage(engine: Engine) -> Iterator[str]:
    """What SQLite finds wrong in its own pages and indexes; PostgreSQL checks its own."""
    with engine.connect() as connection:
        yield from damaged_pages(connection)


def damaged_pages(c: Connection, *, quick: bool = False) -> list[str]:
    """As `damage`; a quick look does not compare indexes with their tables."""
    if c.dialect.name != "sqlite":
        return []
    found = c.exec_driver_sql(f"PRAGMA {'quick' if quick else 'integrity'}_check(20)").scalars().all()
    return [str(line) for line in found if line != "ok"]


def server_version(engine: Engine) -> str:
    """`SQLite 3.40.1`, `PostgreSQL 16.4`: what answered the last connection."""
    name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine.dialect.name]
    return f"{name} {'.'.join(map(str, engine.dialect.server_version_info or ()))}"


def reachable(engine: Engine) -> str:
    """Empty when a connection can be had, else why not, without any password."""
    try:
        with engine.connect():
            return ""
    except SQLAlchemyError as e:
        return str(getattr(e, "orig", e)).strip().splitlines()[0]


def file_system_of(folder: Path) -> str:
    """The type of the file system that holds a folder, from the kernel's own list; empty when unknown."""
    best, kind = "", ""
    for line in Path("/proc/self/mountinfo").read_text("utf-8").splitlines():
        left, _, right = line.partition(" - ")
        mount = left.split()[4].encode().decode("unicode_escape")
        if (str(folder) + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best):
            best, kind = mount, right.split()[0]
    return kind


def _problem(text: str, hint: str) -> Problem:
    return Problem("mailwicket.toml", 0, 0, "C006", text, hint)
