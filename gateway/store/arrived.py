"""Uncertain mails that turn out to have arrived: nothing is sent again, and nobody has to decide.

Transaction  the caller's.
Not here     what proves it (gateway/arrived.py, outgoing/evidence.py).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from gateway.store.outbox import find, marked, tell, waits
from gateway.store.schema import outbox


def uncertain(c: Connection, message_ids: Collection[str]) -> list[int]:
    """The ids of uncertain mails that have one of these Message-IDs."""
    return list(c.execute(select(outbox.c.id).where(*_unsure(), outbox.c.message_id.in_(message_ids))).scalars())


def settle(c: Connection, id: int, how: str, now: datetime) -> bool:
    """It arrived, and its ticket says how that is known; False where it is not uncertain, or under way again."""
    item = find(c, id)
    if item is None or item.state != "uncertain":
        return False
    gone = {"state": "sent", "stage": "done", "next_attempt_at": None, "lease_until": None, "settled_at": now}
    reason = marked(item, f"arrived: {how}")
    done = c.execute(update(outbox).where(outbox.c.id == id, *_unsure()).values(**gone, reason=reason))
    if done.rowcount != 1:
        return False
    tell(c, item, "mail.arrived", f"arrived after all: {how}", now)
    return True


def _unsure() -> tuple[ColumnElement[bool], ...]:
    """In the words of the index of what waits, in which they are few."""
    return waits(), outbox.c.state == "uncertain"
