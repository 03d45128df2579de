"""Taking mails of an archive: through the door and the pipeline like any mail, at their own times, and told to nobody.

An archive may be brought as often as one likes: what is here already is known by its octets for good, and is not taken
again. Mails are let in no faster than they are worked off, so that mail that comes in meanwhile waits for few of them.
Sources  operations §14. Nothing is answered, no rule is asked, nothing is promised (pipeline.py, ticket/apply.py).
Not here reading the archive (intake/archive.py), who asks (control.py, cli/import_mail.py).
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import structlog

from gateway.clock import Clock
from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.errors import PermanentError
from gateway.intake.accept import Door, Incoming, arrival_hashes
from gateway.intake.handed_over import HEAD_OCTETS, handed_over
from gateway.intake.mail_file import UnusableError, incoming
from gateway.lookups import read_once
from gateway.message.types import Envelope
from gateway.operations.imports import ImportMails, OldMail
from gateway.operations.types import Told
from gateway.parsing.pool import ParserPool
from gateway.policy import addresses, deps_of, recipients, token_ring
from gateway.rules.statuses import OF_COMMANDS
from gateway.store import archives
from gateway.store.opening import open_store
from gateway.store.revisions import newest_revision
from gateway.store.store import Store
from gateway.work import Worker

AT_ONCE = 64  # mails of one request
KNOWN = "known"  # what is said of a mail that is here already
_MOST_WAITING = 200
_PATIENCE_S = 30.0  # of one request, for mails before it
_LOOK_S = 0.05
_BEGINS_AS = ("new", "open", "closed")  # types of statuses in which nobody is reminded of anything
log = structlog.get_logger("import")


class Importer:
    """Takes mails of archives through the door of this process."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        door: Door,
        clock: Clock,
        deps: Callable[[], Deps],
    ) -> None:
        self._settings, self._store, self._door, self._clock = settings, store, door, clock
        self._deps = deps

    async def take(self, wanted: ImportMails) -> tuple[Told, ...]:
        """What became of each, in order: accepted, known already, or why not; first, how many still wait.

        Durable  yes
        Raises   TransientError  there is no room for them, or the store is away; some may have been taken
        """
        if refused := _refusal(wanted, self._deps()):
            return (Told("import", "refused", refused),)
        waiting = 0 if wanted.dry_run else await self._until(_MOST_WAITING if wanted.mails else 0)
        done = (Told("waiting", "done", str(waiting)),)
        if waiting > _MOST_WAITING:
            return done
        await self._door.look()
        return done + await self._all(wanted)

    async def _until(self, most: int) -> int:
        """How many mails wait, once those are no more than so many, or patience ended."""
        ends_at = self._clock.monotonic() + _PATIENCE_S
        while True:
            waiting = await self._store.read(archives.waiting)
            if waiting <= most or self._clock.monotonic() >= ends_at:
                return waiting
            await asyncio.sleep(_LOOK_S)

    async def _all(self, wanted: ImportMails) -> tuple[Told, ...]:
        prepared = await asyncio.to_thread(lambda: [self._prepared(mail, wanted) for mail in wanted.mails])
        hashes = {digest for each in prepared if isinstance(each, _Prepared) for digest in each.hashes}
        now = self._clock.now()
        known = set(await self._store.read(lambda c: archives.known(c, hashes, now)))
        taken = []
        for each in prepared:
            if isinstance(each, _Prepared):
                taken.append(self._taken(each, wanted, fresh=not known.issuperset(each.hashes)))
                known.update(each.hashes)
            else:
                taken.append(_said(each))
        return tuple(await asyncio.gather(*taken))

    def _prepared(self, mail: OldMail, wanted: ImportMails) -> "_Prepared | Told":
        found = handed_over(mail.raw[:HEAD_OCTETS])
        paths = recipients(found, self._settings, self._deps().rules, wanted.team)
        at = min(mail.at, self._clock.now())
        envelope = Envelope(found.reverse_path, paths, "", "archive", "import", at)
        try:
            octets = incoming((mail.raw,), int(self._settings.intake.max_size), self._settings.paths.state)
        except UnusableError as e:
            return Told("mail", "conflict", str(e))
        return _Prepared(envelope, octets, arrival_hashes(envelope, octets.sha256))

    async def _taken(self, mail: "_Prepared", wanted: ImportMails, *, fresh: bool) -> Told:
        if not fresh or wanted.dry_run:
            mail.octets.raw.close()
            return Told("mail", "done", "" if fresh else KNOWN)
        self._door.check_room(mail.octets.size)
        try:
            receipt = await self._door.accept(mail.envelope, mail.octets, imported=wanted.status)
        except PermanentError as e:
            return Told("mail", "conflict", e.text)
        return Told("mail", "done", KNOWN if receipt.duplicate else receipt.key)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A mail as the door wants it."""

    envelope: Envelope
    octets: Incoming
    hashes: tuple[str, ...]


async def _said(done: Told) -> Told:
    return done


@asynccontextmanager
async def without_daemon(settings: Settings, clock: Clock) -> AsyncIterator[Importer]:
    """An importer that works its mails off itself, as the one owner of the store; it sends nothing.

    Raises  TransientError  another process owns the store
            ConfigError     the rules are wrong, or the store cannot keep the promise
    """
    store = open_store(settings)
    try:
        await store.recover_mails()
        token_ring(settings, clock, create=True)  # an archive may be the first that a new gateway gets
        deps = deps_of(settings, clock, read_once(settings))
        force = await store.read(newest_revision)
        if force is not None and force.written.sha256 == deps.rules.sha256:
            deps = replace(deps, rules=replace(deps.rules, revision=force.number))
        ours = addresses(settings, deps.rules)
        pool = ParserPool.of(settings, os.cpu_count() or 1)
        attempts = settings.limits.child_attempts
        worker = Worker(store, pool, lambda: deps, clock, attempts, lambda: None, None)
        door = Door(store, settings, clock, lambda: ours, worker.wake)
        working = asyncio.ensure_future(worker.run())
        try:
            yield Importer(settings, store, door, clock, lambda: deps)
        finally:
            worker.stop()
            await working
            await pool.close()
    finally:
        store.close()


def _refusal(wanted: ImportMails, deps: Deps) -> str:
    """Why nothing of it can be done; empty when it can."""
    rules = deps.rules
    if wanted.team is not None and wanted.team not in rules.teams:
        return f"there is no team “{wanted.team}”; teams are: {', '.join(rules.teams)}"
    fitting = [name for name, kind in rules.statuses.items() if kind in _BEGINS_AS and name not in OF_COMMANDS]
    if wanted.status not in fitting:
        return f"“{wanted.status}” is no status that an imported ticket may have: {', '.join(fitting)}"
    return ""
