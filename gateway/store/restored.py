"""What has to happen in a database that came back from a backup before anybody works with it: once, in one transaction.

What was done since the backup is known to everybody but to it. So nothing is sent until a person lets it; mail that
waited to be sent stays unsent, because it may have left; leases are nobody's; mailboxes are fetched from where they
were, and what they give is known by its bytes; and numbers that were given away since are not given again: an answer to
the lost ticket 4813 must not come to another one.

Transaction  `mark` before the database is in its place, `go_on` with the first opening of the store: whatever happens
             in between, no gateway works without it.
Sources      acceptance H-09, R-5 (the epoch is durable), F-11; mails-out.md §9.
Not here     the files (restore.py).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import Column, Connection, Engine, delete, func, insert, inspect, select

from gateway.store import alarms, inbound, jobs, mailboxes, outbox, restraint, search, webhooks
from gateway.store.audit import add_audit
from gateway.store.changes import add_event
from gateway.store.schema import held_mail, receipt, stop, ticket
from gateway.store.schema import outbox as letters
from gateway.store.snapshot import ASIDE
from gateway.store.version import revision

BEFORE = "before-restore"  # how the folder begins that a SQLite database is moved to
_NAME = "restored"
_LEAST_SKIPPED = 1000
_UNFETCHED = timedelta(days=7)  # for which a mail that was fetched after the backup may have lain in its mailbox


@dataclass(frozen=True, slots=True)
class _Mark:
    """What the database was told when it came back."""

    taken_at: datetime
    resend: bool  # whether what waited to be sent is to be sent again


def unfinished(database: Path) -> Path:
    """Where a SQLite database is written before it is in its place."""
    return database.with_name(f".{database.name}.restoring")


def was_cut_off(engine: Engine) -> bool:
    """Whether a restore ended between the old database and the new one: there is none, and no empty one is wanted."""
    if engine.dialect.name == "sqlite":
        file = Path(engine.url.database or "")
        moved = any(file.parent.glob(f"{BEFORE}-*"))  # also where the same restore was tried again, and refused
        return not file.exists() and (moved or unfinished(file).exists())
    return revision(engine) is None and any(name.startswith(ASIDE) for name in inspect(engine).get_schema_names())


def mark(c: Connection, taken_at: datetime, now: datetime, *, resend: bool) -> None:
    """Keep that it came back, and that nothing is sent; of any schema that backups are made of."""
    c.execute(delete(stop).where(stop.c.name.in_((_NAME, restraint.SENDING))))
    said = msgspec.json.encode(_Mark(taken_at, resend)).decode()
    c.execute(insert(stop).values(name=_NAME, at=now, by=said))
    restraint.stop_sending(c, f"restored from the backup of {taken_at:%Y-%m-%d %H:%M}", now)


def is_marked(c: Connection) -> bool:
    """Whether it came back, and nobody went on with it yet."""
    return c.execute(select(stop.c.at).where(stop.c.name == _NAME)).first() is not None


def go_on(c: Connection) -> None:
    """Do all of it, unless somebody else just did."""
    row = c.execute(delete(stop).where(stop.c.name == _NAME).returning(stop.c.at, stop.c.by)).one_or_none()
    if row is None:
        return
    now, told = row.at, msgspec.json.decode(row.by, type=_Mark)
    why = f"restored from the backup of {told.taken_at:%Y-%m-%d %H:%M}"
    inbound.release_innocent(c)
    outbox.recover(c, now=now, everything=True)
    held = 0 if told.resend else outbox.hold_all(c, "it may have left after the backup")
    untold = 0 if told.resend else webhooks.end_all(c, f"{why}: it may have been told", now)
    mailboxes.begin_again(c, told.taken_at - _UNFETCHED)
    skipped = _skip_numbers(c, told.taken_at, now, why)
    jobs.note_asked(c, jobs.BACKUP, told.taken_at)
    alarms.note(c, "outbound", "", f"nothing is sent: {why}", now)
    detail = f"{why}; {held} mails and {untold} webhook calls that waited stay; tickets go on after {skipped}"
    add_audit(c, at=now, actor="operator", basis="local", action="database.restored", detail=detail)


def _skip_numbers(c: Connection, taken_at: datetime, now: datetime, why: str) -> int:
    """No ticket, outgoing mail, held mail or receipt gets a number that one of the lost time may have; the last of
    tickets.

    A row keeps the place of the lost ones: SQLite counts on from the highest, and retention leaves that one.
    """
    since = taken_at - (now - taken_at)
    team = c.execute(select(ticket.c.team).order_by(ticket.c.number.desc()).limit(1)).scalar_one_or_none()
    last = _behind(c, ticket.c.number, ticket.c.created_at, since)
    times = {"created_at": now, "updated_at": now, "status_at": now}
    # where there is no ticket yet nobody here knows a team: it is the default one's
    c.execute(insert(ticket).values(number=last, subject=f"The gateway was {why}", team=team or "", **_CLOSED, **times))
    told = f"The gateway was {why}. Tickets of the time since then are lost, and had numbers up to this one."
    add_event(c, last, told, now)
    search.renew(c, last)
    id = _behind(c, letters.c.id, letters.c.queued_at, since)
    c.execute(insert(letters).values(id=id, dedupe_key=f"{_NAME}:{id}", queued_at=now, settled_at=now, **_DROPPED))
    id = _behind(c, held_mail.c.id, held_mail.c.at, since)
    c.execute(insert(held_mail).values(id=id, at=now, expires_at=now, decided_at=now, **_EXPIRED))
    id = _behind(c, receipt.c.id, receipt.c.at, since)
    c.execute(insert(receipt).values(id=id, at=now, undone_at=now, ticket=last, other=last, **_UNDONE))
    if c.dialect.name == "postgresql":
        for number in (ticket.c.number, letters.c.id, held_mail.c.id, receipt.c.id):
            sequence = func.pg_get_serial_sequence(number.table.name, number.name)
            c.execute(select(func.setval(sequence, select(func.coalesce(func.max(number), 1)).scalar_subquery())))
    return last


def _behind(c: Connection, number: Column[int], at: Column[datetime], since: datetime) -> int:
    """A number above all that the lost time may have used: twice as many as in as long a time before the backup."""
    last = c.execute(select(func.coalesce(func.max(number), 0))).scalar_one()
    lately = c.execute(select(func.count()).where(at > since)).scalar_one()
    return int(last + _LEAST_SKIPPED + 2 * lately)


_CLOSED = {
    "priority": "low", "status": "closed", "status_type": "closed", "tags": "[]", "fields": "{}", "flags": "[]",
    "channel": "system", "messages": 0, "version": 1,
}  # fmt: skip
_DROPPED = {
    "template": _NAME, "cause": _NAME, "auto": True, "forward_path": "", "recipient": "", "domain": "",
    "message_id": "", "state": "dropped", "stage": "done", "attempts": 0, "last_reply": "",
    "reason": "mails up to this number are lost",
}  # fmt: skip
_EXPIRED = {
    "mail": "", "agent": "", "code": _NAME, "proposal": "{}", "state": "expired", "decided_by": "operator",
}  # fmt: skip
_UNDONE = {"actor": "operator", "action": _NAME, "before": "{}"}
