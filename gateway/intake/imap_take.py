"""Mails of one folder: fetched, accepted, written down as ours; only then is the server told.

Durable  the commit at the door, then the one that says what became of each mail; the server hears of it after both. A
         crash in between brings the same mail once more, and it is known by its bytes (acceptance A-07, B-14).
Sources  acceptance B-15: a mail that the server does not give keeps no other from being taken in.
Not here which mails (imap_folder.py), their octets (imap_fetch.py), rows (store/mailboxes.py).
"""

import asyncio
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
from gateway.intake.accept import Door, new_key
from gateway.intake.backoff import ALARM_AFTER, mail_pause
from gateway.intake.handed_over import for_us, handed_over
from gateway.intake.imap_fetch import Run, TooLarge, Wanted, Whole, run_of
from gateway.intake.imap_link import Link, NotFetchedError
from gateway.intake.imap_login import Logins
from gateway.intake.imap_orders import Order, Ordering
from gateway.intake.own_thread import OwnThread
from gateway.message.address import normal
from gateway.message.types import Envelope
from gateway.store import inbound, mailbox_orders, mailboxes, probes
from gateway.store.inbound import Arriving
from gateway.store.mailboxes import Fetched, Folder
from gateway.store.store import Store

NOT_FETCHED = "mailbox_mail"  # the word of an alarm
LOOP = "loop: too many hops"  # why a mail is kept, and goes no further
_PAGE = 50  # mails that share a commit, and one command to the server
_PAGE_OCTETS = 16 << 20
T = TypeVar("T")
log = structlog.get_logger("imap")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all mailboxes of a gateway share."""

    store: Store
    door: Door
    settings: Settings
    clock: Clock
    alarm: Callable[[str, str, str], Awaitable[None]]  # about, key, said
    logins: Logins
    ordering: Ordering | None = None  # what moving mails orders; None: nothing


@dataclass(frozen=True, slots=True)
class Session:
    """A connection of a mailbox, and what its mails come to."""

    account: Imap
    link: Link
    thread: OwnThread
    stopping: asyncio.Event
    around: Shared

    async def read(self, query: Callable[[Connection], T]) -> T:
        """What the store knows."""
        return await self.around.store.read(query)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Durable: the server is told next."""
        return await self.around.store.write(work, durable=True)


@dataclass(slots=True)
class _Page:
    """Mails since the last commit."""

    found: list[tuple[int, Whole | TooLarge]] = field(default_factory=list)
    decided: list[Fetched] = field(default_factory=list)
    ended: list[Arriving] = field(default_factory=list)  # kept, and not processed: they are in a loop
    gone: list[int] = field(default_factory=list)
    probe_id: str | None = None  # of the mail that we sent ourselves, to see whether it comes
    probes: list[int] = field(default_factory=list)
    given_before: set[str] = field(default_factory=set)  # bytes that were moved here under numbers from before
    last: int = 0  # UID up to which all is decided, once this is committed


