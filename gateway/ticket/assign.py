"""Who gets a ticket that nobody owns, and why; nobody where nobody is free.

Sources  agents-by-mail.md §7, rules.md §3 (`assign`, `language_match`, `max_open`, `unlock_after`). Candidates are
         members with the role agent or lead who are not away, within their own calendar, below `max_open`, with all the
         skills that the ticket needs. Those who speak its language go first; `language_match: require` takes no others.
Not here what counts as much to do, whose turn it was (store/turns.py), that a ticket is given (distribution.py).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.rules.desk import Span
from gateway.rules.statuses import StatusType
from gateway.rules.types import Agent, RuleSet, Team
from gateway.ticket.life import FINISHED
from gateway.ticket.sla import Promises
from gateway.ticket.types import Ticket

COUNTED: tuple[StatusType, ...] = ("new", "open")  # what an agent has to do something about
_ROLES = ("agent", "lead")
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_SKIPPED = 5  # that a reason names


OUT_OF_OFFICE = "out-of-office"  # an agent's own program said that he is away, he did not
OUT_OF_REACH = "out-of-reach"  # mail to him does not arrive
_SHOWN = {OUT_OF_OFFICE: "away?", OUT_OF_REACH: "away? (mail does not arrive)"}  # else: away


@dataclass(frozen=True, slots=True)
class Absence:
    """An agent who gets no new tickets."""

    agent: str
    since: datetime
    until: datetime | None  # None: until somebody says that he is back
    cover: str | None = None  # the agent who looks after his tickets
    by: str = ""  # who said so

    def __str__(self) -> str:
        away = _SHOWN.get(self.by, "away")
        return away if self.until is None else f"{away} until {self.until:%a %Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True, slots=True)
class OutOfHours:
    """An agent whose calendar is not open."""

    calendar: str

    def __str__(self) -> str:
        return f"outside of {self.calendar}"


@dataclass(frozen=True, slots=True)
class Full:
    """An agent who has as many tickets as he may."""

    count: int
    most: int

    def __str__(self) -> str:
        return f"{self.count} of {self.most} open"


Limit = Absence | OutOfHours | Full  # why an agent is given no ticket; as text, for the trace


@dataclass(frozen=True, slots=True)
class AtDesk:
    """How things stand when a ticket is given away."""

    now: datetime
    counted: Mapping[str, int]  # by agent: his tickets that are new or open
    given_at: Mapping[str, datetime]  # by agent: when he was given one last, in any team
    absent: Mapping[str, Absence]
    is_open: Callable[[str, datetime], bool]  # whether a calendar of the rules is open


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it; None: nobody can."""

    agent: str | None
    why: str


def distributes(team: Team | None) -> bool:
    """Whether a team's tickets are given to its members by the gateway."""
    return team is not None and team.assign != "manual"


def waits(ticket: Ticket, rules: RuleSet) -> bool:
    """Whether the gateway has to find an owner for the ticket."""
    return unowned(ticket, rules) and distributes(rules.teams.get(ticket.team))


def unowned(ticket: Ticket, rules: RuleSet) -> bool:
    """Whether the ticket is to be done and has no owner, or one who is gone."""
    return ticket.status_type in COUNTED and nobodys(ticket, rules)


def put_aside(ticket: Ticket, rules: RuleSet) -> bool:
    """Whether it waits for somebody outside, or sleeps, and has no owner, or one who is gone."""
    return ticket.status_type not in (*COUNTED, *FINISHED) and nobodys(ticket, rules)


def nobodys(ticket: Ticket, rules: RuleSet) -> bool:
    """Whether nobody of ours owns the ticket, which did not go into another one."""
    return ticket.merged_into is None and ticket.assignee not in rules.agents


def frees(before: Ticket | None, after: Ticket) -> str | None:
    """The agent who has less to do by a change; None: nobody has."""
    if before is None or before.assignee is None or before.status_type not in COUNTED:
        return None
    return before.assignee if after.assignee != before.assignee or after.status_type not in COUNTED else None


