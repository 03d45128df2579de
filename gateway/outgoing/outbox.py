"""The outbox at work: lease, deliver, settle; what was uncertain, and when to wake up.

Transactions  T2 before anything leaves the machine and before the final dot; T3 after; no transaction is open while the
              network is used (DESIGN §6). Leases are fenced: who lost his can settle nothing.
Sources       acceptance F-04 to F-07, §5.7.
Not here      one delivery (smtp.py), the delays (schedule.py), who is left alone (breaker.py), what proves that an
              uncertain mail arrived (evidence.py), SQL (store/outbox.py).
"""

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from gateway.clock import Clock
from gateway.config import Outbound
from gateway.errors import TransientError
from gateway.message.address import domain_of, normal
from gateway.outgoing.breaker import Breaker
from gateway.outgoing.evidence import queued_as
from gateway.outgoing.relay import Relay
from gateway.outgoing.schedule import UNCERTAIN_WAIT, next_attempt, stale
from gateway.outgoing.smtp import Connection, Deferred, Delivered, DeliveryResult, Failed, Uncertain, deliver
from gateway.store import alarms, arrived, outbox
from gateway.store.outbox import UNSURE, OutboxItem, marked
from gateway.store.store import Store

_POLL = timedelta(seconds=30)  # another process may queue mails, and a lease may end
_SOON = timedelta(milliseconds=100)
_ANSWER_WAIT = timedelta(seconds=660)  # longer than the relay may take to answer the dot (smtp.py)
_STORE_AWAY = timedelta(seconds=5)
_SETTLE_AGAIN_S = 1.0
_DRAIN_S = 20.0  # of the 30 that the daemon has

_CODE = re.compile(r"[2-5]\d\d(?: [245]\.\d{1,3}\.\d{1,3})?(?!\S)")  # RFC 5321 §4.2, RFC 3463 §2
_ADDRESS = re.compile(r'(?:"[^"]*"|[^\s"]+)?@\S*')

_log = structlog.get_logger("outbox")


