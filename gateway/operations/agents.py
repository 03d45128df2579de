"""Who of our people is away: said by himself, by a lead, or by the operator.

Transaction  the caller's, durable; who comes back may be given what waits for him in the same one.
Not here     what absence means for tickets (ticket/assign.py), the row (store/absences.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from gateway.distribution import Given, give_away
from gateway.events import find_owners
from gateway.message.address import normal
from gateway.operations.person import actor, unknown_agent
from gateway.operations.types import Done, Duty, Operation
from gateway.store import restraint, tickets
from gateway.store.absences import absent, end_absence, put_away
from gateway.store.undoing import Found, Setting, Step
from gateway.ticket.assign import Absence
from gateway.ticket.saying import Saying, saying
from gateway.ticket.types import Ticket


@dataclass(frozen=True, slots=True)
class Away:
    """An agent who is to get no new tickets."""

    agent: str
    until: datetime | None = None  # None: until somebody says that he is back
    cover: str | None = None  # who looks after his tickets
    by: str | None = None  # agent; None is the operator


@dataclass(frozen=True, slots=True)
class Back:
    """An agent who is there again."""

    agent: str
    by: str | None = None


def away(c: Connection, wanted: Away, duty: Duty) -> tuple[Done, ...]:
    """New tickets pass him by from now on; those that he has stay his."""
    rules = duty.deps.rules
    for id in (wanted.agent, wanted.cover, wanted.by):
        if (refused := unknown_agent(id, rules, wanted.agent)) is not None:
            return (refused,)
    if wanted.until is not None and wanted.until <= duty.now:
        return (Done(wanted.agent, "refused", saying("wrong_past", word=wanted.until)),)
    if wanted.cover == wanted.agent:
        return (Done(wanted.agent, "refused", saying("done_own_cover")),)
    was = absent(c, duty.now).get(wanted.agent)
    absence = Absence(wanted.agent, duty.now, wanted.until, wanted.cover, actor(wanted.by))
    put_away(c, absence, duty.now)
    covered = (saying("done_covered", who=wanted.cover),) if wanted.cover else ()
    said = (said_of(absence), *covered, saying("done_to_others"))
    return (Done(wanted.agent, "done", said, steps=(Setting(wanted.agent, "away", was, absence),)),)


def back(c: Connection, wanted: Back, duty: Duty) -> tuple[Done, ...]:
    """He gets tickets again, first what waits."""
    deps = duty.deps
    for id in (wanted.agent, wanted.by):
        if (refused := unknown_agent(id, deps.rules, wanted.agent)) is not None:
            return (refused,)
    restraint.lives(c, normal(deps.rules.agents[wanted.agent].email))
    was = absent(c, duty.now).get(wanted.agent)
    if not end_absence(c, wanted.agent, actor(wanted.by), duty.now):
        return (Done(wanted.agent, "done", saying("done_not_away")),)
    teams = [team.id for team in deps.rules.teams.values() if wanted.agent in team.members]
    given = list[Ticket]()
    count = find_owners(c, _noted(give_away(c, teams, deps, duty.now), given), deps, duty.now)
    found = (saying("done_found_owner", count=count),) if count else ()
    his = (each for each in map(partial(tickets.find_ticket, c), (t.number for t in given)) if each is not None)
    steps: list[Step] = [Found(t.number, wanted.agent, t.version) for t in his if t.assignee == wanted.agent]
    steps.append(Setting(wanted.agent, "away", was, None))  # taken back first: he is away when they are given out
    return (Done(wanted.agent, "done", (saying("done_back"), *found), steps=tuple(steps)),)


def _noted(given: Iterable[Given], into: list[Ticket]) -> Iterator[Given]:
    for each in given:
        into.append(each.after)
        yield each


def said_of(absence: Absence) -> Saying:
    """How long somebody is away."""
    return saying("done_away_until", time=absence.until) if absence.until is not None else saying("done_away")


OPERATIONS: Mapping[str, Operation] = {
    "agent.away": Operation(Away, away),
    "agent.back": Operation(Back, back),
}
