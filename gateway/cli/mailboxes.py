"""How it goes with the mailboxes of the settings, in words."""

from datetime import datetime

from sqlalchemy import Connection

from gateway.cli.context import settings_of
from gateway.cli.declare import Invocation
from gateway.cli.failure import NOT_FOUND, CommandError
from gateway.cli.output import printable, span
from gateway.config import Imap, Settings
from gateway.store import mailboxes
from gateway.store.mailboxes import Health


def account_of(invocation: Invocation, name: str) -> Imap:
    """The mailbox of this name in the settings.

    Raises  CommandError  there is none (exit 4)
    """
    accounts = {account.name: account for account in settings_of(invocation).imap}
    if name not in accounts:
        known = f"mailboxes are: {', '.join(accounts)}" if accounts else "mailwicket.toml has no [[imap]]"
        raise CommandError(f"there is no mailbox “{printable(name, 60)}”", hint=known, exit_code=NOT_FOUND)
    return accounts[name]


def known(c: Connection, settings: Settings) -> list[Health]:
    """What is known of each mailbox of the settings that was tried so far."""
    found = mailboxes.healths(c)
    return [found[account.name] for account in settings.imap if account.name in found]


def went(health: Health, now: datetime) -> str:
    """When it was fetched last, and what is wrong with it."""
    last = health.fetched_at
    when = f"fetched {span(now - last)} ago" if last is not None else "never fetched"
    trouble = f"; {health.trouble}" if health.trouble else ""
    again = health.login_after
    later = f"; the next log-in is tried in {span(again - now)}" if again is not None and again > now else ""
    return f"{when}{probed(health, now)}{trouble}{later}"


def probed(health: Health, now: datetime) -> str:
    """How the probe mails of a mailbox go; empty where none are sent."""
    out, back, took = health.probe_out_since, health.probe_back_at, health.round_trip_ms
    measured = f"; a probe took {took / 1000:.1f} s {span(now - back)} ago" if back and took is not None else ""
    return measured + (f"; a probe is out for {span(now - out)}" if out is not None else "")
