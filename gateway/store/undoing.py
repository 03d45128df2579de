"""What commands changed, kept so that it can be taken back: each ticket before and after them, and steps beside.

Transaction  the caller's; the tickets are locked by it.
Not here     merge and split, whose receipts are of their own kind (merges.py), whether it may be taken back
             (operations/undoing.py), what agents settled (own_settings.py, absences.py), held entries (held.py).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import TypeAlias

import msgspec
from sqlalchemy import Connection, and_, delete, insert, select, update

from gateway.store import linked, tickets
from gateway.store.changes import save
from gateway.store.linked import By
from gateway.store.schema import participant, receipt
from gateway.ticket.assign import Absence
from gateway.ticket.change import SETTABLE
from gateway.ticket.sla import Promises
from gateway.ticket.types import AddPeople, Change, Participant, SetField, SetRequester, SetStatus, Ticket

_ACTION = "commands"
_MOST_RECEIPTS = 100  # of one transaction: twenty commands, some tickets each
_STATUS = ("status", "status_type", "status_reason", "snoozed_until")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All of a ticket that commands may change."""

    ticket: Ticket
    people: tuple[Participant, ...]
    links: tuple[tuple[str, int], ...]  # kind, other


class Setting(msgspec.Struct, frozen=True, tag="setting"):
    """What an agent settled of himself, or a lead of him."""

    agent: str
    name: str  # digest, receipts or away
    was: str | Absence | None  # None: as the rules say; he was there
    now_is: str | Absence | None


class Decided(msgspec.Struct, frozen=True, tag="entry"):
    """A held entry that became a part of its ticket, or was refused."""

    ticket: int
    entry: int
    held: str  # why it was held
    accepted: bool
    joined: str | None = None  # who takes part by it, in normal form; None: he did before, or was refused
    message_id: str | None = None  # by which answers to it are known since; None: they were before


class Chosen(msgspec.Struct, frozen=True, tag="language"):
    """The language that was chosen for a customer: of all his tickets to come."""

    customer: int
    was: str | None
    now_is: str | None


class Found(msgspec.Struct, frozen=True, tag="found"):
    """A ticket that waited, and found its owner when he came back."""

    ticket: int
    agent: str
    version: int  # of the ticket when all was done


Step: TypeAlias = Setting | Decided | Chosen | Found


@dataclass(frozen=True, slots=True)
class Kept:
    """What was before, and what was made of it."""

    before: tuple[Snapshot, ...] = ()
    after: tuple[Snapshot, ...] = ()  # of the same tickets, in the same order
    receipts: tuple[str, ...] = ()  # of merges and splits among the commands: u-318
    sent: tuple[str, ...] = ()  # what nothing takes back: answer, note, notice, or a command
    waiting: tuple[tuple[int, str], ...] = ()  # mails that leave later, and what they are: answer, or a command
    steps: tuple[Step, ...] = ()  # in their order
    mails: tuple[str, ...] = ()  # to whom else a mail went because of it

    @property
    def is_final(self) -> bool:
        """Whether there is nothing in it to take back."""
        return not (self.before or self.receipts or self.waiting or self.steps)

    @property
    def joined(self) -> frozenset[str]:
        """Who takes part by words of theirs that were taken in."""
        return frozenset(s.joined for s in self.steps if isinstance(s, Decided) and s.joined is not None)


@dataclass(frozen=True, slots=True)
class CommandReceipt:
    """Commands that were carried out."""

    id: int
    at: datetime
    actor: str
    kept: Kept
    undone_at: datetime | None


def snapshot(c: Connection, number: int) -> Snapshot | None:
    """The ticket as it is; None when there is none of this number."""
    found = tickets.find_ticket(c, number)
    if found is None:
        return None
    return Snapshot(found, tickets.people(c, number), tuple(sorted(tickets.links(c, number))))


def without(of: Snapshot, people: Collection[str]) -> Snapshot:
    """The same ticket as if these took no part in it."""
    return replace(of, people=tuple(each for each in of.people if each.address not in people))


def keep(c: Connection, kept: Kept, number: int | None, *, actor: str, now: datetime) -> int:
    """The id of the receipt, which stands with this ticket; None: it is about none."""
    before = msgspec.json.encode(kept).decode()
    values = {"at": now, "actor": actor, "action": _ACTION, "ticket": number, "other": number, "before": before}
    return int(c.execute(insert(receipt).returning(receipt.c.id), values).scalar_one())


