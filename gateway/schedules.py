"""What rules want at times of their own: each ticket that the rule names is asked about once for each of them.

Sources      rules.md §3 `schedule`: the clock is that of `defaults.calendar`, at most a thousand tickets a run. What
             was missed while nothing ran is made up for once, for the last of the times.
Transaction  T4, one for some tickets: that a ticket was asked about is a row, so that after a kill, and beside a second
             scheduler, it is not asked about again. When all were, the mark of the rule moves, and the rows go.
Not here     time tables (rules/cron.py), when this is asked (due.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.events import carry_out, customer_of, decided, facts_of, happened
from gateway.rules.cron import last_due
from gateway.rules.types import Event, Rule
from gateway.store import delayed, jobs, tickets
from gateway.store.happenings import begin_turn, end_turns
from gateway.store.listing import find_tickets
from gateway.ticket.query import parse_query

_UNFINISHED = "is:open"
_A_RUN = 1000
_EVENTS: tuple[Event, ...] = ("schedule",)


@dataclass(frozen=True, slots=True)
class Turn:
    """One time of one rule, and the tickets that it is about."""

    rule: Rule
    at: datetime  # as the clock on the wall shows it
    since: datetime  # the rule was asked until then
    numbers: Sequence[int]


def turns_due(c: Connection, d: Deps, now: datetime) -> list[Turn]:
    """The rules whose time has come since they were asked last."""
    found = []
    for rule in d.rules.rules:
        if not rule.cron or (since := jobs.asked_until(c, rule.id)) is None:
            continue
        if (at := last_due(rule.cron, _shown(since, d), _shown(now, d))) is not None:
            found.append(Turn(rule, at, since, _about(c, rule, d, now)))
    return found


def begin(c: Connection, d: Deps, now: datetime) -> None:
    """Rules that are new have their first time from now on."""
    for rule in d.rules.rules:
        if rule.cron and jobs.asked_until(c, rule.id) is None:
            jobs.note_asked(c, rule.id, now)


def ask(c: Connection, turn: Turn, numbers: Sequence[int], d: Deps, now: datetime) -> None:
    """Ask the rule about some of the tickets; about none when somebody else has finished this time."""
    if jobs.asked_until(c, turn.rule.id) != turn.since:
        return
    for number in numbers:
        ticket = tickets.find_ticket(c, number, lock=True)
        if ticket is None or not begin_turn(c, number, turn.rule.id, turn.at.replace(tzinfo=UTC)):
            continue
        customer = customer_of(c, ticket)
        decision = decided(
            c, ticket, facts_of(c, ticket, customer, d, now, actor="system"), _EVENTS, d, only={turn.rule.id}
        )
        if not decision.actions and not decision.failed:
            continue
        delayed.cancel(c, number, decision.trace.events, now)
        key = f"schedule:{turn.rule.id}:{turn.at:%Y-%m-%dT%H:%M}:{number}"
        after = carry_out(c, ticket, _EVENTS, decision, customer, d, now, key=key)
        asked = "status-changed" in decision.trace.events
        happened(c, after if asked else ticket, after, (), d, now, actor="rule")


def end(c: Connection, turn: Turn, now: datetime) -> None:
    """All of them were asked about."""
    if jobs.asked_until(c, turn.rule.id) == turn.since:
        jobs.note_asked(c, turn.rule.id, now)
        end_turns(c, turn.rule.id)


def _about(c: Connection, rule: Rule, d: Deps, now: datetime) -> list[int]:
    query = parse_query(rule.each or _UNFINISHED, now, statuses=tuple(d.rules.statuses))
    return [ticket.number for ticket in find_tickets(c, query, _A_RUN)]


def _shown(at: datetime, d: Deps) -> datetime:
    name = d.rules.defaults.calendar
    return d.calendars[name].shown(at) if name is not None else at.replace(tzinfo=None)
