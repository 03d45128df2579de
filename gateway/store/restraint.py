"""Whom we do not write to by ourselves for now, and why.

Sources      mails-out.md §8 (send guard, breaker), §9 (reports: dead for 60 days, or until the address writes);
             agents-by-mail.md §9 (an agent is out of reach after three mails that failed); RFC 3463 §3.2, §3.3.
Transaction  the caller's.
Not here     the other judgements of the guard (ticket/guard.py), what a report says (message/report.py).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, or_, select

from gateway.store.schema import entry, quiet, stop, undelivered
from gateway.store.upsert import inserted

EVERYBODY = ""  # in the place of an address: acknowledgements rest
SENDING = "outbound"
_DEAD_FOR = timedelta(days=60)
_SOFT_FOR, _SOFT_MOST = timedelta(days=7), 5
_AGENT_MOST = 3
_CIRCLE, _CIRCLE_MOST = timedelta(minutes=10), 5
_SAME, _SAME_MOST = timedelta(hours=24), 3


_NO_SUCH_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_STATUS = re.compile(r"5\d\d[ -](5\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Failing:
    """An address at which mails of ours did not arrive."""

    count: int  # of those that still count
    last_at: datetime
    said: str  # of the last

    @property
    def out_of_reach(self) -> bool:
        """Whether an agent of this address gets no mail of ours, and so no new tickets either."""
        return self.count >= _AGENT_MOST


def marks(c: Connection, address: str, now: datetime) -> Collection[str]:
    """The guard's words against automatic mail to this address: outbound-held, dead-address (of an agent:
    out-of-reach), breaker-open, and acks-rest where nobody is acknowledged.

    address  normal form
    """
    since = {"b_hard": now - _DEAD_FOR, "b_soft": now - _SOFT_FOR}
    row = c.execute(_MARKS, {"b_address": address, "b_now": now, **since}).one()
    words = ("outbound-held", "dead-address", "dead-address", "out-of-reach", "breaker-open", "acks-rest")
    return {word for word, holds in zip(words, row, strict=True) if holds}


def names_no_mailbox(status: str | None) -> bool:
    """Whether a status says that there is no such mailbox, so that no other mail would arrive either."""
    return status in _NO_SUCH_MAILBOX


def refused(c: Connection, outbox_id: int, address: str, now: datetime, reply: str) -> None:
    """Note that the relay refused a mail for good, where it says that there is no such mailbox.

    Other refusals may be about the mail, or about us: a relay that takes none of ours makes no address dead.
    """
    status = _STATUS.match(reply)
    if status is not None and names_no_mailbox(status[1]):
        not_delivered(c, outbox_id, address, now, reply, hard=True)


def delivered(c: Connection, outbox_id: int) -> None:
    """A mail that was refused went out after all."""
    c.execute(delete(undelivered).where(undelivered.c.outbox == outbox_id))


def failing(c: Connection, addresses: Collection[str], now: datetime) -> dict[str, Failing]:
    """Those of these addresses at which mails did not arrive.

    addresses  normal form
    """
    since = {"b_hard": now - _DEAD_FOR, "b_soft": now - _SOFT_FOR}
    his = select(undelivered).where(undelivered.c.address.in_(addresses), _COUNTS).order_by(undelivered.c.at)
    found: dict[str, Failing] = {}
    for row in c.execute(his, since):
        before = found.get(row.address)
        found[row.address] = Failing(1 if before is None else before.count + 1, row.at, row.said)
    return found


def not_delivered(c: Connection, outbox_id: int, address: str, now: datetime, said: str, *, hard: bool) -> bool:
    """Note that a mail did not reach an address; False when that was known.

    hard  there is no such mailbox, so that no other mail would arrive either
    """
    row = {"outbox": outbox_id, "address": address, "at": now, "hard": hard, "said": said}
    return inserted(c, undelivered, row)


def lives(c: Connection, address: str) -> bool:
    """Mail to this address may arrive again: somebody wrote from it, or says so; False when nothing was against it."""
    return c.execute(delete(undelivered).where(undelivered.c.address == address)).rowcount > 0


def dead(c: Connection, now: datetime, limit: int) -> list[tuple[str, datetime, str]]:
    """(address, since when, what was said) of those that get no automatic mail because none arrives, newest first."""
    hard = select(undelivered.c.address).where(undelivered.c.hard, undelivered.c.at > now - _DEAD_FOR)
    often = (
        select(undelivered.c.address)
        .where(undelivered.c.hard.is_(False), undelivered.c.at > now - _SOFT_FOR)
        .group_by(undelivered.c.address)
        .having(func.count() >= _SOFT_MOST)
    )
    either = undelivered.c.address.in_(hard) | undelivered.c.address.in_(often)
    query = select(undelivered.c.address, undelivered.c.at, undelivered.c.said).where(either)
    found: dict[str, tuple[str, datetime, str]] = {}
    for row in c.execute(query.order_by(undelivered.c.at.desc()).limit(limit)):
        found.setdefault(row.address, (row.address, row.at, row.said))
    return list(found.values())


def hush(c: Connection, address: str, until: datetime, reason: str) -> None:
    """No automatic mail to this address until then; a later end than before counts."""
    c.execute(delete(quiet).where(quiet.c.address == address, quiet.c.until < until))
    inserted(c, quiet, {"address": address, "until": until, "reason": reason})


def stop_sending(c: Connection, by: str, now: datetime) -> bool:
    """No mail leaves until somebody lets it, whatever restarts; False when that was so already."""
    return inserted(c, stop, {"name": SENDING, "at": now, "by": by})


def go_on_sending(c: Connection) -> bool:
    """Mail leaves again; False when it did."""
    return c.execute(delete(stop).where(stop.c.name == SENDING)).rowcount == 1


def stopped(c: Connection) -> tuple[datetime, str] | None:
    """Since when no mail leaves, and by whose word; None when it does."""
    row = c.execute(select(stop.c.at, stop.c.by).where(stop.c.name == SENDING)).one_or_none()
    return None if row is None else (row.at, row.by)


def left_alone(c: Connection, now: datetime) -> list[tuple[str, datetime, str]]:
    """(address, until when, why) of those who get no automatic mail; '' is acknowledgements to anybody."""
    query = select(quiet.c.address, quiet.c.until, quiet.c.reason).where(quiet.c.until > now).order_by(quiet.c.address)
    return [tuple(row) for row in c.execute(query)]


def goes_in_circles(c: Connection, ticket: int, address: str, text: str, now: datetime) -> str:
    """Why a contact's mails to a ticket look like an answering machine's; empty when they do not."""
    his = (entry.c.ticket == ticket, func.lower(entry.c.author_address) == address, entry.c.source.is_not(None))
    count = select(func.count()).select_from(entry)
    if (found := c.execute(count.where(*his, entry.c.at > now - _CIRCLE)).scalar_one()) >= _CIRCLE_MOST:
        return f"{found} mails in 10 minutes"
    same = count.where(*his, entry.c.at > now - _SAME, entry.c.text == text)
    if text.strip() and (found := c.execute(same).scalar_one()) >= _SAME_MOST:
        return f"the same words {found} times"
    return ""


_HIS = undelivered.c.address == bindparam("b_address")
_OF_HARD = and_(undelivered.c.hard, undelivered.c.at > bindparam("b_hard"))
_OF_SOFT = and_(undelivered.c.hard.is_(False), undelivered.c.at > bindparam("b_soft"))
_COUNTS = or_(_OF_HARD, _OF_SOFT)
_COUNTED = select(func.count()).select_from(undelivered)
_RESTS = quiet.c.until > bindparam("b_now")
_MARKS = select(
    exists().where(stop.c.name == SENDING),
    exists().where(_HIS, _OF_HARD),
    _COUNTED.where(_HIS, _OF_SOFT).scalar_subquery() >= _SOFT_MOST,
    _COUNTED.where(_HIS, _COUNTS).scalar_subquery() >= _AGENT_MOST,
    exists().where(quiet.c.address == bindparam("b_address"), _RESTS),
    exists().where(quiet.c.address == EVERYBODY, _RESTS),
)
