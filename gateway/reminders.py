"""What is told of promises: that one may be broken, or is; once each, whoever asks and however often.

Sources      tickets-and-sla.md §2, acceptance H-06. After a downtime only the latest stage is told; who would get more
             than twenty mails at once gets one digest instead. Until when it tells of everything is kept: a kill in the
             midst of it causes neither a second one nor mails beside it.
Transaction  T4, one for each ticket and stage: the note that it is told, what the rules make of it, the queued mails.
             UNIQUE(ticket, metric, stage, cycle) ends every race.
Not here     when this is asked (due.py), who is told what (ticket/reminder.py), when a clock is there (ticket/sla.py).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.events import carry_out, customer_of, decided, facts_of, happened, owners_after
from gateway.outgoing.posting import Posting
from gateway.pipeline import tell_endpoints
from gateway.rules.types import Action, Decision, Event, Notify, RuleSet, Trace
from gateway.store import delayed, sla, tickets
from gateway.store.audit import add_audit
from gateway.store.sla import Reminding
from gateway.store.sla_lists import Reached
from gateway.ticket.colleagues import comes_to_team
from gateway.ticket.notices import agents_of
from gateway.ticket.reminder import recipients, told, told_of, with_promise, with_reminder
from gateway.ticket.sla import BREACH, Promised
from gateway.ticket.types import AGENT_NOTICE, Customer, Entry, Ticket
from gateway.ticket.visibility import sees

_MOST_MAILS = 20  # to one person at once
_NOBODY: Mapping[str, datetime] = {}


@dataclass(frozen=True, slots=True)
class _Stage:
    """A stage that is to be told."""

    ticket: Ticket
    promised: Promised
    percent: int
    spared: Collection[str]  # agents whom a digest tells of it
    last: Entry | None  # what the customer wrote last
    put_off: bool  # whether something may wait in the ticket that it cancels


def remind(
    c: Connection, found: Sequence[Reached], d: Deps, now: datetime, digested: Mapping[str, datetime] = _NOBODY
) -> int:
    """Tell the latest stage that each of these clocks reached; how many there were to tell any more.

    digested  agents who got a digest instead of mails, of what was reached until then
    """
    count, left = 0, list(found)
    while left:  # what the rules make of a ticket counts for its next clock
        of_each: dict[int, Reached] = {}
        for each in left:
            of_each.setdefault(each.ticket.number, each)
        count += _remind(c, of_each, d, now, digested)
        left = [each for each in left if of_each[each.ticket.number] is not each]
    return count


def _remind(
    c: Connection, found: Mapping[int, Reached], d: Deps, now: datetime, digested: Mapping[str, datetime]
) -> int:
    """As `remind`, of one clock of each ticket."""
    numbers = found.keys()
    stories, last = sla.to_remind(c, numbers), tickets.last_words(c, numbers)
    ruled = _asked(d.rules, "sla-warning") or _asked(d.rules, "sla-breached")
    waiting, stages = numbers if ruled else delayed.waiting(c, numbers), list[_Stage]()
    for number, each in found.items():
        if (story := stories.get(number)) is None:
            continue
        promised, percent = _reached(c, each, story, d, now)
        if promised is None or percent is None:
            sla.settle(c, story, d.promises)
            continue
        spared = [agent for agent, until in digested.items() if each.next_at <= until]
        stages.append(_Stage(story.ticket, promised, percent, spared, last.get(number), number in waiting))
    sla.tell(c, [(stage.ticket.number, stage.promised, stage.percent) for stage in stages], now)
    posting = Posting(c, numbers)
    for stage in stages:
        _tell(c, stage, d, now, posting)
    posting.queue(d.desk, now)
    return len(stages)


def crowded(
    c: Connection, found: Sequence[Reached], d: Deps, now: datetime, digested: Mapping[str, datetime] = _NOBODY
) -> Mapping[str, list[Reached]]:
    """The agents who would get too many mails at once, each with what the mails would be about."""
    if len(found) <= _MOST_MAILS:
        return {}
    about: dict[str, list[Reached]] = {}
    for each, readers in _readers(c, found, d, now):
        for agent in readers & d.rules.agents.keys():
            fresh = agent not in digested or digested[agent] < each.next_at
            if fresh and sees(d.rules.agents[agent], each.ticket, d.rules):
                about.setdefault(agent, []).append(each)
    return {agent: reached for agent, reached in about.items() if len(reached) > _MOST_MAILS}


def _readers(c: Connection, found: Sequence[Reached], d: Deps, now: datetime) -> Iterator[tuple[Reached, set[str]]]:
    """Each with the ids of those who would hear of it: whom the rules name, or else the usual ones."""
    asked = _asked(d.rules, "sla-breached")

    def plain(each: Reached) -> bool:  # a breach, of which everybody hears: nothing has to be worked out
        return not asked and each.due_at is not None and each.due_at <= now

    stories = sla.to_remind(c, [each.ticket.number for each in found if not plain(each)], lock=False)
    for each in found:
        if plain(each):
            owner, policy = each.ticket.assignee, d.rules.sla.get(each.policy or "")
            yield each, set(recipients(owner, each.ticket.team, policy, d.rules, first=False, breached=True))
            continue
        promised, stage = _reached(c, each, stories.get(each.ticket.number), d, now)
        if promised is not None and stage is not None:
            decision, _ = _decision(c, each.ticket, promised, stage, d, now)
            told = (agents_of(a.to, each.ticket, d.rules) for a in decision.actions if isinstance(a, Notify))
            yield each, {agent for agents in told for agent in agents}


def _reached(
    c: Connection, each: Reached, story: Reminding | None, d: Deps, now: datetime
) -> tuple[Promised | None, int | None]:
    """The clock as its ledger has it, and the latest stage that was not told; None each where there is none."""
    if story is None:
        return None, None
    customer = sla.customer_of(c, story.ticket, d.promises)
    promised = d.promises.newest(each.metric, story.ticket, customer, story.lines)
    if promised is None or promised.clock.ended_at is not None:
        return promised, None
    stage = max((percent for percent, at in promised.stages if at <= now), default=0)
    told = story.told.get((promised.clock.metric, promised.clock.cycle), 0)
    return promised, stage if stage > told else None


def _tell(c: Connection, stage: _Stage, d: Deps, now: datetime, posting: Posting) -> None:
    ticket, promised, event = stage.ticket, stage.promised, _event(stage.percent)
    clock, breached, asked = promised.clock, stage.percent == BREACH, _asked(d.rules, event)
    decision, customer = _decision(c, ticket, promised, stage.percent, d, now)
    decision = replace(decision, actions=tuple(_sparing(decision, ticket, d.rules, stage.spared)))
    values: Mapping[str, object] = {}
    if any(isinstance(action, Notify) for action in decision.actions):
        to = told_of(stage.percent, promised, ticket, d.rules)
        names = tuple(d.rules.agents[id].name for id in to if id in d.rules.agents)
        values = told(stage.percent, promised, ticket, stage.last, names, now)
    what = f", due {promised.due_at:%Y-%m-%d %H:%M} UTC" if breached else f" at {stage.percent} %"
    detail = f"{clock.metric}{what}"
    add_audit(c, at=now, actor="timer", action=event.replace("-", "."), ticket=ticket.number, detail=detail)
    if stage.put_off:
        delayed.cancel(c, ticket.number, (event, *decision.trace.events), now)
    after = carry_out(
        c,
        ticket,
        (event,) if asked else (),
        decision,
        customer,
        d,
        now,
        key=f"{event}:{ticket.number}:{clock.metric}:{stage.percent}:{clock.cycle}",
        told=values,
        may_wait=True,
        posting=posting,
    )
    if not asked:
        tell_endpoints(c, after, (event,), d, now)
    if after.status != ticket.status and "status-changed" not in decision.trace.events:
        happened(c, ticket, after, (), d, now, actor="rule")
    elif comes_to_team(ticket, after, d.rules):
        owners_after(c, ticket, after, d, now, told=_tells(decision))
    if breached:
        d.counts.add("sla_breaches", promised.policy or "by-hand")


def _tells(decision: Decision) -> bool:
    """Whether rules chose who hears of the ticket."""
    return any(isinstance(action, Notify) and action.template == AGENT_NOTICE for action in decision.actions)


def _event(percent: int) -> Event:
    return "sla-breached" if percent == BREACH else "sla-warning"


def _decision(
    c: Connection, ticket: Ticket, promised: Promised, percent: int, d: Deps, now: datetime
) -> tuple[Decision, Customer | None]:
    """What is to be done at a stage, and the customer, where a rule was asked."""
    event, customer = _event(percent), None
    decision = Decision((), Trace(d.rules.revision, d.rules.sha256, ()))
    if _asked(d.rules, event):
        customer = customer_of(c, ticket)
        stated = with_promise(facts_of(c, ticket, customer, d, now, actor="system"), promised, percent, now)
        decision = decided(c, ticket, stated, (event,), d)
    return with_reminder(decision, percent, promised, ticket, d.rules), customer


def _asked(rules: RuleSet, event: Event) -> bool:
    return any(event in rule.on for rule in rules.rules)


def _sparing(decision: Decision, ticket: Ticket, rules: RuleSet, spared: Collection[str]) -> Iterable[Action]:
    """The actions without mails to those who get a digest instead."""
    for action in decision.actions:
        if not isinstance(action, Notify) or not spared:
            yield action
        elif left := tuple(id for id in agents_of(action.to, ticket, rules) if id not in spared):
            yield replace(action, to=left)
