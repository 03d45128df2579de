"""The rows that changes of a ticket make, each with its audit row.

Transaction  T1: everything here runs inside the caller's transaction, together with the disposition of the mail.
             The version of a ticket keeps writers in line: who comes second changes nothing.
Not here     which changes (ticket/apply.py), look-ups (tickets.py), what goes out (outbox.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache

import msgspec
from sqlalchemy import Connection, Update, and_, bindparam, insert, select, update

from gateway.errors import TransientError
from gateway.message.address import normal
from gateway.message.types import Mailbox
from gateway.rules.types import RuleSet
from gateway.store import delayed, linked, search, sla
from gateway.store.audit import add_audit
from gateway.store.customers import choose_language, customer_of
from gateway.store.schema import entry, participant, ticket, ticket_link, ticket_message
from gateway.store.upsert import insert_new
from gateway.ticket.apply import IMPORT
from gateway.ticket.assign import unlocks_at
from gateway.ticket.change import changed, is_said, opened, shown
from gateway.ticket.ladder import next_rung
from gateway.ticket.ledger import lines_of
from gateway.ticket.life import FINISHED
from gateway.ticket.sla import Promises
from gateway.ticket.types import (
    AddEntry,
    AddLink,
    AddPeople,
    Change,
    OpenTicket,
    Participant,
    Record,
    Saved,
    SetField,
    SetRequester,
    SetStatus,
    Ticket,
)

_STATUS = (
    "status", "status_type", "status_reason", "status_at", "snoozed_until", "awake_status", "awake_status_type",
    "reopened", "nudged",
)  # fmt: skip
_COLUMNS = (
    "subject", "team", "assignee", "responsible", "priority", "language", "channel", "tags", "fields", "flags",
    "due", "created_at", "updated_at", "messages", "version", "merged_into", "origin", "followers", "needs",
    "escalation", "sla", "revision", "next_due", "answer_due", "next_rung", "next_unlock", *_STATUS,
)  # fmt: skip


def save(
    c: Connection,
    changes: Sequence[Change],
    *,
    ticket_before: Ticket | None,
    source: str | None,
    actor: str,
    now: datetime,
    promises: Promises,
    revision: int | None = None,
    basis: str | None = None,
) -> Saved:
    """Make the changes, with an audit row for each, and say what became of it.

    promises  of the rules in force: what the changes start, pause and end is settled with them
    source    key of the mail; its entry can exist once (UNIQUE), so that a rerun adds nothing. None: no mail caused it
    revision  of the rules, where rules had a say
    basis     why the actor may; None is the trust of the entry
    Raises  TransientError  somebody else changed the ticket first
    """
    folded = _folded(changes, ticket_before, actor)
    promise = None
    if folded.ticket is not None:
        promise = sla.kept(c, ticket_before, folded.ticket, changes, actor, promises, now)
    if promise is not None:
        _promise(folded, promise)
    if folded.ticket is not None and any(map(_moves_rung, changes)):
        folded.ticket = replace(folded.ticket, next_rung=next_rung(folded.ticket, promises))
        folded.columns |= _column(folded.ticket, "next_rung")
    if folded.ticket is not None and any(_moves_unlock(change, folded.ticket, promises.rules) for change in changes):
        folded.ticket = replace(folded.ticket, next_unlock=unlocks_at(folded.ticket, promises, now))
        folded.columns |= _column(folded.ticket, "next_unlock")
    current, record = folded.ticket, folded.record
    if folded.opening is not None and current is not None:
        touched = current.updated_at if current.channel == IMPORT else now  # an archive comes at its own times
        current = _open(c, folded.opening, replace(current, updated_at=touched))
    elif current is not None and folded.columns:
        current = update_ticket(c, current, folded.columns, now)
    ids: list[int] = []
    if folded.entries and current is not None:
        ids.append(_add_entry(c, current.number, folded.entries[0], source, folded.revisions[0], now))
    entry_id = ids[0] if ids else None
    number = current.number if current is not None else record.ticket if record is not None else None
    if number is not None and current is not None:
        new = folded.opening is not None
        shown_by = current if new or not search.COLUMNS.isdisjoint(folded.columns) else None
        search.put(c, shown_by, number, folded.entries[0] if folded.entries else None, entry_id, opening=new)
        for more, raised in zip(folded.entries[1:], folded.revisions[1:], strict=True):
            ids.append(_add_entry(c, number, more, None, raised, now))
            search.put(c, None, number, more, ids[-1], opening=False)
        if promise is not None:
            clocked = [id for entry, id in zip(folded.entries, ids, strict=True) if any(lines_of((entry,), ""))]
            sla.write(c, number, promise, clocked, now)
    mail = source.removeprefix("stub:") if source else None  # the audit names the mail, not the entry of its stub
    right_of = {actor: basis or (folded.entries[0].trust if folded.entries else None)}
    for action, who, detail in folded.notes:
        right = f"revision {revision}" if who.startswith("rule:") and revision else right_of.get(who)
        add_audit(c, at=now, actor=who, basis=right, action=action, ticket=number, source=mail, detail=detail)
    for change in changes:
        if isinstance(change, SetField) and change.name == "language" and _by_person(change.cause):
            by = _writer(folded.entries) if change.cause == "customer" else None
            choose_language(c, number or 0, current.language if current is not None else None, by)
    joined = list[str]()
    for change in folded.ties:
        right = f"revision {revision}" if revision else None
        joined += _tie(c, number or 0, change, linked.By(change.cause, right, now, mail))
    if ticket_before is not None and current is not None and not any(map(is_said, folded.entries)):
        current = _tell_of_promise(c, ticket_before, current, changes, joined, promises.rules, now)
    end = next((c for c in reversed(changes) if isinstance(c, SetStatus)), None)
    if end is not None and end.type in FINISHED and number is not None:
        delayed.cancel_all(c, number, f"the ticket is {end.status}", now)
    if record is not None:
        return Saved(record.disposition, record.reason, current, entry_id, opened=False)
    if current is None:
        raise ValueError("changes that neither record nor touch a ticket")
    new = folded.opening is not None
    return Saved("ticket" if new else "entry", "", current, entry_id, new)


@dataclass(slots=True)
class _Folded:
    """Changes put together, so that each row is written once."""

    ticket: Ticket | None
    notes: list[tuple[str, str, str]] = field(default_factory=list)  # action, actor, detail
    columns: dict[str, object] = field(default_factory=dict)  # of the ticket, that changed
    opening: OpenTicket | None = None
    entries: list[AddEntry] = field(default_factory=list)  # the first is that of the mail
    revisions: list[int | None] = field(default_factory=list)  # that they raise the ticket to
    ties: list[SetRequester | AddPeople | AddLink] = field(default_factory=list)
    record: Record | None = None


def _folded(changes: Sequence[Change], ticket_before: Ticket | None, actor: str) -> _Folded:
    folded = _Folded(ticket_before)
    for change in changes:
        _fold(folded, change, actor)
    return folded


def _fold(folded: _Folded, change: Change, actor: str) -> None:
    match change:
        case OpenTicket():
            folded.opening, folded.ticket = change, opened(change)
            folded.notes.append(("ticket.opened", actor, change.team))
            folded.notes.extend(("ticket.linked", actor, f"{kind} #{n}") for kind, n in _named(change))
        case AddEntry():
            folded.entries.append(change)
            counted = _known(folded).messages + (change.kind in ("mail", "answer"))
            revision = _known(folded).revision + is_said(change)
            folded.revisions.append(revision if is_said(change) else None)
            folded.ticket = replace(_known(folded), messages=counted, revision=revision)
            folded.columns |= {"messages": counted, "revision": revision}
            said = f"{change.kind} by {change.evidence}" if change.evidence else change.kind
            folded.notes.append(("entry.added", change.cause or actor, said))
        case SetField(name, _, cause):
            before, folded.ticket = shown(_known(folded), name), changed(_known(folded), change)
            folded.columns |= _column(folded.ticket, "fields" if name.startswith("field.") else name)
            folded.notes.append((f"set.{name}", cause, f"{before} -> {shown(folded.ticket, name)}"))
        case SetStatus():
            folded.notes.append(("set.status", change.cause, _status_note(_known(folded), change)))
            folded.ticket = changed(_known(folded), change)
            for name in _STATUS:
                folded.columns |= _column(folded.ticket, name)
        case SetRequester(requester):
            folded.ticket = replace(_known(folded), requester=requester)
            folded.ties.append(change)
        case AddPeople() | AddLink():
            folded.ties.append(change)
        case Record():
            folded.record = change
            folded.notes.append((f"mail.{change.disposition}", actor, change.reason))


def _by_person(cause: str) -> bool:
    """Whether it is what somebody wants, no rule and no mail."""
    return cause in ("customer", "operator") or cause.startswith("agent:")


def _writer(entries: Sequence[AddEntry]) -> str:
    """The address of whoever wrote the mail, in normal form; empty where nobody is known to have."""
    author = entries[0].author if entries else None
    return normal(author.address) if author is not None else ""


def _moves_rung(change: Change) -> bool:
    """Whether what happens to the ticket by itself becomes another: each team has its own days."""
    return isinstance(change, SetStatus) or (isinstance(change, SetField) and change.name == "team")


def _moves_unlock(change: Change, after: Ticket, rules: RuleSet) -> bool:
    """Whether the owner of a ticket has all his time again: it is another's, or he did something about it."""
    match change:
        case SetStatus() | SetField(name="team" | "assignee"):
            return True
        case AddEntry(kind="answer" | "note", author=author):
            owner = rules.agents.get(after.assignee or "")
            his = map(normal, owner.addresses) if owner is not None else ()
            return author is not None and normal(author.address) in his
        case _:
            return False


