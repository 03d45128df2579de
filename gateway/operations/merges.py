"""Merge and split, and how either is taken back.

Transaction  the caller's, durable; the tickets are locked in the order of their numbers, so that nobody waits for ever.
Not here     which rows move (store/merges.py).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from gateway.events import owners_after, tell_team
from gateway.message.subject import without_reply_words
from gateway.operations.person import NO_TICKET, actor, open_ticket, save_by, unknown_agent
from gateway.operations.types import Done, Duty, Operation
from gateway.store import inbound, merges, sla, tickets
from gateway.store.audit import add_audit
from gateway.ticket.apply import codes_in
from gateway.ticket.colleagues import members_of
from gateway.ticket.saying import Saying, saying
from gateway.ticket.token_forms import find_subject_numbers, without_tags
from gateway.ticket.types import Entry, Explanation, OpenTicket, Ticket

_ID = re.compile(r"u-([0-9]{1,18})")
_MOST_NAMED = 10
_explanations = msgspec.json.Decoder(Explanation)


@dataclass(frozen=True, slots=True)
class Merge:
    """A ticket that goes into another one."""

    number: int
    into: int
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """An entry that becomes a ticket of its own."""

    number: int
    entry: int | None = None  # None is the newest mail
    by: str | None = None


def _merge(c: Connection, wanted: Merge, duty: Duty) -> tuple[Done, ...]:
    name = f"#{wanted.number}"
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return (refused,)
    for number in sorted({wanted.number, wanted.into}):
        tickets.find_ticket(c, number, lock=True)
    source = open_ticket(c, wanted.number)
    if isinstance(source, Done):
        return (source,)
    if tickets.find_ticket(c, wanted.into) is None:
        return (Done(f"#{wanted.into}", "not-found", NO_TICKET),)
    target = tickets.goes_on_in(c, wanted.into)
    if target is None or target.number == source.number:
        return (Done(name, "refused", saying("done_itself", number=wanted.into)),)
    if target.number != wanted.into:
        return (Done(name, "conflict", saying("done_take", number=wanted.into, other=target.number)),)
    who = actor(wanted.by)
    id = merges.merge(c, source, target, actor=who, now=duty.now)
    sla.renew(c, (source.number, target.number), duty.deps.promises, duty.now)
    _note(c, duty, who, "ticket.merged", source.number, f"into #{target.number}, u-{id}")
    _note(c, duty, who, "ticket.merged", target.number, f"from #{source.number}, u-{id}")
    _find_owners(c, source, duty)
    return (Done(name, "done", saying("done_goes_on", number=target.number), f"u-{id}"),)


def _split(c: Connection, wanted: Split, duty: Duty) -> tuple[Done, ...]:
    name = f"#{wanted.number}"
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return (refused,)
    source = open_ticket(c, wanted.number)
    if isinstance(source, Done):
        return (source,)
    mails = [entry for entry in tickets.entries(c, source.number) if entry.kind == "mail"]
    moving = [entry for entry in mails if wanted.entry in (None, entry.id)][-1:]
    if not moving:
        ids = ", ".join(f"e-{entry.id}" for entry in mails)
        return (Done(name, "not-found", saying("done_no_such_mail", entries=ids or "—")),)
    if len(mails) == 1:
        return (Done(name, "refused", saying("done_only_mail")),)
    who = actor(wanted.by)
    opening = _opening(c, source, moving[0], duty)
    made = save_by(c, (opening,), None, wanted.by, duty).ticket
    if made is None:
        raise ValueError("a new ticket is a ticket")
    id = merges.split(c, source, made, moving[0], actor=who, now=duty.now)
    sla.renew(c, (source.number, made.number), duty.deps.promises, duty.now)
    _note(c, duty, who, "ticket.split", source.number, f"e-{moving[0].id} into #{made.number}, u-{id}")
    _note(c, duty, who, "ticket.split", made.number, f"e-{moving[0].id} from #{source.number}, u-{id}")
    owners_after(c, None, made, duty.deps, duty.now)
    tell_team(c, tickets.find_ticket(c, made.number) or made, members_of, duty.deps, duty.now, by=wanted.by)
    return (
        Done(
            f"#{made.number}", "done", saying("done_split", entry=f"e-{moving[0].id}", number=source.number), f"u-{id}"
        ),
    )


def _opening(c: Connection, source: Ticket, moving: Entry, duty: Duty) -> OpenTicket:
    """The new ticket: of whoever wrote the mail, with the subject that the mail had, and the doubts about it.

    The tag of the ticket that it leaves is none of its own, whichever of the merged it names.
    """
    mail = inbound.find(c, moving.source) if moving.source else None
    told = inbound.explanation(c, moving.source) if moving.source else None
    flags = _explanations.decode(told).doubts if told else ()
    written = (mail.subject if mail else None) or source.subject
    numbers = find_subject_numbers(written, prefix := duty.deps.rules.defaults.subject_prefix)
    there = ((number, tickets.goes_on_in(c, number)) for number in numbers)
    left = {number for number, ticket in there if ticket is not None and ticket.number == source.number}
    subject = without_reply_words(without_tags(written, prefix, left)) or source.subject
    if moving.by_machine:
        flags = (*flags, *codes_in(subject, moving.text))
    team = duty.deps.rules.team(source.team).id
    return OpenTicket(subject, team, moving.author, source.language, source.channel, duty.now, flags=flags)


def taken_back(c: Connection, id: str, by: str | None, duty: Duty, *, since: datetime | None) -> tuple[Done, ...]:
    """What became of a merge or a split that somebody takes back, by its receipt: u-318.

    since  older ones are not taken back; None: however old they are
    """
    found = _ID.fullmatch(id)
    receipt = merges.find_receipt(c, int(found[1])) if found else None
    if receipt is None:
        return (Done(id, "not-found", saying("done_no_receipt")),)
    if since is not None and receipt.at < since:
        return (Done(id, "conflict", saying("done_too_old", time=receipt.at)),)
    locked = {n: tickets.find_ticket(c, n, lock=True) for n in sorted((receipt.ticket, receipt.other))}
    receipt = merges.find_receipt(c, receipt.id) or receipt  # as it is now that nobody else can change it
    source, target = locked[receipt.ticket], locked[receipt.other]
    if receipt.undone_at is not None or source is None or target is None:
        return (Done(id, "conflict", already_taken_back(receipt.undone_at)),)
    if (later := merges.since(c, receipt)) is not None:
        return (Done(id, "conflict", saying("done_later", id=f"u-{later.id}", who=later.actor)),)
    if receipt.action == "split" and (more := target.messages - receipt.before.messages):
        said = saying("done_more_since", number=target.number, count=more, other=source.number)
        return (Done(id, "conflict", said),)
    who, what = actor(by), f"{receipt.action} u-{receipt.id}"
    between = merges.undo(c, receipt, source, target, actor=who, now=duty.now)
    sla.renew(c, (source.number, target.number), duty.deps.promises, duty.now)
    for number in (source.number, target.number):
        _note(c, duty, who, "ticket.undone", number, what)
    for each in (source, target):
        _find_owners(c, each, duty)
    how = saying("done_own_again" if receipt.action == "merge" else "done_mail_back")
    came = (saying("done_went_along", entries=_named(between.moved)),) if between.moved else ()
    rest = (saying("done_stays_there", entries=_named(between.stayed), number=target.number),) if between.stayed else ()
    return (Done(f"#{source.number}", "done", (how, *came, *rest, saying("done_undone", id=id))),)


def _named(entries: Sequence[int]) -> str:
    more = " …" if len(entries) > _MOST_NAMED else ""
    return ", ".join(f"e-{id}" for id in entries[:_MOST_NAMED]) + more


def already_taken_back(at: datetime | None) -> Saying:
    """Why it is not taken back again."""
    return saying("done_undone_at", time=at) if at is not None else saying("done_undone_before")


def _find_owners(c: Connection, before: Ticket, duty: Duty) -> None:
    """Whoever has less to do by the change has time for another ticket; what nobody owns is given away."""
    after = tickets.find_ticket(c, before.number)
    if after is not None:
        owners_after(c, before, after, duty.deps, duty.now)


def _note(c: Connection, duty: Duty, who: str, action: str, number: int, detail: str) -> None:
    add_audit(c, at=duty.now, actor=who, basis=duty.basis, action=action, ticket=number, source=None, detail=detail)


OPERATIONS: Mapping[str, Operation] = {
    "ticket.merge": Operation(Merge, _merge),
    "ticket.split": Operation(Split, _split),
}
