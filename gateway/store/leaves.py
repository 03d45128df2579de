"""The leave to fetch mailboxes: the refresh token of each, as the token server gave it last.

It stands here in clear, beside the mail that it leads to; the database belongs to the gateway's user alone.
Transaction  the caller's.
Not here     getting one (intake/oauth.py).
"""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gateway.store.schema import mailbox_leave


@dataclass(frozen=True, slots=True)
class Leave:
    """A refresh token, since when, and when it ends; None: nobody said."""

    mailbox: str
    refresh_token: str = field(repr=False)
    at: datetime
    ends_at: datetime | None = None


def leave(c: Connection, mailbox: str) -> Leave | None:
    """The newest; None where none was kept so far."""
    row = c.execute(select(*_COLUMNS).where(mailbox_leave.c.mailbox == mailbox)).one_or_none()
    return None if row is None else Leave(*row)


def keep_leave(c: Connection, new: Leave) -> None:
    """In place of the one before, which may be worth nothing any more."""
    c.execute(delete(mailbox_leave).where(mailbox_leave.c.mailbox == new.mailbox))
    c.execute(insert(mailbox_leave).values({name: getattr(new, name) for name in Leave.__slots__}))


_COLUMNS = [mailbox_leave.c[name] for name in Leave.__slots__]
