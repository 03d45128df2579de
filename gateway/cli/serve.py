"""`mailwicket serve`: the daemon, or the checks that come before its start."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.cli.context import settings_of
from gateway.cli.declare import Command, Invocation, pass_invocation
from gateway.cli.logs import configure_logs
from gateway.cli.output import counted, print_lines, printable
from gateway.clock import Clock
from gateway.config import Settings, audit_key, service_environment
from gateway.daemon import serve as run_daemon
from gateway.errors import ConfigError, Problem
from gateway.policy import RuleFile, compiled, rules_file, surroundings, templates_of, token_ring
from gateway.store.engine import database_url, unsafe
from gateway.store.version import open_reader
from gateway.verifying.verifier import check_verifier
from gateway.web.listening import check_pages


@click.command("serve", cls=Command, examples=("mailwicket serve", "mailwicket serve --check -c ./mailwicket.toml"))
@click.option("--check", is_flag=True, help="Only check what a start would check; open nothing, change nothing.")
@pass_invocation
def serve(invocation: Invocation, *, check: bool) -> None:
    """Run the gateway until it is told to stop.

    SIGTERM takes no new mail, finishes what is under way and ends with 0; SIGHUP reads rules, templates and keys again.
    A configuration or a database that forbids the start ends with 78; a second gateway on one state with 75.
    """
    settings = settings_of(invocation)
    if check:
        print_lines(_checked(settings, invocation.clock))
        return
    configure_logs(settings.log)
    asyncio.run(run_daemon(settings, invocation.clock, service_environment()))


def _checked(settings: Settings, clock: Clock) -> Iterator[str]:
    """A line for each thing that a start needs.

    Raises  ConfigError     the start would be forbidden
            TransientError  the database is away
    """
    yield "✓ settings"
    templates = templates_of(settings, clock)
    yield f"✓ {counted(len(templates.names), 'template')}"
    yield from (f"! {printable(problem)}" for problem in templates.problems)  # the packaged one goes out instead
    yield from (f"! {printable(f'{p.file}:{p.line}: {p.text}')}" for p in templates.articles.problems)  # left out
    path = rules_file(settings)
    rules = compiled(RuleFile.at(path), templates, around=surroundings(settings))
    yield f"✓ {printable(str(path))}: {counted(len(rules.rules), 'rule')}, {counted(len(rules.teams), 'team')}"
    check_verifier(settings)
    check_pages(settings)
    yield f"✓ {_database(settings, clock)}"


def _database(settings: Settings, clock: Clock) -> str:
    url = database_url(settings)
    shown = printable(url.render_as_string(hide_password=True))
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return f"{shown}: will be made"
    engine = open_reader(settings)
    try:
        reasons = () if settings.database.i_accept_data_loss else tuple(unsafe(engine))
    finally:
        engine.dispose()
    if reasons:
        raise ConfigError(*(Problem("database", 0, 0, "C008", reason) for reason in reasons))
    token_ring(settings, clock, create=False)
    audit_key(settings, create=False)
    return f"{shown}: schema and durability as wanted"
