"""Mails on their way out: queued with the change that caused them, leased before they leave, settled after.

Transactions  T1 `enqueue`; T2 `lease`, `mark_dot`; T3 `settle` (DESIGN §6). Leases are fenced: who lost his
              lease can change nothing any more.
Not here      what the mail says (outgoing/compose.py), when to try again (outgoing/schedule.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    LargeBinary,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    not_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as lite_insert

from gateway.message.address import domain_of, normal
from gateway.message.charset import clean_line
from gateway.store.alarms import note
from gateway.store.audit import add_audit
from gateway.store.changes import add_event
from gateway.store.restraint import SENDING, delivered, refused, stop_sending
from gateway.store.schema import heartbeat, outbox, stop
from gateway.ticket.types import Notification

State = Literal["queued", "leased", "sent", "deferred", "failed", "uncertain", "held", "suppressed", "dropped"]
Stage = Literal["queued", "connecting", "dot", "done"]
_WAITING = ("queued", "deferred", "uncertain")
UNSURE = "uncertain"  # the first word of a reason; stays with the mail, whatever comes of it
FINAL: tuple[State, ...] = ("sent", "failed", "suppressed", "dropped")
_LONG_STOP, _MUCH_MAIL = timedelta(hours=24), 100
_MAX_TOLD = 800  # characters of what the ticket says about a mail that may not arrive


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """One mail to one recipient, rendered once; every attempt sends the same bytes."""

    id: int  # what people say: q-912
    ticket: int | None
    template: str
    auto: bool
    forward_path: str
    reverse_path: str | None  # None is <>
    message_id: str
    raw: bytes  # empty in lists
    size: int  # octets of it; 0 when it was never written
    state: State
    stage: Stage
    attempts: int  # this one included
    queued_at: datetime
    tried_since: datetime | None  # giving up counts from it; None before the first attempt
    next_attempt_at: datetime | None
    lease_token: str | None
    last_reply: str
    reason: str
    dedupe_key: str
    cause: str

    def waits_for(self, now: datetime) -> bool:
        """Whether it is one that leaves later than it was written, and has not left."""
        later = self.next_attempt_at is not None and self.next_attempt_at > now
        return self.state == "queued" and self.attempts == 0 and later


def unsure(item: OutboxItem) -> bool:
    """Whether it may have arrived already."""
    return item.state == "uncertain" or item.reason.startswith(UNSURE)


def marked(item: OutboxItem, reason: str) -> str:
    """The reason, with the mark of a mail that was uncertain before: it may have arrived twice."""
    if not unsure(item):
        return reason
    before = item.reason.partition("; ")[0] if item.reason.startswith(UNSURE) else UNSURE
    return f"{before}; {reason}" if reason else before


def enqueue(c: Connection, notices: Sequence[Notification], now: datetime) -> list[int | None]:
    """A row for each notification, without its bytes yet; None for those that were queued before."""
    if not notices:
        return []
    made = {row.dedupe_key: row.id for row in c.execute(_enqueue(c.dialect.name), [_row(n, now) for n in notices])}
    return [made.pop(notice.dedupe_key, None) for notice in notices]


def _row(notice: Notification, now: datetime) -> dict[str, object]:
    address = notice.recipient.address
    return {
        "dedupe_key": notice.dedupe_key,
        "ticket": notice.ticket,
        "template": notice.template,
        "cause": notice.cause,
        "auto": notice.auto_submitted != "no",
        "forward_path": address,
        "recipient": normal(address),
        "domain": domain_of(normal(address)),
        "message_id": "",
        "state": "suppressed" if notice.suppressed else "held",
        "stage": "done" if notice.suppressed else "queued",
        "queued_at": now,
        "next_attempt_at": None,
        "settled_at": now if notice.suppressed else None,
        "reason": notice.suppressed or notice.held or notice.put_off or "",
    }


@dataclass(frozen=True, slots=True)
class Written:
    """The octets of a mail in the outbox, which every attempt will send."""

    id: int
    message_id: str
    reverse_path: str | None  # None is <>
    raw: bytes
    due: datetime | None  # None: it waits for a person


def attach(c: Connection, mails: Sequence[Written]) -> None:
    """The rendered bytes; from then on the mails are due, or wait for a person."""
    rows = [
        {
            "b_id": mail.id,
            "message_id": mail.message_id,
            "reverse_path": mail.reverse_path,
            "raw": mail.raw,
            "state": "held" if mail.due is None else "queued",
            "next_attempt_at": mail.due,
        }
        for mail in mails
    ]
    if rows:
        c.execute(_ATTACH, rows)


def refuse(c: Connection, id: int, reason: str, now: datetime) -> None:
    """A mail that could not be composed: visible as failed, in its ticket too, and never sent."""
    c.execute(
        update(outbox).where(outbox.c.id == id).values(state="failed", stage="done", reason=reason, settled_at=now)
    )
    if (item := find(c, id)) is not None:
        tell(c, item, "mail.failed", f"failed for good: {reason}", now)


def messages_to(c: Connection, ticket: int, recipient: str) -> list[tuple[datetime, str]]:
    """(when it was queued, Message-ID) of each mail of a ticket that went to this address, or still may.

    recipient  in normal form
    """
    return [(at, id) for _, _, at, id in c.execute(_SENT_TO, {"b_tickets": (ticket,), "b_recipients": (recipient,)})]


def newest_to(c: Connection, readers: Collection[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """The Message-ID of the newest mail of a ticket to an address, of those who got any.

    readers  ticket, address in normal form
    """
    if not readers:
        return {}
    tickets, addresses = ({each[n] for each in readers} for n in (0, 1))
    rows = c.execute(_SENT_TO, {"b_tickets": tuple(tickets), "b_recipients": tuple(addresses)})
    return {(ticket, recipient): id for ticket, recipient, _, id in sorted(rows, key=lambda row: (row[2], row[3]))}


def lease(
    c: Connection, *, now: datetime, token: str, lease_s: int, limit: int, avoided: Collection[str] = ()
) -> tuple[OutboxItem, ...]:
    """T2: mails that are due, each counted as an attempt before anything leaves the machine.

    avoided  domains that take no mail for now.  None is due while sending is stopped.
    """
    ids = c.execute(_DUE, {"now": now, "most": limit, "avoided": list(avoided)}).scalars().all()
    if not ids:
        return ()
    until = now + timedelta(seconds=lease_s)
    rows = c.execute(_LEASE, {"ids": ids, "now": now, "lease_token": token, "lease_until": until})
    return tuple(sorted((_item(row) for row in rows), key=lambda item: item.id))


def mark_dot(c: Connection, item: OutboxItem, until: datetime) -> bool:
    """T2: the final dot is about to be written. False: the lease was lost, do not write it.

    until  the end of the lease from now on: the answer may take longer than everything before it
    """
    return c.execute(_MARK_DOT, {**_mine(item), "lease_until": until}).rowcount == 1


def settle(
    c: Connection,
    item: OutboxItem,
    state: State,
    *,
    now: datetime,
    next_attempt_at: datetime | None,
    reply: str,
    reason: str,
) -> bool:
    """T3: what came of the attempt; the ticket hears of a mail that does not arrive, or maybe twice.

    False: the lease was lost and nothing was changed.
    """
    done = c.execute(
        _SETTLE,
        {
            **_mine(item),
            "state": state,
            "stage": "done" if state in FINAL else item.stage if state == "uncertain" else "queued",
            "next_attempt_at": next_attempt_at,
            "last_reply": reply,
            "reason": reason,
            "settled_at": now if state in FINAL else None,
        },
    )
    if done.rowcount != 1:
        return False
    if state == "failed":
        why = reason if reply in reason else f"{reason}: {reply}".removeprefix(": ")
        tell(c, item, "mail.failed", f"failed for good: {why}", now)
        refused(c, item.id, normal(item.forward_path), now, reply)
    elif state == "uncertain":
        _tell_uncertain(c, item, next_attempt_at, reason, now)
    elif state == "sent" and item.attempts > 1:
        delivered(c, item.id)
    return True


def recover(c: Connection, *, now: datetime, everything: bool) -> int:
    """Take back expired leases: before the dot queued again, after it uncertain. Returns how many.

    everything  also leases that still run: at the start of the only daemon their owner is dead
    """
    expired = _is("leased") if everything else and_(_is("leased"), outbox.c.lease_until < now)
    before = update(outbox).where(expired, outbox.c.stage != "dot")
    back = c.execute(before.values(state="queued", stage="queued", lease_token=None, next_attempt_at=now))
    unsure = c.execute(
        update(outbox)
        .where(expired, outbox.c.stage == "dot")
        .values(state="uncertain", lease_token=None, next_attempt_at=None)
    )
    return back.rowcount + unsure.rowcount


def unscheduled(c: Connection) -> tuple[OutboxItem, ...]:
    """Uncertain mails that `recover` left and nobody has decided about yet, without their octets."""
    return tuple(_listed(row) for row in c.execute(_LISTED.where(_undecided())))


def schedule(c: Connection, item: OutboxItem, at: datetime | None, reason: str, now: datetime) -> None:
    """When an uncertain mail is sent once more; None leaves it to a person."""
    decide = update(outbox).where(outbox.c.id == item.id, _undecided())
    if c.execute(decide.values(next_attempt_at=at, lease_until=None, reason=reason)).rowcount == 1:
        _tell_uncertain(c, item, at, reason, now)


def next_due(c: Connection, avoided: Collection[str] = ()) -> datetime | None:
    """When the next mail is due; None when none waits that may leave."""
    value: datetime | None = c.execute(_NEXT_DUE, {"avoided": list(avoided)}).scalar_one_or_none()
    return value


def find(c: Connection, id: int) -> OutboxItem | None:
    """One row; None when there is none."""
    row = c.execute(select(outbox).where(outbox.c.id == id)).one_or_none()
    return None if row is None else _item(row)


def answered(
    c: Connection, ticket: int, message_ids: Sequence[str], *, limit: int, most_octets: int
) -> tuple[bytes, ...]:
    """How the mails of a ticket begin that an answer with these references may repeat: those named, then the newest."""
    begins = func.substr(outbox.c.raw, 1, most_octets, type_=LargeBinary)
    named = case((outbox.c.message_id.in_(message_ids), 0), else_=1)
    query = select(begins).where(outbox.c.ticket == ticket, outbox.c.raw.is_not(None))
    return tuple(bytes(raw) for (raw,) in c.execute(query.order_by(named, outbox.c.id.desc()).limit(limit)))


def sent_as(c: Connection, ticket: int, message_id: str) -> int | None:
    """The id of the mail of a ticket with this Message-ID; None when there is none."""
    query = select(outbox.c.id).where(outbox.c.ticket == ticket, outbox.c.message_id == message_id)
    id: int | None = c.execute(query).scalar()
    return id


def troubled(c: Connection, *, failed_since: datetime, waiting_since: datetime) -> tuple[OutboxItem, ...]:
    """What people wrote and nobody got: failed after a time, or waiting for longer; without their octets."""
    by_people = _LISTED.where(outbox.c.auto.is_(False))
    failed = by_people.where(_is("failed"), outbox.c.settled_at >= failed_since)
    waits = by_people.where(_is("deferred"), outbox.c.queued_at <= waiting_since)
    return tuple(_listed(row) for row in c.execute(union_all(failed, waits)))


def mark_undelivered(c: Connection, item: OutboxItem, said: str, now: datetime) -> None:
    """A mail that the relay took came back later; its ticket hears of it."""
    reason = f"undelivered: {said}"[:_MAX_TOLD]
    c.execute(update(outbox).where(outbox.c.id == item.id).values(reason=reason))
    tell(c, item, "mail.undelivered", f"came back: {said}", now)


def find_many(
    c: Connection,
    *,
    states: Sequence[str],
    ticket: int | None,
    recipient: str | None,
    limit: int,
    due: datetime | None = None,
) -> list[OutboxItem]:
    """Rows in these states (empty: all), newest first, without their octets.

    recipient  part of the address.  due  only what was due then.
    """
    query = _LISTED.order_by(outbox.c.id.desc()).limit(limit)
    if states:
        query = query.where(outbox.c.state.in_(states))
    if ticket is not None:
        query = query.where(outbox.c.ticket == ticket)
    if due is not None:
        query = query.where(outbox.c.next_attempt_at <= due)
    if recipient is not None:
        query = query.where(outbox.c.recipient.contains(normal(recipient), autoescape=True))
    return [_listed(row) for row in c.execute(query)]


def put_off(c: Connection, template: str, now: datetime) -> list[OutboxItem]:
    """Mails of people that are to leave later and were never tried, oldest first, without their octets."""
    later = and_(waits(), _is("queued"), outbox.c.next_attempt_at > now, outbox.c.attempts == 0)
    query = _LISTED.where(later, outbox.c.template == template, outbox.c.auto.is_(False))
    found = c.execute(query).all()  # in no order: asked for one, SQLite goes through all mails there ever were
    return [_listed(row) for row in sorted(found, key=lambda row: int(row.id))]


def written_since(c: Connection, after: int, at: datetime) -> list[OutboxItem]:
    """What one transaction queued, oldest first, without its octets; refused and suppressed mail left out.

    after  the number of the mail that was the newest before.  at  the time of the transaction
    """
    fresh = and_(outbox.c.id > after, outbox.c.queued_at == at, outbox.c.state.in_(("queued", "held")))
    return [_listed(row) for row in c.execute(_LISTED.where(fresh).order_by(outbox.c.id))]


def retry(c: Connection, id: int, now: datetime) -> bool:
    """Make a deferred, failed, held or uncertain mail due now. False: it is in no such state."""
    allowed = and_(outbox.c.state.in_(("deferred", "failed", "held", "uncertain", "queued")), outbox.c.raw.is_not(None))
    done = c.execute(
        update(outbox)
        .where(outbox.c.id == id, allowed)
        .values(state="queued", stage="queued", next_attempt_at=now, tried_since=None, settled_at=None)
    )
    return done.rowcount == 1


def release(c: Connection, id: int, now: datetime) -> bool:
    """Make a held mail due now. False: it is not held."""
    held = and_(outbox.c.id == id, outbox.c.state == "held", outbox.c.raw.is_not(None))
    due = {"state": "queued", "stage": "queued", "next_attempt_at": now, "tried_since": None}
    return c.execute(update(outbox).where(held).values(**due)).rowcount == 1


def try_anew(c: Connection) -> None:
    """What waits is tried as long as if it had not been tried yet: nothing left in the meantime."""
    c.execute(update(outbox).where(waits()).values(tried_since=None))


def hold(c: Connection, id: int) -> bool:
    """Keep a mail that waits until somebody lets it go. False: it does not wait."""
    item = find(c, id)
    if item is None or item.state not in _WAITING:
        return False
    same = and_(outbox.c.id == id, outbox.c.state == item.state)
    reason = marked(item, "held by a person")
    return c.execute(update(outbox).where(same).values(state="held", next_attempt_at=None, reason=reason)).rowcount == 1


def hold_all(c: Connection, why: str) -> int:
    """Keep all that waits until somebody lets it go, each as one that may have arrived; how many."""
    kept = {"state": "held", "stage": "queued", "next_attempt_at": None, "lease_until": None}
    return c.execute(update(outbox).where(waits()).values(**kept, reason=f"{UNSURE}: {why}")).rowcount


def reroute(c: Connection, id: int, address: str, now: datetime) -> bool:
    """Send the same octets to another address, now. False: it was sent already, or is being sent."""
    allowed = and_(outbox.c.id == id, outbox.c.state.in_((*_WAITING, "failed", "held")), outbox.c.raw.is_not(None))
    other = {"forward_path": address, "recipient": normal(address), "domain": domain_of(normal(address))}
    again = {"state": "queued", "stage": "queued", "next_attempt_at": now, "queued_at": now, "settled_at": None}
    again |= {"tried_since": None}
    return c.execute(update(outbox).where(allowed).values(**other, **again)).rowcount == 1


def flush(c: Connection, now: datetime) -> int:
    """Make all deferred mails due now; how many."""
    return c.execute(update(outbox).where(_is("deferred")).values(next_attempt_at=now)).rowcount


def drop_automatic(c: Connection, now: datetime) -> int:
    """Never send the automatic mails that have not left; how many. What people wrote stays."""
    gone = {"state": "dropped", "stage": "done", "next_attempt_at": None, "settled_at": now}
    gone |= {"reason": "dropped with all automatic mail"}
    unsent = (waits(), _is("held"))  # an index for each, and none for both
    return sum(c.execute(update(outbox).where(outbox.c.auto, each).values(**gone)).rowcount for each in unsent)


def due_count(c: Connection, now: datetime) -> int:
    """How many mails would leave now."""
    query = select(func.count()).select_from(outbox).where(_may_leave(), outbox.c.next_attempt_at <= now)
    return c.execute(query).scalar_one()


def hold_after_long_stop(c: Connection, now: datetime) -> bool:
    """Stop sending where the gateway was away for a day and much would leave at once; whether it did (F-11)."""
    beat = c.execute(select(heartbeat.c.at).where(heartbeat.c.name == "writer")).scalar_one_or_none()
    if beat is None or now - beat < _LONG_STOP or due_count(c, now) <= _MUCH_MAIL:
        return False
    why = f"the gateway was away since {beat:%Y-%m-%d %H:%M}"
    if not stop_sending(c, why, now):
        return False
    note(c, "outbound", "", f"nothing is sent: {why}", now)
    return True


def drop(c: Connection, id: int, now: datetime) -> bool:
    """Never send it. False: it was sent already, or is being sent."""
    allowed = outbox.c.state.in_(("queued", "deferred", "failed", "held", "uncertain"))
    done = c.execute(
        update(outbox)
        .where(outbox.c.id == id, allowed)
        .values(state="dropped", stage="done", next_attempt_at=None, settled_at=now, reason="dropped by a person")
    )
    return done.rowcount == 1


def counts(c: Connection) -> dict[str, int]:
    """State -> number of mails."""
    return {row[0]: row[1] for row in c.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))}


@cache
def _enqueue(dialect: str) -> Any:
    statement = (pg_insert if dialect == "postgresql" else lite_insert)(outbox).values(attempts=0, last_reply="")
    return statement.on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(outbox.c.id, outbox.c.dedupe_key)


def _tell_uncertain(c: Connection, item: OutboxItem, again_at: datetime | None, reason: str, now: datetime) -> None:
    again = " or not" if again_at is None else ", and may arrive twice, as it is sent once more"
    tell(c, item, "mail.uncertain", f"may have arrived{again}: {reason}", now)


def tell(c: Connection, item: OutboxItem, action: str, what: str, now: datetime) -> None:
    """The ticket says what became of a mail of ours: that nobody need wait for an answer to it, or may again."""
    if item.ticket is None:
        return
    text = clean_line(f"{item.template} to {item.forward_path} {what}")[:_MAX_TOLD]
    add_event(c, item.ticket, text, now)
    detail = f"q-{item.id}, {text}"
    add_audit(c, at=now, actor="system", action=action, ticket=item.ticket, source=None, detail=detail)


def _may_leave() -> Any:
    """What waits, unless all sending is stopped."""
    return and_(waits(), not_(exists().where(stop.c.name == SENDING)))


def waits() -> Any:
    """The words are part of the statement: with bound ones SQLite takes no index that has a condition."""
    return outbox.c.state.in_([literal_column(f"'{state}'") for state in _WAITING])


def _is(state: State) -> Any:
    return outbox.c.state == literal_column(f"'{state}'")


def _mine(item: OutboxItem) -> dict[str, Any]:
    """What `_LEASED_BY` asks for."""
    return {"b_id": item.id, "b_token": item.lease_token}


def _undecided() -> Any:
    """An uncertain mail still has the end of the lease that was taken from the dead; a settled one has none."""
    no_time = and_(waits(), outbox.c.next_attempt_at.is_(None))  # few of those that wait, and the index finds them
    return and_(no_time, outbox.c.state == "uncertain", outbox.c.lease_until.is_not(None))


def _item(row: Row[Any]) -> OutboxItem:
    raw = bytes(row.raw or b"")
    return OutboxItem(**{name: getattr(row, name) for name in _NAMES}, raw=raw, size=len(raw))


def _listed(row: Row[*tuple[Any, ...]]) -> OutboxItem:
    return OutboxItem(**{name: getattr(row, name) for name in _NAMES}, raw=b"", size=row.size)


_NAMES = tuple(column.name for column in outbox.c if column.name in OutboxItem.__slots__ and column is not outbox.c.raw)
_LISTED: Select[*tuple[Any, ...]] = select(
    *(outbox.c[name] for name in _NAMES), func.coalesce(func.length(outbox.c.raw), 0).label("size")
)


_ATTACH = (
    update(outbox)
    .where(outbox.c.id == bindparam("b_id"))
    .values(
        message_id=bindparam("message_id"),
        reverse_path=bindparam("reverse_path"),
        raw=bindparam("raw"),
        state=bindparam("state"),
        next_attempt_at=bindparam("next_attempt_at"),
    )
)


_SENT_TO = select(outbox.c.ticket, outbox.c.recipient, outbox.c.queued_at, outbox.c.message_id).where(
    outbox.c.ticket.in_(bindparam("b_tickets", expanding=True)),
    outbox.c.recipient.in_(bindparam("b_recipients", expanding=True)),
    outbox.c.message_id != "",
    outbox.c.state.not_in(("suppressed", "dropped", "failed")),
)


# made once: SQLAlchemy takes longer to put one of these together than the database to carry it out
_NOT_AVOIDED = outbox.c.domain.not_in(bindparam("avoided", expanding=True))
_DUE = (
    select(outbox.c.id)
    .where(_may_leave(), _NOT_AVOIDED, outbox.c.next_attempt_at <= bindparam("now"))
    .order_by(outbox.c.next_attempt_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)  # SQLite has one writer, and leaves the words out
)
_NEXT_DUE = (
    select(outbox.c.next_attempt_at)
    .where(_may_leave(), _NOT_AVOIDED, outbox.c.next_attempt_at.is_not(None))
    .order_by(outbox.c.next_attempt_at)
    .limit(1)
)
_LEASE = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        state="leased",
        stage="connecting",
        attempts=outbox.c.attempts + 1,
        tried_since=func.coalesce(outbox.c.tried_since, bindparam("now", type_=outbox.c.tried_since.type)),
        lease_token=bindparam("lease_token"),
        lease_until=bindparam("lease_until"),
    )
    .returning(outbox)
)
_LEASED_BY = and_(outbox.c.id == bindparam("b_id"), outbox.c.lease_token == bindparam("b_token"), _is("leased"))
_MARK_DOT = update(outbox).where(_LEASED_BY).values(stage="dot", lease_until=bindparam("lease_until"))
_SETTLE = (
    update(outbox)
    .where(_LEASED_BY)
    .values(
        state=bindparam("state"),
        stage=bindparam("stage"),
        next_attempt_at=bindparam("next_attempt_at"),
        lease_token=None,
        lease_until=None,
        last_reply=bindparam("last_reply"),
        reason=bindparam("reason"),
        settled_at=bindparam("settled_at"),
    )
)
