"""What the actions of rules change in a ticket.

Sources  rules.md §5. Each action sees what the earlier ones made of the ticket, as the rules did.
Not here  what an action means while rules run (rules/effects.py), the mails that it asks for (notify.py).
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from typing import assert_never

from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.rules import quantities
from gateway.rules.types import (
    Action,
    AddCc,
    Assign,
    Dispose,
    Escalate,
    Follow,
    Hold,
    Later,
    Link,
    MergeInto,
    Needs,
    Note,
    Notify,
    PrivacyRequest,
    Redirect,
    Reply,
    Route,
    RuleSet,
    Set,
    Snooze,
    Tag,
    UseSla,
    Webhook,
)
from gateway.ticket.change import changed
from gateway.ticket.types import (
    NO_POLICY,
    AddEntry,
    AddLink,
    AddPeople,
    Change,
    Participant,
    SetField,
    SetStatus,
    Ticket,
)

PRIVACY_TAG, PRIVACY_POLICY = "gdpr", "privacy"


def acted(
    ticket: Ticket, actions: Sequence[Action], rules: RuleSet, ours: Container[str], at: datetime
) -> Iterator[Change]:
    """The changes that actions ask for, in order; what is for later, and mails, change nothing here.

    ours  addresses that never take part in a ticket, in normal form
    """
    for action in actions:
        for change in _changes(ticket, action, rules, ours, at):
            if isinstance(change, SetField | SetStatus):
                after = changed(ticket, change)
                if after == ticket and not isinstance(action, Route | Assign | Set | Tag):
                    continue
                ticket = after
            yield change


def people(mailboxes: Iterable[Mailbox], ours: Container[str]) -> tuple[Participant, ...]:
    """Those of them who may take part in a ticket, each once."""
    found = {normal(m.address): m.name for m in reversed(tuple(mailboxes)) if "@" in m.address}
    return tuple(Participant(address, found[address], "cc") for address in reversed(found) if address not in ours)


def escalation(action: Escalate, ticket: Ticket, rules: RuleSet) -> tuple[str, str] | None:
    """The field and the value that raising a ticket sets beside its level; None where it goes to nobody else."""
    team = rules.teams.get(ticket.team)
    to = action.to or (team.escalates_to if team is not None else None)
    if to is None:
        return None
    return ("team", to) if to in rules.teams else ("assignee", to)


def _changes(ticket: Ticket, action: Action, rules: RuleSet, ours: Container[str], at: datetime) -> Iterator[Change]:
    cause = f"rule:{action.rule}"
    match action:
        case Route(team=team):
            yield SetField("team", team, cause)
        case Assign(agent=agent):
            yield SetField("assignee", agent, cause)
        case Set(name=name, value=value):
            yield _set(name, value, rules, cause, at)
        case Needs(skills=skills):
            yield SetField("needs", _with(ticket.needs, skills), cause)
        case Follow(agents=agents):
            yield SetField("followers", _with(ticket.followers, agents), cause)
        case Tag(add=add, remove=remove):
            yield SetField("tags", _with(tuple(t for t in ticket.tags if t not in remove), add), cause)
        case UseSla(policy=policy):
            yield SetField("sla", policy or NO_POLICY, cause)
        case PrivacyRequest():
            yield SetField("tags", _with(ticket.tags, (PRIVACY_TAG,)), cause)
            if PRIVACY_POLICY in rules.sla:
                yield SetField("sla", PRIVACY_POLICY, cause)
        case Snooze(length=length):
            yield SetStatus("snoozed", rules.statuses["snoozed"], at, cause, None, at + length)
        case Escalate():
            yield SetField("escalation", ticket.escalation + 1, cause)
            if (to := escalation(action, ticket, rules)) is not None:
                yield SetField(*to, cause)
        case Note(text=text):
            yield AddEntry("note", None, at, text, "", "", None, None, public=False, trust=None, cause=cause)
        case AddCc(addresses=addresses):
            joining = people((Mailbox("", address) for address in addresses), ours)
            yield AddPeople(joining, rules.limits.cc_max, cause)
        case Link(to=to, kind=kind):
            yield AddLink(to, kind, cause)
        case Reply() | Notify() | Hold() | Webhook() | Dispose() | Redirect() | MergeInto() | Later():
            return
        case _:
            assert_never(action)


def _set(name: str, value: str, rules: RuleSet, cause: str, at: datetime) -> SetField | SetStatus:
    match name:
        case "status":
            return SetStatus(value, rules.statuses[value], at, cause)
        case "due":
            length = quantities.duration(value)
            return SetField("due", at + length if length is not None else quantities.moment(value), cause)
        case _:
            return SetField(name, value, cause)


def _with(there: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*there, *more)))
