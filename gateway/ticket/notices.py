"""Mails to agents about a ticket: whom they go to, and what stands in them of it.

Sources  agents-by-mail.md §2, §8; mails-out.md §3.
Not here  whether they may go (guard.py), what causes them (notify.py), how they are worded (outgoing/render.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from gateway.message.types import Mailbox
from gateway.rules.types import Agent, RuleSet
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.canned import suggested
from gateway.ticket.guard import Arrived, Cause, NotifyPolicy
from gateway.ticket.sla import Promises
from gateway.ticket.types import Notification, Ticket
from gateway.ticket.visibility import answers, sees

AGENT_NOTICE = "agent_notice"
NOT_VISIBLE = "not-visible"  # the guard's word for an agent who may not see the ticket
_WORDS_CHARACTERS = 2000
_WORDS_LINES = 40
_FILES = 20


def to_agents(
    to: Sequence[str],
    template: str,
    rule: str,
    told: Mapping[str, object],
    ticket: Ticket,
    key: str,
    policy: NotifyPolicy,
    since: datetime | None = None,
) -> Iterator[Notification]:
    """A mail to each of them; one to nobody, for the guard to refuse, where there is none of them.

    since  now, where it may wait until its reader is there
    """
    rules = policy.rules
    agents = [rules.agents[id] for id in agents_of(to, ticket, rules) if id in rules.agents]
    for agent in agents or [Agent("", "", "")]:
        key_of_agent = f"{template}:{rule}:{agent.id}:{key}"
        said = {"why": rule, **_told_to(agent, told)}
        said |= goes_to(agent, ticket, rules) if template == AGENT_NOTICE else {}
        notice = to_agent(agent, template, said, rules, key=key_of_agent, cause=rule, about=ticket)
        hidden = bool(agent.id) and not sees(agent, ticket, rules)
        yield replace(
            notice,
            speaker=_name_of(ticket.requester),
            revision=ticket.revision,
            suppressed=NOT_VISIBLE if hidden else None,
            purpose=None if answers(agent) else "n",
            not_before=_there(agent, since, policy.promises) if since is not None else None,
        )


def _told_to(agent: Agent, told: Mapping[str, object]) -> dict[str, object]:
    """People with their addresses; who only takes notes has no use for them."""
    facts = told.get("ticket")
    said = {**told, "ticket": _told_to(agent, facts)} if isinstance(facts, Mapping) else told
    who = str if answers(agent) else _name_of
    return {name: who(value) if isinstance(value, Mailbox) else value for name, value in said.items()}


def goes_to(agent: Agent, ticket: Ticket, rules: RuleSet) -> dict[str, object]:
    """What an agent's mail promises in its first line: whom his text goes to; and what it offers him."""
    who = ticket.requester
    if not answers(agent):
        return {"may_change": False}
    if who is None:
        return {}
    language = ticket.language or rules.defaults.language
    return {"goes_to": {"name": _name_of(who), "address": who.address, "language": language}}


def _there(agent: Agent, since: datetime, promises: Promises) -> datetime | None:
    """When an agent with a calendar of his own is there next; None without one, and where it never opens."""
    return promises.calendars[agent.calendar].opens(since) if agent.calendar is not None else None


def agents_of(to: Sequence[str], ticket: Ticket, rules: RuleSet) -> Iterable[str]:
    """The ids of agents that recipients stand for, each once."""
    team = rules.teams.get(ticket.team)
    found: dict[str, None] = {}
    ids: Sequence[str | None]
    for name in to:
        match name:
            case "assignee" | "responsible":
                ids = (getattr(ticket, name),)
            case "team":
                ids = team.members if team is not None else ()
            case "team.lead":
                ids = (team.lead,) if team is not None else ()
            case _:
                ids = (name,)
        found |= dict.fromkeys(id for id in ids if id is not None)
    return found


def agents_facts(ticket: Ticket, cause: Cause, happened: str, policy: NotifyPolicy) -> dict[str, object]:
    """What an agent should know of a ticket, and of the mail, before opening it."""
    told: dict[str, object] = {
        "happened": happened,
        "ticket": {
            "number": ticket.number,
            "subject": ticket.subject,
            "team": ticket.team,
            "status": ticket.status,
            "priority": ticket.priority,
            "assignee": ticket.assignee or "—",
            "customer": ticket.requester or "—",
            "tags": ", ".join(ticket.tags) or "—",
        },
        "due": ticket.next_due.isoformat() if ticket.next_due else None,
        "facts": tuple({"name": _called(name, policy.rules), "value": value} for name, value in ticket.fields),
    }
    if isinstance(cause, Arrived):
        files = cause.message.attachments[:_FILES]
        told |= {
            "words": lines_of_words(cause.message.text),
            "writer": cause.message.author or "—",
            "said_at": cause.inbound.envelope.received_at.isoformat(),
            "attachments": tuple({"name": file.name, "size": _size(file.size)} for file in files),
            "suggested": tuple(
                {"text": command.partition(" ")[2], "command": command}
                for command in suggested(f"{ticket.subject}\n{cause.message.text}", policy.suggestions)
            ),
        }
        return told
    return {**told, **cause.told}


def _called(name: str, rules: RuleSet) -> str:
    """What a custom field is called; one that an earlier revision knew keeps its name."""
    field = rules.fields.get(name)
    return field.called(rules.defaults.language, "en") if field is not None else name


def _name_of(who: Mailbox | None) -> str | None:
    """How somebody is called in From; an address there would look like a forgery."""
    if who is None:
        return None
    return who.name or who.address.partition("@")[0]


def _size(octets: int) -> str:
    return f"{octets / 1_000_000:.1f} MB" if octets >= 100_000 else f"{max(1, round(octets / 1000))} kB"


def lines_of_words(words: str) -> tuple[str, ...]:
    """The lines of a message that a mail to an agent shows of it."""
    return tuple(line.strip() for line in words[:_WORDS_CHARACTERS].splitlines()[:_WORDS_LINES] if line.strip())
