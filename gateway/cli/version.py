"""`mailwicket version`: the program and what it stands on."""

import platform
from importlib import metadata

import click

from gateway.cli.declare import Command, json_option
from gateway.cli.output import facts, print_json, print_lines
from gateway.store.version import KNOWN

_LIBRARIES = ("aiosmtpd", "sqlalchemy", "alembic", "apscheduler", "jinja2", "mail-parser", "pydantic", "click")


@click.command("version", cls=Command, examples=("mailwicket version", "mailwicket version --json"))
@json_option
def version(*, as_json: bool) -> None:
    """Print the versions of the program and of what it stands on."""
    values = {
        "mailwicket": metadata.version("mailwicket"),
        "schema_of_database": KNOWN,
        "python": platform.python_version(),
    }
    libraries = {name: metadata.version(name) for name in _LIBRARIES}
    if as_json:
        print_json("version/1", {**values, "libraries": libraries})
    else:
        print_lines(facts((name.replace("_", " "), text) for name, text in (values | libraries).items()))
