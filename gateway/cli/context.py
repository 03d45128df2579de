"""What the global options lead to: the settings in force.

Not here how a command is declared (declare.py), how results are printed (output.py), the database (database.py).
"""

import sys
from pathlib import Path

import click

from gateway.cli.declare import Invocation
from gateway.cli.failure import TEMPORARY, USAGE, CommandError
from gateway.config import Settings, load_settings

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


def no_database(file: object) -> CommandError:
    """It was never made (exit 75: the first start makes it)."""
    hint = "“mailwicket serve” makes it; -c FILE names another configuration"
    return CommandError(f"there is no database at {file}", hint=hint, exit_code=TEMPORARY)


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
