"""Agents whom our mail does not reach: those who look after the desk hear of it, and they get no new tickets.

Sources      agents-by-mail.md §9: after three mails that failed for good he counts as away. Somebody covers for him.
             Whatever shows that mail reaches him ends it: a mail of his, another address, the word of a lead.
Transaction  that of the look.
Not here     what counts as failed (store/restraint.py), a mail of his (agents/absent.py).
"""

from datetime import datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.rules.types import Agent
from gateway.store import alarms, restraint
from gateway.store.absences import absent, end_absence, put_away
from gateway.store.restraint import Failing
from gateway.ticket.assign import OUT_OF_REACH, Absence
from gateway.ticket.visibility import answers

UNREACHED = "unreached"


def look_after_unreached(c: Connection, d: Deps, now: datetime) -> None:
    """Put those away whom no mail reaches, take those back whom it reaches again, and tell of each mail that failed."""
    agents = d.rules.agents.values()
    failing = restraint.failing(c, [normal(agent.email) for agent in agents], now)
    away = absent(c, now)
    for agent in agents:
        found, known = failing.get(normal(agent.email)), away.get(agent.id)
        if known is not None and known.by == OUT_OF_REACH and (found is None or not found.out_of_reach):
            end_absence(c, agent.id, OUT_OF_REACH, now)
        if found is None:
            continue
        if found.out_of_reach and known is None:
            put_away(c, Absence(agent.id, now, None, _cover(agent, d, away), OUT_OF_REACH), now)
        _tell(c, agent, found, d, now)


def _cover(agent: Agent, d: Deps, away: dict[str, Absence]) -> str | None:
    """Who hears of his tickets meanwhile: the lead of his first team that has another one, who is there."""
    leads = (team.lead for team in d.rules.teams.values() if agent.id in team.members)
    there = (id for id in leads if id in d.rules.agents and id != agent.id and id not in away)
    return next((id for id in there if id is not None and answers(d.rules.agents[id])), None)


def _tell(c: Connection, agent: Agent, found: Failing, d: Deps, now: datetime) -> None:
    """Once for each mail that failed, to others than himself."""
    if any(each.about == UNREACHED and each.key == agent.id for each in alarms.since(c, found.last_at)):
        return
    others = [watcher for watcher in d.desk.watchers if normal(watcher.mailbox.address) != normal(agent.email)]
    said = f"{agent.id}, {agent.email}: {found.said or '—'} ({found.count}×)"
    raise_alarm(c, UNREACHED, agent.id, said, d.desk, now, enqueue, others)