def _promise(folded: _Folded, promise: sla.Kept) -> None:
    """When its promises are due stands on the ticket, too: lists sort by it, mails name it; and whether that can be."""
    standing = promise.standing
    if promise.flags != _known(folded).flags:
        _fold(folded, SetField("flags", promise.flags, "sla"), "sla")
    folded.ticket = replace(_known(folded), next_due=standing.next_due, answer_due=standing.answer_due)
    folded.columns |= _column(folded.ticket, "next_due") | _column(folded.ticket, "answer_due")


def _known(folded: _Folded) -> Ticket:
    if folded.ticket is None:
        raise ValueError("an entry or a field needs a ticket")
    return folded.ticket


def _status_note(before: Ticket, change: SetStatus) -> str:
    until = f" until {change.until:%Y-%m-%d %H:%M} UTC" if change.until else ""
    return f"{before.status} -> {change.status}{until}{f': {change.reason}' if change.reason else ''}"


def update_ticket(c: Connection, current: Ticket, values: dict[str, object], now: datetime) -> Ticket:
    """Write these columns; the version keeps writers in line (acceptance H-07).

    Raises  TransientError  somebody else changed it first
    """
    values = {"updated_at": now, **values, "version": current.version + 1}
    same = {"b_number": current.number, "b_version": current.version}
    done = c.execute(_update_of(tuple(sorted(values))), values | same)
    if done.rowcount != 1:
        raise TransientError("somebody else changed this ticket first")
    return replace(current, version=current.version + 1)


