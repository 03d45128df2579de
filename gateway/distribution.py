"""Tickets that nobody owns find an owner: after each change that leaves one so, or that gives somebody time.

Sources      agents-by-mail.md §7. The queue of a team is what nobody owns of it: no row says that a ticket waits, so
             that nothing can be forgotten there.
Transaction  that of the change.
Not here     who gets a ticket (ticket/assign.py), what rules and the new owner hear of it (events.py).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.store import turns
from gateway.store.audit import add_audit
from gateway.store.changes import save
from gateway.ticket.assign import Choice, choice, distributes, frees, put_aside, waits
from gateway.ticket.types import Change, SetField, Ticket

CAUSE = "team.assign"
_AT_ONCE = 200  # waiting tickets that are looked at for one change


@dataclass(frozen=True, slots=True)
class Given:
    """A ticket that found an owner."""

    before: Ticket
    after: Ticket
    why: str


def distribute(c: Connection, before: Ticket | None, after: Ticket, d: Deps, now: datetime) -> Iterator[Given]:
    """Give away what the change of a ticket left without an owner, or what somebody has time for now.

    before  None: it is new, or was taken up by a mail
    """
    if not any(map(distributes, d.rules.teams.values())):
        return
    if before is not None and after.reopened > before.reopened:
        after = _without_absent_owner(c, after, d, now)
    freed, wanting = frees(before, after), waits(after, d.rules)
    teams = {team.id for team in d.rules.teams.values() if freed in team.members} if freed is not None else set()
    if wanting:
        teams.add(after.team)
    if before is not None and before.team != after.team and put_aside(after, d.rules):
        yield from _given_aside(c, after, d, now)
    given = False
    for each in give_away(c, teams, d, now):
        given = given or each.after.number == after.number
        yield each
    if wanting and not given and (before is None or not waits(before, d.rules)):
        _begins_to_wait(c, after, d, now)


def give_away(c: Connection, teams: Collection[str], d: Deps, now: datetime) -> Iterator[Given]:
    """Give the tickets of these teams that wait to whoever can take them."""
    rules = d.rules
    teams = [team for team in teams if distributes(rules.teams.get(team))]
    if not teams:
        return
    turns.alone(c)
    if not (queue := turns.waiting(c, teams, rules.agents, _AT_ONCE)):
        return
    desk = turns.at_desk(c, d.promises, now)
    for ticket in queue:
        found = choice(ticket, rules.teams[ticket.team], rules, desk, turns.last_given(c, ticket.team))
        if found.agent is not None:
            yield _give(c, ticket, found.agent, found, d, now)
            counted = {**desk.counted, found.agent: desk.counted.get(found.agent, 0) + 1}
            desk = replace(desk, counted=counted, given_at={**desk.given_at, found.agent: now})


def _given_aside(c: Connection, ticket: Ticket, d: Deps, now: datetime) -> Iterator[Given]:
    """What came to a team that gives its tickets away, and is not to be done now, has its owner for later, if any can
    have it: it is in nobody's queue."""
    team = d.rules.teams.get(ticket.team)
    if team is None or not distributes(team):
        return
    turns.alone(c)
    found = choice(ticket, team, d.rules, turns.at_desk(c, d.promises, now), turns.last_given(c, team.id))
    if found.agent is not None:
        yield _give(c, ticket, found.agent, found, d, now)


def take_back(c: Connection, ticket: Ticket, reason: str, d: Deps, now: datetime) -> Ticket:
    """Its owner has it no longer: it is nobody's, and waits."""
    add_audit(c, at=now, actor=CAUSE, action="owner.lost", ticket=ticket.number, detail=f"{ticket.assignee}: {reason}")
    return _saved(c, ticket, (SetField("assignee", None, CAUSE),), d, now)


def _give(c: Connection, ticket: Ticket, agent: str, found: Choice, d: Deps, now: datetime) -> Given:
    add_audit(
        c, at=now, actor=CAUSE, action="owner.found", ticket=ticket.number, detail=f"assignee {agent} ({found.why})"
    )
    after = _saved(c, ticket, (SetField("assignee", agent, CAUSE),), d, now)
    turns.take_turn(c, ticket.team, agent, now)
    return Given(ticket, after, f"assignee {agent} ({found.why})")


def _without_absent_owner(c: Connection, ticket: Ticket, d: Deps, now: datetime) -> Ticket:
    """What goes on goes back to its owner, unless he is not there: then it is nobody's."""
    away = turns.at_desk(c, d.promises, now).absent.get(ticket.assignee or "")
    team_gives = distributes(d.rules.teams.get(ticket.team))
    return take_back(c, ticket, str(away), d, now) if away is not None and team_gives else ticket


def _begins_to_wait(c: Connection, ticket: Ticket, d: Deps, now: datetime) -> None:
    """It says why on the ticket; where too many wait, the lead of the team is told."""
    team = d.rules.teams[ticket.team]
    why = choice(ticket, team, d.rules, turns.at_desk(c, d.promises, now), None).why
    add_audit(c, at=now, actor=CAUSE, action="owner.missing", ticket=ticket.number, detail=why)
    count = turns.count_waiting(c, team.id, d.rules.agents)
    if count <= team.max_waiting:
        return
    lead = d.rules.agents.get(team.lead or "")
    told = [watcher for watcher in d.desk.watchers if lead is not None and watcher.mailbox.address == lead.email]
    said = f"{count} tickets of {team.id} wait; max_waiting is {team.max_waiting}"
    raise_alarm(c, "backlog", team.id, said, d.desk, now, enqueue, told)


def _saved(c: Connection, ticket: Ticket, changes: tuple[Change, ...], d: Deps, now: datetime) -> Ticket:
    saved = save(c, changes, ticket_before=ticket, source=None, actor=CAUSE, now=now, promises=d.promises)
    return saved.ticket or ticket
