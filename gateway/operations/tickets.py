"""What a person may change in tickets: their fields, status, tags and links; and new ones.

Transaction  the caller's, durable; on PostgreSQL the row of the ticket is locked, so that changes stand in a line.
Not here     words to the customer (answers.py), merge and split (merges.py), what a status means (ticket/life.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.errors import PermanentError
from gateway.events import happened, owners_after, tell_team
from gateway.message.address import normal, path_address
from gateway.message.charset import clean, clean_line
from gateway.message.language import language_of
from gateway.message.types import Mailbox
from gateway.operations.agents import said_of
from gateway.operations.person import (
    NO_TICKET,
    actor,
    no_address,
    open_ticket,
    own_address,
    save_by,
    unknown,
    unknown_agent,
)
from gateway.operations.types import NOTHING_CHANGED, Done, Duty, Operation
from gateway.rules.action_forms import misfit
from gateway.rules.statuses import OF_COMMANDS
from gateway.rules.types import LINK_KINDS, LONGEST_SNOOZE, PRIORITIES, RuleSet
from gateway.store import customers, linked, tickets
from gateway.store.internal import internal_of
from gateway.store.linked import By
from gateway.store.turns import at_desk
from gateway.store.undoing import Chosen
from gateway.ticket.apply import begun
from gateway.ticket.assign import Absence, Full, Limit, OutOfHours, limits
from gateway.ticket.change import changed, opened, shown, value_of
from gateway.ticket.colleagues import of_new
from gateway.ticket.facts import first_fields, standing
from gateway.ticket.leak import leaks
from gateway.ticket.life import FINISHED, after_touch
from gateway.ticket.saying import Sayable, Saying, saying
from gateway.ticket.types import AddEntry, OpenTicket, SetField, SetStatus, Ticket

_SUBJECT_CHARACTERS = 500
_MOST_TAGS = 20
_TAG_CHARACTERS = 64
_NONE = "none"
_WHO = ("assignee", "responsible")
_LONGEST_DUE_DAYS = 3660


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket that a person opens for somebody."""

    author: str  # address of the customer
    subject: str
    text: str
    name: str = ""
    team: str | None = None
    by: str | None = None  # agent; None is the operator


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be other in each of these tickets; what is not named stays."""

    numbers: tuple[int, ...]
    fields: tuple[tuple[str, str], ...] = ()  # name of a field and its value; `none` takes it away
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    status: str | None = None
    reason: str | None = None
    until: datetime | None = None  # of a snooze
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Two tickets that belong together."""

    number: int
    other: int
    kind: str = "related"  # what the other one is to this one; empty, where it is taken away: whatever it is
    remove: bool = False
    by: str | None = None


def _new(c: Connection, wanted: NewTicket, duty: Duty) -> tuple[Done, ...]:
    rules = duty.deps.rules
    team = wanted.team or rules.defaults.team
    subject, text = clean_line(wanted.subject)[:_SUBJECT_CHARACTERS], clean(wanted.text).strip()
    if team not in rules.teams:
        return (unknown("team", team, rules.teams, "ticket"),)
    if (refused := unknown_agent(wanted.by, rules, "ticket")) is not None:
        return (refused,)
    try:
        address = path_address(wanted.author, smtputf8=True)
    except PermanentError:
        return (no_address(wanted.author, "ticket"),)
    if normal(address) in duty.deps.notifying.own_addresses:
        return (own_address(address, "ticket"),)
    if not subject or not text:
        return (Done("ticket", "refused", "a ticket has a subject and a text"),)
    known = customers.find_customer(c, address)
    customer = Mailbox(clean_line(wanted.name) or (known.name if known else ""), address)
    read = language_of(None, text, duty.deps.languages)
    stored = known.chosen_language or known.language if known else None
    language = stored or (read.code if read.source == "detected" else None)
    others = customers.addresses(c, known.id) if known is not None and rules.lookups else ()
    tables = duty.deps.looked_up((normal(address), *others))
    language = language or rules.defaults.language
    fields, flags = first_fields(standing(known, tables, language, "agent", text, duty.now), rules, tables)
    opening = OpenTicket(subject, team, customer, language, "cli", duty.now, flags=flags)
    entry = AddEntry("mail", customer, duty.now, text, "", "", None, None, public=True, trust=None)
    first = begun(replace(opened(opening), fields=fields))
    saved = save_by(c, (opening, entry, *first), None, wanted.by, duty)
    number = saved.ticket.number if saved.ticket else 0
    if saved.ticket is not None:
        owners_after(c, None, saved.ticket, duty.deps, duty.now)
        now_is = tickets.find_ticket(c, number) or saved.ticket
        tell_team(c, now_is, of_new, duty.deps, duty.now, by=wanted.by, happened="new")
    return (Done(f"#{number}", "done", f"opened in {team} for {address}, who gets no mail of it"),)