def remember_messages(c: Connection, messages: Iterable[tuple[str, str, int]]) -> None:
    """Who sent, or was sent, which Message-ID in which ticket; the first ticket keeps it.

    messages  Message-ID, address in normal form, number
    """
    rows = [{"message_id": id, "address": address, "ticket": n} for id, address, n in dict.fromkeys(messages)]
    if rows:
        c.execute(insert_new(c.dialect.name, ticket_message), rows)


def add_event(
    c: Connection, ticket: int, text: str, at: datetime, *, author: Mailbox | None = None, revision: int | None = None
) -> int | None:
    """The id of an entry, for our people only, about what no mail brought; None, and nothing, where the ticket is gone.

    text      clean and bounded
    revision  of the ticket, where whoever answers an older mail is shown it first
    """
    if c.execute(_NUMBER, {"number": ticket}).one_or_none() is None:
        return None
    event = AddEntry("event", author, at, text, "", "", None, None, public=False, trust=None)
    id = _add_entry(c, ticket, event, None, revision, at)
    search.put(c, None, ticket, event, id, opening=False)
    return id


def _open(c: Connection, change: OpenTicket, current: Ticket) -> Ticket:
    requester = change.requester
    values: dict[str, object] = {
        "customer": None if requester is None else customer_of(c, requester, change.language, change.at),
        **_requester(requester),
    }
    for name in _COLUMNS:
        values |= _column(current, name)
    number = int(c.execute(_OPEN, values).scalar_one())
    if requester is not None:
        person = {"address": normal(requester.address), "name": requester.name, "role": "requester"}
        c.execute(_PARTICIPANT, {"ticket": number, **person})
    there = [each for each in _named(change) if c.execute(_NUMBER, {"number": each[1]}).one_or_none() is not None]
    if there:
        c.execute(insert(ticket_link), [{"ticket": number, "other": n, "kind": kind} for kind, n in there])
    return replace(current, number=number)


