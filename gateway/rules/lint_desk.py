"""What is allowed in the sections beside the rules and mostly not meant: people, calendars, promises, lists.

Sources  rules.md §8.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, timedelta

from gateway.rules.desk import Calendar, Sla
from gateway.rules.finding import Finding
from gateway.rules.findings import nearest
from gateway.rules.forms import Reader
from gateway.rules.types import Agent, Later, RuleSet, Team, UseSla

_SOON = timedelta(days=60)
_ICS_DATE = re.compile(r"^DT(?:START|END)[^:]*:(\d{4})(\d\d)(\d\d)", re.MULTILINE)


def desk_findings(rules: RuleSet, r: Reader, today: date | None, queries: Collection[str] | None) -> Iterator[Finding]:
    """Everything that is worth a warning outside the rules, and queries that the site does not have."""
    yield from _queries(rules, r, queries)
    yield from _calendars(rules, r, today)
    yield from _promises(rules, r)
    yield from _people(rules, r)
    for name in rules.lists:
        if name not in r.known.lists_used:
            yield _at(r, "list", name, "R016", f"list “{name}” is never used", f"in: ${name}")


def _queries(rules: RuleSet, r: Reader, queries: Collection[str] | None) -> Iterator[Finding]:
    for name, lookup in rules.lookups.items():
        if queries is not None and lookup.sql and lookup.sql not in queries:
            what = f"unknown query “{lookup.sql}” of lookup “{name}”"
            hint = nearest(lookup.sql, queries, "queries") or "a [[lookup]] of mailwicket.toml"
            yield _at(r, "lookup", name, "R001", what, hint)


def _calendars(rules: RuleSet, r: Reader, today: date | None) -> Iterator[Finding]:
    for name, calendar in rules.calendars.items():
        if not any(calendar.hours) and not any(calendar.days.values()):
            yield _at(r, "calendar", name, "R013", f"calendar “{name}” has no opening hours")
        last = _last_holiday(calendar, rules.files)
        if today is not None and last is not None and last < today + _SOON:
            yield _at(r, "calendar", name, "R014", f"the holidays of calendar “{name}” end on {last}")


def _last_holiday(calendar: Calendar, files: Mapping[str, str]) -> date | None:
    """The last day that is listed; None where a library knows them, where they come again, or where there are none."""
    text = files.get(calendar.file, "")
    if calendar.country is not None or "RRULE" in text:
        return None
    listed = [date(int(y), int(m), int(d)) for y, m, d in _ICS_DATE.findall(text)]
    return max((*calendar.holidays, *listed), default=None)


def _promises(rules: RuleSet, r: Reader) -> Iterator[Finding]:
    default, teams = rules.defaults.calendar, rules.teams.values()
    for name, policy in rules.sla.items():
        if policy.calendar is None and default is None and not all(team.calendar for team in teams):
            hint = "calendar: in the policy, in its teams, or in defaults"
            yield _at(r, "sla", name, "R012", f"SLA policy “{name}” has no calendar", hint)
        concerned = tuple(_teams_of(policy, rules))
        for id in policy.escalation:
            if hidden := [team.id for team in concerned if not team.shows(rules.agents[id])]:
                what = f"“{id}” hears nothing of SLA policy “{name}” in tickets of {', '.join(hidden)}"
                hint = "a member or the lead of the team, an admin, or visibility: all"
                yield _at(r, f"escalation {name}", id, "R031", what, hint)


def _teams_of(policy: Sla, rules: RuleSet) -> Iterator[Team]:
    """Those in whose tickets it may stand: where a rule, its own `for`, the team or the defaults choose it."""
    actions = (action.action if isinstance(action, Later) else action for rule in rules.rules for action in rule.do)
    chosen = any(isinstance(action, UseSla) and action.policy == policy.id for action in actions)
    fitting = dict(policy.applies).get("team", tuple(rules.teams)) if policy.applies else ()
    for team in rules.teams.values():
        if chosen or team.id in fitting or (team.sla or rules.defaults.sla) == policy.id:
            yield team


def _people(rules: RuleSet, r: Reader) -> Iterator[Finding]:
    for name, team in rules.teams.items():
        if team.assign != "manual" and not any(map(_may_own, (rules.agents[m] for m in team.members))):
            yield _at(r, "team", name, "R015", f"nobody in team “{name}” can be assigned a ticket")
    members = {m for team in rules.teams.values() for m in team.members}
    for name, agent in rules.agents.items():
        if agent.role not in ("light", "auditor") and (name not in members or agent.max_open == 0):
            why = "is in no team" if name not in members else "has max_open: 0"
            yield _at(r, "agent", name, "R029", f"agent “{name}” can never be assigned: {why}", "role: light?")


def _may_own(agent: Agent) -> bool:
    return agent.role not in ("light", "auditor") and agent.max_open != 0


def _at(r: Reader, kind: str, name: str, code: str, text: str, hint: str = "") -> Finding:
    source, node = r.known.places[f"{kind} {name}"]
    return Finding(source, node.line, node.column, code, text, hint)
