"""What the global options lead to: the settings in force, and a look into the database beside a running daemon.

Not here how a command is declared (declare.py), how results are printed (output.py).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gateway.cli.declare import Invocation
from gateway.cli.failure import TEMPORARY, USAGE, CommandError
from gateway.config import Settings, load_settings
from gateway.errors import TransientError
from gateway.store.engine import database_url
from gateway.store.version import open_reader

SYSTEM_CONFIG = Path("/etc/mailwicket/mailwicket.toml")


def config_file(invocation: Invocation) -> Path | None:
    """The configuration file in force; None when only the packaged defaults are."""
    return invocation.config or (SYSTEM_CONFIG if SYSTEM_CONFIG.exists() else None)


def settings_of(invocation: Invocation) -> Settings:
    """The settings in force.

    Raises  ConfigError  with every problem at once
    """
    flags = {"paths": {"rules": invocation.rules}} if invocation.rules is not None else {}
    return load_settings(config_file(invocation), flags)


@contextmanager
def reading(invocation: Invocation) -> Iterator[Connection]:
    """A transaction that can change nothing.

    Raises  CommandError    it was never made (exit 75: the first start makes it)
            TransientError  it is away
            ConfigError     it has another schema
    """
    settings = settings_of(invocation)
    _must_exist(settings)
    engine = open_reader(settings)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except SQLAlchemyError as e:
        raise TransientError("the database failed while it was read") from e
    finally:
        engine.dispose()


def confirmed(question: str, *, yes: bool) -> None:
    """Ask before something that loses something.

    Raises  CommandError  nobody can be asked (exit 2)
            click.Abort   the answer is no
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise CommandError("this asks first, and there is no terminal", hint="add -y", exit_code=USAGE)
    click.confirm(question, abort=True, err=True)


def _must_exist(settings: Settings) -> None:
    url = database_url(settings)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        hint = "“mailwicket serve” makes it; -c FILE names another configuration"
        raise CommandError(f"there is no database at {url.database}", hint=hint, exit_code=TEMPORARY)
