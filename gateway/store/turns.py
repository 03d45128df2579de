"""What giving tickets away rests on: who waits, how much everybody has, whose turn it was.

Transaction  that of the change after which tickets are given. On PostgreSQL one transaction at a time gives tickets
             away: nobody gets more than `max_open`, no turn is taken twice.
Not here     who gets a ticket (ticket/assign.py), that he gets it (distribution.py).
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, or_, select, text, update

from gateway.rules.types import PRIORITIES
from gateway.store.absences import absent
from gateway.store.schema import TO_DO, ticket, turn
from gateway.store.tickets import ticket_of
from gateway.store.upsert import insert_new
from gateway.ticket.assign import AtDesk
from gateway.ticket.sla import Promises
from gateway.ticket.types import Ticket

_LOCK = 0x6D776774


def alone(c: Connection) -> None:
    """Until the end of the transaction nobody else gives tickets away."""
    if c.dialect.name == "postgresql":
        c.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


def at_desk(c: Connection, promises: Promises, now: datetime) -> AtDesk:
    """How things stand."""
    counted = select(ticket.c.assignee, func.count()).where(TO_DO, ticket.c.assignee.is_not(None))
    given = select(turn.c.agent, func.max(turn.c.at).label("at")).group_by(turn.c.agent)
    return AtDesk(
        now,
        {agent: int(count) for agent, count in c.execute(counted.group_by(ticket.c.assignee))},
        {row.agent: row.at for row in c.execute(given)},
        absent(c, now),
        promises.is_open,
    )


def waiting(c: Connection, teams: Collection[str], agents: Collection[str], limit: int) -> list[Ticket]:
    """Tickets of these teams that none of the agents owns: the oldest of the highest priority first.

    On PostgreSQL their rows are locked; what somebody else changes at the moment is left to him.
    """
    query = select(ticket).where(_unowned(teams, agents), ticket.c.merged_into.is_(None))
    query = query.order_by(_URGENCY, ticket.c.next_due.is_(None), ticket.c.next_due, ticket.c.number).limit(limit)
    return [ticket_of(row) for row in c.execute(query.with_for_update(skip_locked=True))]


def count_waiting(c: Connection, team: str, agents: Collection[str]) -> int:
    """How many of a team's tickets none of the agents owns."""
    return int(c.execute(select(func.count()).select_from(ticket).where(_unowned((team,), agents))).scalar_one())


def last_given(c: Connection, team: str) -> str | None:
    """Who was given a ticket of the team last; None: nobody yet."""
    return c.execute(_LAST, {"b_team": team}).scalar_one_or_none()


def take_turn(c: Connection, team: str, agent: str, now: datetime) -> None:
    """He was given a ticket of the team."""
    c.execute(insert_new(c.dialect.name, turn), {"team": team, "agent": agent, "place": 0, "at": now})
    place = select(func.max(turn.c.place) + 1).where(turn.c.team == team).scalar_subquery()
    mine = and_(turn.c.team == team, turn.c.agent == agent)
    c.execute(update(turn).where(mine).values(place=place, at=now))


def to_unlock(c: Connection, now: datetime, limit: int) -> list[int]:
    """The numbers of tickets whose owners were silent for too long."""
    query = select(ticket.c.number).where(ticket.c.next_unlock <= now).order_by(ticket.c.next_unlock).limit(limit)
    return list(c.execute(query).scalars())


def owned_by_others(c: Connection, agents: Collection[str]) -> dict[str, dict[str, int]]:
    """How many tickets to be done belong to somebody who is none of these agents: by owner, by team."""
    owners = select(ticket.c.assignee, ticket.c.team, func.count()).where(_of_others(agents))
    grouped = owners.group_by(ticket.c.assignee, ticket.c.team).order_by(ticket.c.assignee, ticket.c.team)
    found: dict[str, dict[str, int]] = {}
    for owner, team, count in c.execute(grouped):
        found.setdefault(owner, {})[team] = int(count)
    return found


def numbers_of_others(c: Connection, agents: Collection[str], limit: int) -> list[int]:
    """The numbers of those tickets."""
    query = select(ticket.c.number).where(_of_others(agents)).order_by(ticket.c.number).limit(limit)
    return list(c.execute(query).scalars())


def _of_others(agents: Collection[str]) -> ColumnElement[bool]:
    return and_(TO_DO, ticket.c.assignee.is_not(None), ticket.c.assignee.not_in(agents))


def _unowned(teams: Collection[str], agents: Collection[str]) -> ColumnElement[bool]:
    nobodys = or_(ticket.c.assignee.is_(None), ticket.c.assignee.not_in(agents))
    return and_(TO_DO, nobodys, ticket.c.team.in_(teams))


_URGENCY = case({name: place for place, name in enumerate(reversed(PRIORITIES))}, value=ticket.c.priority)
_LAST = select(turn.c.agent).where(turn.c.team == bindparam("b_team")).order_by(turn.c.place.desc()).limit(1)