def _change(c: Connection, change: Change, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(change.by, duty.deps.rules, "ticket")) is not None:
        return (refused,)
    return tuple(_changed(c, number, change, duty) for number in dict.fromkeys(change.numbers))


def _changed(c: Connection, number: int, change: Change, duty: Duty) -> Done:
    before = open_ticket(c, number)
    if isinstance(before, Done):
        return before
    after, made = before, list[SetField | SetStatus]()
    for step in steps_of(before, change, duty):
        if isinstance(step, Done):
            return step
        if changed(after, step) != after:
            made.append(step)
            after = changed(after, step)
    if not made:
        return Done(f"#{number}", "done", NOTHING_CHANGED)
    if (refused := unfilled(before, after, duty.deps.rules)) is not None:
        return refused
    if after.subject != before.subject and _leaks(c, after, duty):
        return Done(f"#{number}", "refused", saying("done_subject_ours"))
    moved = any(isinstance(step, SetField) and step.name == "team" for step in made)
    touch = None if change.status or moved else after_touch(after, duty.now, actor(change.by, duty.asker))
    made += [touch] if touch else []
    for who in {getattr(after, n) for n in _WHO if getattr(after, n) != getattr(before, n)}:
        if who in duty.deps.rules.agents and duty.deps.rules.agents[who].role == "auditor":
            return Done(f"#{number}", "refused", saying("done_auditor", who=who))
    beyond = _beyond(c, before, after, duty)
    speaks = any(isinstance(step, SetField) and step.name == "language" for step in made)
    was = customers.language_of(c, number) if speaks else None
    saved = save_by(c, made, before, change.by, duty)
    now_is = customers.language_of(c, number) if speaks else None
    happened(c, before, saved.ticket or after, (), duty.deps, duty.now, actor="agent", by=change.by)
    steps = (Chosen(was[0], was[1], now_is[1]),) if was is not None and now_is is not None and was != now_is else ()
    return Done(f"#{number}", "done", (*_said(before, made), *beyond), warns=bool(beyond), steps=steps)


def _leaks(c: Connection, ticket: Ticket, duty: Duty) -> bool:
    """Whether its subject, which every customer reads, says what is for our own people only."""
    desk = duty.deps.desk
    internal = internal_of(c, ticket.number, desk.agents, desk.templates.articles.runs)
    return ticket.requester is not None and bool(leaks(ticket.subject, internal))


def _beyond(c: Connection, before: Ticket, after: Ticket, duty: Duty) -> tuple[Saying, ...]:
    """Why the gateway would not have given it to its new owner, or he who answers for it is away; a person may."""
    owner, answers = ("" if getattr(after, n) == getattr(before, n) else getattr(after, n) for n in _WHO)
    agents = duty.deps.rules.agents
    if owner not in agents and answers not in agents:
        return ()
    desk = at_desk(c, duty.deps.promises, duty.now)
    against: dict[str, Limit] = {id: absence for id, absence in desk.absent.items() if id == answers}
    if owner in agents and (limit := limits(agents[owner], desk)) is not None:
        against[owner] = limit
    light = [id for id in (owner,) if id in agents and agents[id].role == "light"]
    return (
        *(saying("done_beyond", who=id, why=saying("done_light")) for id in light),
        *(saying("done_beyond", who=id, why=_why(limit)) for id, limit in against.items()),
    )


def _why(limit: Limit) -> Saying:
    match limit:
        case Absence():
            return said_of(limit)
        case OutOfHours(calendar):
            return saying("done_out_of_hours", calendar=calendar)
        case Full(count, most):
            return saying("done_full", count=count, most=most)
    assert_never(limit)


