"""One mailbox: connect, look, take in what is new, tell the server, wait; and again, whatever happens to the server.

Promise  the server hears that a mail was taken only after the commit that holds its bytes, and the one that says so
         (acceptance B-14). A crash in between leads to the same bytes once more, which are recognised.
Sources  RFC 9051 §2.3.1.1 (UIDVALIDITY). Acceptance B-13 to B-17.
Not here what is said to the server (imap_link.py), the folder's turn (imap_folder.py), waits (backoff.py).
"""

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError

from gateway.config import Imap
from gateway.errors import ConfigError, TransientError
from gateway.intake.backoff import login_pause, server_pause
from gateway.intake.imap_folder import FolderTurn
from gateway.intake.imap_link import Credentials, Link, LoginBrokenError, LoginRefusedError, connect
from gateway.intake.imap_orders import Order, order_of
from gateway.intake.imap_take import Session, Shared
from gateway.intake.own_thread import OwnThread
from gateway.store import mailboxes

ALARM = "mailbox"  # the word of an alarm about a mailbox; imap_folder.py has those about its mails
_BROKEN_LOGINS = 3  # in a row, after which we take it that we are not wanted
_LEAD_S = 10.0  # how often a process that does not lead asks whether it does now
_NOTE_S = 30.0  # how often it is written down that all is well
_AT_LEAST_S = 0.05  # between two looks, whatever the server says
log = structlog.get_logger("imap")