def _named(change: OpenTicket) -> Iterator[tuple[str, int]]:
    """The tickets that a new one is linked with from its beginning, and how."""
    if change.continues is not None:
        yield "continues", change.continues
    yield from (("mentions", number) for number in change.mentions)


def _tie(c: Connection, number: int, change: SetRequester | AddPeople | AddLink, by: linked.By) -> list[str]:
    """The addresses of those who take part by it, and did not before."""
    joined = list[str]()
    if isinstance(change, AddLink):
        if change.other != number and linked.exists(c, change.other):
            linked.add(c, number, change.kind, change.other, by)
    elif isinstance(change, SetRequester):
        _set_requester(c, number, change.requester, by)
    elif joined := linked.add_people(c, number, change.people, change.most):
        linked.note(c, "people.added", number, ", ".join(joined), by)
    return joined


def _set_requester(c: Connection, number: int, requester: Mailbox, by: linked.By) -> None:
    language = c.execute(select(ticket.c.language).where(ticket.c.number == number)).scalar_one()
    values = {"customer": customer_of(c, requester, language, by.at), **_requester(requester)}
    c.execute(update(ticket).where(ticket.c.number == number).values(values))
    linked.move_requester(c, number, Participant(normal(requester.address), requester.name, "requester"))
    linked.note(c, "set.requester", number, requester.address, by)


def _tell_of_promise(
    c: Connection,
    before: Ticket,
    after: Ticket,
    changes: Sequence[Change],
    joined: Sequence[str],
    rules: RuleSet,
    now: datetime,
) -> Ticket:
    """Mails to agents say to whom their words go, and in which language: whoever answers an older one is shown first
    what is different by now. The ticket after that."""
    told, causes = [f"+ {', '.join(joined)}"] if joined else [], list[str]()
    for change in changes:
        match change:
            case SetRequester(requester, cause):
                told.append(f"{before.requester.address if before.requester else '—'} → {requester.address}")
                causes.append(cause)
            case SetField("language", _, cause) if before.language != after.language:
                told.append(f"#lang {before.language or '—'} → {after.language or '—'}")
                causes.append(cause)
            case AddPeople(_, _, cause):
                causes.append(cause)
            case _:
                pass
    if not told:
        return after
    agent = next((rules.agents[id] for each in causes if (id := each.removeprefix("agent:")) in rules.agents), None)
    after = replace(after, revision=after.revision + 1)
    after = update_ticket(c, after, {"revision": after.revision}, now)
    who = Mailbox(agent.name, agent.email) if agent is not None else None
    add_event(c, after.number, "; ".join(dict.fromkeys(told)), now, author=who, revision=after.revision)
    return after


def _requester(requester: Mailbox | None) -> dict[str, str | None]:
    return {
        "requester_name": requester.name if requester else None,
        "requester_address": requester.address if requester else None,
    }


def _add_entry(
    c: Connection, number: int, change: AddEntry, source: str | None, revision: int | None, now: datetime
) -> int:
    made = c.execute(
        _ENTRY,
        {
            "ticket": number,
            "kind": change.kind,
            "author_name": change.author.name if change.author else None,
            "author_address": change.author.address if change.author else None,
            "at": change.at,
            "text": change.text,
            "quoted": change.quoted,
            "signature": change.signature,
            "html": change.html,
            "message_id": change.message_id,
            "public": change.public,
            "trust": change.trust,
            "attachments": msgspec.json.encode(change.attachments).decode(),
            "source": source,
            "held": change.held,
            "revision": revision,
            "thanks_at": now if change.thanks else None,
        },
    ).scalar_one()
    return int(made)


def _column(current: Ticket, name: str) -> dict[str, object]:
    """The column of a ticket as the table has it."""
    value = dict(current.fields) if name == "fields" else getattr(current, name)
    return {name: msgspec.json.encode(value).decode() if isinstance(value, (tuple, dict)) else value}


@cache
def _update_of(columns: tuple[str, ...]) -> Update:
    """The statement of a set of columns is made once: making it costs more than running it."""
    same = and_(ticket.c.number == bindparam("b_number"), ticket.c.version == bindparam("b_version"))
    return update(ticket).where(same).values({name: bindparam(name) for name in columns})


_NUMBER = select(ticket.c.number).where(ticket.c.number == bindparam("number"))
_OPEN = insert(ticket).returning(ticket.c.number)
_ENTRY = insert(entry).returning(entry.c.id)
_PARTICIPANT = insert(participant)