def unfilled(before: Ticket, after: Ticket, rules: RuleSet) -> Done | None:
    """Why a person may not solve the ticket yet: fields that have to have a value; None when he may, or does not."""
    ends = after.status_type in FINISHED and before.status_type not in FINISHED and after.status not in OF_COMMANDS
    given = {name for name, _ in after.fields}
    missing = [field for field in rules.fields.values() if field.required and field.id not in given] if ends else []
    if not missing:
        return None
    names = ", ".join(field.id for field in missing)
    example = f"#set {missing[0].id}={missing[0].form}"
    return Done(f"#{before.number}", "refused", saying("done_unfilled", names=names, example=example))


def steps_of(before: Ticket, change: Change, duty: Duty) -> tuple[SetField | SetStatus | Done, ...]:
    """What a change is made of; a `Done` among it says why it cannot be."""
    who = actor(change.by, duty.asker)
    return (
        *_sets(before, change, duty.deps, who, duty.now),
        *_tags(before, change, who),
        *_status(before, change, duty),
    )


def of_change(name: str, was: Sayable | None, now_is: Sayable | None) -> Saying:
    """That a field of a ticket has another value; None is none."""
    called = saying(f"name_{name}") if name in _NAMED else name
    return saying("done_set", name=called, was=_of_field(name, was), now=_of_field(name, now_is))


def _of_field(name: str, value: Sayable | None) -> Sayable:
    """A value in the words of whoever reads it; a status that the rules made is called as it is there."""
    if value is None:
        return saying("done_none")
    match name, value:
        case "status", str() if value in _STATUSES:
            return saying(f"is_{value}")
        case "priority", str() if value in PRIORITIES:
            return saying(f"priority_{value}")
    return value


def _said(before: Ticket, made: list[SetField | SetStatus]) -> Iterator[Saying]:
    ticket = before
    for step in made:
        name = step.name if isinstance(step, SetField) else "status"
        was, ticket = _sayable(ticket, name), changed(ticket, step)
        now_is = _sayable(ticket, name)
        if ticket.snoozed_until and name == "status":
            now_is = saying("done_until", status=_of_field("status", ticket.status), time=ticket.snoozed_until)
        yield of_change(name, was, now_is)


def _sayable(ticket: Ticket, name: str) -> Sayable | None:
    value = value_of(ticket, name)
    return value if value is None or isinstance(value, datetime) else shown(ticket, name)


def _sets(ticket: Ticket, change: Change, deps: Deps, who: str, now: datetime) -> Iterator[SetField | Done]:
    rules = deps.rules
    for name, value in change.fields:
        given = _value(name, value, deps, f"#{ticket.number}", now)
        if isinstance(given, Done):
            yield given
            return
        full = name if name in _PLAIN else f"field.{name.removeprefix('field.')}"
        yield SetField(full, given, who)
        owner = ticket.assignee
        if name == "team" and value != ticket.team and owner and owner not in rules.teams[value].members:
            yield SetField("assignee", None, who)


_PLAIN = ("team", "assignee", "responsible", "priority", "language", "subject", "due", "sla")
_NAMED = (*_PLAIN, "status", "tags", "requester")  # `name_NAME` of the strings
_STATUSES = ("new", "open", "pending", "on_hold", "snoozed", "solved", "closed", "spam")  # `is_STATUS` of the strings
_NEVER_EMPTY = ("team", "priority", "subject")


def _due(at: datetime, number: str, now: datetime) -> datetime | Done:
    """A due time that somebody set, if it is one that a promise can have."""
    if at <= now:
        return Done(number, "refused", saying("wrong_past", word=at))
    return at if (at - now).days <= _LONGEST_DUE_DAYS else Done(number, "refused", "a due time lies within ten years")


