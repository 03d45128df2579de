"""What a mail means, which ticket it belongs to, what the rules want, and what changes. Nothing is done yet.

Not here  who looks up (store/view.py, empty.py), doing it (pipeline.py), asking without doing (rehearsal.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Literal

from gateway.deciding.customer_orders import with_own_orders
from gateway.deciding.types import Deps, Plan, Situation, Tickets, View
from gateway.message.address import normal, sub_address
from gateway.message.auth import authenticate
from gateway.message.classify import classify
from gateway.message.doubts import doubts
from gateway.message.own_words import LEAST_WORDS
from gateway.message.reply import refolded
from gateway.message.types import NOT_AUTHENTICATED, Accepted, Auth, Classification, Message
from gateway.rules.evaluate import evaluate, may_have_fired
from gateway.rules.told import joined
from gateway.rules.types import Decision, Event, Facts, MergeInto, RuleSet, Trace
from gateway.ticket.acted import acted
from gateway.ticket.apply import IMPORT, apply, codes_in, failed, is_event, provisional
from gateway.ticket.change import after
from gateway.ticket.facts import facts, first_fields, with_ticket
from gateway.ticket.guard import FLOOD
from gateway.ticket.life import another_matter
from gateway.ticket.thread import thread
from gateway.ticket.token_forms import read_message_id
from gateway.ticket.types import FROM_FORWARD, Change, Customer, Record, SetField, SetStatus, ThreadMatch, Ticket, Trust

_PASSED_ON = Classification("person", "an agent passed it on", may_respond=False, no_response_code="forward")
BACKSCATTER = "backscatter"  # the first word about reports on mail that we never sent


def decide(
    inbound: Accepted,
    message: Message,
    d: Deps,
    view: View,
    now: datetime,
    *,
    supposed: tuple[Event, ...] = (),
    found: ThreadMatch | None = None,
    forwarded: bool = False,
) -> Plan:
    """What a mail means, which ticket it belongs to, what the rules want, and what changes. Changes nothing.

    found      the ticket, where that is known already
    forwarded  whether an agent passed it on, who says who its author is
    supposed   events instead of those that the mail raises, where somebody only asks
    """
    auth = authenticated(inbound, message, d)
    verdict = _PASSED_ON if forwarded else classify(message, inbound.envelope, d.own)
    customer = view.customer(message.author.address) if message.author is not None else None
    if not (inbound.released or forwarded) and (settled := _settled(message, inbound, verdict, d, view)) is not None:
        return _ended(message, verdict, auth, customer, d, settled)
    doubted = doubts(message, auth, *d.agents)
    if forwarded:  # an agent stands in for a customer who is not known: that is no pretence
        doubted = (*(doubt for doubt in doubted if doubt != "claims-agent"), FROM_FORWARD)
    ours = inbound.imported is not None and is_ours(message, d)
    match = found or _stub(inbound, message, auth)
    match = match or thread(message, inbound.envelope, verdict, auth, view, d.threading, now, ours=ours)
    if verdict.kind == "loop" and inbound.imported is not None and match.ticket is None:
        return _ended(message, verdict, auth, customer, d, _own_mail(verdict))
    ticket = view.ticket(match.ticket) if match.ticket is not None else None
    if ticket is not None:
        message = without_our_words(message, ticket.number, d.languages, view)
    else:
        match = replace(match, ticket=None)
    fired = _fired(ticket, supposed or _events(inbound, verdict, match), d, view) if ticket is not None else ()
    addresses = _addresses(message, customer, d, view)
    situation = Situation(inbound, message, verdict, auth, customer, match, ticket, doubted, now, fired, addresses)
    situation = replace(situation, flood=_is_flood(situation, d, view))
    return ruled(situation, d, view, supposed)


def _ended(
    message: Message, verdict: Classification, auth: Auth, customer: Customer | None, d: Deps, record: Record
) -> Plan:
    """The end of a mail that no rule is asked about."""
    nothing = Decision((), Trace(d.rules.revision, d.rules.sha256, ()))
    language = language_for(message, customer, d.rules)
    return Plan(message, verdict, auth, customer, language, None, None, nothing, (record,))


def is_ours(message: Message, d: Deps) -> bool:
    """Whether the author has an address of ours, or of an agent. Anybody can write that."""
    return message.author is not None and normal(message.author.address) in d.takes_no_part


def ruled(s: Situation, d: Deps, tickets: Tickets, supposed: tuple[Event, ...] = ()) -> Plan:
    """What the rules want in a situation, and what changes.

    tickets   those that a rule may move the mail into
    supposed  events instead of those of the mail itself
    """
    language = language_for(s.message, s.customer, d.rules)
    ticket = s.ticket
    if ticket is None:
        ticket = provisional(s.message, teams(s.inbound, d), language[0], s.at)
        codes = codes_in(ticket.subject, s.message.text) if s.verdict.is_automatic else ()
        ticket = replace(ticket, flags=(*ticket.flags, *s.doubts, *codes), tags=(FLOOD,) if s.flood else ())
        if s.inbound.imported is not None:
            ticket = replace(ticket, channel=IMPORT)
    events = supposed or _events(s.inbound, s.verdict, s.match)
    tables = d.looked_up(s.addresses)
    known = facts(
        s.message,
        s.verdict,
        s.auth,
        s.inbound,
        s.customer,
        tables=tables,
        language=language,
        delimiter=d.threading.delimiter,
        now=d.local(s.at),
    )
    if s.ticket is None:
        begins, flags = first_fields(known, d.rules, tables)
        ticket = replace(ticket, fields=begins, flags=(*ticket.flags, *flags))
    stated = with_ticket(known, ticket, s.at, d.promises, s.customer)
    alike = cache(lambda merge: tickets.alike(merge.fields, s.at - merge.within) if s.ticket is None else None)
    decision = evaluate(
        d.rules,
        stated,
        events,
        budget=d.new_budget(),
        fired=s.fired,
        opening=d.promises.is_open,
        has_ticket=lambda merge: alike(merge) is not None,
    )
    match, end = s.match, decision.disposition
    if isinstance(end, MergeInto) and (into := alike(end)) is not None:
        ticket, match = into, _moved(s, end, into.number, tickets)
        events = supposed or _events(s.inbound, s.verdict, match)
        stated = with_ticket(known, ticket, s.at, d.promises, s.customer)
        s = replace(s, fired=_fired(ticket, events, d, tickets))
    changes = apply(ticket, s.message, s.verdict, match, decision, s.inbound, d.rules, d.takes_no_part)
    if match.ticket is not None and (end is None or isinstance(end, MergeInto)):
        if end is None:
            decision, changes = with_own_orders(s, ticket, match, decision, changes, d)
        events, decision, changes = _opened_again(s, ticket, changes, decision, events, stated, d)
        other = end is None and another_matter(ticket, s.message.subject, d.rules, s.at)
        doubted = (*s.doubts, "other-subject") if other else s.doubts
        changes = (*changes, *_marks(ticket, changes, match, doubted))
    return Plan(
        s.message, s.verdict, s.auth, s.customer, language, match, ticket, decision, changes, events, s.doubts, s
    )


def _fired(ticket: Ticket, events: tuple[Event, ...], d: Deps, tickets: Tickets) -> tuple[str, ...]:
    """The rules with `once` that the ticket has seen; the mail begins a new cycle."""
    return tuple(tickets.fired(ticket.number, ticket.messages + 1)) if may_have_fired(d.rules.rules, events) else ()


def _moved(s: Situation, merge: MergeInto, number: int, tickets: Tickets) -> ThreadMatch:
    """The ticket that a rule moves the mail into. The rule gives nobody a right: that is of who takes part in it."""
    author = s.message.author if s.auth.dmarc != "fail" else None
    takes_part = author is not None and normal(author.address) in tickets.participants(number)
    same = ", ".join(f"{name} {value}" for name, value in merge.fields)
    words = f"rule {merge.rule}, the same {same}"
    return ThreadMatch(number, "rule", "participant" if takes_part else "third-party", words, (), s.match.refused)


def _is_flood(s: Situation, d: Deps, view: View) -> bool:
    """Whether the author opened so many tickets, or wrote so many mails into tickets, that he gets no answer."""
    if s.message.author is None or s.inbound.imported is not None:
        return False
    if s.ticket is not None:
        rate = d.rules.limits.updates_per_sender
        last = view.written_last(s.message.author.address, rate.count)
    else:
        rate = d.rules.limits.new_per_sender
        last = view.opened_last(s.customer.id, rate.count) if s.customer is not None else None
    return last is not None and last > s.at - rate.per


def authenticated(inbound: Accepted, message: Message, d: Deps) -> Auth:
    """The verdicts of our boundary; where it gave none, our own, as they were stored."""
    ours = d.behind_boundary(inbound.envelope)
    said = authenticate(message, d.trusted_authserv_ids) if ours else NOT_AUTHENTICATED
    return inbound.verified if said.by is None and inbound.verified is not None else said


def _opened_again(
    s: Situation,
    ticket: Ticket,
    changes: tuple[Change, ...],
    decision: Decision,
    events: tuple[Event, ...],
    stated: Facts,
    d: Deps,
) -> tuple[tuple[Event, ...], Decision, tuple[Change, ...]]:
    """What the rules make of a status that the customer's words changed, beside what they made of the words."""
    moved = any(isinstance(change, SetStatus) and not change.cause.startswith("rule:") for change in changes)
    asked = "status-changed" in decision.trace.events or s.inbound.imported is not None  # by a rule, too; or it is over
    if not moved or asked or not any("status-changed" in rule.on for rule in d.rules.rules):
        return events, decision, changes
    then = after(ticket, changes)
    applied = (hit.rule for hit in decision.trace.hits if hit.outcome == "applied")
    more = evaluate(
        d.rules,
        with_ticket(stated, then, s.at, d.promises, s.customer),
        ("status-changed",),
        budget=d.new_budget(),
        before=stated,
        fired=(*s.fired, *applied),
        opening=d.promises.is_open,
    )
    trace = joined(decision.trace, more.trace)
    actions = tuple(acted(then, more.actions, d.rules, d.takes_no_part, s.at))
    both = replace(decision, actions=(*decision.actions, *more.actions), trace=trace)
    return (*events, "status-changed"), both, (*changes, *actions, *failed(then, more))


