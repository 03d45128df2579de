"""What waits, for whoever watches: asked every few seconds, so that only rows that are not settled are counted.

Transaction  the caller's; it only reads.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, text, union_all

from gateway.store import inbound, jobs, mailboxes
from gateway.store.schema import inbound as mails
from gateway.store.schema import outbox

# each as an index has it: words that come as values would not find it on SQLite
_UNSETTLED = ("state in ('queued', 'deferred', 'uncertain')", "state = 'leased'", "state = 'failed'")


@dataclass(frozen=True, slots=True)
class Measures:
    """What is not at its end."""

    pending: int  # accepted, and not processed
    oldest_at: datetime | None  # of those; None when none waits, or nobody knows
    quarantined: int
    outbox: dict[str, int]  # by state, without those that were sent, suppressed or dropped
    fetched_at: dict[str, datetime]  # mailboxes by name; those that never were are not there
    round_trip_ms: dict[str, int]  # of the probe mail that came back last; mailboxes by name
    probes_out: dict[str, datetime]  # since when one is out
    backup_at: datetime | None  # of when the last backup is; None: there is none


def measures(c: Connection) -> Measures:
    """As it stands now."""
    pending, oldest = inbound.backlog(c)
    quarantined = c.execute(
        select(func.count()).select_from(mails).where(text("disposition = 'quarantine'"))
    ).scalar_one()
    states = union_all(
        *(select(outbox.c.state, func.count()).where(text(each)).group_by(outbox.c.state) for each in _UNSETTLED)
    )
    unsettled = {row[0]: row[1] for row in c.execute(states)}
    boxes = mailboxes.healths(c)
    fetched = {name: each.fetched_at for name, each in boxes.items() if each.fetched_at is not None}
    took = {name: each.round_trip_ms for name, each in boxes.items() if each.round_trip_ms is not None}
    out = {name: each.probe_out_since for name, each in boxes.items() if each.probe_out_since is not None}
    backup_at = jobs.asked_until(c, jobs.BACKUP)
    return Measures(pending, oldest, quarantined, unsettled, fetched, took, out, backup_at)