class Mailbox:
    """One for each [[imap]]; `run` until `stop`. Of several processes the one that leads fetches."""

    def __init__(self, account: Imap, around: Shared, chance: Callable[[], float] = random.random) -> None:
        """`chance` gives numbers from 0 to 1 that spread the attempts."""
        self._account, self._around, self._chance = account, around, chance
        self._thread = OwnThread(f"imap-{account.name}")
        self._stopping = asyncio.Event()
        self._link: Link | None = None
        self._context: ssl.SSLContext | None = None
        self._failures = self._broken_logins = 0
        self._tried: Credentials | None = None  # a password that was changed is tried at once
        self._noted = (float("-inf"), "")
        self._compare = False

    async def run(self) -> None:
        """Fetch until `stop`; trouble is told and waited for, and never ends it."""
        while not self._stopping.is_set():
            try:
                if await self._may_fetch():
                    await self._connected()
            except (TransientError, ConfigError) as e:
                await self._troubled(e.text)
            except (LoginRefusedError, LoginBrokenError) as e:
                await self._not_let_in(e)
            except (OSError, IMAPClientError) as e:
                await self._troubled(_words(e))
            except Exception as e:  # the outermost frame of one mailbox: a bug of ours ends no other's
                log.exception("imap.bug", mailbox=self._account.name)
                await self._troubled(f"our own fault: {type(e).__name__}")
        self._thread.end()

    def stop(self) -> None:
        """Take in nothing more; a call that hangs is ended."""
        self._stopping.set()
        if self._link is not None:
            self._link.cut()

    def compare(self) -> None:
        """At its next look it asks the server for all it has, and what of it is not known here."""
        self._compare = True

    async def _may_fetch(self) -> bool:
        """Whether it is our turn to connect; waits a while where it is not."""
        account, clock = self._account, self._around.clock
        if not await self._around.store.leads():
            await self._sleep(_LEAD_S)
            return False
        now = clock.now()
        health = await self._around.store.write(lambda c: mailboxes.health(c, account.name, now))
        if health.login_after is None or health.login_after <= now:
            return True
        tried = self._tried
        if tried is not None and not tried.mechanism and await self._around.logins.credentials(account) != tried:
            return True
        await self._sleep(min(_LEAD_S, (health.login_after - now).total_seconds()))
        return False

    async def _connected(self) -> None:
        """From log-in to whatever ends the connection."""
        account = self._account
        who = await self._around.logins.credentials(account)
        self._tried = who
        link = await self._unless_stopped(self._thread.do(self._connect, who))
        if link is None:
            return
        self._link, self._broken_logins = link, 0
        log.info("imap.connected", mailbox=account.name, host=account.host, can=link.said)
        try:
            while not self._stopping.is_set() and await self._around.store.leads():
                await self._look(link)
        finally:
            self._link = None
            await self._thread.do(link.close)

    def _connect(self, who: Credentials) -> Link:
        account = self._account
        if account.tls != "none" and self._context is None:
            self._context = ssl.create_default_context(cafile=account.tls_ca)
        return connect(account, who, self._context)

    async def _look(self, link: Link) -> None:
        """All folders once, then wait for more."""
        began, more = time.monotonic(), False
        compare, self._compare = self._compare, False
        session = Session(self._account, link, self._thread, self._stopping, self._around)
        await self._find_forgotten(session)
        missed = opened = ""
        orders, trouble = await self._orders(link)
        for path, order in orders:
            turn = FolderTurn(path, session, order)
            try:
                more = await turn.take(compare=compare) or more
                opened = opened or path
            except IMAPClientAbortError:
                raise
            except IMAPClientError as e:  # there is no such folder: the others are
                missed = f"{path}: {e}"[:300]
            trouble = trouble or turn.trouble
        await self._looked(link, missed, trouble)
        if not more and not self._stopping.is_set():
            await self._wait(link, opened, several=len(orders) > 1)
            await self._sleep(_AT_LEAST_S - (time.monotonic() - began))
        self._failures = 0  # not before: who ends each connection after a look is left alone, too

    async def _find_forgotten(self, session: Session) -> None:
        """What was fetched since the backup that the database came back from lies where it was moved to.

        Once; what a folder that is fetched still has comes again anyway.
        """
        store, (verb, _, path) = self._around.store, self._account.after.partition(":")
        since = await store.read(lambda c: mailboxes.forgotten_since(c, self._account.name))
        if since is None:
            return
        if verb == "move":
            there = replace(session, account=self._account.model_copy(update={"after": "seen"}))
            try:
                while await FolderTurn(path, there, forgotten_since=since).take() and not self._stopping.is_set():
                    pass
            except IMAPClientAbortError:
                raise
            except IMAPClientError as e:  # there is no such folder, or not now: the others are fetched
                log.warning("imap.not_looked_for", mailbox=self._account.name, folder=path, reason=str(e)[:200])
                return
        if not self._stopping.is_set():
            await store.write(lambda c: mailboxes.all_known(c, self._account.name), durable=True)

    async def _orders(self, link: Link) -> tuple[list[tuple[str, Order | None]], str]:
        """The folders to look at, with what each stands for; and which of the account looks so and does not."""
        found: list[tuple[str, Order | None]] = [(path, None) for path in self._account.folders]
        trouble = ""
        ours = {path.casefold() for path in (*self._account.folders, self._account.after.removeprefix("move:"))}
        if self._account.folder_commands and self._around.ordering is not None:
            teams = self._around.ordering.teams()
            try:
                listed = await self._thread.do(link.folders)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as e:  # mail is fetched all the same
                return found, f"orders are not looked for: {e}"[:300]
            for name, parts in listed:
                if name.casefold() in ours:  # whatever stands between the parts of a name on this server
                    continue
                match order_of(parts, teams):
                    case Order() as order:
                        found.append((name, order))
                    case str(said):
                        trouble = f"{name}: {said}"
        return found, trouble

    async def _wait(self, link: Link, opened: str, *, several: bool) -> None:
        """Until something may have come; by IDLE in the first folder that could be opened, where there is one."""
        pause = self._account.poll.total_seconds()
        if self._account.idle and link.has_idle and opened:
            if several:
                await self._thread.do(link.select, opened)
            await self._thread.do(link.wait, pause)
        else:
            await self._sleep(pause)

    async def _looked(self, link: Link, missed: str, trouble: str) -> None:
        """Note how it went, now and then, and whenever it is news.

        missed  a folder that could not be opened: then the mailbox does not count as fetched
        """
        at, said = self._noted
        clock, name, words = self._around.clock, self._account.name, missed or trouble
        if words == said and clock.monotonic() - at < _NOTE_S:
            return
        now, can = clock.now(), link.said
        if missed:
            log.warning("imap.folder_missed", mailbox=name, reason=missed)
            await self._around.store.write(lambda c: mailboxes.note_trouble(c, name, missed))
        else:
            await self._around.store.write(lambda c: mailboxes.note_fetched(c, name, can, trouble, now))
        self._noted = (clock.monotonic(), words)

    async def _troubled(self, said: str) -> None:
        """Tell it, and leave the server alone for a while."""
        if self._stopping.is_set():
            return
        self._failures += 1
        name = self._account.name
        log.warning("imap.trouble", mailbox=name, failures=self._failures, reason=said)
        await self._note(lambda: self._around.store.write(lambda c: mailboxes.note_trouble(c, name, said)))
        await self._sleep(server_pause(self._failures).total_seconds() * (0.75 + self._chance() / 2))

    async def _not_let_in(self, error: LoginRefusedError | LoginBrokenError) -> None:
        """Six log-ins an hour at most while they are refused, also over restarts."""
        self._around.logins.forget(self._account)
        if isinstance(error, LoginBrokenError):
            self._broken_logins += 1
            if self._broken_logins < _BROKEN_LOGINS:
                await self._troubled(str(error))
                return
        await self._note(lambda: self._note_refused(f"log-in refused: {error}"))
        await self._troubled(f"log-in refused: {error}")

    async def _note_refused(self, said: str) -> None:
        store, name, now = self._around.store, self._account.name, self._around.clock.now()
        refused = (await store.write(lambda c: mailboxes.health(c, name, now))).refused + 1
        after = now + login_pause(refused)
        await store.write(lambda c: mailboxes.note_refused(c, name, refused, after), durable=True)
        await self._around.alarm(ALARM, name, f"{name}: {said}")

    async def _note(self, write: Callable[[], Awaitable[None]]) -> None:
        try:
            await write()
        except TransientError as e:
            log.error("imap.store_away", mailbox=self._account.name, reason=e.text)

    async def _unless_stopped(self, call: Awaitable[Link]) -> Link | None:
        """What a call that cannot be ended returns; None when `stop` came first."""
        task, stopped = asyncio.ensure_future(call), asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if task.done():
            return await task
        task.add_done_callback(_dropped)
        return None

    async def _sleep(self, seconds: float) -> None:
        """Until then, or until `stop`."""
        if seconds <= 0 or self._stopping.is_set():
            return
        woken = asyncio.ensure_future(self._stopping.wait())
        slept = asyncio.ensure_future(self._around.clock.sleep(seconds))
        try:
            await asyncio.wait((woken, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            slept.cancel()


def _dropped(late: asyncio.Future[Link]) -> None:
    """A connection that came when nobody wanted it any more."""
    if not late.cancelled() and late.exception() is None:
        late.result().close()


def _words(error: Exception) -> str:
    """Why, in one line; a time-out says nothing by itself."""
    said = str(error).strip()
    return f"{type(error).__name__}: {said}"[:300] if said else type(error).__name__
