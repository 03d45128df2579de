"""When to try a deferred delivery again, and when to give up.

Sources  RFC 5321 §4.5.4.1: wait 30 minutes between attempts, give up after 4-5 days.
         We start at 5 minutes: our next hop is our own MSA, mostly just restarting.
Not here jitter (outbox.py adds it), leases (outbox.py), the settings (config.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

UNCERTAIN_WAIT = timedelta(minutes=30)  # acceptance F-07: the relay may still be thinking about the dot
_STALE_AFTER = {
    "auto_ack": timedelta(hours=24),
    **dict.fromkeys(("digest", "attention", "weekly_report"), timedelta(hours=12)),
}


def next_attempt(
    since: datetime, attempts: int, now: datetime, delays: Sequence[timedelta], give_up: timedelta
) -> datetime | None:
    """The next time to try; None means give up.

    since, now  aware UTC; since when it is tried.  attempts counts those already made, so it is >= 1.
    delays          after attempt 1, 2, ...; the last repeats.  give_up counts from since.
    """
    if attempts < 1:  # our bug, not the mail's: ValueError, no GatewayError
        raise ValueError(f"attempts={attempts}: nothing has been tried yet")
    due = now + delays[min(attempts, len(delays)) - 1]
    return due if due < since + give_up else None


def stale(template: str, queued_at: datetime, now: datetime) -> bool:
    """Whether the mail says nothing useful any more, so that it is not sent.

    queued_at, now  aware UTC
    """
    limit = _STALE_AFTER.get(template)
    return limit is not None and now - queued_at > limit