def choice(ticket: Ticket, team: Team, rules: RuleSet, desk: AtDesk, last: str | None) -> Choice:
    """Who of the team gets the ticket.

    last  who was given one of its tickets last
    """
    members = [rules.agents[id] for id in team.members if id in rules.agents and rules.agents[id].role in _ROLES]
    against = {agent.id: reason for agent in members if (reason := _against(agent, ticket, desk)) is not None}
    free = [agent for agent in members if agent.id not in against]
    speakers = [agent for agent in free if speaks(agent, ticket, rules)]
    if team.language_match == "require":
        against |= {agent.id: f"does not speak {ticket.language}" for agent in free if agent not in speakers}
    candidates = speakers or (free if team.language_match == "prefer" else [])
    skipped = tuple(_skipped(against))
    if not candidates:
        return Choice(None, "; ".join(("nobody is free", *skipped)))
    chosen = _by_turn(team, candidates, last) if team.assign == "round_robin" else _by_load(candidates, desk)
    return Choice(chosen.id, "; ".join((team.assign, *_for(chosen, ticket, rules, desk), *skipped)))


def speaks(agent: Agent, ticket: Ticket, rules: RuleSet) -> bool:
    """Whether an agent speaks the ticket's language; who names none speaks that of the desk."""
    return (ticket.language or rules.defaults.language) in (agent.languages or (rules.defaults.language,))


def unlocks_at(ticket: Ticket, promises: Promises, now: datetime) -> datetime | None:
    """When the owner, silent from now on, loses the ticket while its customer waits; None where that is never."""
    team = promises.rules.teams.get(ticket.team)
    if team is None or team.unlock_after is None or ticket.assignee is None or ticket.status_type not in COUNTED:
        return None
    return promises.hours_or_always(ticket).after(now, Span(hours=team.unlock_after))


def _against(agent: Agent, ticket: Ticket, desk: AtDesk) -> str | None:
    """Why an agent cannot have the ticket; None when he can."""
    if (limit := limits(agent, desk)) is not None:
        return str(limit)
    lacking = [skill for skill in ticket.needs if skill not in agent.skills]
    return f"lacks {', '.join(lacking)}" if lacking else None


def limits(agent: Agent, desk: AtDesk) -> Limit | None:
    """Why an agent is given no ticket whatsoever; None when he may be."""
    if agent.id in desk.absent:
        return desk.absent[agent.id]
    if agent.calendar is not None and not desk.is_open(agent.calendar, desk.now):
        return OutOfHours(agent.calendar)
    if agent.max_open is not None and desk.counted.get(agent.id, 0) >= agent.max_open:
        return Full(desk.counted.get(agent.id, 0), agent.max_open)
    return None


def _by_turn(team: Team, candidates: Sequence[Agent], last: str | None) -> Agent:
    """The next one behind the last, in the order of the members."""
    behind = team.members.index(last) + 1 if last in team.members and last is not None else 0
    turns = (*team.members[behind:], *team.members[:behind])
    return min(candidates, key=lambda agent: turns.index(agent.id))


def _by_load(candidates: Sequence[Agent], desk: AtDesk) -> Agent:
    """Who has the fewest, of these who was given one the longest ago."""
    return min(candidates, key=lambda agent: (desk.counted.get(agent.id, 0), desk.given_at.get(agent.id, _EVER)))


def _for(agent: Agent, ticket: Ticket, rules: RuleSet, desk: AtDesk) -> Iterator[str]:
    if ticket.needs:
        yield f"can {', '.join(ticket.needs)}"
    if ticket.language is not None:
        yield f"speaks {ticket.language}" if speaks(agent, ticket, rules) else f"nobody speaks {ticket.language}"
    count = desk.counted.get(agent.id, 0)
    yield f"{count} open" if agent.max_open is None else f"{count} of {agent.max_open} open"


def _skipped(against: Mapping[str, str]) -> Iterator[str]:
    for agent, reason in list(against.items())[:_MOST_SKIPPED]:
        yield f"skipped {agent}: {reason}"
    if (more := len(against) - _MOST_SKIPPED) > 0:
        yield f"and {more} more"
