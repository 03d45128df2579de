"""The daemon: what starts in which order, what a signal does, and how it stops without losing anything.

Sources  operations: READY=1 only after start gate, schema, lease recovery and a durable test write; SIGTERM: no new
         mail, running DATA commits finish, outgoing stages are marked, a last durable commit, exit 0.
         sd_notify(3). SIGKILL at any moment loses nothing acknowledged.
Not here  what each part does; this module only turns them.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import structlog

from gateway.backups import DailyBackups
from gateway.checking import Checking
from gateway.clock import Clock
from gateway.config import Settings
from gateway.control import ControlError, ControlServer, OfTheDaemon
from gateway.counts import Counts
from gateway.digests import zone_of_desk
from gateway.due import Due
from gateway.errors import ConfigError, PoisonError, Problem, TransientError
from gateway.health import Health
from gateway.importing import Importer
from gateway.intake.accept import Door
from gateway.intake.fetching import Fetching
from gateway.intake.imap_login import Logins
from gateway.intake.imap_take import Shared
from gateway.intake.maildir import Surroundings, WatchedMaildir
from gateway.intake.sockets import Listeners, activated_sockets
from gateway.lookups import Tables
from gateway.operations.imports import ImportMails
from gateway.operations.jobs import AskJobs, PauseJob, RunJob, no_job, said_of
from gateway.operations.moved import Moving
from gateway.operations.retention import RunRetention, ended
from gateway.operations.revisions import AskState, LoadRules
from gateway.operations.types import Told
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.outgoing.outbox import Sender
from gateway.outgoing.relay import relay_of
from gateway.outgoing.render import Templates
from gateway.parsing.pool import ParserPool
from gateway.policy import addresses, check_maildirs, deps, recipients, token_ring
from gateway.probing import Probing
from gateway.retaining import Retaining
from gateway.rules.types import RuleSet
from gateway.rules.written import written
from gateway.store import outbox
from gateway.store.audit_anchors import Anchors
from gateway.store.jobs import pause, paused, resume
from gateway.store.opening import open_store
from gateway.store.revisions import SYSTEM, keep_revision, newest_revision
from gateway.store.store import Store, durable_write
from gateway.ticket.token import TokenRing
from gateway.timers import Timers
from gateway.trial import current_file, revision_file, tried
from gateway.verifying.verifier import Verifier, check_verifier
from gateway.web.listening import Pages, check_pages
from gateway.webhooks import Webhooks
from gateway.work import UNDER_WAY, Worker

_LOOK_S = 1.0  # how often the door measures room, and clocks are compared
_BEAT_S = 10.0  # how often the watchdog is told; the unit allows 30
_FINDINGS = 1  # exit code of whoever asked for rules that are wrong
_FOLLOW = timedelta(seconds=10)  # how often it is asked whether another gateway has other rules
_DRAIN_S = 30.0  # for mail under way at a stop
log = structlog.get_logger("daemon")


class Daemon:
    """One gateway process. `start` returns when mail can be taken; `stop` when the last commit is flushed."""

    def __init__(self, settings: Settings, clock: Clock, passed: Mapping[str, str] | None = None) -> None:
        self._settings, self._clock, self._passed = settings, clock, passed or {}
        self._stop: list[Callable[[], Awaitable[None] | None]] = []  # in order of start; run backwards
        self._listeners: Listeners | None = None
        self._health: Health | None = None
        self._pages: Pages | None = None
        self._reloading = asyncio.Lock()
        self._tables = Tables(settings, clock)
        self._counts = Counts()
        self.stale = ""  # why the last reload changed nothing; empty when it did
        self.broken = asyncio.Event()  # a part ended by itself; whoever runs the daemon should stop it

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where it listens, by `smtp`, `lmtp`, `metrics` and `http`."""
        found = dict(self._listeners.addresses) if self._listeners else {}
        others = {"metrics": self._health, "http": self._pages}
        return found | {name: part.address for name, part in others.items() if part is not None and part.address}

    async def start(self) -> None:
        """Everything up, in the order in which each part needs the others.

        Raises  ConfigError     the start is forbidden: nothing listens, nothing was accepted
                TransientError  another process holds the state, or the database is away
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """No new mail first, the store last; a part that cannot end well keeps no other from it."""
        while self._stop:
            try:
                ended = self._stop.pop()()
                if ended is not None:
                    await ended
            except Exception as e:  # the outermost frame of a part that ends: the others are ended all the same
                log.error("daemon.part_failed", exc_info=e)

    async def reload(
        self, author: str = SYSTEM, message: str = "", *, tests: bool = True
    ) -> ConfigError | TransientError | None:
        """Read rules, templates, keys anew; a mail ends with the revision it began with.

        author, message  for the history of the rules.  tests  whether one that fails keeps them out
        Returns  why all stays as it is; None when what was read is in force
        """
        async with self._reloading:
            try:
                read = await asyncio.to_thread(self._read_rules, tests=tests)  # mail goes on meanwhile
                await self._put_in_force(*read, author=author, message=message)
            except (ConfigError, TransientError) as e:
                self.stale = e.text
                problems = e.problems if isinstance(e, ConfigError) else ()
                log.error("rules.reload_failed", problems=len(problems), first=e.text.splitlines()[0])
                return e
            self.stale = ""
            log.info("rules.loaded", revision=self.revision, rules=len(self._deps.rules.rules), by=author)
            return None

    @property
    def revision(self) -> int:
        """The number of the rules in force."""
        return self._deps.rules.revision

    async def _start(self) -> None:
        settings, clock = self._settings, self._clock
        # a mistake in them forbids the start before anything is made; a test that fails keeps rules out, but no mail
        read = self._read_rules(tests=False)
        check_verifier(settings)
        check_pages(settings)
        check_maildirs(settings, read[0])
        self._store = open_store(settings)
        self._stop.append(self._store.close)
        now = clock.now()
        if await self._store.write(lambda c: outbox.hold_after_long_stop(c, now), durable=True):
            log.error("outbound.held", reason="long away, and much would leave", next="mailwicket outbound release")
        await self._store.write(durable_write, durable=True)
        await self._tables.refresh()  # seconds at most, also where a database is away
        await self._put_in_force(*read, first=True)
        await self._recover()

        pool = ParserPool.of(settings, os.cpu_count() or 1)
        self._stop.append(pool.close)
        verifier = Verifier(settings, UNDER_WAY) if settings.auth.verify == "self" else None
        if verifier is not None:
            self._stop.append(verifier.close)
        sender = Sender(self._store, settings.outbound, relay_of(settings), clock)
        worker = Worker(
            self._store, pool, lambda: self._deps, clock, settings.limits.child_attempts, sender.wake, verifier
        )
        door = Door(self._store, settings, clock, lambda: self._addresses, worker.wake, self._counts)
        importer = Importer(settings, self._store, door, clock, lambda: self._deps)
        self._timers = timers = Timers(self._store, Anchors(settings), clock)
        due = Due(self._store, lambda: self._deps, clock, sender.wake)
        for interval, asked in due.jobs():
            timers.every(interval, asked, shared=True)
        timers.every(timedelta(minutes=1), self._tables.refresh)
        self._retaining = Retaining(self._store, lambda: self._deps.rules.retention, clock)
        timers.nightly(self._retaining.delete_old, self._zone)
        timers.nightly(Checking(self._store, clock, self._alarm).check_store, self._zone)
        backups = DailyBackups(self._store, settings, clock, self._alarm)
        timers.nightly(backups.back_up, self._zone, at=settings.backup.at)
        timers.every(timedelta(hours=1), backups.tell_old_backup, shared=True)
        if settings.webhook:
            told = Webhooks(self._store, settings, lambda: self._deps, clock)
            timers.every(timedelta(seconds=5), told.post_events, shared=True)
            timers.every(timedelta(hours=1), told.forget_events, shared=True)
        if not self._store.alone:
            timers.every(_FOLLOW, self.follow)
        timers.start()
        self._stop.append(timers.stop)
        self._run(sender.run(), sender.stop)
        self._run(worker.run(), worker.stop)

        def woken() -> None:
            worker.wake()
            sender.wake()

        own = {**self._own_operations(), "mail.import": OfTheDaemon(ImportMails, importer.take)}
        control = ControlServer(settings, self._store, clock, lambda: self._deps, woken, own)
        await control.start()
        self._stop.append(control.close)
        await door.look()
        self._run(_every(_LOOK_S, door.look), None)
        self._run(_every(_LOOK_S, timers.look), None)
        passed = activated_sockets(self._passed)
        self._health = health = Health(
            self._store, door, clock, self._counts, settings.paths.state, lambda: bool(self.stale)
        )
        await health.start(settings.http.metrics_listen, passed.get("metrics", ()))
        self._stop.append(health.close)
        self._run(_every(_LOOK_S, lambda: health.look(_LOOK_S)), None)
        self._pages = pages = Pages(settings, self._store, clock, lambda: self._deps)
        if pages.bind(passed.get("http", ())):
            self._run(pages.run(), pages.stop)
        self._listeners = Listeners(settings, door, clock)
        await self._listeners.start(passed)
        self._stop.append(self._close_listeners)
        self._sender = sender
        around = Surroundings(
            settings, door, clock, lambda m, team: recipients(m, settings, self._deps.rules, team), self._alarm
        )
        for watched in (WatchedMaildir(maildir, around) for maildir in settings.maildir):
            self._run(watched.run(), watched.stop)
        moving = Moving(lambda: self._deps, woken)
        fetching = Fetching(Shared(self._store, door, settings, clock, self._alarm, Logins(self._store, clock), moving))
        timers.every(timedelta(minutes=1), fetching.tell_unfetched, shared=True)
        timers.every(timedelta(hours=1), fetching.foretell, shared=True)
        timers.every(timedelta(hours=6), fetching.compare_mailboxes)
        probing = Probing(self._store, settings, lambda: self._deps, clock, sender.wake, self._alarm)
        timers.every(timedelta(minutes=1), probing.probe_mailboxes, shared=True)
        self._run(fetching.run(), fetching.stop)
        log.info("daemon.ready", rules=self._deps.rules.revision, **self.addresses)

    def _zone(self) -> ZoneInfo:
        """Where the desk is."""
        return zone_of_desk(self._deps.rules)

    async def _alarm(self, about: str, key: str, said: str) -> None:
        """Kept, and told to those who look after the desk."""
        desk, now = self._deps.desk, self._clock.now()
        await self._store.write(lambda c: raise_alarm(c, about, key, said, desk, now, enqueue))
        self._sender.wake()

    def _own_operations(self) -> dict[str, OfTheDaemon]:
        """What commands ask this daemon for."""
        return {
            "rules.load": OfTheDaemon(LoadRules, self._load),
            "rules.state": OfTheDaemon(AskState, self._state, changes=False),
            "cron.list": OfTheDaemon(AskJobs, self._jobs),
            "cron.run": OfTheDaemon(RunJob, self._run_job),
            "cron.pause": OfTheDaemon(PauseJob, self._pause_job),
            "retention.run": OfTheDaemon(RunRetention, self._delete_old),
        }

    async def _jobs(self, _wanted: AskJobs) -> tuple[Told, ...]:
        """What is done at which interval, and how it went last."""
        stands, leads, rests = await self._store.read(paused), await self._store.leads(), self._timers.resting
        return tuple(
            Told(job.name, "done", said_of(job, stands, leads=leads, rests=rests)) for job in self._timers.jobs()
        )

    async def _run_job(self, wanted: RunJob) -> tuple[Told, ...]:
        """Now, beside its turns."""
        job = await self._timers.run_now(wanted.name)
        if job is None:
            return (no_job(wanted.name, self._timers.jobs()),)
        return (Told(job.name, "conflict" if job.trouble else "done", job.trouble or f"ran in {job.took_s:.3f} s"),)

    async def _pause_job(self, wanted: PauseJob) -> tuple[Told, ...]:
        """It stands until somebody resumes it, in every process of this database and after a restart."""
        if wanted.name not in (job.name for job in self._timers.jobs()):
            return (no_job(wanted.name, self._timers.jobs()),)
        act = resume if wanted.resume else pause
        now = self._clock.now()
        done = await self._store.write(lambda c: act(c, wanted.name, wanted.actor, now), durable=True)
        said = "runs again" if wanted.resume else "stands until mailwicket cron pause --resume"
        return (Told(wanted.name, "done", said if done else "is so already; nothing was changed"),)

    async def _delete_old(self, _wanted: RunRetention) -> tuple[Told, ...]:
        """Now, beside the nights."""
        return tuple(ended(await self._retaining.run()))

    async def _load(self, wanted: LoadRules) -> tuple[Told, ...]:
        """As a signal does, for a person who gets the answer."""
        if (trouble := await self.reload(wanted.author, wanted.message, tests=wanted.tests)) is not None:
            raise ControlError(
                trouble.text, exit_code=_FINDINGS if isinstance(trouble, ConfigError) else trouble.exit_code
            )
        return await self._state(AskState())

    async def _state(self, _wanted: AskState) -> tuple[Told, ...]:
        """Which revision is in force, and what the last reload said."""
        force = Told(str(self.revision), "done", f"revision {self.revision} is in force")
        return (force, Told("stale", "conflict", self.stale)) if self.stale else (force,)

    def _run(self, work: Awaitable[None], stop: Callable[[], None] | None) -> None:
        """A part that runs until it is stopped; without a way to stop it is cancelled."""
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._ended)

        async def end() -> None:
            task.remove_done_callback(self._ended)
            if stop is None:
                task.cancel()
            else:
                stop()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        self._stop.append(end)

    def _ended(self, task: asyncio.Future[None]) -> None:
        """A part that ends before it was told to is our bug: better a restart than a gateway that only looks alive."""
        error = None if task.cancelled() else task.exception()
        log.critical("daemon.part_ended", exc_info=error)
        self.broken.set()

    async def _close_listeners(self) -> None:
        if self._listeners is not None:
            await self._listeners.close(_DRAIN_S)

    def _read_rules(self, *, tests: bool) -> tuple[RuleSet, Templates]:
        """Rules and templates as the files have them now."""
        rules, templates = tried(self._settings, current_file(self._settings), self._clock, tests=tests)
        if templates.problems:
            log.warning("templates.problems", count=len(templates.problems), first=str(templates.problems[0]))
        if wrong := templates.articles.problems:
            log.warning("articles.problems", count=len(wrong), first=str(wrong[0]).partition("\n")[0])
        return rules, templates

    async def _put_in_force(
        self, rules: RuleSet, templates: Templates, *, first: bool = False, author: str = SYSTEM, message: str = ""
    ) -> None:
        """Everything is checked before the first name changes; only the first time makes a key."""
        ring = token_ring(self._settings, self._clock, create=first)
        number = await self._store.write(
            lambda c: keep_revision(c, written(rules), author=author, message=message, now=self._clock.now()),
            durable=True,
        )
        rules = replace(rules, revision=number)
        self._take(rules, templates, ring)

    def _take(self, rules: RuleSet, templates: Templates, ring: TokenRing) -> None:
        """From the next mail on."""
        self._deps = deps(
            self._settings, rules, ring, templates, self._clock, tables=self._tables.current, counts=self._counts
        )
        self._addresses = addresses(self._settings, rules)

    async def follow(self) -> None:
        """Take over what another gateway on this database has put in force since, whatever our own file says."""
        async with self._reloading:  # first: while it is waited for, a newer one may come into force
            newest = await self._store.read(newest_revision)
            if newest is None or newest.number <= self.revision:
                return
            file = revision_file(self._settings, newest)
            try:
                rules, templates = await asyncio.to_thread(tried, self._settings, file, self._clock, tests=False)
                if rules.sha256 != newest.written.sha256:
                    hint = "lists and tables beside the rules are to be the same on every gateway"
                    raise ConfigError(Problem(file.name, 0, 0, "R030", f"is not revision {newest.number} here", hint))
                ring = token_ring(self._settings, self._clock, create=False)
            except ConfigError as e:
                if self.stale != e.text:
                    log.error("rules.follow_failed", revision=newest.number, first=e.text.splitlines()[0])
                self.stale = e.text
                return
            self._take(replace(rules, revision=newest.number), templates, ring)
            self.stale = ""
            log.info("rules.followed", revision=self.revision, by=newest.author)

    async def _recover(self) -> None:
        """What a killed process left: claimed mail is free again, mail at the dot is uncertain."""
        mails = await self._store.recover_mails()
        sending = await self._store.recover_outbox(self._clock.now())
        if mails or sending:
            log.info("daemon.recovered", mails=mails, outbox=sending)

    @property
    def store(self) -> Store:
        """The open store, for whoever shows what became of each mail."""
        return self._store


async def serve(settings: Settings, clock: Clock, environment: Mapping[str, str]) -> None:
    """Run until SIGTERM or SIGINT.

    environment  what systemd passed: sockets, where to say READY
    Raises       as `Daemon.start`; PoisonError when a part ended by itself: nothing is lost, a restart goes on
    """
    daemon, loop, stopping = Daemon(settings, clock, environment), asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await daemon.start()
    background = [asyncio.ensure_future(_reloads(daemon, loop))]
    tell = _Manager(environment.get("NOTIFY_SOCKET", ""))
    tell("READY=1")
    background.append(asyncio.ensure_future(_watch(daemon.store, tell)))
    waits = [asyncio.ensure_future(event.wait()) for event in (stopping, daemon.broken)]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    tell("STOPPING=1")
    for task in (*background, *waits):
        task.cancel()
    await daemon.stop()
    log.info("daemon.stopped")
    if daemon.broken.is_set():
        raise PoisonError("a part of the gateway ended by itself; the log says which")


async def _reloads(daemon: Daemon, loop: asyncio.AbstractEventLoop) -> None:
    """SIGHUP reads rules, templates and keys again; signals that come meanwhile are one more time."""
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    while await asked.wait():
        asked.clear()
        await daemon.reload()


class _Manager:
    """Says one line to the service manager; silent without one."""

    def __init__(self, path: str) -> None:
        self._path = "\0" + path[1:] if path.startswith("@") else path

    def __call__(self, state: str) -> None:
        if self._path:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer, contextlib.suppress(OSError):
                peer.sendto(state.encode(), self._path)


async def _watch(store: Store, tell: Callable[[str], None]) -> None:
    """WATCHDOG=1 only after a durable write: a stuck loop or writer is restarted (acceptance J-03)."""
    while True:
        with contextlib.suppress(TransientError):
            await store.write(durable_write, durable=True)
            tell("WATCHDOG=1")
        await asyncio.sleep(_BEAT_S)


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await work()
