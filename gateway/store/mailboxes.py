"""Mailboxes that are fetched: how far each folder is, what became of each mail, how it goes with the server.

A mail is known by (mailbox, folder, UIDVALIDITY, UID), and across a renumbering by its bytes (RFC 9051 §2.3.1.1).
Transaction  the caller's.
Not here     the server (intake/imap.py), accepted mail itself (inbound.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, and_, case, func, insert, or_, select, update

from gateway.message.charset import clean_line
from gateway.store.jobs import asked_until, forget_asked, note_asked
from gateway.store.schema import mailbox, mailbox_folder, mailbox_mail
from gateway.store.upsert import inserted

Old = Literal["left", "asked", "wanted", "archive", "done"]
_MAX_SAID = 500
_LOST = "lost:"  # as a rule was asked until then: since when mails of a mailbox are forgotten
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Health:
    """How it goes with a mailbox."""

    name: str
    since: datetime
    fetched_at: datetime | None = None
    said: str = ""
    trouble: str = ""
    refused: int = 0
    login_after: datetime | None = None
    probe_sent_at: datetime | None = None  # to it, and that should come back
    probe_back_at: datetime | None = None  # the last one that did
    round_trip_ms: int | None = None  # of that one

    @property
    def probe_out_since(self) -> datetime | None:
        """When the probe mail was sent that has not come back; None: none is out."""
        sent, back = self.probe_sent_at, self.probe_back_at
        return sent if sent is not None and (back is None or back < sent) else None


@dataclass(frozen=True, slots=True)
class Folder:
    """How far a folder is. `old` is what becomes of the mail that was there at first contact: `old_uid` to `old_until`.

    left     stays as it is, unread by us
    asked    a person has to say whether it is answered; wanted: he did
    archive  is taken in silently
    done     there is none, or all of it was taken in
    """

    mailbox: str
    folder: str
    uidvalidity: int
    uid: int
    since: datetime
    old: Old
    old_uid: int
    old_until: int
    old_count: int
    shown_at: datetime = EVER


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one mail.

    accepted  ours; the server has not been told yet.  settled: it was
    kept      it stays as it is on the server; what is here says why
    failing   it could not be fetched so far
    ordered   somebody moved it there; what that orders is not done yet.  left: it was moved there, and is none of ours
    """

    uid: int
    state: Literal["accepted", "settled", "kept", "failing", "ordered", "left"]
    key: str | None = None
    sha256: str | None = None
    attempts: int = 0
    next_at: datetime | None = None
    said: str = ""


def health(c: Connection, name: str, now: datetime) -> Health:
    """How it goes; of a new mailbox, that it is new."""
    inserted(c, mailbox, {"name": name, "since": now})
    return Health(*c.execute(select(*_HEALTH).where(mailbox.c.name == name)).one())


def healths(c: Connection) -> dict[str, Health]:
    """Of all mailboxes that ever were, by name."""
    return {row.name: Health(*row) for row in c.execute(select(*_HEALTH).order_by(mailbox.c.name))}


def note_fetched(c: Connection, name: str, said: str, trouble: str, now: datetime) -> None:
    """All its folders were looked at."""
    values = {"fetched_at": now, "said": said, "trouble": trouble[:_MAX_SAID], "refused": 0, "login_after": None}
    c.execute(update(mailbox).where(mailbox.c.name == name).values(values))


def leave_out(c: Connection, names: Sequence[str]) -> None:
    """All but these are not fetched any more; nobody waits for them. What became of their mails stays known."""
    c.execute(update(mailbox).where(mailbox.c.name.not_in(names)).values(fetched_at=None))


def note_trouble(c: Connection, name: str, trouble: str) -> None:
    """Why it is not fetched for now."""
    c.execute(update(mailbox).where(mailbox.c.name == name).values(trouble=clean_line(trouble)[:_MAX_SAID]))


def note_refused(c: Connection, name: str, refused: int, login_after: datetime) -> None:
    """How many log-ins in a row were refused, and when the next one may be tried; a restart does not forget it."""
    c.execute(update(mailbox).where(mailbox.c.name == name).values(refused=refused, login_after=login_after))


