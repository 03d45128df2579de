"""Thanks for what is done, which opened nothing again: what of them an agent was not told yet.

Transaction  reads only.
Not here     which mails are that (ticket/life.py), whose they are (ticket/colleagues.py), the digest (digests.py).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, exists, func, or_, select

from gateway.message.types import Mailbox
from gateway.store.schema import entry, outbox, ticket
from gateway.store.tickets import ticket_of
from gateway.ticket.types import Ticket

_NOT_SENT = ("suppressed", "dropped", "failed")
_CHARACTERS = 200  # of the words: a bare thank-you has no more


@dataclass(frozen=True, slots=True)
class Thanks:
    """One of them."""

    ticket: Ticket
    who: Mailbox | None
    text: str
    answered_by: str | None  # the address of whoever answered last in the ticket; None: nobody did


def untold(
    c: Connection, agent: str, address: str, known: Collection[str], since: datetime, until: datetime, limit: int
) -> list[Thanks]:
    """Those filed after a time until another, newest first: in tickets of an agent, or of nobody who is there.

    Of what a notice told him in the moment when it came he is not told again.
    address  his, in normal form.  known  the ids of all agents
    """
    owned = or_(ticket.c.assignee == agent, ticket.c.assignee.is_(None), ticket.c.assignee.not_in(list(known)))
    told = exists().where(
        outbox.c.ticket == entry.c.ticket,
        outbox.c.queued_at == entry.c.thanks_at,
        outbox.c.recipient == address,
        outbox.c.message_id != "",
    )
    answer = entry.alias("answer")
    last = (
        select(answer.c.author_address)
        .where(answer.c.ticket == ticket.c.number, answer.c.kind == "answer")
        .order_by(answer.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(
            ticket,
            entry.c.author_name,
            entry.c.author_address,
            func.substr(entry.c.text, 1, _CHARACTERS).label("words"),
            last.label("answered_by"),
        )
        .join(ticket, ticket.c.number == entry.c.ticket)
        .where(entry.c.thanks_at > since, entry.c.thanks_at <= until, owned, ~told)
        .order_by(entry.c.thanks_at.desc(), entry.c.id.desc())
        .limit(limit)
    )
    return [
        Thanks(
            ticket_of(row),
            Mailbox(row.author_name or "", row.author_address) if row.author_address is not None else None,
            row.words,
            row.answered_by,
        )
        for row in c.execute(query)
    ]


def last_digest(c: Connection, address: str, cause: str, since: datetime) -> datetime | None:
    """When the last mail of this cause was written to an agent that left, or will; None: none since then.

    address  his, in normal form
    """
    his = (outbox.c.recipient == address, outbox.c.queued_at > since, outbox.c.cause == cause)
    query = select(func.max(outbox.c.queued_at)).where(*his, outbox.c.state.not_in(_NOT_SENT))
    value: datetime | None = c.execute(query).scalar_one()
    return value