def without_our_words(message: Message, ticket: int, languages: tuple[str, ...], view: View) -> Message:
    """The message with all that it repeats of our mails in the ticket folded, whatever a mail program made of it."""
    if len(message.text.split()) < LEAST_WORDS:
        return message
    return refolded(message, view.answered(ticket, (*message.in_reply_to, *message.references)), languages)


def _addresses(message: Message, customer: Customer | None, d: Deps, view: View) -> tuple[str, ...]:
    """By what look-up tables may know the author: where he writes from, then the others that are his."""
    if message.author is None:
        return ()
    others = view.also_known_as(customer.id) if customer is not None and d.rules.lookups else ()
    return tuple(dict.fromkeys((normal(message.author.address), *others)))


def _marks(ticket: Ticket, changes: Sequence[Change], match: ThreadMatch, doubted: Sequence[str]) -> Iterator[SetField]:
    """What an agent should know of an entry of an old ticket: a guess, another subject, doubts about its author."""
    set_already = (c.value for c in reversed(changes) if isinstance(c, SetField) and c.name == "flags")
    flags = next((value for value in set_already if isinstance(value, tuple)), ticket.flags)
    marks = ("guessed", *doubted) if match.by == "guess" else doubted
    if fresh := tuple(mark for mark in marks if mark not in flags):
        yield SetField("flags", (*flags, *fresh), "thread")