class Taking:
    """Takes in mails of a folder; `trouble` says why the server was not told of some that are ours."""

    def __init__(self, folder: Folder, session: Session, order: Order | None = None, said: str = "") -> None:
        """`order` is what the folder stands for; `said` is kept with each mail, for people."""
        self._folder, self._session, self._order, self._said = folder, session, order, said
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
            session.around.door.check_room(0)
            some = uids[done : done + _PAGE]
            run = await session.thread.do(run_of, session.link, some, self._wanted(old=old))
            page = self._page(run, attempts)
            await self._commit(page, old=old)
            if run.broken is not None:
                raise run.broken
            done += len(run.found)

    async def tell(self, uids: Sequence[int], after: str | None = None) -> None:
        """Tell the server that these are ours. What it refuses is told again at the next look.

        after  what is done with them; None is what the settings say
        """
        session, folder = self._session, self._folder
        for start in range(0, len(uids), _PAGE):
            some = uids[start : start + _PAGE]
            try:
                await session.thread.do(_settle, session.link, after or session.account.after, some)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as e:
                self.trouble = f"the server was not told of mails that are ours: {e}"[:300]
                log.warning("imap.not_told", mailbox=folder.mailbox, mails=len(uids) - start, reason=str(e)[:200])
                return
            await session.write(lambda c, s=some: mailboxes.settled(c, folder, s))  # type: ignore[misc]

    async def no_more_old(self) -> None:
        """All that was there at first contact is decided about."""
        folder, now = self._folder, self._session.around.clock.now()
        await self._session.write(
            lambda c: mailboxes.advance(c, folder, (), now, uid=folder.uid, old_uid=folder.old_until)
        )

    def _wanted(self, *, old: bool) -> Wanted:
        settings, folder = self._session.around.settings, self._folder
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
        page = _Page()
        for uid, found in run.found:
            page.last = uid
            match found:
                case None:
                    page.gone.append(uid)
                case NotFetchedError():
                    page.decided.append(self._failed(uid, attempts, str(found)))
                case Whole() | TooLarge():
                    page.found.append((uid, found))
        if run.at is not None and not self._session.stopping.is_set():  # else we ended the connection ourselves
            page.decided.append(self._failed(run.at, attempts, f"{type(run.broken).__name__}: {run.broken}"))
            page.last = run.at
        return page

    def _failed(self, uid: int, attempts: int, said: str) -> Fetched:
        times, now = attempts + 1, self._session.around.clock.now()
        log.warning("imap.mail_failed", mailbox=self._folder.mailbox, uid=uid, attempts=times, reason=said[:200])
        return Fetched(uid, "failing", attempts=times, next_at=now + mail_pause(times), said=said)

    async def _commit(self, page: _Page, *, old: bool) -> None:
        """Everything of a page: at the door, in the ledger, at the server."""
        if not page.last:
            return
        session, folder = self._session, self._folder
        hashes = [mail.incoming.sha256 for _, mail in page.found]
        known = await session.read(lambda c: mailboxes.known_bytes(c, folder.mailbox, hashes)) if hashes else {}
        if self._order is not None and hashes:
            first = min(uid for uid, _ in page.found)
            page.given_before = await session.read(lambda c: mailbox_orders.given_before(c, folder, hashes, first))
        if session.account.canary != "off":
            page.probe_id = await session.read(lambda c: probes.sent_last(c, folder.mailbox))
        last, trouble = page.last, None
        became = await asyncio.gather(*(self._became(uid, mail, known, page, old=old) for uid, mail in page.found))
        for (uid, _), result in zip(page.found, became, strict=True):
            if isinstance(result, GatewayError):
                last, trouble = min(last, uid - 1), result
            else:
                page.decided.append(result)
        now = session.around.clock.now()
        await session.write(lambda c: _written(c, page, folder, now, last, old=old))
        for mail in page.decided:
            if mail.state == "failing" and mail.attempts == ALARM_AFTER:
                said = f"{folder.mailbox}: mail {mail.uid} of {folder.folder}: {mail.said}"
                await session.around.alarm(NOT_FETCHED, f"{folder.mailbox}/{folder.folder}/{mail.uid}", said)
        if trouble is not None:
            raise trouble
        await self.tell([m.uid for m in page.decided if m.state == "accepted" and m.uid not in page.probes])
        await self.tell(page.probes, "delete")

    async def _became(
        self, uid: int, mail: Whole | TooLarge, known: dict[str, str], page: _Page, *, old: bool
    ) -> Fetched | TransientError:
        """What became of it; an error: the door did not open.

        known  keys of mails that came from this mailbox before, by the hash of their bytes
        """
        incoming, why_kept = mail.incoming, self._why_kept(mail)
        envelope = self._envelope(mail.head)
        if self._is_left(mail, known):
            incoming.raw.close()
            return Fetched(uid, "left", None, incoming.sha256)
        if (key := known.get(incoming.sha256)) is not None:
            incoming.raw.close()
        elif why_kept == LOOP:
            key = new_key(envelope.received_at, secrets.token_bytes(10))
            page.ended.append(Arriving(key, envelope, incoming.size, incoming.sha256, (), incoming.raw))
        else:
            try:
                key = await self._accepted(envelope, mail, old=old)
            except TransientError as e:
                return e
        whole = isinstance(mail, Whole) and self._order is None
        if whole and page.probe_id is not None and handed_over(mail.head).message_id == page.probe_id:
            page.probes.append(uid)
        state: Literal["accepted", "kept", "ordered", "settled"] = "kept" if why_kept else "accepted"
        if self._order is not None and not why_kept:
            state = "settled" if incoming.sha256 in page.given_before else "ordered"
        return Fetched(uid, state, key, incoming.sha256, said=why_kept or self._said)

    def _is_left(self, mail: Whole | TooLarge, known: dict[str, str]) -> bool:
        """Whether it is in a folder for orders and none of ours: what was never fetched goes to a team, or nowhere."""
        unknown = mail.incoming.sha256 not in known
        return self._order is not None and unknown and (self._order.team is None or isinstance(mail, TooLarge))

    def _why_kept(self, mail: Whole | TooLarge) -> str:
        """Why it stays as it is on the server; empty: it does not."""
        settings = self._session.around.settings
        if isinstance(mail, TooLarge):
            return f"{mail.size / (1 << 20):.0f} MiB are more than intake.max_size: it stays in the mailbox"
        return LOOP if mail.incoming.hops > settings.intake.max_hops else ""

    async def _accepted(self, envelope: Envelope, mail: Whole | TooLarge, *, old: bool) -> str:
        """Its key, once it went through the door."""
        imported = None
        if self._order is not None and mail.at is not None and mail.at < self._folder.since:
            envelope, imported = replace(envelope, received_at=mail.at), "new"  # it is no news to who wrote it
        if old and self._folder.old == "archive" and (mail.at is None or mail.at < self._folder.since):
            at = mail.at or handed_over(mail.head).at or envelope.received_at  # a server may not say
            envelope, imported = replace(envelope, received_at=min(at, envelope.received_at)), "closed"
        size = mail.size if isinstance(mail, TooLarge) else None
        door = self._session.around.door
        return (await door.accept(envelope, mail.incoming, imported=imported, whole_octets=size)).key

    def _envelope(self, head: bytes) -> Envelope:
        """The mailbox decides whose mail it is; of what the header names sub-addresses count, which hold tokens."""
        session, found = self._session, handed_over(head)
        site, address = session.around.settings.site, normal(session.account.address)
        return Envelope(
            reverse_path=found.reverse_path,
            forward_paths=for_us(found, (address, normal(site.bounce_address)), site.delimiter, address),
            helo="",
            peer=session.account.host,
            via="imap",
            received_at=session.around.clock.now(),
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
    for arriving in page.ended:
        inbound.insert_record(c, arriving, LOOP)
    mailboxes.gone(c, folder, page.gone)
    at = {"uid": folder.uid, "old_uid": last} if old else {"uid": last, "old_uid": folder.old_uid}
    mailboxes.advance(c, folder, page.decided, now, **at)
