"""Mail of archives among the accepted mail: what of it is known, what waits, what became of it.

Not here  accepting it (inbound.py), reading an archive (intake/).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from gateway.store.schema import arrival, inbound


def known(c: Connection, hashes: Collection[str], now: datetime) -> frozenset[str]:
    """Those of these arrival hashes under which a mail is remembered."""
    query = select(arrival.c.hash).where(arrival.c.hash.in_(hashes), arrival.c.expires_at > now)
    return frozenset(c.execute(query).scalars())


def waiting(c: Connection) -> int:
    """How many of its mails are not processed yet."""
    query = select(func.count()).where(inbound.c.state != "done", inbound.c.imported.is_not(None))
    return c.execute(query).scalar_one()


def newest(c: Connection) -> int:
    """The id of the mail that was accepted last, of an archive or not; 0 when there is none."""
    return c.execute(select(func.max(inbound.c.id))).scalar() or 0


def ends(c: Connection, after: int) -> dict[str, int]:
    """What became of its mails that were accepted behind an id; `pending` of those that wait."""
    query = (
        select(inbound.c.disposition, func.count())
        .where(inbound.c.id > after, inbound.c.imported.is_not(None))
        .group_by(inbound.c.disposition)
    )
    return {disposition or "pending": number for disposition, number in c.execute(query)}
