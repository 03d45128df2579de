"""Mails of one folder: fetched, accepted, written down as ours; only then is the server told.

Durable  the commit at the door, then the one that says what became of each mail; the server hears of it after both. A
         crash in between brings the same mail once more, and it is known by its bytes (acceptance A-07, B-14).
Sources  acceptance B-15: a mail that the server does not give keeps no other from being taken in.
Not here which mails (imap_folder.py), their octets (imap_fetch.py), rows (store/mailboxes.py).
"""

import asyncio
import hashlib
import io
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, TypeVar

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.config import Imap, Settings
from gateway.errors import GatewayError, TransientError
from gateway.intake.accept import Door, Incoming, new_key
from gateway.intake.backoff import ALARM_AFTER, mail_pause
from gateway.intake.handed_over import for_us, handed_over
from gateway.intake.imap_fetch import Run, TooLarge, Wanted, Whole, run_of
from gateway.intake.imap_link import Link, NotFetchedError
from gateway.intake.own_thread import OwnThread
from gateway.message.address import normal
from gateway.message.types import Envelope
from gateway.store import inbound, mailboxes
from gateway.store.inbound import Arriving
from gateway.store.mailboxes import Fetched, Folder
from gateway.store.store import Store

NOT_FETCHED = "mailbox_mail"  # the word of an alarm
_PAGE = 50  # mails that share a commit, and one command to the server
_PAGE_OCTETS = 16 << 20
T = TypeVar("T")
log = structlog.get_logger("imap")


@dataclass(frozen=True, slots=True)
class Session:
    """A connection of a mailbox, and what its mails come to."""

    account: Imap
    link: Link
    thread: OwnThread
    stopping: asyncio.Event
    store: Store
    door: Door
    settings: Settings
    clock: Clock
    alarm: Callable[[str, str, str], Awaitable[None]]  # about, key, said

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What the store knows."""
        return await self.store.read(query)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Durable: the server is told next."""
        return await self.store.write(work, durable=True)


@dataclass(slots=True)
class _Page:
    """Mails since the last commit."""

    whole: list[tuple[int, Whole]] = field(default_factory=list)
    decided: list[Fetched] = field(default_factory=list)
    ended: list[tuple[Arriving, Literal["quarantine", "record"], str]] = field(default_factory=list)  # and why
    gone: list[int] = field(default_factory=list)
    last: int = 0  # UID up to which all is decided, once this is committed


