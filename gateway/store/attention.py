"""What people should look at soon, counted and listed for one mail about it.

Transaction  reads only.
Not here     mail in quarantine (inbound.py), alarms (alarms.py), mail of agents that waits for their word
             (held_mail.py), who is told (gateway/attention.py).
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, select, text

from gateway.store.schema import entry, inbound, outbox, undelivered
from gateway.ticket.reminder import OVER


@dataclass(frozen=True, slots=True)
class Stranger:
    """Words of a third party in somebody's ticket, which wait for an agent's word."""

    ticket: int
    author: str
    at: datetime


def last_told(c: Connection, address: str, cause: str) -> datetime | None:
    """When a mail of this cause was written to somebody last; None: never.

    address  in normal form
    """
    his = (outbox.c.recipient == address, outbox.c.cause == cause)
    value: datetime | None = c.execute(select(func.max(outbox.c.queued_at)).where(*his)).scalar_one()
    return value


def strangers(c: Connection, since: datetime, limit: int) -> list[Stranger]:
    """Held words since then, newest first."""
    query = select(entry.c.ticket, entry.c.author_address, entry.c.at).where(
        entry.c.held.is_not(None), entry.c.at >= since
    )
    rows = c.execute(query.order_by(entry.c.at.desc()).limit(limit))
    return [Stranger(row.ticket, row.author_address or "—", row.at) for row in rows]


def suppressed(c: Connection, since: datetime) -> Counter[str]:
    """How much automatic mail the send guard refused since then, by its word."""
    refused = (outbox.c.state == "suppressed", outbox.c.reason != OVER, outbox.c.queued_at >= since)
    query = select(outbox.c.reason, func.count()).where(*refused).group_by(outbox.c.reason)
    return Counter({row[0]: int(row[1]) for row in c.execute(query)})


def lost(c: Connection, since: datetime) -> int:
    """How many of our mails failed or came back since then."""
    failed = select(func.count()).select_from(outbox).where(outbox.c.state == "failed", outbox.c.settled_at >= since)
    later = undelivered.join(outbox, and_(outbox.c.id == undelivered.c.outbox, outbox.c.state != "failed"))
    came_back = select(func.count()).select_from(later).where(undelivered.c.at >= since)
    return int(c.execute(failed).scalar_one()) + int(c.execute(came_back).scalar_one())


def older(c: Connection, before: datetime) -> int:
    """How many mails in quarantine and held words of third parties were there already then."""
    mails = select(func.count()).select_from(inbound).where(text("disposition = 'quarantine'"))
    words = select(func.count()).select_from(entry).where(entry.c.held.is_not(None), entry.c.at < before)
    waits = mails.where(inbound.c.received_at < before)
    return int(c.execute(waits).scalar_one()) + int(c.execute(words).scalar_one())