def _events(inbound: Accepted, verdict: Classification, match: ThreadMatch) -> tuple[Event, ...]:
    """What the mail raises. A machine's mail in a ticket, and a third party's, are no reply of the customer.

    That of an archive raises nothing: it is over.
    """
    if inbound.imported is not None:
        return ()
    received: tuple[Event, ...] = () if inbound.released else ("received",)
    if match.ticket is None:
        return (*received, "new")
    return received if is_event(verdict, match.trust) or match.trust == "third-party" else (*received, "reply")


def _settled(message: Message, inbound: Accepted, verdict: Classification, d: Deps, view: View) -> Record | None:
    """What ends before any rule: our own mail come back, and reports about our mail.

    What people of ours wrote, and an archive kept, may belong to a ticket.
    """
    if verdict.kind == "loop" and (inbound.imported is None or message.loop_mark is not None):
        return _own_mail(verdict)
    told = f" ({verdict.report})" if verdict.report is not None else ""
    if (id := reported_mail(message, inbound, d, view)) is not None:
        found = view.outbox_ticket(id)
        return Record("report", f"about our mail q-{id}{told}", found[0] if found is not None else None)
    bounced = (sub_address(path, d.threading.delimiter)[0] for path in inbound.envelope.forward_paths)
    if verdict.kind == "report" or all(base == d.bounce_address for base in bounced):
        return Record("record", f"{BACKSCATTER}: {verdict.reason}{told}")
    return None


