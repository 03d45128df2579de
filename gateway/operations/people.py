"""Who has to do with a ticket: its customer, those who take part, agents who watch it, and to whom it is raised.

Transaction  the caller's, durable; the ticket is locked.
Not here     its owner, which is a field (tickets.py); who one and the same customer is (customers.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from gateway.errors import PermanentError
from gateway.events import carry_out, customer_of, happened
from gateway.message.address import normal, path_address
from gateway.message.charset import clean_line
from gateway.message.types import Mailbox
from gateway.operations.person import actor, no_address, open_ticket, own_address, save_by, unknown_agent
from gateway.operations.tickets import of_change
from gateway.operations.types import NOTHING_CHANGED, Done, Duty, Operation
from gateway.rules.types import Decision, Notify, Trace
from gateway.rules.types import Escalate as Raise
from gateway.store import customers, tickets, undoing
from gateway.store.linked import By
from gateway.ticket.acted import escalation, people
from gateway.ticket.agent_mail import stands_in
from gateway.ticket.notices import lines_of_words
from gateway.ticket.saying import saying
from gateway.ticket.types import AGENT_NOTICE, AddPeople, Customer, SetField, SetRequester, Ticket

_REASON_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class TakePart:
    """Addresses that take part in a ticket from now on, or no longer."""

    number: int
    addresses: tuple[str, ...]
    remove: bool = False
    by: str | None = None


@dataclass(frozen=True, slots=True)
class SetCustomer:
    """Another customer; whose it was goes on taking part."""

    number: int
    address: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """An agent who hears of everything in a ticket, or no longer."""

    number: int
    agent: str
    stop: bool = False
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Escalate:
    """A ticket that is raised one level, to whom its team escalates."""

    number: int
    why: str = ""
    by: str | None = None


def _take_part(c: Connection, wanted: TakePart, duty: Duty) -> tuple[Done, ...]:
    name, d = f"#{wanted.number}", duty.deps
    ticket = open_ticket(c, wanted.number)
    if (refused := unknown_agent(wanted.by, d.rules, name)) is not None:
        return (refused,)
    if isinstance(ticket, Done):
        return (ticket,)
    found = [_address(each) for each in wanted.addresses]
    bad = [given for given, address in zip(wanted.addresses, found, strict=True) if address is None]
    if bad:
        return (no_address(bad[0], name),)
    addresses = [address for address in found if address is not None]
    there = {p.address for p in tickets.people(c, ticket.number)}
    if wanted.remove:
        if ticket.requester is not None and normal(ticket.requester.address) in addresses:
            return (Done(name, "refused", saying("done_customer_stays")),)
        gone = undoing.remove_people(c, ticket.number, set(addresses), By(actor(wanted.by), duty.basis, duty.now))
        said = saying("done_takes_no_part", who=", ".join(gone)) if gone else NOTHING_CHANGED
        return (Done(name, "done", said),)
    joining = people((Mailbox("", address) for address in addresses), d.takes_no_part)
    if len(joining) < len(set(addresses)):
        ours = ", ".join(a for a in addresses if a in d.takes_no_part)
        return (own_address(ours, name),)
    fresh = [p for p in joining if p.address not in there]
    if len(there) + len(fresh) > d.rules.limits.cc_max:
        return (Done(name, "refused", saying("done_most_people", most=d.rules.limits.cc_max)),)
    if not fresh:
        return (Done(name, "done", NOTHING_CHANGED),)
    save_by(c, (AddPeople(joining, d.rules.limits.cc_max, actor(wanted.by)),), ticket, wanted.by, duty)
    return (Done(name, "done", saying("done_takes_part", who=", ".join(p.address for p in fresh))),)


def _set_customer(c: Connection, wanted: SetCustomer, duty: Duty) -> tuple[Done, ...]:
    name = f"#{wanted.number}"
    ticket, address = open_ticket(c, wanted.number), _address(wanted.address)
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return (refused,)
    if isinstance(ticket, Done):
        return (ticket,)
    if address is None:
        return (no_address(wanted.address, name),)
    if address in duty.deps.takes_no_part:
        return (own_address(address, name),)
    was = ticket.requester
    if was is not None and normal(was.address) == address:
        return (Done(name, "done", NOTHING_CHANGED),)
    known = customers.find_customer(c, address)
    now_is = Mailbox(known.name if known is not None else "", wanted.address)
    save_by(c, (SetRequester(now_is, actor(wanted.by)), *_in_his_language(ticket, known)), ticket, wanted.by, duty)
    if was is not None and stands_in(ticket, duty.deps.rules):
        undoing.remove_people(c, ticket.number, {normal(was.address)}, By(actor(wanted.by), duty.basis, duty.now))
    return (Done(name, "done", of_change("requester", was.address if was else None, now_is.address)),)


def _in_his_language(ticket: Ticket, customer: Customer | None) -> Iterator[SetField]:
    chosen = customer.chosen_language if customer is not None else None
    if chosen is not None and chosen != ticket.language:
        yield SetField("language", chosen, "history")


def _follow(c: Connection, wanted: Follow, duty: Duty) -> tuple[Done, ...]:
    name = f"#{wanted.number}"
    for who in (wanted.by, wanted.agent):
        if (refused := unknown_agent(who, duty.deps.rules, name)) is not None:
            return (refused,)
    ticket = open_ticket(c, wanted.number)
    if isinstance(ticket, Done):
        return (ticket,)
    others = tuple(each for each in ticket.followers if each != wanted.agent)
    followers = others if wanted.stop else (*others, wanted.agent)
    if set(followers) == set(ticket.followers):
        return (Done(name, "done", NOTHING_CHANGED),)
    save_by(c, (SetField("followers", followers, actor(wanted.by)),), ticket, wanted.by, duty)
    return (Done(name, "done", saying("done_unwatched" if wanted.stop else "done_watched", who=wanted.agent)),)


def _escalate(c: Connection, wanted: Escalate, duty: Duty) -> tuple[Done, ...]:
    name, d, who = f"#{wanted.number}", duty.deps, actor(wanted.by)
    ticket = open_ticket(c, wanted.number)
    if (refused := unknown_agent(wanted.by, d.rules, name)) is not None:
        return (refused,)
    if isinstance(ticket, Done):
        return (ticket,)
    to = escalation(Raise("", None), ticket, d.rules)
    if to is None:
        return (Done(name, "refused", saying("done_nowhere", team=ticket.team)),)
    changes = [SetField("escalation", ticket.escalation + 1, who), SetField(*to, who)]
    if to[0] == "team" and ticket.assignee and ticket.assignee not in d.rules.teams[to[1]].members:
        changes.append(SetField("assignee", None, who))
    after = save_by(c, changes, ticket, wanted.by, duty).ticket or ticket
    why = clean_line(wanted.why)[:_REASON_CHARACTERS]
    told = {
        "happened": "escalated",
        "because": "lead",
        "words": lines_of_words(why),
        "writer": author_of(wanted.by, duty),
    }
    decision = Decision((Notify(who, ("team.lead",), AGENT_NOTICE),), Trace(d.rules.revision, d.rules.sha256, ()))
    key = f"escalated:{ticket.number}:{after.version}"
    carry_out(c, after, (), decision, customer_of(c, after), d, duty.now, key=key, told=told)
    happened(c, ticket, after, (), d, duty.now, actor="agent", by=wanted.by)
    said = saying("done_escalated", level=after.escalation, what=saying(f"name_{to[0]}"), to=to[1])
    return (Done(name, "done", said),)


def author_of(by: str | None, duty: Duty) -> str:
    """The name of whoever asks."""
    return duty.deps.rules.agents[by].name if by is not None else duty.deps.desk.site_name


def _address(text: str) -> str | None:
    try:
        return normal(path_address(text, smtputf8=True))
    except PermanentError:
        return None


OPERATIONS: Mapping[str, Operation] = {
    "ticket.people": Operation(TakePart, _take_part),
    "ticket.customer": Operation(SetCustomer, _set_customer),
    "ticket.follow": Operation(Follow, _follow),
    "ticket.escalate": Operation(Escalate, _escalate),
}