def _value(name: str, value: str, deps: Deps, number: str, now: datetime) -> str | datetime | Done | None:
    """The value as the ticket holds it, None for `none`; or why it may not stand there."""
    if value == _NONE and name not in (*_NEVER_EMPTY, "sla"):
        return None
    rules = deps.rules
    words: Mapping[str, tuple[str, object]] = {
        "team": ("team", rules.teams),
        "assignee": ("agent", rules.agents),
        "responsible": ("agent", rules.agents),
        "priority": ("priority", PRIORITIES),
        "language": ("language", deps.languages),
        "sla": ("SLA policy", (*rules.sla, _NONE)),
    }
    if name in words:
        kind, known = words[name]
        return value if value in known else unknown(kind, value, known, number)  # type: ignore[operator,arg-type]
    match name:
        case "due":
            return _due(datetime.fromisoformat(value), number, now)
        case "subject":
            return clean_line(value)[:_SUBJECT_CHARACTERS] or Done(number, "refused", saying("done_no_subject"))
    field = rules.fields.get(name.removeprefix("field."))
    if field is None:
        return unknown("field", name, (*_PLAIN, *rules.fields), number)
    if misfit(field, value) is None:
        return clean_line(value)
    return Done(number, "refused", saying("wrong_value", name=field.id, word=value[:40], wanted=field.form[:200]))


def _tags(ticket: Ticket, change: Change, who: str) -> Iterator[SetField | Done]:
    if not change.add_tags and not change.remove_tags:
        return
    kept = tuple(tag for tag in ticket.tags if tag not in change.remove_tags)
    tags = (*kept, *(tag for tag in dict.fromkeys(change.add_tags) if tag not in kept))
    bad = [tag for tag in change.add_tags if not tag or len(tag) > _TAG_CHARACTERS or clean_line(tag) != tag]
    if bad or any(character in tag for tag in change.add_tags for character in " ,\"'"):
        yield Done(f"#{ticket.number}", "refused", saying("done_tag", most=_TAG_CHARACTERS))
    elif len(tags) > _MOST_TAGS:
        yield Done(f"#{ticket.number}", "refused", saying("done_most_tags", most=_MOST_TAGS))
    else:
        yield SetField("tags", tags, who)


def _status(ticket: Ticket, change: Change, duty: Duty) -> Iterator[SetStatus | Done]:
    rules, name, number = duty.deps.rules, change.status, f"#{ticket.number}"
    if name is None:
        return
    if name not in rules.statuses or (name in OF_COMMANDS and name not in ("snoozed", "spam")):
        yield unknown("status", name, [s for s in rules.statuses if s not in OF_COMMANDS], number)
    elif (name == "snoozed") != (change.until is not None):
        yield Done(number, "refused", "a snooze has an end, and nothing else has")
    elif change.until is not None and change.until <= duty.now:
        yield Done(number, "refused", saying("wrong_past", word=change.until))
    elif change.until is not None and change.until - duty.now > LONGEST_SNOOZE:
        yield Done(number, "refused", saying("wrong_far", word=change.until))
    elif change.until is not None and ticket.status_type in ("solved", "closed"):
        yield Done(number, "conflict", saying("done_finished", status=ticket.status))
    elif ticket.status != name or change.until is not None:
        reason = clean_line(change.reason)[:_SUBJECT_CHARACTERS] if change.reason else None
        yield SetStatus(name, rules.statuses[name], duty.now, actor(change.by, duty.asker), reason, change.until)


def _link(c: Connection, wanted: Link, duty: Duty) -> tuple[Done, ...]:
    name = f"#{wanted.number}"
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return (refused,)
    if wanted.kind not in LINK_KINDS and not (wanted.remove and not wanted.kind):
        return (unknown("kind of link", wanted.kind, LINK_KINDS, name),)
    if wanted.number == wanted.other:
        return (Done(name, "refused", saying("done_linked_itself")),)
    if (missing := next((n for n in (wanted.number, wanted.other) if not tickets.find_ticket(c, n)), None)) is not None:
        return (Done(f"#{missing}", "not-found", NO_TICKET),)
    act = linked.remove if wanted.remove else linked.add
    there = [kind for kind, other in tickets.links(c, wanted.number) if other == wanted.other and kind in LINK_KINDS]
    by = By(actor(wanted.by), duty.basis, duty.now)
    made = [kind for kind in ([wanted.kind] if wanted.kind else there) if act(c, wanted.number, kind, wanted.other, by)]
    if not made:
        return (Done(name, "done", NOTHING_CHANGED),)
    said = saying("done_unlinked" if wanted.remove else "done_linked", kinds=", ".join(made), number=wanted.other)
    return (Done(name, "done", said),)


OPERATIONS: Mapping[str, Operation] = {
    "ticket.new": Operation(NewTicket, _new),
    "ticket.change": Operation(Change, _change),
    "ticket.link": Operation(Link, _link),
}
