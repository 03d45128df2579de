"""What a reader was told of a ticket a moment ago, so that several events in a row become one more mail.

Sources      mails-out.md §1: several events of one ticket for one reader within 60 s are one mail.
Transaction  T1, that of the event.
Not here     what the mail says (outgoing/enqueue.py), the other mails (outbox.py).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select, update

from gateway.message.types import Mailbox
from gateway.store.schema import entry, inbound, outbox
from gateway.ticket.guard import TICKET_LIMIT
from gateway.ticket.types import is_by_machine

_BEGINS = func.substr(entry.c.text, 1, 400).label("begins")
_LEAVES = ("queued", "leased", "deferred", "sent", "uncertain")


@dataclass(frozen=True, slots=True)
class Told:
    """The mails that the reader got, or will get, since a time, and the one that the guard put off."""

    first_at: datetime
    last_at: datetime | None  # of the newest but that one: later words the reader does not know; None: no words
    waiting: int | None  # the one that has not left and waits for others; None is none
    due: datetime | None  # when it leaves


def told_since(
    c: Connection, ticket: int, recipient: str, template: str, since: datetime, now: datetime
) -> Told | None:
    """The mails of this kind about a ticket since then; None where there are none.

    recipient  in normal form
    """
    put_off = and_(outbox.c.state == "queued", outbox.c.next_attempt_at > now, outbox.c.reason == TICKET_LIMIT)
    his = (
        select(outbox.c.id, outbox.c.queued_at, outbox.c.state, outbox.c.next_attempt_at, outbox.c.attempts)
        .where(
            outbox.c.ticket == ticket,
            outbox.c.recipient == recipient,
            outbox.c.template == template,
            outbox.c.state.in_(_LEAVES),
            outbox.c.message_id != "",
        )
        .order_by(outbox.c.id)
    )
    rows = c.execute(his.where(or_(outbox.c.queued_at > since, put_off))).all()
    if not rows:
        return None
    last = rows[-1]
    waits = last.state == "queued" and last.attempts == 0 and last.next_attempt_at > now
    if not waits:
        return Told(rows[0].queued_at, last.queued_at, None, None)
    before = c.execute(his.where(outbox.c.id < last.id).order_by(None).order_by(outbox.c.id.desc()).limit(1)).first()
    return Told(rows[0].queued_at, before.queued_at if before else None, last.id, last.next_attempt_at)


def told_at(c: Connection, ticket: int, template: str, at: datetime) -> dict[str, str]:
    """Who is told of a ticket by mails of this kind that were queued just then, and what caused it.

    Their addresses are in normal form.
    """
    these = (outbox.c.ticket == ticket, outbox.c.template == template, outbox.c.queued_at == at)
    rows = c.execute(select(outbox.c.recipient, outbox.c.cause).where(*these, outbox.c.state.in_((*_LEAVES, "held"))))
    return {row.recipient: row.cause for row in rows}


def join(c: Connection, id: int, into: int, now: datetime) -> bool:
    """Let a mail that waits be a part of a later one; False: it has left meanwhile."""
    waits = (outbox.c.id == id, outbox.c.state == "queued", outbox.c.attempts == 0)
    joined = {"state": "suppressed", "stage": "done", "next_attempt_at": None, "settled_at": now}
    return c.execute(update(outbox).where(*waits).values(**joined, reason=f"joined: q-{into}")).rowcount == 1


def said_since(
    c: Connection, ticket: int, since: datetime | None, shown: datetime | None, most: int
) -> tuple[int, list[tuple[datetime, Mailbox, str, bool]]]:
    """How many mails and notes came into a ticket after a time; of the last of these when, who, how they begin, and
    whether a program wrote them by itself.

    since  in the order of work: a mail may have waited for that.  None is all
    shown  when that was said which the reader sees anyway; None is nothing
    """
    origin = (entry.c.kind, entry.c.public, entry.c.trust, entry.c.source)
    query = (
        select(entry.c.at, entry.c.author_name, entry.c.author_address, _BEGINS, *origin)
        .outerjoin(inbound, inbound.c.key == entry.c.source)
        .where(entry.c.ticket == ticket, entry.c.kind.in_(("mail", "note")))
        .order_by(entry.c.id.desc())
    )
    if since is not None:
        query = query.where(func.coalesce(inbound.c.finished_at, entry.c.at) > since)
    rows = list(c.execute(query))
    if (seen := next((row for row in rows if row.at == shown), None)) is not None:
        rows.remove(seen)
    said = [
        (
            r.at,
            Mailbox(r.author_name or "", r.author_address or "—"),
            r.begins,
            is_by_machine(r.kind, public=r.public, trust=r.trust, source=r.source),
        )
        for r in rows[:most]
    ]
    return len(rows), said[::-1]
