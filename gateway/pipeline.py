"""ONE message, top to bottom: the table of contents of the gateway.

Transaction  T1: changes, audit, outgoing mails and the disposition are one commit, without any network. It is
             redone from the accepted row if it is lost; UNIQUE(source) and UNIQUE(dedupe_key) make that harmless.
Not here     how bytes become a Message (parsing/), what is decided and why (deciding/), who calls this and what a
             failure means (work.py).
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache, partial

import msgspec
import structlog
from sqlalchemy import Connection

from gateway.deciding.customer_orders import only_sets, solved_by
from gateway.deciding.decide import BACKSCATTER, decide, language_for, teams
from gateway.deciding.kept import packed
from gateway.deciding.reasons import explanation
from gateway.deciding.types import Deps, Plan
from gateway.errors import TransientError
from gateway.message.address import normal
from gateway.message.charset import clean_line
from gateway.message.classify import classify
from gateway.message.types import NOT_AUTHENTICATED, Accepted, Auth, Message
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.rules.desk import Span
from gateway.rules.types import Decision, Event, Later, Trace, Webhook
from gateway.store import alarms, delayed, outbox, own_settings, probes, restraint, tickets
from gateway.store import changes as ticket_store
from gateway.store import inbound as mail_store
from gateway.store.absences import absent
from gateway.store.articles import note_articles
from gateway.store.beside import beside
from gateway.store.happenings import note_fired
from gateway.store.outlines import keep_outline
from gateway.store.situations import keep_situation
from gateway.store.view import StoreView
from gateway.store.webhooks import add_call
from gateway.ticket.apply import IMPORT, REDIRECTED_OCTETS, subject_of
from gateway.ticket.colleagues import of_mail
from gateway.ticket.guard import ACK, Arrived, judged
from gateway.ticket.notices import passed_on
from gateway.ticket.notify import notify
from gateway.ticket.types import (
    AGENT_NOTICE,
    NO_POLICY,
    REDIRECT,
    AddEntry,
    Explanation,
    File,
    Notification,
    OpenTicket,
    Outcome,
    Record,
    Saved,
    SetField,
    ThreadMatch,
    Ticket,
)
from gateway.ticket.webhook import event_of

_QUIET, _REST = timedelta(hours=24), timedelta(hours=1)  # of the breaker, for one contact, for acknowledgements
log = structlog.get_logger("pipeline")


def process(
    inbound: Accepted,
    message: Message,
    d: Deps,
    c: Connection,
    *,
    found: ThreadMatch | None = None,
    forwarded: Callable[[Ticket], None] | None = None,
    by_machine_of: str | None = None,
) -> Outcome:
    """One accepted message, top to bottom. One transaction, no network. [T1]

    found      the ticket, where that is known already
    forwarded  an agent passed it on, who says who its author is: what he wants of the ticket is done by this, before
               anybody hears of it; None: nobody did
    by_machine_of  the id of an agent whose program wrote it by itself
    """
    now, view, archived = d.now(), StoreView(c), inbound.imported is not None
    if forwarded is None and (duplicate := same_as_before(inbound, message, d, c, now)) is not None:
        return duplicate
    at = inbound.envelope.received_at if archived else now
    plan = decide(inbound, message, d, view, at, found=found, forwarded=forwarded is not None)
    message = plan.message
    matched = plan.ticket if plan.match is not None and plan.match.ticket is not None else None
    saved = ticket_store.save(
        c,
        plan.changes,
        ticket_before=matched,
        source=inbound.key,
        actor=IMPORT if archived else "customer",
        now=now,
        promises=d.promises,
        revision=plan.decision.trace.revision,
    )
    said = None
    if forwarded is not None and saved.ticket is not None:
        forwarded(saved.ticket)
        saved = replace(saved, ticket=tickets.find_ticket(c, saved.ticket.number))
        said = passed_on(tickets.entries(c, saved.ticket.number)) if saved.opened and saved.ticket else {}
    notices, sent = (
        ([], [])
        if archived
        else _led_to(inbound, plan, saved, d, view, c, now, forwarded=said, by_machine_of=by_machine_of)
    )
    if (article := solved_by(plan.changes)) is not None:
        note_articles(c, "solved", (article,), now)
    filed = next((change.ticket for change in plan.changes if isinstance(change, Record)), None)
    number = saved.ticket.number if saved.ticket is not None else filed
    outcome = Outcome(inbound.key, saved.disposition, saved.reason, number, saved.entry)
    if outcome.disposition in ("ticket", "entry") and outcome.ticket is not None:
        messages = (*_came(message, plan), *sent)
        ticket_store.remember_messages(c, ((id, who, outcome.ticket) for id, who in messages))
        if archived:
            tickets.add_aliases(c, d.threading.subject_aliases.found(message.subject), outcome.ticket)
    if plan.situation is not None and not archived:
        keep_situation(c, inbound.id, now, packed(plan.situation))
        keep_outline(c, d.rules.outline)
    if plan.verdict.kind == "loop" and inbound.envelope.via == "imap" and message.message_id is not None:
        probes.note_back(c, message.message_id, inbound.envelope.received_at)
    _finish(outcome, inbound, message, explanation(message, plan, notices), c, now)
    return outcome


def _led_to(
    inbound: Accepted,
    plan: Plan,
    saved: Saved,
    d: Deps,
    view: StoreView,
    c: Connection,
    now: datetime,
    *,
    forwarded: Mapping[str, object] | None,
    by_machine_of: str | None,
) -> tuple[list[Notification], list[tuple[str, str]]]:
    """What a mail leads to beside its own entry: the mails that follow, and (Message-ID, address) of those queued.

    forwarded, by_machine_of  as in Arrived
    """
    message = plan.message
    _restrain(saved, plan, d, c, now)
    arrived = Arrived(inbound, message, plan.verdict, plan.auth, plan.customer, plan.language[0], plan.flood)
    again = saved.ticket is not None and plan.ticket is not None and saved.ticket.reopened > plan.ticket.reopened
    arrived = replace(arrived, forwarded=forwarded, reopened=again, by_machine_of=by_machine_of)
    if saved.opened and saved.ticket is not None:
        who = plan.customer.id if plan.customer is not None else None
        continues = plan.match.continues if plan.match is not None else None
        arrived = replace(arrived, beside=cache(partial(beside, c, saved.ticket.number, who)), continues=continues)
    notices, sent, gone = [], [], []
    for notice in notify(saved, arrived, plan.decision, d.notifying, view, now):  # each counts in the next one's budget
        notices.append(notice)
        if notice.template == REDIRECT:
            notice = replace(notice, files=(_whole(inbound, c),))
        if (queued := enqueue(notice, d.desk, c, now)) is not None:
            gone.append(notice)
            sent.append((queued[1], normal(notice.recipient.address)))
    _rest(notices, d, c, now)
    waits = any(isinstance(change, AddEntry) and change.held is not None for change in plan.changes)
    away, later = partial(absent, c, now), _told_later(saved, plan, d, c)
    given, unheard = (
        _told_already(c, saved.ticket) if forwarded is not None else set(),
        only_sets(message, plan.changes),
    )
    told = of_mail(saved, arrived, plan.decision, d.notifying, waits=waits, away=away, later=later)
    for notice in () if unheard else told:
        if normal(notice.recipient.address) in given:
            continue
        if (queued := enqueue(judged(notice, arrived, d.notifying, view, now), d.desk, c, now)) is not None:
            gone.append(notice)
            sent.append((queued[1], normal(notice.recipient.address)))
    note_articles(c, "offered", (id for mail in gone if mail.audience == "customer" for id in mail.articles), now)
    note_articles(c, "suggested", (id for mail in gone if mail.audience == "agent" for id in mail.articles), now)
    if saved.ticket is not None and saved.entry is not None:
        follow_up(c, saved.ticket, plan.events, plan.decision, d, now)
        tell_endpoints(c, saved.ticket, (*plan.events, *plan.decision.trace.events), d, now)
    if any(isinstance(change, Record) and change.reason.startswith(BACKSCATTER) for change in plan.changes):
        alarms.note(
            c, BACKSCATTER, "", f"reports about mail that we never sent, the last from {inbound.envelope.peer}", now
        )
    d.count(plan.decision.trace, notices)
    return notices, sent


def _told_later(saved: Saved, plan: Plan, d: Deps, c: Connection) -> str | None:
    """The id of the owner whose digest tells him of a mail that only says thank you; None: nobody waits for that."""
    owner = d.rules.agents.get(saved.ticket.assignee or "") if saved.ticket is not None else None
    if owner is None or not any(isinstance(change, AddEntry) and change.thanks for change in plan.changes):
        return None
    settled = own_settings.as_settled(owner, own_settings.of_agent(c, owner.id))
    return owner.id if settled.digest is not None else None


def _told_already(c: Connection, ticket: Ticket | None) -> set[str]:
    """The addresses of those who heard of a new ticket by what else was done in it: they are given it, or asked to."""
    sent = outbox.find_many(c, states=(), ticket=ticket.number, recipient=None, limit=100) if ticket is not None else []
    return {normal(mail.forward_path) for mail in sent if mail.template == AGENT_NOTICE and mail.state != "suppressed"}


def _whole(inbound: Accepted, c: Connection) -> File:
    """The mail as it came, to be passed on; it is small enough (ticket/apply.py)."""
    count = REDIRECTED_OCTETS // mail_store.PIECE_OCTETS + 1
    return File("mail.eml", "message/rfc822", b"".join(mail_store.pieces(c, inbound.key, 0, count)))


def follow_up(
    c: Connection, ticket: Ticket, events: tuple[Event, ...], decision: Decision, d: Deps, now: datetime
) -> None:
    """What outlives a run of the rules: what it cancels, put off, tells others, and which rules ran for the last time.

    ticket  as it is after the run
    """
    delayed.cancel(c, ticket.number, events, now)
    for later in decision.actions:
        if isinstance(later, Later):
            delayed.put_off(c, ticket.number, later, now, _due(later, d, now))
    for action in decision.actions:
        if isinstance(action, Webhook):
            told = event_of(ticket, decision.trace.events, action.rule, decision.trace.revision, now)
            add_call(c, action.name, action.rule, ticket.number, told, now)
    applied = (hit.rule for hit in decision.trace.hits if hit.outcome == "applied")
    note_fired(c, ticket.number, ticket.messages, d.rules.rules, applied)


def tell_endpoints(c: Connection, ticket: Ticket, events: Iterable[Event], d: Deps, now: datetime) -> None:
    """Tell those that want to know of such events, whether a rule does or not.

    ticket  as it is afterwards
    """
    happened = tuple(dict.fromkeys(events))
    for name, wanted in d.subscribed.items():
        if about := tuple(event for event in happened if event in wanted):
            add_call(c, name, None, ticket.number, event_of(ticket, about, None, d.rules.revision, now), now)


def _due(later: Later, d: Deps, now: datetime) -> datetime | None:
    """When an action is to be done; None where its calendar never opens."""
    if isinstance(later.after, Span) and later.calendar is not None:
        return d.calendars[later.calendar].after(now, later.after)
    return now + later.after if isinstance(later.after, timedelta) else None


def quarantine(inbound: Accepted, reason: str, d: Deps, c: Connection) -> Outcome:
    """A mail that we cannot process: kept with its reason, and seen by people as a stub ticket. [T1]"""
    reason = clean_line(reason)[:500]
    now, envelope = d.now(), inbound.envelope
    subject, channel = f"Mail m-{inbound.id} could not be read", "mail" if inbound.imported is None else IMPORT
    words = (
        f"From: {envelope.reverse_path or '<>'}\nTo: {', '.join(envelope.forward_paths)}\n"
        f"Received: {envelope.received_at:%Y-%m-%d %H:%M:%S} UTC from {envelope.peer}, {inbound.size} octets\n"
        f"Reason: {reason}\n\nThe original is kept: mailwicket mail raw m-{inbound.id}"
    )
    changes = (
        OpenTicket(subject, teams(inbound, d)[0], None, None, channel, envelope.received_at, (), ("poison",)),
        AddEntry("event", None, envelope.received_at, words, "", "", None, None, public=False, trust="stranger"),
        SetField("tags", ("poison",), "quarantine"),
        *((SetField("sla", NO_POLICY, IMPORT),) if inbound.imported is not None else ()),
    )
    saved = ticket_store.save(
        c, changes, ticket_before=None, source=f"stub:{inbound.key}", actor="system", now=now, promises=d.promises
    )
    outcome = Outcome(inbound.key, "quarantine", reason, saved.ticket.number if saved.ticket else None, saved.entry)
    _finish(outcome, inbound, None, None, c, now)
    log.error("mail.quarantined", mail=inbound.key, ticket=outcome.ticket, reason=reason)
    return outcome


def content_hash(message: Message, inbound: Accepted, d: Deps) -> str:
    """Key 2 of duplicates: Message-ID, author and body; never the Message-ID alone (acceptance A-08, A-09).

    A mail without a Message-ID is only the same when all its bytes are.
    """
    author = normal(message.author.address) if message.author else ""
    parts = [message.message_id or inbound.sha256, author, message.body_sha256]
    if d.rules.defaults.cross_team == "each":
        parts.append(teams(inbound, d)[0])
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def _restrain(saved: Saved, plan: Plan, d: Deps, c: Connection, now: datetime) -> None:
    """The breaker (acceptance E-09): who writes like a machine gets no automatic mail for a day.

    Whoever writes from an address that mail did not reach is reached again.
    """
    author = plan.message.author
    if saved.ticket is None or saved.entry is None or author is None or plan.auth.dmarc == "fail":
        return
    address = normal(author.address)
    restraint.lives(c, address)
    if address in d.takes_no_part:
        return
    if why := restraint.goes_in_circles(c, saved.ticket.number, address, plan.message.text, now):
        said = f"{address}: {why} to #{saved.ticket.number}"
        restraint.hush(c, address, now + _QUIET, said)
        raise_alarm(c, "breaker", address, said, d.desk, now, enqueue)


def _rest(notices: Sequence[Notification], d: Deps, c: Connection, now: datetime) -> None:
    """Acknowledgements rest from the moment when there are too many, until an hour was quiet."""
    too_many = any(notice.suppressed == "total-limit" and notice.audience == "customer" for notice in notices)
    still = any(notice.suppressed == "breaker-open" and notice.template == ACK for notice in notices)
    if too_many or (still and "acks-rest" in restraint.marks(c, restraint.EVERYBODY, now)):
        restraint.hush(c, restraint.EVERYBODY, now + _REST, "total-limit")
    if any(notice.suppressed == "total-limit" for notice in notices):
        limit = d.rules.limits.auto_total
        said = f"{limit.count} automatic mails in {limit.per}"
        raise_alarm(c, "total_limit", "", said, d.desk, now, enqueue)


def _came(message: Message, plan: Plan) -> list[tuple[str, str]]:
    """Who sent which Message-ID; nobody where his own mail must not prove a participant later.

    Of a mail of ours that an archive kept: also to whom.
    """
    unproven = plan.auth.dmarc == "fail" or (plan.match is not None and plan.match.trust == "third-party")
    if message.message_id is None or message.author is None or unproven:
        return []
    to = (*message.to, *message.cc) if plan.verdict.kind == "loop" else ()
    return [(message.message_id, normal(who.address)) for who in (message.author, *to)]


def _also_to(number: int, inbound: Accepted, d: Deps, c: Connection, now: datetime) -> None:
    """A copy that came to another team is the same matter: its ticket names that team too."""
    ticket = tickets.goes_on_in(c, number)
    if ticket is None:
        return
    named = (f"also-to:{team}" for team in teams(inbound, d) if team != ticket.team)
    if fresh := tuple(flag for flag in named if flag not in ticket.flags):
        change = SetField("flags", (*ticket.flags, *fresh), "the same mail to another team")
        ticket_store.save(
            c, (change,), ticket_before=ticket, source=inbound.key, actor="system", now=now, promises=d.promises
        )


def same_as_before(
    inbound: Accepted, message: Message, d: Deps, c: Connection, now: datetime, digest: str | None = None
) -> Outcome | None:
    """The end of a mail whose content came before; None when it is new.

    digest  by which it is known again; None is that of every mail
    """
    digest = digest or content_hash(message, inbound, d)
    first = mail_store.same_content(c, digest, inbound.key, now, imported=inbound.imported)
    if first is None:
        return None
    key, ticket = first
    reason = f"the same mail came before as {key}"
    if ticket is not None and inbound.imported is None:
        _also_to(ticket, inbound, d, c, now)
    outcome = Outcome(inbound.key, "duplicate", reason, ticket, None)
    return ended(outcome, inbound, message, d, c, now)


def ended(
    outcome: Outcome,
    inbound: Accepted,
    message: Message,
    d: Deps,
    c: Connection,
    now: datetime,
    *,
    auth: Auth = NOT_AUTHENTICATED,
    match: ThreadMatch | None = None,
) -> Outcome:
    """The outcome of a mail that no rule was asked about, stored with its reasons."""
    verdict = classify(message, inbound.envelope, d.own)
    nothing = Decision((), Trace(d.rules.revision, d.rules.sha256, ()))
    language = language_for(message, None, d.rules)
    plan = Plan(message, verdict, auth, None, language, match, None, nothing, ())
    _finish(outcome, inbound, message, explanation(message, plan, ()), c, now)
    return outcome


def _finish(
    outcome: Outcome,
    inbound: Accepted,
    message: Message | None,
    reasons: Explanation | None,
    c: Connection,
    now: datetime,
) -> None:
    heading = {
        "message_id": message.message_id if message else None,
        "author": str(message.author) if message and message.author else None,
        "subject": subject_of(message) if message else None,
    }
    text = msgspec.json.encode(reasons).decode() if reasons is not None else ""
    if not mail_store.finish(c, outcome, now=now, heading=heading, explanation=text, lease=inbound.lease):
        raise TransientError("somebody else has this mail by now")