class Taking:
    """Takes in mails of a folder; `trouble` says why the server was not told of some that are ours."""

    def __init__(self, folder: Folder, session: Session, said: str = "") -> None:
        """`said` is kept with each mail, for people."""
        self._folder, self._session, self._said = folder, session, said
        self.trouble = ""

    async def take(self, uids: Sequence[int], *, attempts: int = 0, old: bool = False) -> None:
        """Take in these, as far as the server gives them.

        attempts  that were made at them before
        old       they were there at first contact
        Raises    TransientError  there is no room now
                  what ends a connection; what was fetched before is ours all the same
        """
        session, done = self._session, 0
        while done < len(uids) and not session.stopping.is_set():
            session.door.check_room(0)
            some = uids[done : done + _PAGE]
            run = await session.thread.do(run_of, session.link, some, self._wanted(old=old))
            page = self._page(run, attempts)
            await self._commit(page, old=old)
            if run.broken is not None:
                raise run.broken
            done += len(run.found)

    async def tell(self, uids: Sequence[int]) -> None:
        """Tell the server that these are ours. What it refuses is told again at the next look."""
        session, folder = self._session, self._folder
        for start in range(0, len(uids), _PAGE):
            some = uids[start : start + _PAGE]
            try:
                await session.thread.do(_settle, session.link, session.account.after, some)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as e:
                self.trouble = f"the server was not told of mails that are ours: {e}"[:300]
                log.warning("imap.not_told", mailbox=folder.mailbox, mails=len(uids) - start, reason=str(e)[:200])
                return
            await session.write(lambda c, s=some: mailboxes.settled(c, folder, s))  # type: ignore[misc]

    async def no_more_old(self) -> None:
        """All that was there at first contact is decided about."""
        folder, now = self._folder, self._session.clock.now()
        await self._session.write(
            lambda c: mailboxes.advance(c, folder, (), now, uid=folder.uid, old_uid=folder.old_until)
        )

    def _wanted(self, *, old: bool) -> Wanted:
        settings, folder = self._session.settings, self._folder
        return Wanted(
            max_octets=int(settings.intake.max_size),
            folder=settings.paths.state,
            page_octets=_PAGE_OCTETS,
            was_there=0 if old else folder.old_until,
            since=folder.since,
            stopping=self._session.stopping.is_set,
        )

    def _page(self, run: Run, attempts: int) -> _Page:
        """What each mail of a run is, before the door."""
        page, most_hops = _Page(), self._session.settings.intake.max_hops
        for uid, found in run.found:
            page.last = uid
            match found:
                case None:
                    page.gone.append(uid)
                case NotFetchedError():
                    page.decided.append(self._failed(uid, attempts, str(found)))
                case TooLarge():
                    self._too_large(uid, found, page)
                case Whole() if found.incoming.hops > most_hops:
                    self._end(uid, found.incoming, found.head, "record", "loop: too many hops", page)
                case Whole():
                    page.whole.append((uid, found))
        if run.at is not None and not self._session.stopping.is_set():  # else we ended the connection ourselves
            page.decided.append(self._failed(run.at, attempts, f"{type(run.broken).__name__}: {run.broken}"))
            page.last = run.at
        return page

    def _failed(self, uid: int, attempts: int, said: str) -> Fetched:
        times, now = attempts + 1, self._session.clock.now()
        log.warning("imap.mail_failed", mailbox=self._folder.mailbox, uid=uid, attempts=times, reason=said[:200])
        return Fetched(uid, "failing", attempts=times, next_at=now + mail_pause(times), said=said)

    def _too_large(self, uid: int, found: TooLarge, page: _Page) -> None:
        """It stays on the server; its beginning is kept for people to see."""
        limit = int(self._session.settings.intake.max_size)
        reason = f"{_mib(found.size)}, and we take {_mib(limit)}: it stays in the mailbox, this is how it begins"
        beginning = Incoming(io.BytesIO(found.head), len(found.head), hashlib.sha256(found.head).hexdigest(), 0)
        self._end(uid, beginning, found.head, "quarantine", reason, page)

    def _end(
        self,
        uid: int,
        incoming: Incoming,
        head: bytes,
        disposition: Literal["quarantine", "record"],
        reason: str,
        page: _Page,
    ) -> None:
        """It is not processed; the server is not told, so that it stays as it is."""
        envelope = self._envelope(head)
        key = new_key(envelope.received_at, secrets.token_bytes(10))
        arriving = Arriving(key, envelope, incoming.size, incoming.sha256, (), incoming.raw)
        page.ended.append((arriving, disposition, reason))
        page.decided.append(Fetched(uid, "kept", key, said=reason))

    async def _commit(self, page: _Page, *, old: bool) -> None:
        """Everything of a page: at the door, in the ledger, at the server."""
        if not page.last:
            return
        session, folder = self._session, self._folder
        hashes = [mail.incoming.sha256 for _, mail in page.whole]
        known = await session.read(lambda c: mailboxes.known_bytes(c, folder.mailbox, hashes)) if hashes else {}
        last, trouble = page.last, None
        accepted = await asyncio.gather(*(self._accepted(uid, mail, known, old=old) for uid, mail in page.whole))
        for (uid, _), result in zip(page.whole, accepted, strict=True):
            if isinstance(result, GatewayError):
                last, trouble = min(last, uid - 1), result
            else:
                page.decided.append(result)
        now = session.clock.now()
        await session.write(lambda c: _written(c, page, folder, now, last, old=old))
        for mail in page.decided:
            if mail.state == "failing" and mail.attempts == ALARM_AFTER:
                said = f"{folder.mailbox}: mail {mail.uid} of {folder.folder}: {mail.said}"
                await session.alarm(NOT_FETCHED, f"{folder.mailbox}/{folder.folder}/{mail.uid}", said)
        if trouble is not None:
            raise trouble
        await self.tell([mail.uid for mail in page.decided if mail.state == "accepted"])

    async def _accepted(self, uid: int, mail: Whole, known: dict[str, str], *, old: bool) -> Fetched | TransientError:
        """What became of it at the door; an error: it did not open."""
        incoming = mail.incoming
        if (key := known.get(incoming.sha256)) is not None:
            incoming.raw.close()
            return Fetched(uid, "accepted", key, incoming.sha256, said=self._said)
        envelope, imported = self._envelope(mail.head), None
        if old and self._folder.old == "archive" and (mail.at is None or mail.at < self._folder.since):
            at = mail.at or handed_over(mail.head).at or envelope.received_at  # a server may not say
            envelope, imported = replace(envelope, received_at=min(at, envelope.received_at)), "closed"
        try:
            receipt = await self._session.door.accept(envelope, incoming, imported=imported)
        except TransientError as e:
            return e
        return Fetched(uid, "accepted", receipt.key, incoming.sha256, said=self._said)

    def _envelope(self, head: bytes) -> Envelope:
        """The mailbox decides whose mail it is; of what the header names sub-addresses count, which hold tokens."""
        session, found = self._session, handed_over(head)
        site, address = session.settings.site, normal(session.account.address)
        return Envelope(
            reverse_path=found.reverse_path,
            forward_paths=for_us(found, (address, normal(site.bounce_address)), site.delimiter, address),
            helo="",
            peer=session.account.host,
            via="imap",
            received_at=session.clock.now(),
        )


def _settle(link: Link, after: str, uids: Sequence[int]) -> None:
    verb, _, folder = after.partition(":")
    match verb:
        case "move":
            link.move(uids, folder)
        case "delete":
            link.delete(uids)
        case _:
            link.mark_seen(uids)


def _written(c: Connection, page: _Page, folder: Folder, now: datetime, last: int, *, old: bool) -> None:
    """One transaction: what was not processed, and what became of each."""
    for arriving, disposition, reason in page.ended:
        inbound.insert_ended(c, arriving, disposition, reason)
    mailboxes.gone(c, folder, page.gone)
    at = {"uid": folder.uid, "old_uid": last} if old else {"uid": last, "old_uid": folder.old_uid}
    mailboxes.advance(c, folder, page.decided, now, **at)


def _mib(octets: int) -> str:
    return f"{octets / (1 << 20):.0f} MiB"