def try_again(c: Connection, name: str) -> int:
    """The next log-in may be tried at once, and each mail that was not given; of how much that is news."""
    waits = (mailbox.c.name == name, mailbox.c.login_after.is_not(None))
    log_in = c.execute(update(mailbox).where(*waits).values(login_after=None, refused=0))
    failed = (mailbox_mail.c.mailbox == name, mailbox_mail.c.state == "failing")
    mails = c.execute(update(mailbox_mail).where(*failed).values(next_at=EVER))
    return log_in.rowcount + mails.rowcount


def begin_again(c: Connection, lost_since: datetime) -> None:
    """Of every mailbox what came since then was forgotten; each is tried at once."""
    for name in c.execute(select(mailbox.c.name)).scalars().all():
        try_again(c, name)
        note_asked(c, f"{_LOST}{name}", lost_since)


def forgotten_since(c: Connection, name: str) -> datetime | None:
    """Since when mails of a mailbox may be ours, and lie where we moved them, and nothing here knows it; None: none."""
    return asked_until(c, f"{_LOST}{name}")


def all_known(c: Connection, name: str) -> None:
    """Those mails were looked for."""
    forget_asked(c, f"{_LOST}{name}")


def folder(c: Connection, name: str, path: str) -> Folder | None:
    """How far it is; None before the first contact."""
    row = c.execute(_FOLDERS.where(mailbox_folder.c.mailbox == name, mailbox_folder.c.folder == path)).one_or_none()
    return None if row is None else Folder(*row)


def folders(c: Connection) -> list[Folder]:
    """All of all mailboxes, in order."""
    return [Folder(*row) for row in c.execute(_FOLDERS)]


def meet(c: Connection, new: Folder) -> None:
    """First contact."""
    c.execute(insert(mailbox_folder).values({name: getattr(new, name) for name in Folder.__slots__}))


def renumber(c: Connection, found: Folder, uidvalidity: int, until: int) -> Folder:
    """The server counts anew: everything is looked at again, and known by its bytes."""
    where = _is(found.mailbox, found.folder)
    old = {"old_uid": 0, "old_until": until} if found.old != "done" else {}
    c.execute(update(mailbox_folder).where(*where).values(uidvalidity=uidvalidity, uid=0, **old))
    # the same numbers may be other mails now, of which the server must not be told that they are ours
    mails = (mailbox_mail.c.mailbox == found.mailbox, mailbox_mail.c.folder == found.folder)
    unfinished = mailbox_mail.c.state.in_(("accepted", "failing"))
    c.execute(update(mailbox_mail).where(*mails, unfinished).values(state="settled", next_at=None, said=""))
    again = folder(c, found.mailbox, found.folder)
    if again is None:
        raise LookupError(found.folder)
    return again


def decide_old(c: Connection, name: str, wanted: Old) -> int:
    """What becomes of mail from before the first contact, where a person is asked; of how many folders."""
    return c.execute(
        update(mailbox_folder)
        .where(mailbox_folder.c.mailbox == name, mailbox_folder.c.old == "asked")
        .values(old=wanted)
    ).rowcount


def advance(c: Connection, found: Folder, mails: Sequence[Fetched], now: datetime, *, uid: int, old_uid: int) -> None:
    """What became of these mails; all up to uid, and of the old ones up to old_uid, are decided about."""
    for mail in mails:
        keep(c, found, mail, now)
    done = (
        found.old in ("wanted", "archive")
        and old_uid >= found.old_until
        and all(mail.uid > found.old_until for mail in failing(c, found))
    )
    where = (*_is(found.mailbox, found.folder), mailbox_folder.c.uidvalidity == found.uidvalidity)
    further = {"uid": uid, "old_uid": old_uid}
    values = {
        name: case((mailbox_folder.c[name] < to, to), else_=mailbox_folder.c[name]) for name, to in further.items()
    }
    c.execute(update(mailbox_folder).where(*where).values({**values, **({"old": "done"} if done else {})}))


def keep(c: Connection, found: Folder, mail: Fetched, now: datetime) -> None:
    """What became of one mail, in place of what was known of it."""
    place = {"mailbox": found.mailbox, "folder": found.folder, "uidvalidity": found.uidvalidity, "uid": mail.uid}
    values = {name: getattr(mail, name) for name in Fetched.__slots__ if name != "uid"} | {"at": now}
    values["said"] = clean_line(mail.said)[:_MAX_SAID]
    if not inserted(c, mailbox_mail, {**place, **values}):
        where = (mailbox_mail.c[name] == value for name, value in place.items())
        c.execute(update(mailbox_mail).where(*where).values(values))


