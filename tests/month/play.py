"""A month at a desk: tickets come and are worked on as a table says, timers tick, what is queued leaves for a relay.

All of it is what a gateway runs, but for the daemon around it: the clock stands until it is moved on. It ticks whenever
the table names something, something falls due by a column of the store, or an agent may get a digest; the tick of any
other minute would find nothing.
"""

import email.policy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesHeaderParser

from sqlalchemy import Connection, func, select, union_all

from gateway.clock import FakeClock
from gateway.digests import zone_of
from gateway.due import Due
from gateway.operations.answers import Answer
from gateway.operations.merges import Merge
from gateway.operations.registry import OPERATIONS
from gateway.operations.tickets import Change
from gateway.operations.types import Duty
from gateway.store.audit_anchors import Anchors
from gateway.store.schema import delayed, outbox, sla_clock, ticket
from gateway.timers import Timers
from tests.month.table import Kind, Step
from tests.outgoing.peers import Peer
from tests.outgoing.queued import rest, sender, turn
from tests.processing import Desk, mail

MINUTE = timedelta(minutes=1)
_NUMBER = re.compile(r"#(\d+)")
_header = BytesHeaderParser(policy=email.policy.default)


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    """A mail that left: when, which, to whom, and the ticket that it is about; nought: about none."""

    at: datetime
    template: str
    reader: str
    kind: str
    place: int


@dataclass
class Case:
    """One ticket of a kind."""

    kind: Kind
    place: int
    numbers: list[int] = field(default_factory=list)  # the second one, where its customer asked twice

    @property
    def customer(self) -> str:
        """Everybody has a domain of his own: budgets are another matter."""
        return f"jan@{re.sub('[^a-z]', '', self.kind.name.lower())}{self.place}.test"


