"""What becomes of rows that were kept for long enough.

Sources      operations.md §13, acceptance §7.2, `retention:` of the rules. A mail that goes leaves its times, its size,
             its hash and what became of it; a ticket leaves nothing but its rows in the audit.
Transaction  the caller's, durable: one slice, whole. What is over is asked once more in it, so that a ticket that was
             opened again in the meantime stays.
Not here     which rows they are (over.py), when it is done and how much at once (retaining.py), holds (holds.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Table,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from gateway.store import over, search
from gateway.store.audit import add_audit
from gateway.store.schema import (
    audit,
    delayed,
    entry,
    happening,
    held_mail,
    inbound,
    kept_file,
    outbox,
    participant,
    raw_piece,
    receipt,
    rule_fired,
    satisfaction,
    situation,
    sla_clock,
    sla_ledger,
    sla_told,
    ticket,
    ticket_alias,
    ticket_link,
    ticket_message,
    undelivered,
    webhook_call,
)

_REASON = "deleted, its time was over"
# of a ticket, those that stand on others first
OF_A_TICKET: tuple[tuple[Table, str], ...] = (
    *((table, "ticket") for table in (
        participant, entry, ticket_message, ticket_link, ticket_alias, receipt, delayed, rule_fired, happening,
        sla_ledger, sla_clock, sla_told, webhook_call, held_mail, outbox, satisfaction,
    )),
    (ticket_link, "other"),
    (receipt, "other"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Over:
    """One kind of rows, under a key of `retention:`.

    due  the ids of those that are over when they ended before `:before`, in order
    end  what becomes of some of them
    """

    key: str
    what: str
    due: Select[int]
    end: Callable[[Connection, Sequence[int], datetime], None]
    at_once: int = 500  # rows; a ticket is a dozen of them


def due(c: Connection, kind: Over, before: datetime, limit: int) -> Sequence[int]:
    """The first ids that are over."""
    return c.execute(kind.due.limit(limit), {"before": before}).scalars().all()


def count(c: Connection, kind: Over, before: datetime) -> int:
    """How many are over."""
    return int(c.execute(select(func.count()).select_from(kind.due.subquery()), {"before": before}).scalar_one())


def end(c: Connection, kind: Over, before: datetime, ids: Sequence[int], now: datetime) -> int:
    """End those of these that are over still, with a row of the audit; how many."""
    id = next(iter(kind.due.selected_columns))
    still = kind.due.where(id.in_(ids))
    if c.dialect.name == "postgresql":
        still = still.with_for_update(of=id.table)
    found = c.execute(still, {"before": before}).scalars().all()
    if found:
        kind.end(c, found, now)
        detail = f"{len(found)} {kind.what}, {min(found)} to {max(found)}"
        add_audit(c, at=now, actor="system", action="retention.ended", object=f"retention.{kind.key}", detail=detail)
    return len(found)


# --- what becomes of it -----------------------------------------------------------------------------------------------


def _forget_octets(c: Connection, ids: Sequence[int], now: datetime) -> None:
    keys = c.execute(select(inbound.c.key).where(inbound.c.id.in_(ids))).scalars().all()
    c.execute(delete(raw_piece).where(raw_piece.c.key.in_(keys)))
    c.execute(update(inbound).where(inbound.c.id.in_(ids)).values(gone_at=now))


def _forget_mails(c: Connection, ids: Sequence[int], now: datetime) -> None:
    """All but when it came, how large it was, its hash, and what became of it."""
    _forget_octets(c, ids, now)
    _forget_reasons(c, ids, now)
    nobody = {"reverse_path": "", "forward_paths": "[]", "helo": "", "peer": "", "verified": None}
    unnamed: Mapping[str, Any] = {"message_id": None, "author": None, "subject": None, "reason": _REASON}
    mails = update(inbound).where(inbound.c.id.in_(ids))
    c.execute(mails.values(**nobody, **unnamed))
    c.execute(mails.where(over.QUARANTINED).values(disposition="record"))


def _forget_reasons(c: Connection, ids: Sequence[int], _now: datetime) -> None:
    c.execute(delete(situation).where(situation.c.mail.in_(ids)))
    c.execute(update(inbound).where(inbound.c.id.in_(ids)).values(explanation=""))


def _forget_happenings(c: Connection, ids: Sequence[int], _now: datetime) -> None:
    c.execute(delete(happening).where(happening.c.id.in_(ids)))


def _forget_receipts(c: Connection, ids: Sequence[int], _now: datetime) -> None:
    c.execute(delete(receipt).where(receipt.c.id.in_(ids)))


def _forget_sent(c: Connection, ids: Sequence[int], _now: datetime) -> None:
    c.execute(update(outbox).where(outbox.c.id.in_(ids)).values(raw=None))


def _forget_letters(c: Connection, ids: Sequence[int], _now: datetime) -> None:
    c.execute(delete(outbox).where(outbox.c.id.in_(ids)))


def _forget_details(c: Connection, ids: Sequence[int], _now: datetime) -> None:
    """The chain of the audit goes on: it has the hash of what was said, and not the words (acceptance §7.3)."""
    c.execute(update(audit).where(audit.c.seq.in_(ids)).values(detail="", salt=None))


def _forget_tickets(c: Connection, ids: Sequence[int], now: datetime) -> None:
    """Tickets with all that is of them alone, and with those that were merged into them."""
    numbers = list(ids)
    for number in numbers:
        numbers += c.execute(select(ticket.c.number).where(ticket.c.merged_into == number)).scalars()
    own = select(entry.c.source).where(entry.c.ticket.in_(numbers))
    moved = exists().where(entry.c.source == inbound.c.key, entry.c.ticket.not_in(numbers))
    elsewhere = exists().where(ticket.c.number == inbound.c.ticket, ticket.c.number.not_in(numbers))
    of_them = or_(and_(inbound.c.key.in_(own), not_(elsewhere)), and_(inbound.c.ticket.in_(numbers), not_(moved)))
    _forget_mails(c, c.execute(select(inbound.c.id).where(of_them)).scalars().all(), now)
    said = select(entry.c.attachments).where(entry.c.ticket.in_(numbers), entry.c.kind != "mail")
    files = " ".join(c.execute(said).scalars())
    sent = select(outbox.c.id).where(outbox.c.ticket.in_(numbers))
    c.execute(delete(undelivered).where(undelivered.c.outbox.in_(sent)))
    for table, column in OF_A_TICKET:
        c.execute(delete(table).where(table.c[column].in_(numbers)))
    c.execute(delete(ticket).where(ticket.c.number.in_(numbers)))
    _forget_files(c, files)
    search.renew(c, *numbers)
    for number in numbers:
        add_audit(c, at=now, actor="system", action="ticket.deleted", ticket=number, detail="its time was over")


def _forget_files(c: Connection, files: str) -> None:
    """Files of notes that no entry has any more."""
    for digest in c.execute(select(kept_file.c.sha256)).scalars() if files else ():
        if digest in files:
            had = exists().where(entry.c.attachments.contains(digest))
            c.execute(delete(kept_file).where(kept_file.c.sha256 == digest, not_(had)))


ALL = (
    Over("spam", "tickets of spam", over.SPAM, _forget_tickets, at_once=50),
    Over("closed", "closed tickets", over.CLOSED, _forget_tickets, at_once=50),
    Over("raw_mail", "original mails", over.ORIGINALS, _forget_octets),
    Over("raw_mail", "mails to customers and agents", over.SENT, _forget_sent),
    Over("raw_mail", "mails about no ticket", over.LETTERS, _forget_letters),
    Over("quarantine", "mails in quarantine", over.QUARANTINE, _forget_mails),
    Over("backscatter", "reports about mail that is not ours", over.BACKSCATTER, _forget_mails),
    Over("dropped", "mails of no ticket", over.DROPPED, _forget_mails),
    Over("trace", "reasons of mails", over.REASONS, _forget_reasons),
    Over("trace", "reasons of what rules did later", over.HAPPENINGS, _forget_happenings),
    Over("trace", "receipts of what agents settled", over.RECEIPTS, _forget_receipts),
    Over("audit", "details of the audit", over.DETAILS, _forget_details),
)
