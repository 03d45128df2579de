"""What is told of promises: that one may be broken, or is; once each, whoever asks and however often.

Sources      tickets-and-sla.md §2, acceptance H-06. After a downtime only the latest stage is told; who would get more
             than twenty mails at once gets one digest instead. Until when it tells of everything is kept: a kill in the
             midst of it causes neither a second one nor mails beside it.
Transaction  T4, one for each ticket and stage: the note that it is told, what the rules make of it, the queued mails.
             UNIQUE(ticket, metric, stage, cycle) ends every race.
Not here     when this is asked (due.py), who is told what (ticket/reminder.py), when a clock is there (ticket/sla.py).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.events import carry_out, customer_of, decided, facts_of, happened
from gateway.pipeline import tell_endpoints
from gateway.rules.types import Action, Decision, Event, Notify, RuleSet, Trace
from gateway.store import delayed, sla, tickets
from gateway.store.audit import add_audit
from gateway.store.sla_lists import Reached
from gateway.ticket.notices import agents_of
from gateway.ticket.reminder import recipients, told, told_of, with_promise, with_reminder
from gateway.ticket.sla import BREACH, Promised
from gateway.ticket.types import Ticket

_MOST_MAILS = 20  # to one person at once
_NOBODY: Mapping[str, datetime] = {}


def remind(
    c: Connection, found: Sequence[Reached], d: Deps, now: datetime, digested: Mapping[str, datetime] = _NOBODY
) -> int:
    """Tell the latest stage that each of these clocks reached; how many there were to tell any more.

    digested  agents who got a digest instead of mails, of what was reached until then
    """
    stages = []
    stories = sla.to_remind(c, [each.ticket for each in found])
    for each in found:
        if (story := stories.get(each.ticket)) is None:
            continue
        ticket, customer = story.ticket, sla.customer_of(c, story.ticket, d.promises)
        promised = d.promises.newest(each.metric, ticket, customer, story.lines)
        stage = _latest(promised, story.told, now)
        if promised is None or stage is None:
            sla.put_clocks(c, ticket.number, d.promises.standing(ticket, customer, story.lines), story.told)
        else:
            spared = [agent for agent, until in digested.items() if each.next_at <= until]
            stages.append((ticket, promised, stage, spared))
    sla.tell(c, [(ticket.number, promised, stage) for ticket, promised, stage, _ in stages], now)
    for ticket, promised, stage, spared in stages:
        _tell(c, ticket, promised, stage, d, now, spared)
    return len(stages)


def crowded(
    c: Connection, found: Sequence[Reached], d: Deps, now: datetime, digested: Mapping[str, datetime] = _NOBODY
) -> Mapping[str, list[Reached]]:
    """The agents who would get too many mails at once, each with what the mails would be about."""
    if len(found) <= _MOST_MAILS:
        return {}
    about: dict[str, list[Reached]] = {}
    late = {each for each in found if each.due_at is not None and each.due_at <= now}
    first = _at_first_stage(c, [each for each in found if each not in late], d, now)
    for each in found:
        policy = d.rules.sla.get(each.policy or "")
        who = recipients(each.assignee, each.team, policy, d.rules, first=each in first, breached=each in late)
        for agent in who:
            if agent not in digested or digested[agent] < each.next_at:
                about.setdefault(agent, []).append(each)
    return {agent: reached for agent, reached in about.items() if len(reached) > _MOST_MAILS}


def _at_first_stage(c: Connection, found: Sequence[Reached], d: Deps, now: datetime) -> Collection[Reached]:
    """Those that have reached the first of their stages and no other."""
    stories = sla.to_remind(c, [each.ticket for each in found], lock=False)

    def promised(each: Reached) -> Promised | None:
        story = stories[each.ticket]
        customer = sla.customer_of(c, story.ticket, d.promises)
        return d.promises.newest(each.metric, story.ticket, customer, story.lines)

    return {each for each in found if (p := promised(each)) is not None and sum(at <= now for _, at in p.stages) == 1}


def _latest(promised: Promised | None, before: Mapping[tuple[str, int], int], now: datetime) -> int | None:
    if promised is None or promised.clock.ended_at is not None:
        return None
    stage = max((percent for percent, at in promised.stages if at <= now), default=0)
    return stage if stage > before.get((promised.clock.metric, promised.clock.cycle), 0) else None


def _tell(
    c: Connection,
    ticket: Ticket,
    promised: Promised,
    stage: int,
    d: Deps,
    now: datetime,
    spared: Collection[str],
) -> None:
    clock, breached = promised.clock, stage == BREACH
    event: Event = "sla-breached" if breached else "sla-warning"
    asked = any(event in rule.on for rule in d.rules.rules)
    customer = customer_of(c, ticket) if asked else None
    decision = Decision((), Trace(d.rules.revision, d.rules.sha256, ()))
    if asked:
        stated = with_promise(facts_of(c, ticket, customer, d, now, actor="system"), promised, stage, now)
        decision = decided(c, ticket, stated, (event,), d)
    decision = with_reminder(decision, stage, promised, ticket, d.rules)
    decision = replace(decision, actions=tuple(_sparing(decision, ticket, d.rules, spared)))
    values: Mapping[str, object] = {}
    if any(isinstance(action, Notify) for action in decision.actions):
        to = told_of(stage, promised, ticket, d.rules)
        names = tuple(d.rules.agents[id].name for id in to if id in d.rules.agents)
        values = told(stage, promised, ticket, tickets.last_words(c, ticket.number), names, now)
    detail = (
        f"{clock.metric} at {stage} %" if not breached else f"{clock.metric}, due {promised.due_at:%Y-%m-%d %H:%M} UTC"
    )
    add_audit(c, at=now, actor="timer", action=event.replace("-", "."), ticket=ticket.number, detail=detail)
    key = f"{event}:{ticket.number}:{clock.metric}:{stage}:{clock.cycle}"
    delayed.cancel(c, ticket.number, (event, *decision.trace.events), now)
    after = carry_out(
        c, ticket, (event,) if asked else (), decision, customer, d, now, key=key, told=values, may_wait=True
    )
    if not asked:
        tell_endpoints(c, after, (event,), d, now)
    if after.status != ticket.status and "status-changed" not in decision.trace.events:
        happened(c, ticket, after, (), d, now, actor="rule")
    if breached:
        d.counts.add("sla_breaches", promised.policy or "by-hand")


def _sparing(decision: Decision, ticket: Ticket, rules: RuleSet, spared: Collection[str]) -> Iterable[Action]:
    """The actions without mails to those who get a digest instead."""
    for action in decision.actions:
        if not isinstance(action, Notify) or not spared:
            yield action
        elif left := tuple(id for id in agents_of(action.to, ticket, rules) if id not in spared):
            yield replace(action, to=left)
