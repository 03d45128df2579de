"""What a ticket's clocks rest on: a ledger of what happened in it, and the clocks that such a ledger starts and stops.

Sources  tickets-and-sla.md §2. The ledger says nothing of policies, so that another policy reads the same ledger. A
         line has the time at which a mail was received, never that of its Date; what was done before the mail was
         processed stands before it. Automatic mail is no line: it answers nobody. first_response and resolution run
         from the opening, next_response from the customer's first words after an answer until the next one, update
         from each word of ours to the next. A clock stands while the ticket is in a status that pauses, and while it
         is solved or closed; opened again, it goes on.
Not here when a clock is due (sla.py), who keeps the ledger (store/sla.py).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from gateway.rules.statuses import StatusType
from gateway.ticket.life import FINISHED
from gateway.ticket.types import AddEntry, Change, OpenTicket, SetField, SetStatus, Ticket

What = Literal["opened", "words", "answer", "status", "policy", "priority", "due"]
Metric = Literal["first_response", "next_response", "update", "resolution"]
State = Literal["running", "paused", "met", "stopped"]
_FROM_THE_OPENING: tuple[Metric, ...] = ("first_response", "update", "resolution")
_UNTIL_AN_ANSWER: tuple[Metric, ...] = ("first_response", "next_response", "update")
_VOID = ("spam", "merged")  # an end that keeps no promise, and breaks none
_TOLD: dict[str, What] = {"sla": "policy", "priority": "priority", "due": "due"}  # fields that change what is promised


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: datetime
    what: What
    value: str = ""  # of a status its type and its name, of a field its value
    cause: str = ""  # who or what did it
    entry: int | None = None  # the id of the entry whose line it is; 0: one that is being written


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which a clock stood."""

    since: datetime
    until: datetime | None  # None: it still does
    status: str  # the ticket's, that paused it
    type: str = "waiting_customer"  # of the status


@dataclass(frozen=True, slots=True)
class Clock:
    """One promise of one kind, from what started it to what ended it."""

    metric: Metric
    cycle: int  # how many of this kind the ticket has had
    started_at: datetime
    pauses: tuple[Pause, ...] = ()
    ended_at: datetime | None = None
    state: State = "running"


def lines_of(changes: Iterable[Change], actor: str) -> Iterator[Line]:
    """The lines that changes of a ticket add to its ledger.

    actor  who caused them, where a change does not say it
    """
    for change in changes:
        match change:
            case OpenTicket():
                yield Line(change.at, "opened", cause=actor)
            case AddEntry(kind="mail", public=True):
                who = change.author.address if change.author is not None else actor
                yield Line(change.at, "words", cause=who, entry=0)
            case AddEntry(kind="answer"):
                yield Line(change.at, "answer", cause=actor, entry=0)
            case SetStatus():
                yield status_line(change.at, change.type, change.status, change.cause)
            case _:
                pass


def in_order(there: Sequence[Line], new: Iterable[Line]) -> Iterator[Line]:
    """The new lines, none of them before those that are there: nobody had read a mail that was processed later."""
    at = there[-1].at if there else None
    for line in new:
        at = line.at if at is None or at < line.at else at
        yield replace(line, at=at)


def told_lines(changes: Iterable[Change], now: datetime) -> Iterator[Line]:
    """The lines of fields that change what is promised: no clock starts or stops by them."""
    for change in changes:
        if isinstance(change, SetField) and change.name in _TOLD:
            value = f"{change.value:%Y-%m-%d %H:%M} UTC" if isinstance(change.value, datetime) else change.value
            yield Line(now, _TOLD[change.name], str(value or "none"), change.cause)


def status_line(at: datetime, kind: StatusType, name: str, cause: str) -> Line:
    """The line of a new status."""
    return Line(at, "status", f"{kind} {name}", cause)


def unwritten(ticket: Ticket) -> tuple[Line, ...]:
    """The ledger of a ticket of which nobody kept one: what the ticket itself still tells."""
    opened = Line(ticket.created_at, "opened", cause="system")
    if ticket.status_type == "new":
        return (opened,)
    return opened, status_line(ticket.status_at, ticket.status_type, ticket.status, "system")


def clocks(lines: Iterable[Line], pause_in: Collection[StatusType]) -> tuple[Clock, ...]:
    """All clocks of a ledger, by start; nothing is due yet.

    lines     in the order of their times
    pause_in  the status types in which clocks stand, beside those of a finished ticket
    """
    run = _Run(frozenset((*pause_in, *FINISHED)))
    for line in lines:
        run.take(line)
    return run.result()


@dataclass(slots=True)
class _Running:
    """A clock that has not ended."""

    metric: Metric
    cycle: int
    started_at: datetime
    pauses: list[Pause]
    stands: bool

    def pause(self, at: datetime, status: str, kind: str) -> None:
        self.pauses.append(Pause(at, None, status, kind))
        self.stands = True

    def resume(self, at: datetime) -> None:
        """A pause that took no time is none."""
        if self.stands:
            last = self.pauses.pop()
            if last.since < at:
                self.pauses.append(replace(last, until=at))
            self.stands = False

    def clock(self, ended_at: datetime | None = None, state: State = "running") -> Clock:
        return Clock(self.metric, self.cycle, self.started_at, tuple(self.pauses), ended_at, state)


@dataclass(slots=True)
class _Run:
    """The clocks while a ledger is read."""

    halting: frozenset[str]
    status: str = "new"  # its name
    type: str = "new"
    answered: bool = False
    running: dict[Metric, _Running] = field(default_factory=dict)
    ended: list[Clock] = field(default_factory=list)
    cycles: dict[Metric, int] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        match line.what:
            case "opened":
                for metric in _FROM_THE_OPENING:
                    self._start(metric, line.at)
            case "words" if self.answered and "next_response" not in self.running:
                self._start("next_response", line.at)
            case "answer":
                self.answered = True
                for metric in _UNTIL_AN_ANSWER:
                    self._end(metric, line.at)
                self._start("update", line.at)
            case "status":
                self._set_status(line)
            case _:
                pass

    def result(self) -> tuple[Clock, ...]:
        """At the end of a ticket its clocks have ended when it did."""
        found = [*self.ended, *(self._at_end(clock) for clock in self.running.values())]
        return tuple(sorted(found, key=lambda clock: (clock.started_at, clock.metric)))

    def _start(self, metric: Metric, at: datetime) -> None:
        cycle = self.cycles[metric] = self.cycles.get(metric, 0) + 1
        clock = self.running[metric] = _Running(metric, cycle, at, [], stands=False)
        if self.type in self.halting:
            clock.pause(at, self.status, self.type)

    def _end(self, metric: Metric, at: datetime) -> None:
        clock = self.running.pop(metric, None)
        if clock is not None:
            clock.resume(at)
            self.ended.append(clock.clock(at, "met"))

    def _set_status(self, line: Line) -> None:
        kind, _, name = line.value.partition(" ")
        ended, stands = self.type in FINISHED and kind in FINISHED, kind in self.halting
        self.type, self.status = kind, name
        for clock in () if ended else self.running.values():
            clock.resume(line.at)
            if stands:
                clock.pause(line.at, name, kind)

    def _at_end(self, clock: _Running) -> Clock:
        if not clock.stands:
            return clock.clock()
        if self.type not in FINISHED:
            return clock.clock(state="paused")
        kept = clock.metric == "resolution" and self.status not in _VOID
        return replace(
            clock.clock(clock.pauses[-1].since, "met" if kept else "stopped"), pauses=tuple(clock.pauses[:-1])
        )
