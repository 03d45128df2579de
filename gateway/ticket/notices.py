"""Mails to agents about a ticket: whom they go to, and what stands in them of it.

Sources  agents-by-mail.md §2, §8; mails-out.md §3.
Not here  whether they may go (guard.py), what causes them (notify.py), how they are worded (outgoing/render.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from gateway.message.codes import HIDDEN, masked
from gateway.message.types import Attachment, Mailbox
from gateway.rules.types import Agent, RuleSet
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.canned import suggested
from gateway.ticket.guard import Arrived, Cause, NotifyPolicy
from gateway.ticket.impossible import FLAG
from gateway.ticket.sla import Promises
from gateway.ticket.types import AGENT_NOTICE, FROM_FORWARD, Beside, Entry, Notification, Ticket
from gateway.ticket.visibility import answers, sees

NOT_VISIBLE = "not-visible"  # the guard's word for an agent who may not see the ticket
_WORDS_CHARACTERS = 2000
_WORDS_LINES = 40
_FILES = 20
_WARNINGS = {  # what the flags of a ticket make of a reader who is about to answer: a word of the strings, warn_WORD
    "ambiguous-author": "author",
    "dmarc-fail": "forged",
    "claims-agent": "agent",
    "agent-name": "agent",
    "address-in-name": "spelling",
    "hidden-characters": "spelling",
    "foreign-domain": "spelling",
    "mixed-script": "spelling",
    "reply-to-differs": "elsewhere",
    "guessed": "guessed",
    "other-subject": "subject",
    FROM_FORWARD: "forward",
    "mime-depth": "broken",
    "mime-parts": "broken",
    "repeated-field": "broken",
    "repeated-parameter": "broken",
    "encoding-damaged": "broken",
    FLAG: "times",
}


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
        said = {"because": None if "why" in told else "rule", "why": rule, **_told_to(agent, told, rules)}
        if template == AGENT_NOTICE:
            said |= {"colleague": _colleague(agent, ticket, rules), "may_change": answers(agent)}
            said["owns"] = bool(agent.id) and agent.id == ticket.assignee
        notice = to_agent(agent, template, said, rules, key=key_of_agent, cause=rule, about=ticket)
        hidden = bool(agent.id) and not sees(agent, ticket, rules)
        yield replace(
            notice,
            speaker=name_of(ticket.requester),
            revision=ticket.revision,
            suppressed=NOT_VISIBLE if hidden else None,
            purpose=None if answers(agent) else "n",
            not_before=_there(agent, since, policy.promises) if since is not None else None,
            articles=_articles(told),
        )


def _articles(told: Mapping[str, object]) -> tuple[str, ...]:
    """The ids of those that are suggested."""
    found = told.get("suggested")
    return tuple(str(each["article"]) for each in found if each["article"]) if isinstance(found, tuple) else ()


def _told_to(agent: Agent, told: Mapping[str, object], rules: RuleSet) -> dict[str, object]:
    """The tickets that he sees; people with their addresses: who only takes notes has no use for those."""
    who = str if answers(agent) else name_of
    said = dict[str, object]()
    for name, value in told.items():
        match value:
            case Beside(mentioned, earlier, continued):
                found = {"mentioned": mentioned, "earlier": earlier, "continued": continued}
                said |= {name: _lines(agent, each, rules) for name, each in found.items()}
            case Mapping():
                said[name] = _told_to(agent, value, rules)
            case Mailbox():
                said[name] = who(value)
            case _:
                said[name] = value
    return said


def _colleague(agent: Agent, ticket: Ticket, rules: RuleSet) -> str | None:
    """Whom he could give the ticket to, for an example; None where he is alone."""
    team = rules.teams.get(ticket.team)
    others = (id for id in (team.members if team is not None else ()) if id in rules.agents and id != agent.id)
    return next((id for id in others if answers(rules.agents[id])), None)


def _lines(agent: Agent, tickets: Iterable[Ticket], rules: RuleSet) -> tuple[str, ...]:
    return tuple(f"#{t.number} “{t.told_subject}” ({t.status})" for t in tickets if sees(agent, t, rules))


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
            "subject": ticket.told_subject,
            "team": ticket.team,
            "status": ticket.status,
            "priority": ticket.priority,
            "assignee": _owner(ticket, policy.rules),
            "customer": ticket.requester or "—",
            "tags": ", ".join(ticket.tags) or "—",
        },
        "due": ticket.next_due.isoformat() if ticket.next_due else None,
        "policy": policy.promises.name_for(ticket, cause.customer),
        "facts": tuple({"name": _called(name, policy.rules), "value": value} for name, value in ticket.fields),
        "warnings": tuple(dict.fromkeys(_WARNINGS[flag] for flag in ticket.flags if flag in _WARNINGS)),
    }
    if isinstance(cause, Arrived):
        message = cause.message
        told |= {
            **what_was_said(
                message.text,
                message.author,
                cause.inbound.envelope.received_at,
                message.attachments,
                by_machine=cause.verdict.is_automatic,
            ),
            **(cause.forwarded or {}),
            "beside": cause.beside(),
            "suggested": tuple(
                {"text": each.text, "command": each.command, "article": each.article}
                for kind in (policy.suggestions, policy.articles)
                for each in suggested(f"{ticket.subject}\n{message.text}", kind)
            ),
        }
    else:
        told |= cause.told
    told["hidden"] = bool(told.get("hidden")) or ticket.told_subject != ticket.subject
    return told


def passed_on(entries: Sequence[Entry]) -> dict[str, object]:
    """What a mail to an agent shows of whoever passed the first mail of a ticket on: his note, and its header.

    The time of that mail is what its header says, not when it came to us.  entries  of the ticket, oldest first
    """
    beside = tuple(takewhile(lambda entry: entry.kind in ("note", "event"), entries[1:]))
    by = next((entry.author for entry in beside if entry.author is not None), None)
    if by is None:
        return {}
    said = sorted((e for e in beside if e.author == by), key=lambda e: e.kind, reverse=True)  # a note, then the event
    lines = tuple(line for entry in said for line in lines_of_words(entry.text))
    return {"passed_on": {"by": by.name or by.address, "lines": lines}, "said_at": None}


def what_was_said(
    text: str, writer: Mailbox | None, at: datetime, files: Sequence[Attachment] = (), *, by_machine: bool = False
) -> dict[str, object]:
    """What a mail to an agent shows of something that was written.

    by_machine  as in `shown_words`
    """
    return {
        **shown_words(text, by_machine=by_machine)._asdict(),
        "writer": writer or "—",
        "said_at": at.isoformat(),
        "attachments": tuple({"name": file.name, "size": _size(file.size)} for file in files[:_FILES]),
    }


def _owner(ticket: Ticket, rules: RuleSet) -> str:
    """The name of who works on it; the id of one whom the rules do not know any more."""
    owner = rules.agents.get(ticket.assignee or "")
    return owner.name if owner is not None else ticket.assignee or "—"


def _called(name: str, rules: RuleSet) -> str:
    """What a custom field is called; one that an earlier revision knew keeps its name."""
    field = rules.fields.get(name)
    return field.called(rules.defaults.language, "en") if field is not None else name


def name_of(who: Mailbox | None) -> str | None:
    """How somebody is called where his address must not stand; in From it would look like a forgery."""
    if who is None:
        return None
    return who.name or who.address.partition("@")[0]


def _size(octets: int) -> str:
    return f"{octets / 1_000_000:.1f} MB" if octets >= 100_000 else f"{max(1, round(octets / 1000))} kB"


class ShownWords(NamedTuple):
    """What somebody is shown of words that he did not ask for."""

    words: tuple[str, ...]  # lines
    hidden: bool  # whether a code in them is hidden


def shown_words(text: str, *, by_machine: bool) -> ShownWords:
    """What a mail to an agent shows of a text.

    by_machine  whether a program wrote it by itself; of what people write nothing is hidden
    """
    shown = masked(text) if by_machine else text
    words = lines_of_words(shown)
    return ShownWords(words, shown != text and any(HIDDEN in line for line in words))


def lines_of_words(words: str) -> tuple[str, ...]:
    """The lines of a message that a mail to an agent shows of it."""
    return tuple(line.strip() for line in words[:_WORDS_CHARACTERS].splitlines()[:_WORDS_LINES] if line.strip())
