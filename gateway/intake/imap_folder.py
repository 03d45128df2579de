"""One look at a folder: which mails are new, and in which order they are taken in.

Sources  RFC 9051 §2.3.1.1: a mail is (folder, UIDVALIDITY, UID); after another UIDVALIDITY everything is looked at
         again and known by its bytes. Acceptance B-13, B-15.
Not here how a mail is taken in (imap_take.py), the connection's life (imap.py), rows (store/mailboxes.py).
"""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

import structlog
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError
from sqlalchemy import Connection

from gateway.intake.imap_link import WINDOW, Selected
from gateway.intake.imap_orders import Order, Ordering
from gateway.intake.imap_take import NOT_FETCHED, Session, Taking
from gateway.store import archives, mailbox_orders, mailboxes
from gateway.store.mailbox_orders import Given
from gateway.store.mailboxes import EVER, Folder, Old

RENUMBERED = "mailbox_renumbered"  # the word of an alarm
_A_TURN = 50  # old mails between two looks for new ones
_MOST_WAITING, _LOOK_S = 200, 0.2  # old mails that are not processed yet
_MAX_UNSETTLED = 1000  # of which the server is told at one look
_MAX_SHOWN = 500  # mails at one look
_SHOWN_EVERY = timedelta(minutes=10)
_UNDER_WAY = timedelta(minutes=1)  # a change that was made before we looked may be committed after it
_KEYWORDS = {word: f"mailwicket-{word}" for word in ("new", "open", "waiting", "solved", "closed", "spam")}
_WISHES: dict[str, Old] = {"from_now": "left", "archive": "archive", "all": "asked"}
log = structlog.get_logger("imap")


