"""Who works on accepted mail: claim, parse in a child, verify, process; the third failure quarantines.

Transactions  T1a claim (committed before any work), T1 process or quarantine (DESIGN §6).
Sources       acceptance A-15, P-6: one bad mail never blocks the next; trouble of ours is not the mail's fault.
Not here      what is decided (pipeline.py), what a child may cost (parsing/pool.py).
"""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from gateway.agents.received import received
from gateway.attention import tell_unread
from gateway.clock import Clock
from gateway.deciding.decide import authenticated
from gateway.deciding.types import Deps
from gateway.errors import TransientError
from gateway.message.types import Accepted, Message
from gateway.parsing.pool import Failure, ParserPool
from gateway.pipeline import quarantine
from gateway.store import inbound
from gateway.store.store import Store
from gateway.store.writer import RefusedRowError
from gateway.ticket.thread import is_answering
from gateway.ticket.types import Outcome
from gateway.verifying.verifier import Verifier

UNDER_WAY = 24  # mails claimed at once: children and writer never wait for each other
_SMALL_OCTETS = 64 * 1024  # larger mails are streamed, so that those under way take little memory
_LOOK_AGAIN_S = 1.0  # for leases that ran out, and mails that another process accepted
_AFTER_TROUBLE_S = 1.0
_FOR_INTERRUPTED_S = 60.0  # an answer waits no longer for mails that an accident interrupted
_SUSPICIOUS_AFTER = 1  # attempts after which a mail may be the cause of the accidents
log = structlog.get_logger("work")


