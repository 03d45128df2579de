"""What is promised for a ticket: which policy, when each clock is due, when to warn.

Sources  tickets-and-sla.md §2, rules.md §3. A policy is the one that a rule or a person chose, else the first whose
         `for:` fits, else that of the team, else that of `defaults`. Its times are those of the ticket's priority as it
         is now: whoever changes it changes what was promised from the beginning. A due time that a person set stays,
         whatever else changes; it takes the place of the resolution's.
Not here what starts and stops a clock (ledger.py), opening hours (calendar.py), who is told (store/sla.py).
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.rules.desk import Calendar, Sla, Span, Targets
from gateway.rules.statuses import StatusType
from gateway.rules.types import METRICS, RuleSet
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.course import Course
from gateway.ticket.ledger import Clock, Line, Metric, clocks
from gateway.ticket.types import NO_POLICY, Customer, Ticket

BREACH = 100  # the last stage, in percent
_PAUSES: tuple[StatusType, ...] = ("waiting_customer", "waiting_third")
_ANSWERS: tuple[Metric, ...] = ("first_response", "next_response")
_WARN_AT = Sla("", None, Targets()).warn_at
ALWAYS = WorkingTime(Calendar("always", "UTC", (((0, 1440),),) * 7))


@dataclass(frozen=True, slots=True)
class Target:
    """What is promised to one clock: so much working time, or a moment that a person set."""

    span: Span | None
    hours: WorkingTime
    by_hand: datetime | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """A clock with what is promised to it."""

    clock: Clock
    policy: str | None  # None: only a person set its due time
    target: Target
    due_at: datetime | None  # None: it stands, or never will be
    stages: tuple[tuple[int, datetime], ...]  # percent, and when it is reached; not those behind a pause that goes on

    length: timedelta | None  # the working time that is promised; None: it never passes
    course: Course

    def used(self, at: datetime) -> timedelta:
        """The working time that the clock had run at a moment, or at its end."""
        return self.course.ran(min(at, self.clock.ended_at or at))

    def percent(self, at: datetime) -> int | None:
        """How much of what was promised was used up; None when there is no measure for it."""
        return int(100 * self.used(at) / self.length) if self.length else None

    def breached(self, now: datetime) -> bool:
        """Whether it was due before it ended, or is by now."""
        return self.due_at is not None and self.due_at < min(now, self.clock.ended_at or now)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is promised for a ticket as it is now: the newest clock of each kind."""

    policy: str | None
    promised: tuple[Promised, ...]

    @property
    def next_due(self) -> datetime | None:
        """When the first of the running clocks is due; None when none runs, or none ever will be."""
        return min(self._due(METRICS), default=None)

    @property
    def answer_due(self) -> datetime | None:
        """Until when the customer is promised an answer; None when he is not."""
        return min(self._due(_ANSWERS), default=None)

    def _due(self, metrics: Collection[str]) -> Iterator[datetime]:
        for each in self.promised:
            if each.clock.metric in metrics and each.clock.ended_at is None and each.due_at is not None:
                yield each.due_at


