"""What falls due in tickets: snoozes that end, promises, and what rules put off, done once, or why it was not.

Transaction  one for each action, which also turns its row away from `waiting`.
Not here     when this is asked (daemon.py), what an action changes (ticket/acted.py).
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection

from gateway import schedules
from gateway.agents.overtaken import overtaken
from gateway.attention import leaders, send_attention
from gateway.clock import Clock
from gateway.deciding.types import Deps
from gateway.digests import digest_day, send_digest
from gateway.distribution import give_away
from gateway.errors import TransientError
from gateway.events import carry_out, find_owners, happened, owners_after
from gateway.idle import ask_idle
from gateway.operations.held_mails import expire
from gateway.operations.promises import Recompute, recompute
from gateway.operations.types import Duty
from gateway.outgoing.enqueue import enqueue
from gateway.reminders import crowded, remind
from gateway.returned import tell_undelivered
from gateway.rules.types import Agent, Decision, Trace
from gateway.rungs import climb
from gateway.store import customers, delayed, held_mail, jobs, own_settings, sla_lists, tickets, turns
from gateway.store.changes import add_event
from gateway.store.delayed import Delayed
from gateway.store.held_mail import HeldMail
from gateway.store.own_settings import with_digest
from gateway.store.sla_lists import Reached
from gateway.store.store import Store
from gateway.ticket.colleagues import comes_to_team
from gateway.ticket.life import FINISHED
from gateway.unlocking import disown, tell_disowned, unlock
from gateway.unreached import look_after_unreached
from gateway.waking import wake
from gateway.weekly import report

_A_RUN = 1000
_MOST_REACHED = 10_000  # so that even after a long stop one digest tells of all
_A_COMMIT = 100
_DIGEST_LATE = timedelta(hours=12)
_OFTEN, _SELDOM = timedelta(minutes=1), timedelta(minutes=5)
T = TypeVar("T")
log = structlog.get_logger("due")


class Due:
    """Asks the store what fell due."""

    def __init__(self, store: Store, deps: Callable[[], Deps], clock: Clock, queued: Callable[[], None]) -> None:
        self._store, self._deps, self._clock, self._queued = store, deps, clock, queued
        self._digests_until = clock.now() - _DIGEST_LATE

    def jobs(self) -> tuple[tuple[timedelta, Callable[[], Awaitable[None]]], ...]:
        """All that is asked here, and how often."""
        often = (
            self.wake,
            self.do_delayed,
            self.renew_promises,
            self.remind,
            self.ask_idle,
            self.ask_by_clock,
            self.climb,
            self.find_owners,
            self.expire_held,
            self.send_digests,
        )
        return (*((_OFTEN, work) for work in often), (_SELDOM, self.tell_undelivered))

    async def wake(self) -> None:
        """Snoozed tickets whose time has come are as they were before."""
        now, d = self._clock.now(), self._deps()
        found = await self._store.read(lambda c: tickets.to_wake(c, now, _A_RUN))
        await self._in_slices(found, lambda c, ns: [wake(c, n, d, now) for n in ns])
        if found:
            log.info("tickets.woken", count=len(found))
            self._queued()

    async def tell_undelivered(self) -> None:
        """Agents hear of answers that did not arrive, others of agents whom mail does not reach."""
        now, d = self._clock.now(), self._deps()
        await self._store.write(lambda c: look_after_unreached(c, d, now))
        await self._store.write(lambda c: tell_undelivered(c, d, now))
        self._queued()

    async def remind(self) -> None:
        """Promises that may be broken, or are."""
        now, d = self._clock.now(), self._deps()
        found = await self._store.read(lambda c: sla_lists.reached(c, now, _MOST_REACHED))
        if not found:
            return
        digested = await self._store.read(sla_lists.crowds_told)
        crowds = await self._store.read(partial(crowded, found=found, d=d, now=now, digested=digested))
        for id, about in crowds.items():
            await self._store.write(lambda c, i=id, a=about: _digest_instead(c, d.rules.agents[i], a, d, now))  # type: ignore[misc]
            digested = await self._store.read(sla_lists.crowds_told)  # or another scheduler did it
        await self._in_slices(found, lambda c, some: remind(c, some, d, now, digested))
        log.info("promises.told", count=len(found), longest=found[0].ticket.number)
        self._queued()

    async def renew_promises(self) -> None:
        """Open tickets have the due times of policies and calendars that changed."""
        now, d = self._clock.now(), self._deps()
        by, before = d.promises.fingerprint, await self._store.read(jobs.promised_by)
        if by == before:
            return
        duty, found = Duty(now, lambda: d), [0]
        while before is not None and found:
            after = found[-1]
            found = await self._store.read(lambda c, a=after: sla_lists.numbers(c, after=a, limit=_A_COMMIT))  # type: ignore[misc]
            await self._in_slices(found, lambda c, ns: recompute(c, Recompute(tuple(ns)), duty))
        await self._store.write(lambda c: jobs.note_promised(c, by, now))

    async def ask_idle(self) -> None:
        """Rules for tickets in which nothing happens."""
        now, d = self._clock.now(), self._deps()
        while await self._store.write(lambda c: ask_idle(c, d, now)):
            pass
        self._queued()

    async def find_owners(self) -> None:
        """Tickets that wait go to whoever is there again; who is gone, or was silent for too long, loses his."""
        now, d = self._clock.now(), self._deps()
        if orphans := await self._store.read(lambda c: turns.numbers_of_others(c, d.rules.agents, _A_RUN)):
            await self._store.write(lambda c: tell_disowned(c, d, now))
            await self._in_slices(orphans, lambda c, ns: disown(c, ns, d, now))
            log.info("tickets.disowned", count=len(orphans))
        lost = await self._store.read(lambda c: turns.to_unlock(c, now, _A_RUN))
        await self._in_slices(lost, lambda c, ns: [unlock(c, n, d, now) for n in ns])
        if await self._store.write(lambda c: find_owners(c, give_away(c, tuple(d.rules.teams), d, now), d, now)):
            self._queued()

    async def ask_by_clock(self) -> None:
        """Rules that have times of their own."""
        now, d = self._clock.now(), self._deps()
        if not any(rule.cron for rule in d.rules.rules):
            return
        await self._store.write(lambda c: schedules.begin(c, d, now))
        for turn in await self._store.read(lambda c: schedules.turns_due(c, d, now)):
            await self._in_slices(turn.numbers, lambda c, ns, t=turn: schedules.ask(c, t, ns, d, now))  # type: ignore[misc]
            await self._store.write(lambda c, t=turn: schedules.end(c, t, now))  # type: ignore[misc]
            log.info("rule.scheduled", rule=turn.rule.id, tickets=len(turn.numbers))
            self._queued()

    async def climb(self) -> None:
        """Customers who are waited for are reminded, tickets are solved or closed by themselves."""
        now, d = self._clock.now(), self._deps()
        found = await self._store.read(lambda c: tickets.at_rung(c, now, _A_RUN))
        await self._in_slices(found, lambda c, ns: [climb(c, n, d, now) for n in ns])
        if found:
            self._queued()

    async def expire_held(self) -> None:
        """Mails of agents that nobody decided about for a day."""
        now, d = self._clock.now(), self._deps()
        found = await self._store.read(lambda c: held_mail.expired(c, now, _A_RUN))
        duty = Duty(now, lambda: d, "held for a day")
        for each in found:
            await self._store.write(lambda c, h=each: _done_each(c, (h,), lambda hs: _expire(c, hs[0], duty)))  # type: ignore[misc]

    async def send_digests(self) -> None:
        """Of each agent whose time of day has come since it was looked last; after a start, within half a day."""
        now, d = self._clock.now(), self._deps()
        since, self._digests_until = self._digests_until, now
        settled = await self._store.read(own_settings.of_all)
        leading = {agent.id for agent in leaders(d)}
        for each in d.rules.agents.values():
            agent = own_settings.as_settled(each, settled.get(each.id, {}))
            if (day := digest_day(agent, d, since, now)) is not None:
                await self._send_digest(agent, d, now, day)
                await self._send_reports(agent, d, now)
            if agent.id in leading and (day := digest_day(with_digest(agent), d, since, now)) is not None:
                await self._send_attention(agent, d, now, day)

    async def _send_digest(self, agent: Agent, d: Deps, now: datetime, key: str) -> None:
        await self._store.write(lambda c: send_digest(c, agent, d, now, key=key))
        self._queued()

    async def _send_attention(self, agent: Agent, d: Deps, now: datetime, key: str) -> None:
        await self._store.write(lambda c: send_attention(c, agent, d, now, key=key))
        self._queued()

    async def _send_reports(self, lead: Agent, d: Deps, now: datetime) -> None:
        """Of the week that is over, with the first digest behind it; later ones find it sent."""
        for team in d.rules.teams.values():
            if team.lead == lead.id:
                notice = await self._store.read(lambda c, t=team: report(c, t, lead, d, now))  # type: ignore[misc]
                if notice is not None:
                    await self._store.write(lambda c, n=notice: enqueue(n, d.desk, c, now))  # type: ignore[misc]
                    self._queued()

    async def do_delayed(self) -> None:
        """Every action whose time has come; one that fails keeps no other from being done."""
        now, d = self._clock.now(), self._deps()
        for found in await self._store.read(lambda c: delayed.due(c, now, _A_RUN)):
            try:
                await self._store.write(lambda c, f=found: act_on(c, f, d, now))  # type: ignore[misc]
            except TransientError:
                raise
            except Exception as e:  # noqa: BLE001 -- the outermost frame of one action: its trouble, not the others'
                log.error("delayed.failed", id=found.id, ticket=found.ticket, rule=found.rule, error=type(e).__name__)
                reason = f"{type(e).__name__} while it was done"
                await self._store.write(lambda c, f=found, r=reason: _fail(c, f, r, now))  # type: ignore[misc]
        self._queued()

    async def _in_slices(self, found: Sequence[T], work: Callable[[Connection, Sequence[T]], object]) -> None:
        """Some in each transaction; one that fails keeps no other from being done."""
        for first in range(0, len(found), _A_COMMIT):
            some = found[first : first + _A_COMMIT]
            await self._store.write(lambda c, s=some: _done_each(c, s, partial(work, c)))  # type: ignore[misc]


def _digest_instead(c: Connection, agent: Agent, about: Sequence[Reached], d: Deps, now: datetime) -> None:
    """One mail of many, unless he was told of them before."""
    if sla_lists.tell_crowd(c, agent.id, max(each.next_at for each in about), now):
        send_digest(c, agent, d, now, key=f"{now:%Y-%m-%dT%H:%M}", about=[each.ticket.number for each in about])


def _expire(c: Connection, held: HeldMail, duty: Duty) -> None:
    """What it becomes without a word may be a note, past which no answer leaves that was put off before."""
    expire(c, held, duty)
    overtaken(c, duty, held.ticket)


def _done_each(c: Connection, found: Sequence[T], work: Callable[[Sequence[T]], object]) -> None:
    """All of them at once; where one fails, each by itself, so that it keeps no other from being done."""
    if _done(c, found, work) or len(found) == 1:
        return
    for each in found:
        _done(c, (each,), work)


def _done(c: Connection, found: Sequence[T], work: Callable[[Sequence[T]], object]) -> bool:
    """False: nothing of it was done, and the log says why; it is tried again at the next tick."""
    attempt = c.begin_nested()
    try:
        work(found)
    except TransientError:
        if len(found) == 1:
            raise
        attempt.rollback()  # what one of them led to changed another one first
        return False
    except Exception as e:  # noqa: BLE001 -- the outermost frame of one ticket
        attempt.rollback()
        log.error("due.failed", first=str(found[0]), count=len(found), error=type(e).__name__)
        return False
    attempt.commit()
    return True


def act_on(c: Connection, found: Delayed, d: Deps, now: datetime) -> None:
    """Do it if it still waits and its rule still stands."""
    ticket = tickets.find_ticket(c, found.ticket, lock=True)
    if ticket is None or ticket.merged_into is not None or ticket.status_type in FINISHED:
        delayed.settle(c, found, "cancelled", "the ticket is at its end", now)
        return
    if all(rule.id != found.rule for rule in d.rules.rules):
        reason = f"revision {d.rules.revision} has no rule “{found.rule}”"
        if delayed.settle(c, found, "cancelled", reason, now):
            add_event(c, ticket.number, f"Not done: {found.words} ({reason})", now)
        return
    if not delayed.settle(c, found, "done", "", now):
        return
    customer = customers.find_customer(c, ticket.requester.address) if ticket.requester is not None else None
    decision = Decision((found.action,), Trace(d.rules.revision, d.rules.sha256, ()))
    after = carry_out(c, ticket, (), decision, customer, d, now, key=f"delayed:{found.id}")
    if after.status != ticket.status:
        happened(c, ticket, after, (), d, now, actor="rule")
    elif comes_to_team(ticket, after, d.rules):
        owners_after(c, ticket, after, d, now)


def _fail(c: Connection, found: Delayed, reason: str, now: datetime) -> None:
    if delayed.settle(c, found, "failed", reason, now):
        add_event(c, found.ticket, f"Not done: {found.words} of rule “{found.rule}” ({reason})", now)
