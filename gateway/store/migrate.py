"""Which schema the database has, and the steps to the one this program knows.

Transaction  each step is one transaction; an interrupted upgrade goes on where it stopped (acceptance H-08).
             A new SQLite database is made in one, from migrations/new.sql: what all steps come to. A new step
             is followed by `pytest tests/store/test_migrations.py --update-golden`, which writes that file anew.
Not here     the tables as statements see them (schema.py); the steps themselves (migrations/versions).
"""

import importlib
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, inspect

from gateway.errors import ConfigError, Problem
from gateway.store.version import KNOWN, revision

_UPGRADE_LOCK = 0x6D776B73  # PostgreSQL: one migrator at a time
_STEPS = Path(__file__).parent / "migrations"
NEW = _STEPS / "new.sql"
END = ";\n\n"  # of each statement in it


def ensure(engine: Engine, *, upgrade_old: bool, before: Callable[[], object] | None = None) -> None:
    """Make the schema of a new database; upgrade an old one only when allowed.

    before  done first where an old one is upgraded (acceptance H-08); None: nothing is
    Raises  ConfigError  the schema is older and must not be upgraded silently, or newer than this program
    """
    found = revision(engine)
    if found == KNOWN:
        return
    if found is None and engine.dialect.name == "sqlite" and not inspect(engine).get_table_names():
        _make(engine)
        return
    if before is not None and found is not None and upgrade_old and is_known(found):
        before()
    if found is None or (upgrade_old and is_known(found)):
        upgrade(engine)
        return
    if is_known(found):
        raise ConfigError(_problem(f"the database has schema {found}, this program {KNOWN}", "mailwicket db upgrade"))
    raise ConfigError(_problem(f"the database has schema {found}, newer than this program", "install a newer version"))


def _make(engine: Engine) -> None:
    """The tables of a new SQLite database; PostgreSQL goes by the steps, and no other gateway sees a half of them."""
    with engine.begin() as connection:
        for statement in NEW.read_text("utf-8").split(END)[:-1]:
            connection.exec_driver_sql(statement)
    _flush_names(Path(engine.url.database or ""))


def upgrade(engine: Engine) -> None:
    """All missing steps, each flushed before the next."""
    with engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_UPGRADE_LOCK})")
            connection.commit()
        _alembic("command").upgrade(config, "head")
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_UPGRADE_LOCK})")
            connection.commit()
    if engine.dialect.name == "sqlite":
        _flush_names(Path(engine.url.database or ""))


def pending_sql(url: str, since: str | None = None) -> str:
    """What an upgrade from this revision, or from nothing, would run, as SQL text."""
    config = _config()
    config.attributes["url"] = url
    config.output_buffer = text = io.StringIO()
    _alembic("command").upgrade(config, f"{since}:head" if since else "head", sql=True)
    return text.getvalue()


def is_known(found: str) -> bool:
    """Whether it is a schema of this program, or an older one."""
    steps = _alembic("script").ScriptDirectory.from_config(_config()).walk_revisions()
    return found in {step.revision for step in steps}


def _config() -> Any:
    config = _alembic("config").Config()
    config.set_main_option("script_location", str(_STEPS))
    config.set_main_option("path_separator", "os")
    return config


def _alembic(module: str) -> Any:
    """It takes its time, for those alone whose database is not up to date."""
    return importlib.import_module(f"alembic.{module}")


def _flush_names(path: Path) -> None:
    """A new file is durable only when its folder is: before that no 250 may refer to it (acceptance A-02)."""
    for name in (path, path.parent):
        descriptor = os.open(name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _problem(text: str, hint: str) -> Problem:
    return Problem("database", 0, 0, "C007", text, hint)
