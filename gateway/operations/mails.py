"""What an operator may do to mails and to outgoing mails; each leaves an audit row in the same transaction.

Transaction  the caller's, durable.
Not here     who asks and who may ask (control.py); the statements (store/).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from gateway.errors import PermanentError
from gateway.message.address import normal, path_address
from gateway.operations.types import Done, Duty, Operation
from gateway.store import inbound, outbox, restraint
from gateway.store.audit import add_audit
from gateway.store.inbound import MailRow
from gateway.store.outbox import OutboxItem
from gateway.store.readings import Reading, differences, keep_reading, stored_reading


@dataclass(frozen=True, slots=True)
class Mails:
    """Mails by what people say: m-55120, a key, or the head of a key."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Letters:
    """Outgoing mails by number: 912 is q-912."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reroute:
    """An outgoing mail, and the address that gets it instead."""

    id: int
    address: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """An operation that is told nothing."""


@dataclass(frozen=True, slots=True)
class Readings:
    """Mails as the parser of today reads them."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where mail may arrive again."""

    addresses: tuple[str, ...]


def _each_mail(
    one: Callable[[Connection, MailRow, datetime], Done],
) -> Callable[[Connection, Any, Duty], tuple[Done, ...]]:
    """An operation that does this to each mail that is named."""

    def perform(c: Connection, mails: Mails, duty: Duty) -> tuple[Done, ...]:
        rows = ((name, inbound.find(c, name)) for name in mails.names)
        return tuple(_no_mail(name) if row is None else one(c, row, duty.now) for name, row in rows)

    return perform


def _each_letter(
    one: Callable[[Connection, OutboxItem, datetime], Done],
) -> Callable[[Connection, Any, Duty], tuple[Done, ...]]:
    """An operation that does this to each outgoing mail that is named."""

    def perform(c: Connection, letters: Letters, duty: Duty) -> tuple[Done, ...]:
        items = ((id, outbox.find(c, id)) for id in letters.ids)
        return tuple(_no_letter(id) if item is None else one(c, item, duty.now) for id, item in items)

    return perform


def _reopened(c: Connection, row: MailRow, now: datetime, *, released: bool) -> Done:
    """Let a mail be processed again from its raw bytes, unless it made an entry: one message, one effect."""
    if (why := _must_stay(row)) is not None:
        return Done(f"m-{row.id}", "conflict", why)
    if not inbound.reopen(c, row.key, released=released):
        return Done(f"m-{row.id}", "conflict", "somebody else changed it just now")
    _note(c, now, "mail.released" if released else "mail.replayed", row.ticket, row.key, f"was {_was(row)}")
    how = "goes through: no rule of “received” is asked again" if released else "is processed again"
    return Done(f"m-{row.id}", "done", f"{how}; it was {_was(row)}")


def _must_stay(row: MailRow) -> str | None:
    match row.disposition:
        case None:
            return "it still waits to be processed"
        case "ticket" | "entry":
            return f"it made an entry in ticket {row.ticket} already, and one mail makes one entry"
        case "duplicate":
            return f"it is a duplicate: {row.reason}"
        case _ if row.gone_at is not None:
            return f"its octets were deleted on {row.gone_at:%Y-%m-%d}: their time was over"
        case _:
            return None


def _discarded(c: Connection, row: MailRow, now: datetime) -> Done:
    if not inbound.discard(c, row.key, f"discarded by a person; it was {_was(row)}"):
        return Done(f"m-{row.id}", "conflict", f"it is not in quarantine: {_was(row)}")
    _note(c, now, "mail.discarded", row.ticket, row.key, f"was {_was(row)}")
    return Done(f"m-{row.id}", "done", "is a record now; its raw bytes are kept until retention ends")


def _reread(c: Connection, new: Readings, duty: Duty) -> tuple[Done, ...]:
    return tuple(_kept(c, reading, duty.now) for reading in new.readings)


def _kept(c: Connection, reading: Reading, now: datetime) -> Done:
    """Store a newer reading of a mail; its thread, its rules and what was sent stay."""
    row, stored = inbound.find(c, reading.key), stored_reading(c, reading.key)
    if row is None:
        return _no_mail(reading.key)
    if stored is None or (stored.text is None) is not (reading.text is None):
        return Done(f"m-{row.id}", "conflict", "somebody else changed it just now")
    changed = ", ".join(d.field for d in differences(stored, reading))
    if not changed:
        return Done(f"m-{row.id}", "done", "is stored as it is read")
    keep_reading(c, reading)
    _note(c, now, "mail.reread", row.ticket, row.key, changed)
    return Done(f"m-{row.id}", "done", f"is stored as it is read today: {changed}")


def _due(c: Connection, item: OutboxItem, now: datetime) -> Done:
    if not outbox.retry(c, item.id, now):
        return Done(f"q-{item.id}", "conflict", _settled(item))
    _note(c, now, "outbox.retried", item.ticket, None, f"q-{item.id}, was {item.state}")
    return Done(f"q-{item.id}", "done", f"is due now; it was {item.state}{_twice(item)}")


def _let_go(c: Connection, item: OutboxItem, now: datetime) -> Done:
    if not outbox.release(c, item.id, now):
        return Done(f"q-{item.id}", "conflict", f"it is not held: {item.state}")
    _note(c, now, "outbox.released", item.ticket, None, f"q-{item.id}, was held: {item.reason}")
    return Done(f"q-{item.id}", "done", f"is due now; it was held: {item.reason}{_twice(item)}")


def _twice(item: OutboxItem) -> str:
    return "; the relay may have it already, then it arrives twice" if outbox.unsure(item) else ""


