"""`mailwicket config`: which settings are in force, where each comes from, and whether they can be used; new keys."""

import difflib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway import policy
from gateway.cli.context import config_file, settings_of
from gateway.cli.declare import Group, Invocation, json_option, pass_invocation
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.output import Column, counted, print_json, print_lines, printable, table
from gateway.clock import Clock
from gateway.config import OAuth, Secret, Settings, hmac_keys, known_keys, origins, write_secret
from gateway.errors import ConfigError, Problem
from gateway.outgoing.relay import relay_of
from gateway.store.engine import database_url, known_url

_RULES_KEY = "paths.rules"


@click.group(cls=Group, examples=("mailwicket config show --origin", "mailwicket config get intake.max_size"))
def config() -> None:
    """Show and check the configuration, mailwicket.toml."""


@config.command("show", examples=("mailwicket config show --origin", "mailwicket config show --json"))
@click.option("--origin", is_flag=True, help="Where each value comes from.")
@json_option
@pass_invocation
def show(invocation: Invocation, *, origin: bool, as_json: bool) -> None:
    """Print all settings in force; of secrets only where they are."""
    settings = settings_of(invocation)
    shown = list(_shown(invocation))
    if as_json:
        values = {key: {"value": _plain(settings, key), "origin": where} for key, _, where in shown}
        print_json("config/1", {"settings": values})
        return
    columns = (Column("Key"), Column("Value"), Column("From"))[: 3 if origin else 2]
    print_lines(table(columns, (row[: len(columns)] for row in shown), invocation.columns()))


@config.command("check", examples=("mailwicket config check", "mailwicket config check -c ./mailwicket.toml"))
@json_option
@pass_invocation
def check(invocation: Invocation, *, as_json: bool) -> None:
    """Check that all settings can be used, secrets, rules and templates included.

    Every problem is told at once, and ends with 78. What is wrong in the rules: mailwicket rules check.
    """
    settings = settings_of(invocation)
    if problems := tuple(_problems(settings, invocation.clock)):
        raise ConfigError(*problems)
    path, warnings = config_file(invocation), list(meant(settings))
    secrets = [key for key, _ in secrets_of(settings)]
    if as_json:
        keys = sum(1 for _ in known_keys())
        print_json("config-check/1", {"file": path, "keys": keys, "secrets": secrets, "warnings": warnings})
        return
    where = printable(str(path)) if path else "no file, packaged defaults"
    print_lines([f"✓ {where}: all settings can be used, {counted(len(secrets), 'secret')} read"])
    print_lines(f"  ! {warning}" for warning in warnings)


@config.command("get", examples=("mailwicket config get paths.state", "mailwicket config get intake.max_size --json"))
@click.argument("key", metavar="KEY")
@json_option
@pass_invocation
def get(invocation: Invocation, key: str, *, as_json: bool) -> None:
    """Print one setting, for scripts."""
    found = {name: (text, where) for name, text, where in _shown(invocation)}
    if key not in found:
        close = difflib.get_close_matches(key, found, 1, 0.6)
        hint = f"did you mean “{close[0]}”?" if close else "mailwicket config show"
        raise CommandError(f"there is no setting “{printable(key, 60)}”", hint=hint, exit_code=NOT_FOUND)
    text, where = found[key]
    if as_json:
        print_json("config-value/1", {"key": key, "value": _plain(settings_of(invocation), key), "origin": where})
    else:
        print_lines([printable(text)])


@config.command("path", examples=("mailwicket config path", '"$EDITOR" "$(mailwicket config path)"'))
@pass_invocation
def path(invocation: Invocation) -> None:
    """Print which file is read; exit 4 when there is none and packaged defaults hold."""
    found = config_file(invocation)
    if found is None:
        why = "neither -c nor MAILWICKET_CONFIG names one, and /etc/mailwicket/mailwicket.toml is not there"
        raise CommandError("no configuration file is read", why, "mailwicket -c FILE config path", exit_code=NOT_FOUND)
    print_lines([printable(str(found), 4096)])
    dropins = sorted(found.with_name(found.name + ".d").glob("*.toml"))
    print_lines(printable(str(each), 4096) for each in dropins)


