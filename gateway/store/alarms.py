"""What people should look at soon: one row for each trouble and hour, with how often it came.

Transaction  the caller's.
Not here     who is told (outgoing/alarming.py).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from gateway.message.charset import clean_line
from gateway.store.schema import alarm
from gateway.store.upsert import inserted

_MAX_SAID = 500


@dataclass(frozen=True, slots=True)
class Alarm:
    """One trouble in one hour."""

    about: str
    key: str  # what or who
    first_at: datetime
    last_at: datetime
    count: int
    said: str


def note(c: Connection, about: str, key: str, said: str, now: datetime) -> bool:
    """Keep it; True when it is the first of its hour, and worth telling."""
    names = {"about": about, "key": clean_line(key)[:_MAX_SAID], "hour": f"{now:%Y-%m-%dT%H}"}
    words = clean_line(said)[:_MAX_SAID]
    if inserted(c, alarm, {**names, "first_at": now, "last_at": now, "count": 1, "said": words}):
        return True
    this = (alarm.c[name] == value for name, value in names.items())
    c.execute(update(alarm).where(*this).values(last_at=now, count=alarm.c.count + 1, said=words))
    return False


def since(c: Connection, at: datetime) -> list[Alarm]:
    """Those that went on after a time, newest first."""
    columns = (alarm.c[name] for name in Alarm.__slots__)
    query = select(*columns).where(alarm.c.last_at >= at).order_by(alarm.c.last_at.desc())
    return [Alarm(*row) for row in c.execute(query)]
