"""What a team did in the week that is over, for its lead: in one mail, with the week before beside it.

Sources      tickets-and-sla.md §2. Nothing to say, no mail. It comes with the lead's first digest of a week.
Transaction  what it says is read beside the writers; the mail is queued once for each team, lead and week.
Not here     when it is sent (due.py), what is counted (store/weekly.py), the words (templates/weekly_report).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.digests import zone_of
from gateway.message.address import normal
from gateway.rules.types import Agent, Team
from gateway.store import satisfaction, weekly
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.sla import ALWAYS
from gateway.ticket.types import Notification

WEEKLY = "weekly_report"
_WEEK = timedelta(days=7)
_WORDS, _OF_CUSTOMERS = ("opened", "answered", "solved", "reopened", "breached", "open"), ("rated", "rated_good")


def report(c: Connection, team: Team, lead: Agent, d: Deps, now: datetime) -> Notification | None:
    """The mail about the week that ended last Sunday where the lead is; None when nothing happened in it."""
    zone = zone_of(lead, d.rules)
    local = now.astimezone(zone)
    until = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    since = (until - _WEEK).astimezone(zone)
    this, last = _counted(c, team, since, until, d), _counted(c, team, since - _WEEK, since, d)
    unfinished = weekly.unfinished(c, team.id)
    this["open"] = _open_before(unfinished.total(), _counted(c, team, until, now, d))
    last["open"] = _open_before(this["open"], this)
    if not any(this.values()):
        return None
    hours = d.calendars.get(team.calendar or d.rules.defaults.calendar or "", ALWAYS)
    waited = [hours.between(*times).total_seconds() for times in weekly.first_answers(c, team.id, since, until)]
    number = since.isocalendar()
    values = {
        "of_team": team.id,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "counts": tuple({"word": word, "now": this[word], "before": last[word]} for word in _words(this, last)),
        "first_response": int(median(waited)) if waited else None,
        "people": tuple(_people(c, team, since, until, unfinished, d)),
    }
    key = f"{WEEKLY}:{team.id}:{lead.id}:{number.year}-W{number.week:02d}"
    notice = to_agent(lead, WEEKLY, values, d.rules, key=key, cause="team.weekly", team=team.id)
    return replace(notice, zone=str(zone))


def _words(this: Counter[str], last: Counter[str]) -> tuple[str, ...]:
    """What is counted; verdicts of customers where there are any."""
    return (*_WORDS, *_OF_CUSTOMERS) if this["rated"] or last["rated"] else _WORDS


def _open_before(count: int, moved: Counter[str]) -> int:
    """How many were open before a time, of which it is known how many are after it, and what moved meanwhile."""
    return count - moved["opened"] - moved["reopened"] + moved["solved"]


def _counted(c: Connection, team: Team, since: datetime, until: datetime, d: Deps) -> Counter[str]:
    moved = Counter("solved" if each.ended else "reopened" for each in _moved(c, team, since, until, d))
    moved["opened"] = weekly.opened(c, team.id, since, until)
    moved["answered"] = weekly.answered(c, team.id, since, until).total()
    moved["breached"] = weekly.breached(c, team.id, since, until)
    rated = satisfaction.of_team(c, team.id, since, until)
    moved["rated"], moved["rated_good"] = rated.total(), rated["good"]
    return moved


def _people(
    c: Connection, team: Team, since: datetime, until: datetime, unfinished: Counter[str | None], d: Deps
) -> Iterator[dict[str, object]]:
    """Each member with what he did, and what he has now."""
    answered = weekly.answered(c, team.id, since, until)
    solved = Counter(each.actor for each in _moved(c, team, since, until, d) if each.ended)
    for agent in (d.rules.agents[id] for id in team.members):
        by = sum(count for address, count in answered.items() if normal(address) in map(normal, agent.addresses))
        yield {"name": agent.name, "answered": by, "solved": solved[f"agent:{agent.id}"], "open": unfinished[agent.id]}


def _moved(c: Connection, team: Team, since: datetime, until: datetime, d: Deps) -> Iterable[weekly.Moved]:
    return weekly.moved(c, team.id, since, until, d.rules.statuses)