@config.command(
    "rotate-key", examples=("mailwicket config rotate-key", "mailwicket config rotate-key --from 2026-12-01")
)
@click.option(
    "--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="The day (UTC) from which it signs; else today."
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@pass_invocation
def rotate_key(invocation: Invocation, since: datetime | None, file: Path | None) -> None:
    """Add a key for reply tokens to FILE, else to hmac-key in the state folder; SIGHUP, or a restart, brings it in.

    Tokens of the key before it verify for 400 days more; keys whose time is over are taken out. Gateways that share a
    database share the file: with a day in the future each has the key before the first one signs with it.
    """
    now, settings = invocation.now(), settings_of(invocation)
    path, text = (file, Secret(file=file).read()) if file is not None else hmac_keys(settings, create=False)
    begins = now.replace(hour=0, minute=0, second=0, microsecond=0) if since is None else since.replace(tzinfo=UTC)
    keys = policy.ring_keys(text, str(path))
    try:
        write_secret(path, policy.rotated(keys, begins, now))
    except OSError as e:
        hint = "where systemd passes it, name the file behind LoadCredential=, as its owner"
        raise ConfigError(Problem(str(path), 0, 0, "C005", f"cannot be written: {e.strerror}", hint)) from e
    print_lines([f"✓ {printable(str(path), 4096)}: a new key signs from {begins:%Y-%m-%d} on"])
    print_lines(["  → systemctl reload mailwicket   (restart, where the key is a credential of systemd)"])


def _shown(invocation: Invocation) -> Iterator[tuple[str, str, str]]:
    """(key, value in words, where it comes from) of each setting, --rules included."""
    for key, text, where in origins(config_file(invocation)):
        if key == _RULES_KEY and invocation.rules is not None:
            yield key, str(invocation.rules), "--rules"
        else:
            yield key, text, where


def _plain(settings: Settings, key: str) -> Any:
    """A setting as JSON has it: octets and counts are numbers, durations ISO 8601."""
    section, _, name = key.partition(".")
    if isinstance(several := getattr(settings, section), tuple):
        one, _, name = name.partition(".")
        return json.loads(next(each for each in several if each.name == one).model_dump_json())[name]
    return json.loads(getattr(settings, section).model_dump_json())[name]


def _problems(settings: Settings, clock: Clock) -> Iterator[Problem]:
    """What stands in the way of a start, of all that the settings lead to."""
    yield from unusable(settings)
    yield from _rules_and_templates(settings, clock)


def unusable(settings: Settings) -> Iterator[Problem]:
    """Secrets that cannot be read, and addresses of servers that are none."""
    for key, secret in secrets_of(settings):
        yield from _unreadable(key, secret)
    yield from _refusals(lambda: database_url(settings))
    for query in settings.lookup:
        yield from _refusals(lambda q=query: known_url(q.url, None, f"lookup.{q.name}.url"))  # type: ignore[misc]
    yield from _refusals(lambda: relay_of(settings))


def _rules_and_templates(settings: Settings, clock: Clock) -> Iterator[Problem]:
    try:
        templates = policy.templates_of(settings, clock)
    except ConfigError as e:
        yield from e.problems
        return  # rules name templates
    for text in templates.problems:
        yield Problem(str(settings.paths.templates), 0, 0, "C010", text, "mend it, or take it away")
    yield from templates.articles.problems
    path = policy.rules_file(settings)
    problems = _refusals(
        lambda: policy.compiled(policy.RuleFile.at(path), templates, around=policy.surroundings(settings))
    )
    if any(problem.line for problem in problems):
        text = f"{counted(len(problems), 'error')} in the rules"
        yield Problem(str(path), 0, 0, "C010", text, "“mailwicket rules check” shows where")
    else:
        yield from problems  # the file as a whole


def _refusals(look: Callable[[], object]) -> tuple[Problem, ...]:
    try:
        look()
    except ConfigError as e:
        return e.problems
    return ()


def meant(settings: Settings) -> Iterator[str]:
    """What is allowed, and hardly ever meant."""
    if settings.outbound.concurrency == 0:
        yield "outbound.concurrency is 0: nothing is sent, all mail waits in the queue"
    host = settings.http.metrics_listen.rpartition(":")[0].strip("[]")
    if settings.http.metrics_listen and host not in ("127.0.0.1", "::1", "localhost"):
        yield "http.metrics_listen: whoever reaches this address reads how much mail there is, without a password"


def _unreadable(key: str, secret: Secret) -> Iterator[Problem]:
    try:
        secret.read()
    except ConfigError as e:
        yield from (replace(problem, text=f"{key}: {problem.text}") for problem in e.problems)


def secrets_of(settings: Settings) -> Iterator[tuple[str, Secret]]:
    """The secrets that are set, by key."""
    for section, name in known_keys():
        value = getattr(getattr(settings, section), name)
        if isinstance(value, Secret):
            yield f"{section}.{name}", value
    for section, name in known_keys(repeated=True):
        for each in getattr(settings, section):
            if isinstance(value := getattr(each, name), Secret):
                yield f"{section}.{each.name}.{name}", value
    for mailbox in settings.imap:
        for name in OAuth.model_fields:
            if mailbox.oauth is not None and isinstance(value := getattr(mailbox.oauth, name), Secret):
                yield f"imap.{mailbox.name}.oauth.{name}", value