class Worker:
    """One per daemon. `wake` says that mail was accepted."""

    def __init__(
        self,
        store: Store,
        pool: ParserPool,
        deps: Callable[[], Deps],
        clock: Clock,
        attempts: int,
        queued: Callable[[], None],
        verifier: Verifier | None,
    ) -> None:
        self._store, self._pool, self._deps, self._clock = store, pool, deps, clock
        self._attempts, self._queued, self._verifier = attempts, queued, verifier
        self._under_way: set[asyncio.Task[None]] = set()
        self._unapplied: dict[int, asyncio.Event] = {}  # mails under way by id: with the writer, or ended
        self._suspect_under_way, self._look_for_suspects_at = False, 0.0
        self._suspects_left = True  # as far as was seen
        self._suspect_ended = asyncio.Event()
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """There may be work."""
        self._woken.set()

    async def run(self) -> None:
        """Until `stop`; what is under way is then finished."""
        while not self._stopping:
            self._woken.clear()
            free = UNDER_WAY - len(self._under_way)
            wanted = free if free >= UNDER_WAY // 2 else 0
            suspects = self._suspects_left and not self._suspect_under_way
            claimed = await self._claim(wanted) if wanted or suspects else []
            small = await self._small(claimed)
            self._unapplied |= {mail.id: asyncio.Event() for mail in claimed}
            for mail in claimed:
                task = asyncio.create_task(self._work(mail, small.get(mail.key)))
                self._under_way.add(task)
                task.add_done_callback(self._done)
            if not claimed:
                await self._wait()
        while self._under_way:
            await asyncio.wait(self._under_way)

    def stop(self) -> None:
        """Claim nothing more."""
        self._stopping = True
        self._woken.set()
        self._suspect_ended.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_AGAIN_S):
                await self._woken.wait()
        except TimeoutError:
            return

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._woken.set()

    async def _claim(self, limit: int) -> list[Accepted]:
        suspects = not self._suspect_under_way and self._clock.monotonic() >= self._look_for_suspects_at
        try:
            mails = await self._store.claim(
                now=self._clock.now(), limit=limit, suspicious_after=_SUSPICIOUS_AFTER, suspects=suspects
            )
        except Exception as e:  # the outermost frame: whatever it is, mail goes on being accepted and is kept
            if not isinstance(e, TransientError):  # that is logged by the writer
                log.error("work.bug", exc_info=e)
            await asyncio.sleep(_AFTER_TROUBLE_S)
            return []
        if suspects:
            self._suspect_under_way = any(mail.attempts > _SUSPICIOUS_AFTER for mail in mails)
            self._suspects_left = self._suspect_under_way
            self._look_for_suspects_at = self._clock.monotonic() + _LOOK_AGAIN_S
        return mails

    async def _small(self, mails: list[Accepted]) -> dict[str, bytes]:
        """The octets of the small ones, in one read; each of the others is streamed by itself."""
        try:
            return await self._store.small_raw(mails, _SMALL_OCTETS)
        except TransientError:
            return {}  # each finds out by itself

    async def _work(self, mail: Accepted, raw: bytes | None) -> None:
        """One claimed mail to its end, or given back. The outermost frame: nothing leaves it but cancellation.

        raw  its octets where they are read already; None streams them
        """
        deps = self._deps()  # a mail ends with the revision it began with
        try:
            if mail.attempts > self._attempts:  # its last attempt ended us before it could be told
                reason = f"the gateway ended while it was processed, in the last of {self._attempts} attempts"
                await self._given_up(mail, reason, deps)
                return
            octets = self._store.raw(mail.key, mail.size) if raw is None else _whole(raw)
            read = await self._pool.parse(octets, mail.size, mail.attempts)
            if isinstance(read, Failure):
                await self._failed(mail, f"parser: {read.reason} {read.detail}".strip(), deps)
                return
            mail = await self._verified(mail, read, raw, deps)
            if is_answering(read) and not await self._is_its_turn(mail):
                await self._store.write(lambda c: inbound.give_way(c, mail.key, lease=mail.lease))
                return
            applied = self._store.submit(lambda c: received(mail, read, deps, c), durable=False)
            self._unapplied[mail.id].set()  # the writer keeps the order
            outcome = await asyncio.wrap_future(applied)
        except RefusedRowError as e:
            await self._failed(mail, e.text, deps)
        except TransientError:
            await self._give_back(mail)
        except Exception as e:  # noqa: BLE001 -- the outermost frame of one mail: its trouble, not the daemon's
            log.error("mail.poison", mail=mail.key, attempts=mail.attempts, exception=frames(e))
            await self._failed(mail, f"{type(e).__name__} while processing", deps)
        else:
            self._tell(outcome)
        finally:
            self._unapplied.pop(mail.id).set()
            if mail.attempts > _SUSPICIOUS_AFTER:
                self._suspect_under_way, self._look_for_suspects_at = False, 0.0
                self._suspect_ended.set()

    async def _verified(self, mail: Accepted, read: Message, raw: bytes | None, deps: Deps) -> Accepted:
        """The mail with our own verdicts, where we are asked for them and nobody whom we trust gave any.

        They are stored at once: another attempt, or a rehearsal of later rules, sees the same.
        """
        if self._verifier is None or mail.imported is not None or authenticated(mail, read, deps).by is not None:
            return mail
        octets = raw if raw is not None else b"".join([piece async for piece in self._store.raw(mail.key, mail.size)])
        found = await self._verifier.verify(octets, read, mail.envelope)
        if found is None:
            return mail
        await self._store.write(lambda c: inbound.keep_verdicts(c, mail.key, found))
        return replace(mail, verified=found)

    async def _is_its_turn(self, mail: Accepted) -> bool:
        """Wait for the mails that came before an answer: one of them may be what it answers. False: it is too early.

        Those are the mails under way, and after an accident those that it interrupted, which go one at a time. An
        answer that goes alone itself does not wait: it would keep them from going.
        Raises  TransientError  we are to end
        """
        alone = mail.attempts > _SUSPICIOUS_AFTER
        if alone and mail.attempts < self._attempts and await self._is_one_interrupted(mail):
            return False
        for event in [event for id, event in self._unapplied.items() if id < mail.id]:
            await event.wait()
        if self._suspects_left and not alone:
            with suppress(TimeoutError):
                async with asyncio.timeout(_FOR_INTERRUPTED_S):
                    await self._interrupted(mail)
        return True

    async def _interrupted(self, mail: Accepted) -> None:
        """Wait until no mail that came before it is left of those that an accident interrupted."""
        while not self._stopping:
            self._suspect_ended.clear()
            if not await self._is_one_interrupted(mail):
                return
            await self._suspect_ended.wait()
        raise TransientError("an earlier mail is still to be worked on")

    async def _is_one_interrupted(self, mail: Accepted) -> bool:
        now = self._clock.now()
        return await self._store.read(
            lambda c: inbound.is_one_interrupted(c, before=mail.id, suspicious_after=_SUSPICIOUS_AFTER, now=now)
        )

    async def _failed(self, mail: Accepted, reason: str, deps: Deps) -> None:
        """One attempt is spent; the last one ends in quarantine."""
        log.warning("mail.attempt_failed", mail=mail.key, attempts=mail.attempts, reason=reason)
        try:
            if mail.attempts >= self._attempts:
                await self._given_up(mail, reason, deps)
            else:
                await self._store.write(lambda c: inbound.release(c, mail.key, lease=mail.lease))
                self._look_for_suspects_at = 0.0
        except Exception as e:  # part of the outermost frame: a bug in quarantining must not lose the lease unseen
            if isinstance(e, TransientError) and not isinstance(e, RefusedRowError):
                await self._give_back(mail)
            else:  # it stays leased, and is tried again when the lease has run out
                log.error("work.bug", mail=mail.key, exc_info=e)

    async def _given_up(self, mail: Accepted, reason: str, deps: Deps) -> None:
        self._tell(await self._store.write(lambda c: quarantine(mail, reason, deps, c)))
        with suppress(TransientError):  # it is kept; a mail about it must not undo that, and the daily one has it
            await self._store.write(lambda c: tell_unread(c, mail.key, deps, deps.now()))
            self._queued()

    async def _give_back(self, mail: Accepted) -> None:
        """The store was in trouble, not the mail: the attempt does not count. Tried until the store is back."""
        while not self._stopping:
            await asyncio.sleep(_AFTER_TROUBLE_S)
            with suppress(TransientError):
                await self._store.write(lambda c: inbound.release(c, mail.key, lease=mail.lease, innocent=True))
                return

    def _tell(self, outcome: Outcome) -> None:
        self._deps().counts.add("dispositions", outcome.disposition)
        log.info(
            "mail.done", mail=outcome.key, disposition=outcome.disposition, ticket=outcome.ticket, reason=outcome.reason
        )
        self._queued()


async def _whole(raw: bytes) -> AsyncIterator[bytes]:
    yield raw


def frames(error: BaseException) -> str:
    """Where it happened and of which type, without its words: those may be somebody's mail."""
    return "".join((*traceback.format_tb(error.__traceback__), type(error).__name__))