@dataclass(frozen=True, slots=True)
class Promises:
    """The policies and calendars of one revision of the rules."""

    rules: RuleSet
    calendars: Mapping[str, WorkingTime]

    @property
    def none_at_all(self) -> bool:
        """Whether the rules promise nothing to anybody."""
        return not self.rules.sla

    @property
    def fingerprint(self) -> str:
        """By which promises are known that would be the same for every ticket."""
        rules, teams = self.rules, self.rules.teams.values()
        calendars = [(calendar, rules.files.get(calendar.file)) for calendar in rules.calendars.values()]
        chosen = [(team.id, team.sla, team.calendar) for team in teams]
        told = repr((list(rules.sla.values()), calendars, chosen, rules.defaults.sla, rules.defaults.calendar))
        return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()

    def is_open(self, calendar: str, at: datetime) -> bool:
        """Whether a calendar of the rules is open."""
        return self.calendars[calendar].is_open(at)

    def hours_of(self, ticket: Ticket) -> WorkingTime | None:
        """The opening hours of whoever has the ticket; None where nobody says them."""
        team = self.rules.teams.get(ticket.team)
        name = (team.calendar if team is not None else None) or self.rules.defaults.calendar
        return self.calendars[name] if name is not None else None

    def hours_or_always(self, ticket: Ticket) -> WorkingTime:
        """As `hours_of`; every hour of every day where nobody says any."""
        return self.hours_of(ticket) or ALWAYS

    def policy_of(self, ticket: Ticket, customer: Customer | None) -> tuple[Sla | None, str]:
        """The policy of a ticket, None for none, and why it is this one."""
        rules = self.rules
        if ticket.sla is not None and (ticket.sla == NO_POLICY or ticket.sla in rules.sla):
            return rules.sla.get(ticket.sla), "chosen"
        for policy in rules.sla.values():
            if policy.applies and all(_fits(name, values, ticket, customer) for name, values in policy.applies):
                return policy, "for: " + ", ".join(name for name, _ in policy.applies)
        team = rules.teams.get(ticket.team)
        if team is not None and team.sla is not None:
            return rules.sla[team.sla], f"team {team.id}"
        name = rules.defaults.sla
        return (rules.sla[name], "defaults") if name is not None else (None, "nothing chose one")

    def name_for(self, ticket: Ticket, customer: Customer | None) -> str | None:
        """The id of the policy of a ticket; None for none."""
        policy, _ = self.policy_of(ticket, customer)
        return policy.id if policy is not None else None

    def standing(self, ticket: Ticket, customer: Customer | None, lines: Collection[Line]) -> Standing:
        """What is promised for a ticket with this ledger."""
        policy, _ = self.policy_of(ticket, customer)
        newest = {clock.metric: clock for clock in _clocks(lines, policy)}
        promised = (self.promised(clock, ticket, policy) for clock in newest.values())
        return Standing(policy.id if policy is not None else None, tuple(p for p in promised if p is not None))

    def newest(
        self, metric: Metric, ticket: Ticket, customer: Customer | None, lines: Collection[Line]
    ) -> Promised | None:
        """What is promised to the newest clock of one kind; None when nothing is."""
        policy, _ = self.policy_of(ticket, customer)
        clock = next((clock for clock in reversed(_clocks(lines, policy)) if clock.metric == metric), None)
        return self.promised(clock, ticket, policy) if clock is not None else None

    def history(self, ticket: Ticket, policy: Sla | None, lines: Collection[Line]) -> tuple[Promised, ...]:
        """All that was ever promised, by the policy and the priority of now."""
        promised = (self.promised(clock, ticket, policy) for clock in _clocks(lines, policy))
        return tuple(each for each in promised if each is not None)

    def promised(self, clock: Clock, ticket: Ticket, policy: Sla | None) -> Promised | None:
        """What is promised to a clock of the ticket; None when nothing is."""
        target = self._target(clock.metric, ticket, policy)
        return _promise(clock, policy, target) if target is not None else None

    def _target(self, metric: Metric, ticket: Ticket, policy: Sla | None) -> Target | None:
        hours = self._hours(ticket, policy)
        if metric == "resolution" and ticket.due is not None:
            return Target(None, hours, ticket.due)
        if policy is None:
            return None
        span = getattr(policy.by_priority.get(ticket.priority), metric, None) or getattr(policy.targets, metric)
        return Target(span, hours) if span is not None else None

    def _hours(self, ticket: Ticket, policy: Sla | None) -> WorkingTime:
        if policy is not None and policy.calendar is not None:
            return self.calendars[policy.calendar]
        return self.hours_or_always(ticket)


def _clocks(lines: Collection[Line], policy: Sla | None) -> tuple[Clock, ...]:
    return clocks(lines, policy.pause_in if policy is not None else _PAUSES)


def _promise(clock: Clock, policy: Sla | None, target: Target) -> Promised:
    """A due time that was set by hand takes no notice of pauses.

    Days, as hours, begin when it opens: else the same clock time a day later might lie before anybody was there.
    """
    course = Course(clock if target.by_hand is None else replace(clock, pauses=()), target.hours)
    whole = target.by_hand
    if target.span is not None:
        begins = target.hours.opens(clock.started_at)
        whole = target.hours.after(begins, target.span) if begins is not None else None
    length = target.hours.between(clock.started_at, whole) if whole is not None else None
    due = target.by_hand
    if due is None and length is not None:
        due = course.reaches(length, whole)
    stages = []
    if length is not None:
        warn_at = sorted({*(policy.warn_at if policy is not None else _WARN_AT)} - {BREACH})
        stages = [(percent, course.reaches(length * percent / BREACH)) for percent in warn_at]
    reached = tuple((percent, at) for percent, at in (*stages, (BREACH, due)) if at is not None)
    return Promised(clock, policy.id if policy is not None else None, target, due, reached, length, course)


def _fits(name: str, values: Collection[str], ticket: Ticket, customer: Customer | None) -> bool:
    match name:
        case "team" | "priority":
            return getattr(ticket, name) in values
        case "country":
            value = dict(customer.attributes).get("country") if customer is not None else None
        case _:
            value = getattr(customer, name) if customer is not None else None
    return value is not None and value.casefold() in {v.casefold() for v in values}
