"""What the rules make of something that happened in a ticket where no mail did it.

Sources      rules.md §2: a person answered, noted or changed something, or time went by.
Transaction  the caller's: that of the change which raised the events; the ticket is locked by it.
Not here     mails that come in (pipeline.py), what falls due (due.py), what an action changes (ticket/acted.py).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from gateway.deciding.reasons import mail_line
from gateway.deciding.types import Deps
from gateway.distribution import CAUSE, Given, distribute
from gateway.message.address import normal
from gateway.outgoing.posting import Posting
from gateway.pipeline import follow_up, tell_endpoints
from gateway.rules.evaluate import evaluate, may_have_fired
from gateway.rules.types import Decision, Event, Facts, Notify, Reply, RuleSet, Trace
from gateway.store import customers, delayed, outbox, tickets
from gateway.store.absences import absent
from gateway.store.beside import beside
from gateway.store.changes import save
from gateway.store.happenings import Happening, Reasons, add_happening, fired
from gateway.store.notices import told_at
from gateway.store.outlines import keep_outline
from gateway.ticket.acted import acted
from gateway.ticket.agent_mail import is_internal
from gateway.ticket.apply import failed
from gateway.ticket.assign import Absence
from gateway.ticket.colleagues import comes_to_team, members_of, of_moved
from gateway.ticket.facts import standing, with_ticket
from gateway.ticket.guard import Happened
from gateway.ticket.life import FINISHED, SPAM
from gateway.ticket.notices import passed_on, what_was_said
from gateway.ticket.notify import notify
from gateway.ticket.types import AGENT_NOTICE, FROM_FORWARD, Customer, Saved, Ticket
from gateway.ticket.visibility import sees

_LINKED = "linked_solved"
_WAITS = ("caused by", "child", "parent")  # what a ticket is to the one that it waits for


def happened(
    c: Connection,
    before: Ticket,
    after: Ticket,
    events: tuple[Event, ...],
    d: Deps,
    now: datetime,
    *,
    actor: str,
    text: str = "",
    by: str | None = None,
) -> None:
    """Ask the rules about the events, and about a new status or owner, and do what they want; then find owners.

    A new owner whom a person of ours chose hears of it, where no rule tells anybody.
    actor  for the rules: agent, rule, system.  text  what a person wrote.  by  that person's id; None: nobody's
    """
    assigned: tuple[Event, ...] = ("assigned",) if after.assignee not in (before.assignee, None) else ()
    moved: tuple[Event, ...] = ("status-changed",) if before.status != after.status else ()
    events = (*events, *assigned, *moved)
    delayed.cancel(c, after.number, events, now)
    given = bool(assigned) and actor == "agent" and after.assignee != by
    if given or any(event in rule.on for rule in d.rules.rules for event in events):
        customer = customer_of(c, after)
        stated = facts_of(c, after, customer, d, now, actor=actor, text=text)
        earlier = with_ticket(stated, before, now, d.promises, customer)
        decision, told = decided(c, after, stated, events, d, before=earlier), None
        tells = given and _wants_to_hear(after, d, now)
        if tells and not any(isinstance(action, Notify) for action in decision.actions):
            decision = _telling_owner(decision)
            giver = d.rules.agents[by].name if by is not None and by in d.rules.agents else "—"
            told = {"happened": "assigned", "because": "given", "why": giver, **_about(c, after, customer)}
        after = carry_out(c, after, events, decision, customer, d, now, told=told)
    else:
        tell_endpoints(c, after, events, d, now)
    if before.status_type not in FINISHED:
        tell_linked(c, after, d, now, by=by)
    owners_after(c, before, after, d, now, by=by)


def tell_linked(c: Connection, ticket: Ticket, d: Deps, now: datetime, *, by: str | None = None) -> None:
    """Tell the owners of tickets that waited for one that is solved now: that it caused, its parts, what it is part of.

    Of a part, whoever follows it hears too: he asked for it.  by  the id of the person of ours who solved it
    """
    if ticket.status_type not in FINISHED or ticket.status == SPAM:
        return
    for kind, number in tickets.links(c, ticket.number):
        other = tickets.goes_on_in(c, number) if kind in _WAITS else None
        if other is None or other.status_type in FINISHED:
            continue
        hear = dict.fromkeys(ticket.followers, "follows") if kind == "parent" else {}
        hear |= {other.assignee: "assignee"} if other.assignee else {other.responsible or "": "responsible"}
        for agent in (d.rules.agents[id] for id in hear if id in d.rules.agents and id != by):
            if agent.notify == "none" and hear[agent.id] != "follows":
                continue
            decision = Decision((Notify(_LINKED, (agent.id,), AGENT_NOTICE),), _no_rules(d))
            name = d.rules.agents[by].name if by is not None and by in d.rules.agents else d.desk.site_name
            line = f"#{ticket.number} “{ticket.subject}” ({ticket.status})"
            said = what_was_said(line if sees(agent, ticket, d.rules) else "", None, now)
            told = {"happened": _LINKED, "because": hear[agent.id], **said, "writer": name}
            key = f"{_LINKED}:{ticket.number}:{ticket.version}:{other.number}"
            carry_out(c, other, (), decision, customer_of(c, other), d, now, key=key, told=told)


def _no_rules(d: Deps) -> Trace:
    return Trace(d.rules.revision, d.rules.sha256, ())


def owners_after(
    c: Connection,
    before: Ticket | None,
    after: Ticket,
    d: Deps,
    now: datetime,
    *,
    by: str | None = None,
    told: bool = False,
) -> None:
    """Find owners for what a change left without one, and for what waits where it gave somebody time.

    before  None: it is new, or was taken up by a mail
    by      the id of the person of ours who changed it
    told    whether rules chose who hears of it, by mails that are not queued yet
    """
    given = find_owners(c, distribute(c, before, after, d, now), d, now)
    if before is not None and not told and comes_to_team(before, after, d.rules):
        now_is = (tickets.find_ticket(c, after.number) if given else None) or after
        find = of_moved if before.team != after.team else members_of
        tell_team(c, now_is, find, d, now, by=by)


def tell_team(
    c: Connection,
    ticket: Ticket,
    find: Callable[[Ticket, RuleSet, Callable[[], Mapping[str, Absence]]], Mapping[str, str]],
    d: Deps,
    now: datetime,
    *,
    by: str | None,
    happened: str = "team",
) -> None:
    """Tell a team of a ticket that came to it otherwise than by a mail.

    Whoever heard of the ticket with the same change does not hear of it again; a rule has chosen who hears.
    find  who is to hear (ticket/colleagues.py).  by  the id of the person of ours who did it, and knows
    """
    told = told_at(c, ticket.number, AGENT_NOTICE, now)
    if any(rule.id in told.values() for rule in d.rules.rules):
        return
    knows = by if by != ticket.assignee else None
    who = find(ticket, d.rules, partial(absent, c, now))
    hear = {id: why for id, why in who.items() if id != knows and normal(d.rules.agents[id].email) not in told}
    customer = customer_of(c, ticket) if hear else None
    for because in dict.fromkeys(hear.values()):
        ids = tuple(id for id, why in hear.items() if why == because)
        decision = Decision((Notify(CAUSE, ids, AGENT_NOTICE),), _no_rules(d))
        said = {"happened": happened, "because": because, **_about(c, ticket, customer)}
        key = f"{happened}:{ticket.number}:{ticket.version}"
        carry_out(c, ticket, (), decision, customer, d, now, key=key, told=said)


def find_owners(c: Connection, given: Iterable[Given], d: Deps, now: datetime) -> int:
    """Tell rules and owners of tickets as they are given away; how many were. A mail of the rules replaces ours."""
    count, assigned = 0, tuple[Event, ...](("assigned",))
    for each in given:
        count += 1
        customer = customer_of(c, each.after)
        stated = facts_of(c, each.after, customer, d, now, actor="system")
        earlier = with_ticket(stated, each.before, now, d.promises, customer)
        decision = decided(c, each.after, stated, assigned, d, before=earlier)
        tells = any(isinstance(action, Notify) for action in decision.actions)
        if not tells and (tells := _wants_to_hear(each.after, d, now)):
            decision = _telling_owner(decision)
        delayed.cancel(c, each.after.number, assigned, now)
        about = _about(c, each.after, customer) if tells else {}
        said = {"happened": "assigned", "why": each.why, **about}
        carry_out(c, each.after, assigned, decision, customer, d, now, told=said)
    return count


def _wants_to_hear(ticket: Ticket, d: Deps, now: datetime) -> bool:
    """Whether its owner wants to be told that he has it; not when all that is new was told to him a moment ago."""
    owner = d.rules.agents.get(ticket.assignee or "")
    told = owner is not None and owner.notify == "all" and ticket.created_at == now
    return owner is None or not (told or owner.notify == "none")


def _telling_owner(decision: Decision) -> Decision:
    return replace(decision, actions=(*decision.actions, Notify(CAUSE, ("assignee",), AGENT_NOTICE)))


def _about(c: Connection, ticket: Ticket, customer: Customer | None) -> Mapping[str, object]:
    """What its new owner should know before he looks at it."""
    last = tickets.last_words(c, (ticket.number,)).get(ticket.number)
    if last is None and is_internal(ticket):  # what is to be done stands in a note
        last = next((entry for entry in tickets.entries(c, ticket.number) if entry.kind == "note"), None)
    said = (
        what_was_said(last.text, last.author, last.at, last.attachments, by_machine=last.by_machine)
        if last is not None
        else {}
    )
    if FROM_FORWARD in ticket.flags:
        said |= passed_on(tickets.entries(c, ticket.number))
    return {**said, "beside": beside(c, ticket.number, customer.id if customer is not None else None)}


def facts_of(
    c: Connection,
    ticket: Ticket,
    customer: Customer | None,
    d: Deps,
    now: datetime,
    *,
    actor: str,
    text: str = "",
) -> Facts:
    """What the rules may test of a ticket where no mail came.

    actor  agent, rule or system.  text  what a person wrote
    """
    address = normal(ticket.requester.address) if ticket.requester is not None else ""
    others = customers.addresses(c, customer.id) if customer is not None and d.rules.lookups else ()
    known = standing(customer, d.looked_up((address, *others)), ticket.language, actor, text, d.local(now))
    return with_ticket(known, ticket, now, d.promises, customer)


def decided(
    c: Connection,
    ticket: Ticket,
    stated: Facts,
    events: tuple[Event, ...],
    d: Deps,
    *,
    before: Facts | None = None,
    only: Collection[str] | None = None,
) -> Decision:
    """What the rules want.

    before  the facts before the events.  only  the rules that are due; None is all
    """
    return evaluate(
        d.rules,
        stated,
        events,
        budget=d.new_budget(),
        before=before,
        opening=d.promises.is_open,
        fired=fired(c, ticket.number, ticket.messages) if may_have_fired(d.rules.rules, events) else (),
        only=only,
    )


def carry_out(
    c: Connection,
    ticket: Ticket,
    events: tuple[Event, ...],
    decision: Decision,
    customer: Customer | None,
    d: Deps,
    now: datetime,
    *,
    key: str = "",
    told: Mapping[str, object] | None = None,
    may_wait: bool = False,
    by_person: bool = False,
    posting: Posting | None = None,
) -> Ticket:
    """The ticket after what the rules decided, all of it stored, and its mails queued.

    key       what its mails are known by: done again, it causes no others; empty is the events and the ticket as it was
    told      what mails to agents say beside the ticket
    may_wait  whether these have time until their readers are there
    by_person  whether one of ours wants the customer to hear of it, as he would by an answer
    posting    takes its mails, for others to queue; None: they are queued here
    """
    changes = (*acted(ticket, decision.actions, d.rules, d.takes_no_part, now), *failed(ticket, decision))
    saved = Saved("entry", "", ticket, None, opened=False)
    if changes:
        revision = decision.trace.revision
        saved = save(
            c,
            changes,
            ticket_before=ticket,
            source=None,
            actor="rules",
            now=now,
            promises=d.promises,
            revision=revision,
        )
    after = saved.ticket or ticket
    follow_up(c, after, (), decision, d, now)
    tell_endpoints(c, after, (*events, *decision.trace.events), d, now)
    post = Posting(c, (ticket.number,)) if posting is None else posting
    reader = ticket.requester if any(isinstance(action, Reply) for action in decision.actions) else None
    seen = seen_by(c, ticket, normal(reader.address)) if reader is not None else ()
    key = key or f"{'+'.join(events)}:{ticket.number}:{ticket.version}"
    wanted = by_person and "dmarc-fail" not in ticket.flags
    cause = Happened(key, customer, tuple(seen), told or {}, may_wait, wanted)
    notices = []
    for notice in notify(saved, cause, decision, d.notifying, post, now):
        notices.append(notice)
        post.add(notice)
    if posting is None:
        post.queue(d.desk, now)
    if events:
        keep_outline(c, d.rules.outline)
        add_happening(c, ticket.number, Happening(now, events, Reasons(decision.trace, tuple(map(mail_line, notices)))))
    d.count(decision.trace, notices)
    return after


def seen_by(c: Connection, ticket: Ticket, address: str) -> Sequence[str]:
    """The Message-IDs that this person has seen in the ticket, oldest first: those of his mails, and of ours to him.

    address  in normal form
    """
    customer = customers.find_customer(c, address)
    his = {address, *(customers.addresses(c, customer.id) if customer is not None else ())}
    written = tickets.written_by(c, ticket.number, his)
    sent = outbox.messages_to(c, ticket.number, address)
    return tuple(dict.fromkeys(id for _, id in sorted((*written, *sent))))


def customer_of(c: Connection, ticket: Ticket) -> Customer | None:
    """Who asked; None when nobody is known to have."""
    return customers.find_customer(c, ticket.requester.address) if ticket.requester is not None else None