def _kept_back(c: Connection, item: OutboxItem, now: datetime) -> Done:
    if not outbox.hold(c, item.id):
        return Done(f"q-{item.id}", "conflict", f"it does not wait: {item.state}")
    _note(c, now, "outbox.held", item.ticket, None, f"q-{item.id}, was {item.state}")
    return Done(f"q-{item.id}", "done", f"stays until “queue unhold”; it was {item.state}")


def _rerouted(c: Connection, wanted: Reroute, duty: Duty) -> tuple[Done, ...]:
    item = outbox.find(c, wanted.id)
    if item is None:
        return (_no_letter(wanted.id),)
    try:
        address = path_address(wanted.address, smtputf8=True)
    except PermanentError:
        return (Done(f"q-{item.id}", "refused", f"“{wanted.address}” is no address"),)
    if not outbox.reroute(c, item.id, address, duty.now):
        return (Done(f"q-{item.id}", "conflict", _settled(item)),)
    _note(c, duty.now, "outbox.rerouted", item.ticket, None, f"q-{item.id}, {item.forward_path} to {address}")
    return (Done(f"q-{item.id}", "done", f"is due now, for {address} instead of {item.forward_path}"),)


def _flushed(c: Connection, _wanted: Nothing, duty: Duty) -> tuple[Done, ...]:
    count = outbox.flush(c, duty.now)
    _note(c, duty.now, "outbox.flushed", None, None, f"{count} mails")
    return (Done("queue", "done", f"{count} deferred mails are due now"),)


def _stopped(c: Connection, _wanted: Nothing, duty: Duty) -> tuple[Done, ...]:
    if not restraint.stop_sending(c, "operator", duty.now):
        return (Done("outbound", "conflict", "nothing is sent already"),)
    _note(c, duty.now, "outbound.held", None, None, "by the operator")
    return (Done("outbound", "done", "nothing is sent until “outbound release”, also after a restart"),)


def _going_on(c: Connection, _wanted: Nothing, duty: Duty) -> tuple[Done, ...]:
    if not restraint.go_on_sending(c):
        return (Done("outbound", "conflict", "mail is sent as ever"),)
    outbox.try_anew(c)
    _note(c, duty.now, "outbound.released", None, None, "by the operator")
    return (Done("outbound", "done", f"mail is sent again; {outbox.due_count(c, duty.now)} are due now"),)


def _without_automatic(c: Connection, _wanted: Nothing, duty: Duty) -> tuple[Done, ...]:
    count = outbox.drop_automatic(c, duty.now)
    _note(c, duty.now, "outbound.dropped", None, None, f"{count} automatic mails")
    return (Done("outbound", "done", f"{count} automatic mails will never be sent; what people wrote stays"),)


def _revived(c: Connection, wanted: Addresses, duty: Duty) -> tuple[Done, ...]:
    return tuple(_lives(c, address, duty.now) for address in dict.fromkeys(wanted.addresses))


def _lives(c: Connection, address: str, now: datetime) -> Done:
    if not restraint.lives(c, normal(address)):
        return Done(address, "not-found", "mail to it is not known to fail")
    _note(c, now, "outbound.revived", None, None, normal(address))
    return Done(address, "done", "gets automatic mail again")


def _dropped(c: Connection, item: OutboxItem, now: datetime) -> Done:
    if not outbox.drop(c, item.id, now):
        return Done(f"q-{item.id}", "conflict", _settled(item))
    _note(c, now, "outbox.dropped", item.ticket, None, f"q-{item.id}, was {item.state}")
    return Done(f"q-{item.id}", "done", f"will never be sent; it was {item.state}")


def _settled(item: OutboxItem) -> str:
    """Why an outgoing mail can be neither retried nor dropped."""
    match item.state:
        case "sent":
            return "it was sent already"
        case "leased":
            return "it is being sent just now"
        case "suppressed":
            return f"it was never written, because the send guard said {item.reason}"
        case "dropped":
            return "it was dropped already"
        case _ if item.attempts:
            return "its octets are deleted: their time was over"
        case _:
            return f"it could not be composed: {item.reason}"


def _no_mail(name: str) -> Done:
    return Done(name, "not-found", "names no mail, or more than one")


def _no_letter(id: int) -> Done:
    return Done(f"q-{id}", "not-found", "names no outgoing mail")


def _was(row: MailRow) -> str:
    return f"{row.disposition or 'pending'} ({row.reason})" if row.reason else row.disposition or "pending"


def _note(c: Connection, now: datetime, action: str, ticket: int | None, source: str | None, detail: str) -> None:
    add_audit(c, at=now, actor="operator", basis="local", action=action, ticket=ticket, source=source, detail=detail)


OPERATIONS: Mapping[str, Operation] = {
    "mail.replay": Operation(Mails, _each_mail(partial(_reopened, released=False))),
    "mail.release": Operation(Mails, _each_mail(partial(_reopened, released=True))),
    "mail.discard": Operation(Mails, _each_mail(_discarded)),
    "mail.reread": Operation(Readings, _reread),
    "outbox.retry": Operation(Letters, _each_letter(_due)),
    "outbox.hold": Operation(Letters, _each_letter(_kept_back)),
    "outbox.unhold": Operation(Letters, _each_letter(_let_go)),
    "outbox.reroute": Operation(Reroute, _rerouted),
    "outbox.flush": Operation(Nothing, _flushed),
    "outbound.hold": Operation(Nothing, _stopped),
    "outbound.release": Operation(Nothing, _going_on),
    "outbound.drop-auto": Operation(Nothing, _without_automatic),
    "outbound.revive": Operation(Addresses, _revived),
    "outbox.drop": Operation(Letters, _each_letter(_dropped)),
}
