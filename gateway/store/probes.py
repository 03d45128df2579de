"""Probe mails: which one was sent to a mailbox last, and how long the one took that came back last.

Transaction  the caller's.
Not here     sending them (probing.py), how it goes with a mailbox otherwise (mailboxes.py).
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from gateway.store.schema import mailbox

_MS = timedelta(milliseconds=1)


def note_sent(c: Connection, name: str, message_id: str, now: datetime) -> None:
    """It is on its way."""
    c.execute(update(mailbox).where(mailbox.c.name == name).values(probe_id=message_id, probe_sent_at=now))


def sent_last(c: Connection, name: str) -> str | None:
    """The Message-ID of the newest one; None: there is none."""
    return c.execute(select(mailbox.c.probe_id).where(mailbox.c.name == name)).scalar_one_or_none()


def note_back(c: Connection, message_id: str, at: datetime) -> None:
    """A mail of ours came back; if it is the newest probe of a mailbox, and came for the first time, it is measured."""
    row = c.execute(select(mailbox).where(mailbox.c.probe_id == message_id)).one_or_none()
    if row is None or (row.probe_back_at is not None and row.probe_back_at >= row.probe_sent_at):
        return
    values = {"probe_back_at": at, "round_trip_ms": max(0, (at - row.probe_sent_at) // _MS)}
    c.execute(update(mailbox).where(mailbox.c.name == row.name).values(values))