def gone(c: Connection, found: Folder, uids: Sequence[int]) -> None:
    """Somebody else took mails away that we could not fetch: nothing is left to try."""
    c.execute(
        update(mailbox_mail)
        .where(*_mails(found), mailbox_mail.c.uid.in_(uids), mailbox_mail.c.state == "failing")
        .values(state="settled", next_at=None, said="it is not in the mailbox any more")
    )


def settled(c: Connection, found: Folder, uids: Sequence[int]) -> None:
    """The server was told of these."""
    c.execute(
        update(mailbox_mail)
        .where(*_mails(found), mailbox_mail.c.uid.in_(uids), mailbox_mail.c.state == "accepted")
        .values(state="settled")
    )


def unsettled(c: Connection, found: Folder, limit: int) -> list[int]:
    """Mails that are ours, of which the server was not told yet."""
    query = select(mailbox_mail.c.uid).where(*_mails(found), mailbox_mail.c.state == "accepted")
    return list(c.execute(query.order_by(mailbox_mail.c.uid).limit(limit)).scalars())


def failing(c: Connection, found: Folder, now: datetime | None = None) -> list[Fetched]:
    """Mails that could not be fetched so far; with a time those that are to be tried then."""
    query = select(*_FETCHED).where(*_mails(found), mailbox_mail.c.state == "failing")
    if now is not None:
        query = query.where(mailbox_mail.c.next_at <= now)
    return [Fetched(*row) for row in c.execute(query.order_by(mailbox_mail.c.uid))]


def decided(c: Connection, found: Folder) -> set[int]:
    """The UIDs of all mails of a folder of which something is known."""
    return set(c.execute(select(mailbox_mail.c.uid).where(*_mails(found))).scalars())


def known_bytes(c: Connection, name: str, sha256s: Sequence[str]) -> dict[str, str]:
    """Keys of mails of these bytes that came from this mailbox before, by their hash."""
    where = (mailbox_mail.c.mailbox == name, mailbox_mail.c.sha256.in_(sha256s), mailbox_mail.c.key.is_not(None))
    return {row.sha256: row.key for row in c.execute(select(mailbox_mail.c.sha256, mailbox_mail.c.key).where(*where))}


def left_over(c: Connection, name: str, limit: int) -> list[tuple[str, Fetched]]:
    """(folder, mail) of what a person should look at: could not be fetched three times, or went another way."""
    tried = and_(mailbox_mail.c.state == "failing", mailbox_mail.c.attempts >= 3)
    odd = and_(mailbox_mail.c.state != "failing", mailbox_mail.c.said != "")
    query = select(mailbox_mail.c.folder, *_FETCHED).where(mailbox_mail.c.mailbox == name, or_(tried, odd))
    return [(row[0], Fetched(*row[1:])) for row in c.execute(query.order_by(mailbox_mail.c.at.desc()).limit(limit))]


def counted(c: Connection, name: str) -> dict[str, int]:
    """How many mails of a mailbox are in which state."""
    query = select(mailbox_mail.c.state, func.count()).where(mailbox_mail.c.mailbox == name)
    return {row.state: row[1] for row in c.execute(query.group_by(mailbox_mail.c.state))}


def _is(name: str, path: str) -> tuple[ColumnElement[bool], ...]:
    return mailbox_folder.c.mailbox == name, mailbox_folder.c.folder == path


def _mails(found: Folder) -> tuple[ColumnElement[bool], ...]:
    return (
        mailbox_mail.c.mailbox == found.mailbox,
        mailbox_mail.c.folder == found.folder,
        mailbox_mail.c.uidvalidity == found.uidvalidity,
    )


_HEALTH = [mailbox.c[name] for name in Health.__slots__]
_FOLDERS = select(*(mailbox_folder.c[name] for name in Folder.__slots__)).order_by(
    mailbox_folder.c.mailbox, mailbox_folder.c.folder
)
_FETCHED = [mailbox_mail.c[name] for name in Fetched.__slots__]
