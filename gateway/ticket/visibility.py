"""Which tickets an agent may see: the one answer for notifications, lists, links, commands and mail.

Sources  agents-by-mail.md §8: those of the teams he belongs to or leads, those of teams that everybody sees, those he
         has to do with himself. Admins and auditors see all; auditors change nothing, light agents only write notes.
Not here  who an agent is (authority.py).
"""

from gateway.rules.types import Agent, RuleSet
from gateway.ticket.query import Condition, Seen
from gateway.ticket.types import Ticket

UNSEEN = "no such ticket for you"  # the same for those that there are and those that there are not


def teams_of(agent: Agent, rules: RuleSet) -> tuple[str, ...]:
    """The teams all of whose tickets he sees."""
    return tuple(id for id, team in rules.teams.items() if team.shows(agent))


def sees(agent: Agent, ticket: Ticket, rules: RuleSet) -> bool:
    """Whether the agent may know of the ticket at all."""
    if agent.role in ("admin", "auditor") or agent.id in (ticket.assignee, ticket.responsible, *ticket.followers):
        return True
    return ticket.team in teams_of(agent, rules)


def seen_by(agent: Agent, rules: RuleSet) -> tuple[Condition, ...]:
    """What a search is asked beside its words, so that it finds what he `sees`."""
    return () if agent.role in ("admin", "auditor") else (Seen(agent.id, teams_of(agent, rules)),)


def answers(agent: Agent) -> bool:
    """Whether he may write to customers."""
    return agent.role not in ("light", "auditor")


def notes(agent: Agent) -> bool:
    """Whether he may write at all."""
    return agent.role != "auditor"
