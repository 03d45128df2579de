"""What happened in the tickets of a team in some time: counted from entries, promises and the audit log.

Not here  who is told (weekly.py), the words (templates/weekly_report).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from gateway.rules.statuses import StatusType
from gateway.store.schema import audit, entry, sla_clock, sla_told, ticket
from gateway.ticket.life import FINISHED
from gateway.ticket.sla import BREACH

_MOVED = re.compile(r"(\S+) -> ([^\s:]+)")


@dataclass(frozen=True, slots=True)
class Moved:
    """A ticket that came to its end, or went on after it."""

    ticket: int
    actor: str
    ended: bool


def opened(c: Connection, team: str, since: datetime, until: datetime) -> int:
    """How many tickets of the team were opened."""
    query = select(func.count()).select_from(ticket).where(ticket.c.team == team)
    return int(c.execute(query.where(ticket.c.created_at >= since, ticket.c.created_at < until)).scalar_one())


def answered(c: Connection, team: str, since: datetime, until: datetime) -> Counter[str]:
    """How many answers were given in them, by the address of who gave them."""
    query = select(entry.c.author_address, func.count()).join(ticket, ticket.c.number == entry.c.ticket)
    query = query.where(ticket.c.team == team, entry.c.kind == "answer", entry.c.at >= since, entry.c.at < until)
    return Counter({r[0] or "": int(r[1]) for r in c.execute(query.group_by(entry.c.author_address))})


def moved(
    c: Connection, team: str, since: datetime, until: datetime, statuses: Mapping[str, StatusType]
) -> Iterator[Moved]:
    """The tickets that came to their end or went on after it, each time they did."""
    query = select(audit.c.ticket, audit.c.actor, audit.c.detail).join(ticket, ticket.c.number == audit.c.ticket)
    query = query.where(audit.c.action == "set.status", audit.c.at >= since, audit.c.at < until, ticket.c.team == team)
    for row in c.execute(query.order_by(audit.c.seq)):
        found = _MOVED.match(row.detail)
        before, after = (statuses.get(name) for name in found.groups()) if found else (None, None)
        if before is not None and after is not None and (before in FINISHED) != (after in FINISHED):
            yield Moved(row.ticket, row.actor, after in FINISHED)


def breached(c: Connection, team: str, since: datetime, until: datetime) -> int:
    """How many promises were told to be broken."""
    query = select(func.count()).select_from(sla_told).join(ticket, ticket.c.number == sla_told.c.ticket)
    query = query.where(
        ticket.c.team == team, sla_told.c.stage == BREACH, sla_told.c.at >= since, sla_told.c.at < until
    )
    return int(c.execute(query).scalar_one())


def unfinished(c: Connection, team: str) -> Counter[str | None]:
    """How many tickets are not at their end now, by owner."""
    query = select(ticket.c.assignee, func.count()).where(ticket.c.team == team, ticket.c.status_type.not_in(FINISHED))
    return Counter({r[0]: int(r[1]) for r in c.execute(query.group_by(ticket.c.assignee))})


def first_answers(c: Connection, team: str, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """From when until when customers waited for the first answer that was promised to them."""
    query = select(sla_clock.c.started_at, sla_clock.c.ended_at).join(ticket, ticket.c.number == sla_clock.c.ticket)
    met = (sla_clock.c.metric == "first_response", sla_clock.c.state == "met", ticket.c.team == team)
    found = c.execute(query.where(*met, sla_clock.c.ended_at >= since, sla_clock.c.ended_at < until))
    return [(row.started_at, row.ended_at) for row in found]
