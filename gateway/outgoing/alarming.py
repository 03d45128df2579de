"""An alarm: kept for everybody to see, and told to those who look after the desk, at most once an hour for each kind.

Strangers may decide how many troubles of a kind there are; they do not decide how many mails our people get.

Transaction  the caller's.
Not here     the row (store/alarms.py), what the mail says (templates/alarm).
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from gateway.outgoing.compose import Desk, Watcher
from gateway.store import alarms
from gateway.ticket.types import Notification

log = structlog.get_logger("alarm")


def raise_alarm(
    c: Connection,
    about: str,
    key: str,
    said: str,
    desk: Desk,
    now: datetime,
    enqueue: Callable[[Notification, Desk, Connection, datetime], object],
    watchers: Sequence[Watcher] | None = None,
) -> None:
    """Keep it, and tell it where it is the first of its kind in this hour.

    about  a word of the strings: alarm_ABOUT.  key  what or who.  said  a line of detail
    watchers  who is told; None: all who look after the desk
    """
    if not alarms.note(c, about, key, said, now):
        return
    log.error("alarm", about=about, key=key)
    for watcher in desk.watchers if watchers is None else watchers:
        enqueue(alarm(watcher, about, "", said, now), desk, c, now)


def alarm(watcher: Watcher, about: str, key: str, said: str, now: datetime) -> Notification:
    """The mail about it, to one person; the same one within an hour is the same mail.

    key  what tells it from others of its kind; empty: nothing does
    """
    hour = f"{key}:{now:%Y-%m-%dT%H}" if key else f"{now:%Y-%m-%dT%H}"
    return Notification(
        recipient=watcher.mailbox,
        template="alarm",
        variant=None,
        language=watcher.language,
        ticket=None,
        team=watcher.team,
        subject=None,
        in_reply_to=None,
        references=(),
        auto_submitted="auto-generated",
        dedupe_key=f"alarm:{about}:{hour}:{watcher.mailbox.address}",
        cause=f"alarm:{about}",
        values={"about": about, "lines": (said,), "since": now.isoformat()},
        audience="agent",
        zone=watcher.zone,
    )