class Month:
    """A desk, what happens at it, and what leaves."""

    def __init__(self, desk: Desk, clock: FakeClock, relay: Peer) -> None:
        self._desk, self._clock, self._relay = desk, clock, relay
        self._sender = sender(desk.store, clock, relay.port)
        due = Due(desk.store, lambda: desk.deps, clock, lambda: None)
        self._timers = Timers(desk.store, Anchors(desk.settings), clock)
        for interval, work in due.jobs():
            self._timers.every(interval, work, shared=True)
        self._of: dict[int, Case] = {}
        self.sent: list[Sent] = []

    async def play(self, kinds: Sequence[Kind], until: datetime) -> None:
        """All that happens, in its order."""
        steps: dict[datetime, list[tuple[Case, Step]]] = {at: [] for at in self._digest_times(until)}
        for kind in kinds:
            for case in (Case(kind, place) for place in range(kind.count)):
                for step in kind.steps:
                    steps.setdefault(step.when.of(case.place, kind.every), []).append((case, step))
        named = sorted((at for at in steps if at < until), reverse=True)
        while (now := self._next(named[-1] if named else until)) < until:
            await self._clock.advance((now - self._clock.now()).total_seconds())
            self._desk.now = now
            for case, step in steps[named.pop()] if named and named[-1] == now else ():
                self._do(case, step)
            await self._tick()
        await rest(self._sender)

    def _digest_times(self, until: datetime) -> Iterator[datetime]:
        """Of every agent who wants one, each day."""
        rules, days = self._desk.deps.rules, (until - self._clock.now()).days
        for agent in rules.agents.values():
            if agent.digest is not None:
                first = self._clock.now().astimezone(zone_of(agent, rules))
                hour, minute = map(int, agent.digest.split(":"))
                for day in range(days):
                    yield (first + timedelta(days=day)).replace(hour=hour, minute=minute).astimezone(UTC)

    def _next(self, named: datetime) -> datetime:
        with self._desk.reading() as c:
            due = _falls_due(c, self._clock.now())
        return named if due is None else min(named, due)

    async def _tick(self) -> None:
        for job in self._timers.jobs():
            await self._timers.run_now(job.name)
        while (due := await self._desk.store.next_outbox_due(())) is not None and due <= self._clock.now():
            await turn(self._sender)
        for raw in self._relay.mails:
            self.sent.append(self._seen(_header.parsebytes(raw)))
        self._relay.mails.clear()

    def _seen(self, message: EmailMessage) -> Sent:
        address = message["To"].addresses[0].addr_spec
        about = _NUMBER.search(message["Subject"]) if message["X-Mailwicket-Mail"] not in _OF_NOBODY else None
        case = self._of[int(about[1])] if about is not None else None
        reader = "customer" if case is not None and address == case.customer else address.partition("@")[0]
        kind, place = (case.kind.name, case.place) if case is not None else ("people", 0)
        return Sent(self._clock.now(), message["X-Mailwicket-Mail"], reader, kind, place)

    # --- what happens ---

    def _do(self, case: Case, step: Step) -> None:
        act, *words = step.act.split() or ("",)
        by = case.kind.owner or None
        match act, words:
            case "", _:
                pass
            case "arrives", _:
                self._arrives(case, words)
            case "second", _:
                self._take(case, "support", f"{by}: something else")
            case "reply", _:
                self._reply(case)
            case "answered", [status]:
                self._perform("ticket.answer", Answer(case.numbers[0], "Here it is.", status, by=by or "ben"))
            case "merge", _:
                self._perform("ticket.merge", Merge(case.numbers[1], case.numbers[0], by))
            case "status", [status]:
                self._change(case, status=status)
            case "priority", [priority]:
                self._change(case, fields=(("priority", priority),))
            case "due", [span]:
                self._change(case, fields=(("due", (self._desk.now + _span(span)).isoformat()),))
            case "snooze", [span]:
                self._change(case, status="snoozed", until=self._desk.now + _span(span))
            case _:
                raise ValueError(f"nobody knows what “{step.act}” is")

    def _arrives(self, case: Case, words: list[str]) -> None:
        team = next((word for word in words if word in self._desk.deps.rules.teams), "support")
        fields = {"Auto_Submitted": "auto-generated"} if "automatic" in words else {}
        self._take(case, team, f"{case.kind.owner}: {' '.join(words)} order {case.place}", **fields)

    def _take(self, case: Case, team: str, subject: str, **fields: str) -> None:
        raw = mail(f"Jan <{case.customer}>", subject, "Where is it?", To=f"{team}@gw.test", **fields)
        outcome = self._desk.take(raw, to=f"{team}@gw.test", at=self._desk.now)
        assert outcome.ticket is not None, outcome
        self._of[outcome.ticket] = case
        case.numbers.append(outcome.ticket)

    def _reply(self, case: Case) -> None:
        ours = self._desk.our_id(case.customer, case.numbers[0])
        raw = mail(f"Jan <{case.customer}>", "Re: order", "And now?", In_Reply_To=ours)
        outcome = self._desk.take(raw, at=self._desk.now)
        assert outcome.ticket == case.numbers[0], outcome

    def _change(self, case: Case, **what: object) -> None:
        self._perform("ticket.change", Change((case.numbers[0],), by=case.kind.owner or None, **what))  # type: ignore[arg-type]

    def _perform(self, name: str, wanted: object) -> None:
        duty = Duty(self._desk.now, lambda: self._desk.deps)
        (done,) = self._desk.write(lambda c: OPERATIONS[name].perform(c, wanted, duty))
        assert done.outcome == "done", done


_OF_NOBODY = ("digest", "weekly_report", "attention")
_MOMENTS = (
    sla_clock.c.next_at,
    ticket.c.next_rung,
    ticket.c.snoozed_until,
    ticket.c.next_unlock,
    delayed.c.due_at,
    outbox.c.next_attempt_at,
)


def _falls_due(c: Connection, now: datetime) -> datetime | None:
    """The minute in which the store has something to do next; None when it has not."""
    each = union_all(*(select(func.min(column).label("at")).where(column > now) for column in _MOMENTS)).subquery()
    at = c.execute(select(func.min(each.c.at))).scalar_one()
    return None if at is None else at + (datetime.min.replace(tzinfo=UTC) - at) % MINUTE


def _span(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
