"""Who is told that a promise may be broken, or is, and what the mail says of it.

Sources  tickets-and-sla.md §2, mails-out.md §4. The first warning goes to the owner, each later one also to the lead of
         the team, the breach also to those whom the policy names. Where nobody owns the ticket the lead is the first.
Not here when it is told, and that it is told once (reminders.py), the words (templates/sla_warning, sla_breached).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.message.types import Mailbox
from gateway.rules.desk import Sla
from gateway.rules.types import Decision, Facts, Notify, RuleSet
from gateway.ticket.notices import shown_words
from gateway.ticket.sla import BREACH, Promised
from gateway.ticket.types import Entry, Ticket

WARNING, BREACHED = "sla_warning", "sla_breached"  # mails
OVER = "over"  # why one that waited for its reader is not sent any more: there is nothing to be reminded of
_SPENT = {"waiting_customer": "customer", "waiting_third": "third"}


def recipients(
    owner: str | None, team: str, policy: Sla | None, rules: RuleSet, *, first: bool, breached: bool
) -> tuple[str, ...]:
    """The ids of agents who are told, each once.

    first  whether it is the first of the stages
    """
    of = rules.teams.get(team)
    lead = (of.lead,) if of is not None and of.lead is not None else ()
    owners = (owner,) if owner is not None and owner in rules.agents else lead
    if breached:
        return tuple(dict.fromkeys((*owners, *lead, *(policy.escalation if policy is not None else ()))))
    return owners if first else tuple(dict.fromkeys((*owners, *lead)))


def told_of(stage: int, promised: Promised, ticket: Ticket, rules: RuleSet) -> tuple[str, ...]:
    """The ids of agents who are told that a ticket reached a stage, as in `notify: {to: …}`."""
    first = stage == min(percent for percent, _ in promised.stages)
    policy = rules.sla.get(promised.policy or "")
    return recipients(ticket.assignee, ticket.team, policy, rules, first=first, breached=stage == BREACH)


def with_promise(stated: Facts, promised: Promised, stage: int, now: datetime) -> Facts:
    """The facts together with the promise that the rules hear of."""
    percent = max(stage, promised.percent(now) or 0)
    return replace(stated, sla_metric=promised.clock.metric, sla_due=promised.due_at, sla_percent=percent)


def with_reminder(decision: Decision, stage: int, promised: Promised, ticket: Ticket, rules: RuleSet) -> Decision:
    """What the rules decided, and the usual mail where none of them tells anybody."""
    if any(isinstance(action, Notify) for action in decision.actions):
        return decision
    to = told_of(stage, promised, ticket, rules)
    usual = Notify(f"sla.{promised.policy or 'by-hand'}", to, BREACHED if stage == BREACH else WARNING)
    return replace(decision, actions=(*decision.actions, usual))


def told(
    stage: int, promised: Promised, ticket: Ticket, last: Entry | None, names: tuple[str, ...], now: datetime
) -> dict[str, object]:
    """The values of the mail beside those of the ticket.

    last   what the customer wrote last.  names  of those who get a mail
    """
    clock, due, hours = promised.clock, promised.due_at, promised.target.hours
    values: dict[str, object] = {
        "metric": clock.metric,
        "customer": _name(ticket.requester),
        "due": due.isoformat() if due is not None else None,
        **(shown_words(last.text, by_machine=last.by_machine)._asdict() if last is not None else {"words": ()}),
        "said_at": last.at.isoformat() if last is not None else None,
    }
    if stage == BREACH:
        return {**values, "spent": tuple(_spent(promised, now)), "told": names}
    return {
        **values,
        "left": _seconds(hours.between(now, due)) if due is not None else 0,
        "policy": promised.policy,
        "target": _seconds(promised.length) if promised.length is not None else None,
        "used": _seconds(promised.used(now)),
    }


def _spent(promised: Promised, now: datetime) -> Iterator[dict[str, object]]:
    """Where the working time went: with us, or in each kind of pause."""
    hours = promised.target.hours
    yield {"who": "agent", "known": True, "seconds": _seconds(promised.used(now))}
    stood: dict[str, timedelta] = {}
    for pause in promised.clock.pauses:
        who = _SPENT.get(pause.type, "third")
        stood[who] = stood.get(who, timedelta(0)) + hours.between(pause.since, pause.until or now)
    for who, length in stood.items():
        if length:
            yield {"who": who, "known": True, "seconds": _seconds(length)}


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _name(who: Mailbox | None) -> str:
    return "—" if who is None else who.name or who.address
