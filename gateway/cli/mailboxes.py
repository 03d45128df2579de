"""How it goes with the mailboxes of the settings, in words."""

from datetime import datetime

from sqlalchemy import Connection

from gateway.cli.output import span
from gateway.config import Settings
from gateway.store import mailboxes
from gateway.store.mailboxes import Health


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
    return f"{when}{trouble}{later}"