class FolderTurn:
    """One folder of one mailbox, looked at once."""

    def __init__(
        self, path: str, session: Session, order: Order | None = None, forgotten_since: datetime | None = None
    ) -> None:
        """`order` is what moving a mail into it asks for; None: its mails are taken in.

        forgotten_since  at first contact mail that the server got since then is new
        """
        self._path, self._session, self._order, self._forgotten_since = path, session, order, forgotten_since
        self.trouble = ""  # why the server was not told of mails that are ours; empty is well

    async def take(self, *, compare: bool = False) -> bool:
        """Take in what there is; True when more waits than one look takes, or may have come meanwhile.

        compare  look also for mails that were passed over
        """
        session = self._session
        selected = await session.thread.do(session.link.select, self._path)
        folder = await self._folder(selected)
        taking = Taking(folder, session, self._order)
        await taking.tell(await session.read(lambda c: mailboxes.unsettled(c, folder, _MAX_UNSETTLED)))
        took = False
        if selected.uidnext is None or selected.uidnext > folder.uid + 1:
            async for uids in self._uids(folder.uid + 1, selected.uidnext):
                await taking.take(uids)
                took = took or bool(uids)  # the server may have told of the next ones already, and IDLE hears it not
        more = folder.old in ("wanted", "archive") and await self._take_old(folder, taking)
        now = session.around.clock.now()
        for failed in await session.read(lambda c: mailboxes.failing(c, folder, now)):
            old = failed.uid <= folder.old_until and folder.old in ("wanted", "archive")
            await taking.take([failed.uid], attempts=failed.attempts, old=old)
        if compare:
            await self._take_passed_over(folder)
        if self._order is not None:
            await self._carry_out(folder, self._order)
        if session.account.folder_commands and selected.keywords:
            more = await self._show(folder) or more
        self.trouble = self.trouble or taking.trouble
        return more or took or session.stopping.is_set()

    async def _carry_out(self, folder: Folder, order: Order) -> None:
        """What was moved here; each order and the word that it is done are one commit."""
        session = self._session
        for given in await session.read(lambda c: mailbox_orders.given(c, folder)):
            await session.write(lambda c, g=given: _carried_out(c, folder, order, g, session.around.ordering))  # type: ignore[misc]
            if session.around.ordering is not None:
                session.around.ordering.carried_out()

    async def _show(self, folder: Folder) -> bool:
        """How tickets stand, as keywords of their mails; True when there is more to tell. What is told twice is so.

        A folder that was not looked at for this before begins with what changes from now on.
        """
        session, now = self._session, self._session.around.clock.now()
        known = folder.shown_at > EVER
        stands = await session.read(lambda c: mailbox_orders.stands(c, folder, _MAX_SHOWN)) if known else {}
        for word in sorted(set(stands.values())):
            uids = [uid for uid, each in stands.items() if each == word]
            others = [keyword for each, keyword in _KEYWORDS.items() if each != word]
            try:
                await session.thread.do(session.link.show, uids, _KEYWORDS[word], others)
            except IMAPClientAbortError:
                raise
            except IMAPClientError as e:
                self.trouble = f"keywords are not set: {e}"[:300]
                return False
            await session.write(lambda c, s=uids, w=word: mailbox_orders.shown(c, folder, s, w))  # type: ignore[misc]
        more = len(stands) == _MAX_SHOWN
        if not more and (stands or now - folder.shown_at > _SHOWN_EVERY):
            await session.write(lambda c: mailbox_orders.shown_until(c, folder, now - _UNDER_WAY))
        return more

    async def _take_old(self, folder: Folder, taking: Taking) -> bool:
        """Some of what was there at first contact; False when that was the last of it."""
        session = self._session
        while await session.read(archives.waiting) > _MOST_WAITING and not session.stopping.is_set():
            await session.around.clock.sleep(_LOOK_S)  # let in no faster than it is worked off
        async for uids in self._uids(folder.old_uid + 1, folder.old_until + 1):
            if uids:
                await taking.take(uids[:_A_TURN], old=True)
                return True
        await taking.no_more_old()
        return False

    async def _take_passed_over(self, folder: Folder) -> None:
        """Mails below the cursor of which nothing is known: a server showed a later one first."""
        session = self._session
        there = [uid async for uids in self._uids(folder.old_until + 1, folder.uid + 1) for uid in uids]
        known = await session.read(lambda c: mailboxes.decided(c, folder))
        if passed_over := [uid for uid in there if uid not in known]:
            said = f"{folder.mailbox}: {len(passed_over)} mails of {folder.folder} had been passed over"
            await session.around.alarm(
                NOT_FETCHED, f"{folder.mailbox}/{folder.folder}", f"{said}; they are taken in now"
            )
            said = "it had been passed over, and was found later"
            await Taking(folder, session, self._order, said).take(passed_over)

    async def _folder(self, selected: Selected) -> Folder:
        """How far we are with it; from where at first contact, and when the server numbers anew."""
        session, path = self._session, self._path
        name, now = session.account.name, session.around.clock.now()
        known = await session.read(lambda c: mailboxes.folder(c, name, path))
        if known is None:
            new = await self._first_contact(selected, now)
            await session.write(lambda c: mailboxes.meet(c, new))
            log.info("imap.first_contact", mailbox=name, mails=new.old_count, old=new.old)
            return new
        went_back = selected.uidnext is not None and selected.uidnext <= known.uid  # RFC 9051 §2.3.1.1 forbids it
        if known.uidvalidity == selected.uidvalidity and not went_back:
            return known
        last = max([uid async for uids in self._uids(1, selected.uidnext) for uid in uids], default=0)
        renumbered = await session.write(lambda c: mailboxes.renumber(c, known, selected.uidvalidity, last))
        said = f"{name}: the server numbers {path} anew; every mail is looked at again"
        await session.around.alarm(RENUMBERED, f"{name}/{path}", said)
        return renumbered

    async def _first_contact(self, selected: Selected, now: datetime) -> Folder:
        """What is there now is not new."""
        account = self._session.account
        there = [len(uids) async for uids in self._uids(1, selected.uidnext)]
        last = (selected.uidnext or 1) - 1
        if selected.uidnext is None:
            last = max([uid async for uids in self._uids(1, None) for uid in uids], default=0)
        forgotten = self._forgotten_since
        if forgotten is not None:
            return Folder(account.name, self._path, selected.uidvalidity, 0, forgotten, "done", 0, last, sum(there))
        return Folder(
            mailbox=account.name,
            folder=self._path,
            uidvalidity=selected.uidvalidity,
            uid=last,
            since=now,
            old="done" if not sum(there) else "left" if self._order is not None else _WISHES[account.first_run],
            old_uid=0,
            old_until=last,
            old_count=sum(there),
        )

    async def _uids(self, first: int, behind: int | None) -> AsyncIterator[list[int]]:
        """The UIDs from first on, in order; a snapshot of each window, whatever comes or goes meanwhile.

        behind  where they end; None: an old server did not say
        """
        link, thread = self._session.link, self._session.thread
        starts: Iterable[int] = (first,) if behind is None else range(first, behind, WINDOW)
        for start in starts:
            last = None if behind is None else min(start + WINDOW, behind) - 1
            yield await thread.do(link.search, start, last)


def _carried_out(c: Connection, folder: Folder, order: Order, given: Given, ordering: Ordering | None) -> None:
    """One transaction: what the order changes, and that it was given."""
    said = ordering.carry_out(c, folder.mailbox, order, given.key) if ordering is not None else ""
    if said is not None:
        mailbox_orders.carried_out(c, folder, given, said)
