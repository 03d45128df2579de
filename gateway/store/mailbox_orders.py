"""Orders that somebody gave by moving a mail in its mailbox, and how tickets stand, as their mails there show it.

Transaction  the caller's.
Not here     mailboxes and their ledger (mailboxes.py), what an order does (operations/moved.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from gateway.store.mailboxes import Folder
from gateway.store.schema import inbound, mailbox_folder, mailbox_mail, ticket
from gateway.store.tickets import goes_on_in

SPAM = "spam"  # a status that is told from others of its type
_AT_ONCE = 500  # numbers in one query
_STATUS = (ticket.c.status, ticket.c.status_type, ticket.c.merged_into)


@dataclass(frozen=True, slots=True)
class Given:
    """An order that waits to be carried out: the mail under the numbers that it was moved under."""

    uidvalidity: int
    uid: int
    key: str


def given_before(c: Connection, found: Folder, sha256s: Collection[str], first: int) -> set[str]:
    """Those of these bytes that were moved into this folder already, before the server numbered it anew.

    first  the lowest UID of those that have them now: where a greater one was carried out, the numbers went back
    """
    went_back = and_(mailbox_mail.c.uid >= first, mailbox_mail.c.state == "settled")
    before = or_(mailbox_mail.c.uidvalidity != found.uidvalidity, went_back)
    query = select(mailbox_mail.c.sha256).where(*_folder(found), before, mailbox_mail.c.sha256.in_(sha256s))
    return set(c.execute(query).scalars())


def given(c: Connection, found: Folder) -> list[Given]:
    """Orders of this folder that wait, in the order of the server."""
    query = select(mailbox_mail.c.uidvalidity, mailbox_mail.c.uid, mailbox_mail.c.key)
    query = query.where(*_folder(found), mailbox_mail.c.state == "ordered")
    return [Given(*row) for row in c.execute(query.order_by(mailbox_mail.c.uidvalidity, mailbox_mail.c.uid))]


def carried_out(c: Connection, found: Folder, order: Given, said: str) -> None:
    """It does not wait any more. `said`: why nothing was changed."""
    where = (mailbox_mail.c.uidvalidity == order.uidvalidity, mailbox_mail.c.uid == order.uid)
    c.execute(update(mailbox_mail).where(*_folder(found), *where).values(state="settled", said=said))


def part_of(c: Connection, key: str) -> int | None:
    """The ticket that holds the mail, or its equal that came before; None: it is kept, if anything, beside one."""
    held = or_(inbound.c.entry.is_not(None), inbound.c.disposition == "duplicate")
    number: int | None = c.execute(select(inbound.c.ticket).where(inbound.c.key == key, held)).scalar_one_or_none()
    return number


def stands(c: Connection, found: Folder, limit: int) -> dict[int, str]:
    """UID and status of so many mails whose tickets changed since `shown_at`, where the server was told another.

    A status is told by its type, which everybody has: new, open, waiting, solved, closed; or spam.
    """
    changed = select(ticket.c.number).where(ticket.c.updated_at >= found.shown_at)
    also = or_(ticket.c.number.in_(changed), ticket.c.merged_into.in_(changed))
    numbers = list(c.execute(select(ticket.c.number).where(also)).scalars())
    told: dict[int, str] = {}
    for start in range(0, len(numbers), _AT_ONCE):
        query = (
            select(mailbox_mail.c.uid, mailbox_mail.c.shown, *_STATUS)
            .join(mailbox_mail, mailbox_mail.c.key == inbound.c.key)
            .join(ticket, ticket.c.number == inbound.c.ticket)
            .where(inbound.c.ticket.in_(numbers[start : start + _AT_ONCE]), *_folder(found))
            .where(mailbox_mail.c.uidvalidity == found.uidvalidity, mailbox_mail.c.state.in_(("settled", "ordered")))
        )
        for row in c.execute(query):
            if (word := _word(c, row.status, row.status_type, row.merged_into)) != row.shown:
                told[row.uid] = word
            if len(told) >= limit:
                return told
    return told


def shown(c: Connection, found: Folder, uids: Sequence[int], word: str) -> None:
    """The server was told how the tickets of these mails stand."""
    here = (mailbox_mail.c.uidvalidity == found.uidvalidity, mailbox_mail.c.uid.in_(uids))
    c.execute(update(mailbox_mail).where(*_folder(found), *here).values(shown=word))


def shown_until(c: Connection, found: Folder, at: datetime) -> None:
    """All that changed before then was told."""
    where = (mailbox_folder.c.mailbox == found.mailbox, mailbox_folder.c.folder == found.folder)
    c.execute(update(mailbox_folder).where(*where).values(shown_at=at))


def _word(c: Connection, status: str, kind: str, merged_into: int | None) -> str:
    """Of the ticket in which the matter goes on."""
    if merged_into is not None and (into := goes_on_in(c, merged_into)) is not None:
        status, kind = into.status, into.status_type
    return SPAM if status == SPAM else kind.partition("_")[0]


def _folder(found: Folder) -> tuple[ColumnElement[bool], ...]:
    return mailbox_mail.c.mailbox == found.mailbox, mailbox_mail.c.folder == found.folder