def _own_mail(verdict: Classification) -> Record:
    return Record("record", f"own mail: {verdict.reason}")


def reported_mail(message: Message, inbound: Accepted, d: Deps, view: View) -> int | None:
    """The outgoing mail that a report is about; None when no token of ours proves one.

    The token of the reverse-path that it was sent to; where sub-addresses do not come back, that of our Message-ID.
    Receipts and complaints go to nobody's reverse-path, and change nothing: for them the Message-ID is enough.
    """
    for base, detail in (sub_address(path, d.threading.delimiter) for path in inbound.envelope.forward_paths):
        if base == d.bounce_address and detail is not None:
            id = d.threading.ring.read_bounce(detail)
            if id is not None and view.outbox_ticket(id) is not None:
                return id
    report = message.report
    original = report.original_message_id if report is not None else None
    if report is None or original is None or (d.desk.plus_addressing and report.kind == "delivery"):
        return None
    token = read_message_id(original)
    return view.sent_as(token.ticket, original) if token is not None else None  # nobody guesses a whole one


def _stub(inbound: Accepted, message: Message, auth: Auth) -> ThreadMatch | None:
    """A retried mail goes on in the ticket that its quarantine opened, whoever wrote it."""
    if inbound.stub is None:
        return None
    trust: Trust = "stranger" if message.author is None or auth.dmarc == "fail" else "participant"
    return ThreadMatch(inbound.stub, "stub", trust, "the ticket that was opened when it could not be read")


def teams(inbound: Accepted, d: Deps) -> tuple[str, ...]:
    """The teams that the mail was sent to; the first one gets the ticket."""
    bases = (sub_address(path, d.threading.delimiter)[0] for path in inbound.envelope.forward_paths)
    teams = dict.fromkeys(team.id for base in bases if (team := d.rules.team_of(base)) is not None)
    return tuple(teams) or (d.rules.defaults.team,)


def language_for(
    message: Message, customer: Customer | None, rules: RuleSet
) -> tuple[str, Literal["header", "detected", "history", "default"]]:
    """The language of our mails to this author, and where it comes from."""
    if customer is not None and customer.chosen_language is not None:
        return customer.chosen_language, "history"
    if message.language is not None and message.language_source != "none":
        return message.language, message.language_source
    if customer is not None and customer.language is not None:
        return customer.language, "history"
    return rules.defaults.language, "default"