class Sender:
    """Sends what is due until it is told to stop. One for a process."""

    def __init__(
        self, store: Store, settings: Outbound, relay: Relay, clock: Clock, chance: Callable[[], float] = random.random
    ) -> None:
        """`chance` gives numbers from 0 to 1 that spread the retries."""
        self._store, self._settings, self._clock, self._chance = store, settings, clock, chance
        self._idle = [Connection(relay, clock) for _ in range(settings.concurrency)]
        self._at_work: set[asyncio.Task[None]] = set()
        self._event = asyncio.Event()
        self._stopping = False
        self._breaker = Breaker(clock)
        self._look_at = 0.0

    def wake(self) -> None:
        """Something was queued. For the event loop's own thread."""
        self._event.set()

    async def run(self) -> None:
        """Send until `stop`; returns when nothing is under way any more."""
        while not self._stopping:
            self._event.clear()
            try:
                pause = await self._turn()
            except TransientError as e:
                _log.error("outbox.store_away", reason=e.text)
                pause = _STORE_AWAY
            except Exception:  # noqa: BLE001  the outermost frame: whatever it was, sending goes on afterwards
                _log.exception("outbox.bug")
                pause = _STORE_AWAY
            await self._wait(pause)
        await self._drain()

    def stop(self) -> None:
        """Lease nothing more."""
        self._stopping = True
        self._event.set()

    async def _drain(self) -> None:
        """Let what is under way end; what is cut off before its dot is sent at the next start, after it uncertain."""
        if self._at_work:
            _, late = await asyncio.wait(self._at_work, timeout=_DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for connection in self._idle:
            await connection.close()

    async def _turn(self) -> timedelta:
        """Lease as much as there are hands for; returns how long nothing else is due."""
        await self._take_back()
        if (broken_s := self._breaker.broken_s) > 0:
            return timedelta(seconds=broken_s)
        if not self._idle:
            return _POLL
        avoided = self._breaker.avoided
        items = await self._store.lease_outbox(self._clock.now(), len(self._idle), avoided)
        for item in items:
            task = asyncio.create_task(self._work(item, self._idle.pop()))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        if items:
            return _SOON if self._idle else _POLL
        for connection in tuple(self._idle):
            await connection.rest()
        due = await self._store.next_outbox_due(avoided)
        return _POLL if due is None else min(_POLL, max(_SOON, due - self._clock.now()))

    async def _take_back(self) -> None:
        """Leases that ran out: of another process that died, or ours that could not be settled."""
        if self._clock.monotonic() < self._look_at:
            return
        self._look_at = self._clock.monotonic() + _POLL.total_seconds()
        if count := await self._store.recover_outbox(self._clock.now(), running=False):
            _log.warning("outbox.recovered", mails=count)
        for item in await self._store.read(outbox.unscheduled):
            await self._decide(item)

    async def _wait(self, pause: timedelta) -> None:
        if self._event.is_set():
            return
        woken = asyncio.create_task(self._event.wait())
        slept = asyncio.create_task(self._clock.sleep(max(pause.total_seconds(), 0)))
        try:
            await asyncio.wait((woken, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            slept.cancel()

    async def _work(self, item: OutboxItem, connection: Connection) -> None:
        try:
            result = await self._result(_Attempt(self._store, self._clock, item), connection)
            while not await self._settled(item, result):
                await self._clock.sleep(_SETTLE_AGAIN_S)
        finally:
            self._idle.append(connection)
            self._event.set()

    async def _settled(self, item: OutboxItem, result: DeliveryResult | None) -> bool:
        """False: the store is away, and what became of the mail is worth waiting for: else it would be sent twice."""
        try:
            if not await self._settle(item, result):
                _log.warning("outbox.lease_lost", id=item.id)
        except TransientError as e:
            _log.error("outbox.store_away", id=item.id, reason=e.text)
            return self._stopping  # then the lease runs out, and the mail is taken back
        return True

    async def _result(self, attempt: "_Attempt", connection: Connection) -> DeliveryResult | None:
        item = attempt.item
        if stale(item.template, item.queued_at, self._clock.now()) and not item.reason.startswith(UNSURE):
            return None
        if item.reason.startswith(UNSURE) and (found := await self._logged(item)) is not None:
            return Delivered(found)
        try:
            result = await deliver(self._addressed(item), connection, attempt.before_dot)
        except TransientError as e:  # the stage could not be committed, so the dot was not written
            return Deferred(e.text)
        except Exception as e:  # noqa: BLE001  the outermost frame: one mail must not end the sending of others
            _log.exception("outbox.bug", id=item.id)
            return Uncertain(type(e).__name__) if attempt.dot else Deferred(f"our own fault: {type(e).__name__}")
        self._breaker.note(domain_of(normal(item.forward_path)), result)
        if isinstance(result, Deferred) and result.alarm:
            await self._alarm(result)
        return result

    async def _alarm(self, result: Deferred) -> None:
        """The relay does not want us: for people to see. It is no time to write them a mail."""
        now, said = self._clock.now(), _without_addresses(result.reason)
        try:
            await self._store.write(lambda c: alarms.note(c, "relay", "", said, now))
        except TransientError as e:  # what became of the mail is kept all the same, as soon as that can be written
            _log.error("outbox.store_away", reason=e.text)

    def _addressed(self, item: OutboxItem) -> OutboxItem:
        """In a trial every mail goes to one address; its octets are the same."""
        other = self._settings.redirect_all_to
        return replace(item, forward_path=other) if other else item

    async def _settle(self, item: OutboxItem, result: DeliveryResult | None) -> bool:
        now, settle = self._clock.now(), self._store.settle
        match result:
            case None:
                _log.info("mail.stale", id=item.id, ticket=item.ticket)
                return await settle(item, "suppressed", now=now, reason="stale")
            case Delivered(reply):
                said = _without_addresses(reply)  # with the relay's own number of the mail
                _log.info("mail.sent", id=item.id, ticket=item.ticket, attempt=item.attempts, reply=said)
                return await settle(item, "sent", now=now, reply=reply, reason=marked(item, ""))
            case Failed(reply):
                _log.warning("mail.failed", id=item.id, ticket=item.ticket, attempt=item.attempts, reply=_code(reply))
                return await settle(item, "failed", now=now, reply=reply, reason=marked(item, "refused"))
            case Uncertain(stage):
                return await self._unsure(item, stage)
            case Deferred():
                return await self._defer(item, result)
        assert_never(result)

    async def _defer(self, item: OutboxItem, result: Deferred) -> bool:
        now, reply = self._clock.now(), result.reply or ""
        due = next_attempt(
            item.tried_since or item.queued_at, item.attempts, now, self._settings.retry, self._settings.give_up
        )
        if due is None:
            _log.warning(
                "mail.failed", id=item.id, ticket=item.ticket, attempt=item.attempts, reply=_code(result.reason)
            )
            reason = marked(item, f"given up: {result.reason}")
            return await self._store.settle(item, "failed", now=now, reply=reply, reason=reason)
        log = _log.error if result.alarm else _log.info
        log("mail.deferred", id=item.id, ticket=item.ticket, attempt=item.attempts, reason=_code(result.reason))
        return await self._store.settle(
            item,
            "deferred",
            now=now,
            next_attempt_at=self._jittered(now, due),
            reply=reply,
            reason=marked(item, result.reason),
        )

    async def _unsure(self, item: OutboxItem, stage: str) -> bool:
        _log.warning(
            "mail.uncertain", id=item.id, ticket=item.ticket, attempt=item.attempts, stage=_without_addresses(stage)
        )
        now = self._clock.now()
        if (found := await self._logged(item)) is not None:
            return await self._store.settle(item, "sent", now=now, reply=found, reason=f"{UNSURE}: {stage}")
        due, reason = self._resend(item, now, stage)
        written = replace(item, stage="dot")
        return await self._store.settle(written, "uncertain", now=now, next_attempt_at=due, reason=reason)

    async def _decide(self, item: OutboxItem) -> None:
        """An uncertain mail that a crash left: when to send it again, if at all."""
        now = self._clock.now()
        if (found := await self._logged(item)) is not None:
            await self._store.write(lambda c: arrived.settle(c, item.id, found, now), durable=True)
            return
        due, reason = self._resend(item, now, "stopped between dot and answer")
        await self._store.write(lambda c: outbox.schedule(c, item, due, reason, now), durable=True)

    async def _logged(self, item: OutboxItem) -> str | None:
        """What the relay's log says of a mail whose dot was not answered; None: nothing of this very mail."""
        log, path = self._settings.relay_log, item.reverse_path or ""
        if log is None or f"q{item.id}." not in path:  # without sub-addresses all mails have one reverse-path
            return None
        name = await asyncio.to_thread(queued_as, log, path)
        return None if name is None else f"the log of the relay has it as {name}"

    def _resend(self, item: OutboxItem, now: datetime, why: str) -> tuple[datetime | None, str]:
        """Once more with the same bytes, not before the relay may have finished thinking; the next time a person."""
        if self._settings.on_uncertain == "hold" or item.reason.startswith(UNSURE):
            return None, f"{UNSURE}, waits for a person: {why}"
        return now + UNCERTAIN_WAIT, f"{UNSURE}: {why}"

    def _jittered(self, now: datetime, due: datetime) -> datetime:
        share = self._settings.jitter_percent / 100 * (2 * self._chance() - 1)
        return due + (due - now) * share


class _Attempt:
    """One mail under way, and whether its final dot may be on the wire."""

    def __init__(self, store: Store, clock: Clock, item: OutboxItem) -> None:
        self._store, self._clock = store, clock
        self.item, self.dot = item, False

    async def before_dot(self) -> bool:
        """T2: commit the stage, and keep the lease for as long as the relay may think."""
        self.dot = await self._store.mark_dot(self.item, until=self._clock.now() + _ANSWER_WAIT)
        return self.dot


def _code(text: str) -> str:
    """Code and enhanced status of a reply, for the log: the rest, in which addresses are usual, stays in the row."""
    code = _CODE.match(text)
    return code[0] if code else _without_addresses(text)


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub("…", text)