def find(c: Connection, id: int) -> CommandReceipt | None:
    """The receipt; None when there is none of this number, or it is of a merge or split."""
    row = c.execute(select(receipt).where(receipt.c.id == id, receipt.c.action == _ACTION)).one_or_none()
    return None if row is None else CommandReceipt(row.id, row.at, row.actor, _kept.decode(row.before), row.undone_at)


def done_by(c: Connection, actor: str, since: datetime) -> Iterator[tuple[int, datetime, Kept | None]]:
    """What somebody did and did not take back, since then, the last first: its id, when, and what commands changed.

    None is a merge or a split, whose receipts are of their own kind.
    """
    his = and_(receipt.c.actor == actor, receipt.c.undone_at.is_(None), receipt.c.at >= since)
    rows = c.execute(select(receipt).where(his).order_by(receipt.c.id.desc()))
    return ((r.id, r.at, _kept.decode(r.before) if r.action == _ACTION else None) for r in rows)


def with_receipt(c: Connection, id: int, actor: str, at: datetime) -> Kept | None:
    """What the commands did that a merge or split was among, by its receipt; None: it has been alone.

    actor, at  of its receipt
    """
    near = receipt.c.id.between(id + 1, id + _MOST_RECEIPTS)
    same = and_(near, receipt.c.action == _ACTION, receipt.c.actor == actor, receipt.c.at == at)
    found = (_kept.decode(row.before) for row in c.execute(select(receipt.c.before).where(same)))
    return next((kept for kept in found if f"u-{id}" in kept.receipts), None)


def differences(one: Snapshot, other: Snapshot) -> tuple[str, ...]:
    """The names of what differs between two states of a ticket."""
    return tuple(_differences(one, other))


def _differences(one: Snapshot, other: Snapshot) -> Iterator[str]:
    if any(getattr(one.ticket, name) != getattr(other.ticket, name) for name in _STATUS):
        yield "status"
    yield from (name for name in SETTABLE if getattr(one.ticket, name) != getattr(other.ticket, name))
    was, is_ = dict(one.ticket.fields), dict(other.ticket.fields)
    yield from (f"field.{name}" for name in {**was, **is_} if was.get(name) != is_.get(name))
    if one.ticket.requester != other.ticket.requester:
        yield "requester"
    if {p.address for p in one.people} != {p.address for p in other.people}:
        yield "people"
    if one.links != other.links:
        yield "links"


def restore(
    c: Connection, now_is: Snapshot, before: Snapshot, names: Sequence[str], by: By, promises: Promises
) -> None:
    """These things of a ticket are as they were before."""
    changes = [change for name in names if (change := _change(name, before.ticket, by)) is not None]
    there = {p.address for p in now_is.people}
    if back := tuple(p for p in before.people if p.address not in there and {"people", "requester"} & set(names)):
        changes.append(AddPeople(back, len(there) + len(back), by.actor))
    if changes:
        save(
            c, changes, ticket_before=now_is.ticket, source=by.source, actor=by.actor, now=by.at, promises=promises,
            basis=by.basis,
        )  # fmt: skip
    number = before.ticket.number
    if "people" in names or "requester" in names:
        gone = {p.address for p in now_is.people} - {p.address for p in before.people}
        remove_people(c, number, gone, by)
    if "links" in names:
        for kind, other in set(now_is.links) - set(before.links):
            linked.remove(c, number, kind, other, by)
        for kind, other in set(before.links) - set(now_is.links):
            linked.add(c, number, kind, other, by)


def remove_people(c: Connection, number: int, addresses: set[str], by: By) -> list[str]:
    """They take part no longer; those who did."""
    same = and_(participant.c.ticket == number, participant.c.address.in_(addresses))
    gone = list(c.execute(delete(participant).where(same).returning(participant.c.address)).scalars())
    if gone:
        linked.note(c, "people.removed", number, ", ".join(sorted(gone)), by)
    return gone


def close(c: Connection, done: CommandReceipt, now: datetime) -> None:
    """It was taken back."""
    c.execute(update(receipt).where(receipt.c.id == done.id).values(undone_at=now))


def _change(name: str, before: Ticket, by: By) -> Change | None:
    match name:
        case "status":
            until = before.snoozed_until
            return SetStatus(before.status, before.status_type, by.at, by.actor, before.status_reason, until)
        case "requester":
            return SetRequester(before.requester, by.actor) if before.requester is not None else None
        case "people" | "links":
            return None
    if name.startswith("field."):
        return SetField(name, dict(before.fields).get(name.removeprefix("field.")), by.actor)
    return SetField(name, getattr(before, name), by.actor)


assert {f.name for f in fields(Ticket)} >= {*SETTABLE, *_STATUS}  # noqa: S101  what is compared is there
_kept = msgspec.json.Decoder(Kept)
