"""Which promises run: the most urgent, those of a team or an agent, and what fell due.

Not here  how they are worked out and kept (sla.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from gateway.store.schema import TO_DO, crowd_told, sla_clock, ticket
from gateway.store.tickets import ticket_of
from gateway.store.upsert import insert_new
from gateway.ticket.ledger import Metric, State
from gateway.ticket.life import FINISHED
from gateway.ticket.types import Ticket


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that has not ended, with its ticket."""

    ticket: Ticket
    metric: Metric
    policy: str | None  # None: its due time was set by hand
    state: State
    due_at: datetime | None  # None: it stands, or never will be


def running(c: Connection, *, team: str | None = None, due_before: datetime | None = None, limit: int) -> list[Running]:
    """The clocks that run or stand, by due time; those that stand come last."""
    query = select(ticket, *_CLOCKED).join(sla_clock, sla_clock.c.ticket == ticket.c.number)
    query = query.where(sla_clock.c.ended_at.is_(None))
    if team is not None:
        query = query.where(ticket.c.team == team)
    if due_before is not None:
        query = query.where(sla_clock.c.due_at < due_before)
    query = query.order_by(sla_clock.c.due_at.is_(None), sla_clock.c.due_at, ticket.c.number).limit(limit)
    return [Running(ticket_of(r), r.metric, r.policy, r.state, r.due_at) for r in c.execute(query)]


def of_ticket(c: Connection, of: Ticket) -> list[Running]:
    """The clocks of a ticket that run or stand, by due time."""
    query = select(*_CLOCKED).where(sla_clock.c.ticket == of.number, sla_clock.c.ended_at.is_(None))
    query = query.order_by(sla_clock.c.due_at.is_(None), sla_clock.c.due_at)
    return [Running(of, r.metric, r.policy, r.state, r.due_at) for r in c.execute(query)]


def counted(c: Connection, now: datetime, today: datetime) -> list[tuple[str, str, int, int, int, int]]:
    """(team, metric, overdue, due until the end of today, due later, standing) of the clocks that have not ended."""

    def number(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((and_(*conditions), 1), else_=0))

    due = sla_clock.c.due_at
    query = (
        select(
            ticket.c.team,
            sla_clock.c.metric,
            number(due < now),
            number(due >= now, due < today),
            number(due >= today),
            number(due.is_(None)),
        )
        .join(ticket, ticket.c.number == sla_clock.c.ticket)
        .where(sla_clock.c.ended_at.is_(None))
        .group_by(ticket.c.team, sla_clock.c.metric)
        .order_by(ticket.c.team, sla_clock.c.metric)
    )
    return [(r[0], r[1], *(int(n or 0) for n in r[2:])) for r in c.execute(query)]


def numbers(c: Connection, *, since: datetime | None = None, after: int = 0, limit: int) -> list[int]:
    """Some tickets, by number: those opened since then, or else those that are not at their end."""
    query = select(ticket.c.number).where(ticket.c.number > after).order_by(ticket.c.number).limit(limit)
    which = ticket.c.created_at >= since if since is not None else ticket.c.status_type.not_in(FINISHED)
    return list(c.execute(query.where(which)).scalars())


@dataclass(frozen=True, slots=True)
class Reached:
    """A clock that reached a stage."""

    ticket: Ticket
    metric: Metric
    policy: str | None
    due_at: datetime | None
    next_at: datetime  # when it reached the stage

    def __str__(self) -> str:
        return f"#{self.ticket.number} {self.metric}"


def reached(c: Connection, now: datetime, limit: int) -> list[Reached]:
    """The clocks of which a stage is to be told, the longest overdue first."""
    query = (
        select(ticket, sla_clock.c.metric, sla_clock.c.policy, sla_clock.c.due_at, sla_clock.c.next_at)
        .join(sla_clock, ticket.c.number == sla_clock.c.ticket)
        .where(sla_clock.c.next_at <= now)
        .order_by(sla_clock.c.next_at, sla_clock.c.ticket)
        .limit(limit)
    )
    return [Reached(ticket_of(r), r.metric, r.policy, r.due_at, r.next_at) for r in c.execute(query)]


def crowds_told(c: Connection) -> dict[str, datetime]:
    """Until when everything that was reached was told by digests, by agent."""
    return {row.agent: row.until for row in c.execute(select(crowd_told))}


def tell_crowd(c: Connection, agent: str, last: datetime, now: datetime) -> bool:
    """Note that an agent is told by a digest now of all that was reached; False when the last of it was before."""
    ever = {"agent": agent, "until": _EVER}
    c.execute(insert_new(c.dialect.name, crowd_told), ever)
    fresh = and_(crowd_told.c.agent == agent, crowd_told.c.until < last)
    return c.execute(update(crowd_told).where(fresh).values(until=now)).rowcount == 1


@dataclass(frozen=True, slots=True)
class Pile:
    """Tickets that are not at their end: these; or an agent's, or nobody's of some teams, to be done or due."""

    assignee: str | None = None
    teams: tuple[str, ...] = ()
    before: datetime | None = None  # when something falls due in them at the latest
    numbers: tuple[int, ...] = ()


def most_urgent(c: Connection, pile: Pile, limit: int) -> list[Ticket]:
    """Those of it that fall due first."""
    never = case((ticket.c.next_due.is_(None), 1), else_=0)  # in words of no index: all tickets would be gone through
    first = (never, ticket.c.next_due, ticket.c.number)
    query = select(ticket).where(*_in_pile(pile)).order_by(*first).limit(limit)
    return [ticket_of(row) for row in c.execute(query)]


def sizes(c: Connection, pile: Pile, now: datetime, tomorrow: datetime) -> tuple[int, int, int]:
    """How many of it are overdue, are due until tomorrow, and later or never."""
    due = ticket.c.next_due
    parts = case((due < now, 0), (due < tomorrow, 1), else_=2).label("part")
    query = select(parts, func.count()).where(*_in_pile(pile)).group_by("part")
    counted = {part: int(count) for part, count in c.execute(query)}
    return counted.get(0, 0), counted.get(1, 0), counted.get(2, 0)


def _in_pile(pile: Pile) -> Iterator[ColumnElement[bool]]:
    yield ticket.c.status_type.not_in(FINISHED)
    if pile.numbers:
        yield ticket.c.number.in_(pile.numbers)
        return
    yield or_(TO_DO, ticket.c.next_due < pile.before)
    if pile.assignee is not None:
        yield ticket.c.assignee == pile.assignee
    else:
        yield ticket.c.assignee.is_(None)
        yield ticket.c.team.in_(pile.teams)


def waiting(c: Connection, assignee: str) -> tuple[int, tuple[int, datetime] | None]:
    """How many tickets of an agent wait for customers; which of them waits longest, and since when."""
    waits = and_(ticket.c.assignee == assignee, ticket.c.status_type == "waiting_customer")
    count = int(c.execute(select(func.count()).where(waits)).scalar_one())
    oldest = select(ticket.c.number, ticket.c.status_at).where(waits).order_by(ticket.c.status_at).limit(1)
    row = c.execute(oldest).one_or_none()
    return count, (row.number, row.status_at) if row is not None else None


_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_CLOCKED = (sla_clock.c.metric, sla_clock.c.policy, sla_clock.c.state, sla_clock.c.due_at)
