"""ONE message, top to bottom: the table of contents of the gateway.

Transaction  T1: changes, audit, outgoing mails and the disposition are one commit, without any network. It is
             redone from the accepted row if it is lost; UNIQUE(source) and UNIQUE(dedupe_key) make that harmless.
Not here     how bytes become a Message (parsing/), who calls this and what a failure means (work.py).
"""

import hashlib
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec
import structlog
from sqlalchemy import Connection

from gateway.errors import TransientError
from gateway.message.address import normal, sub_address
from gateway.message.auth import authenticate
from gateway.message.charset import clean_line
from gateway.message.classify import OwnMail, classify
from gateway.message.doubts import doubts
from gateway.message.html import html_text
from gateway.message.limits import ParseLimits
from gateway.message.own_words import LEAST_WORDS
from gateway.message.parse import PARSER, read_body
from gateway.message.reply import refolded
from gateway.message.types import NOT_AUTHENTICATED, OURSELVES, Accepted, Auth, Classification, Envelope, Message
from gateway.outgoing.compose import Desk
from gateway.outgoing.enqueue import enqueue
from gateway.rules.desk import Span
from gateway.rules.evaluate import Budget, evaluate
from gateway.rules.operators import TEXT_READ
from gateway.rules.types import Decision, Event, Facts, Later, RuleSet, Trace
from gateway.store import changes as ticket_store
from gateway.store import delayed, tickets
from gateway.store import inbound as mail_store
from gateway.store.happenings import may_have_fired, note_fired
from gateway.store.situations import keep_situation
from gateway.store.view import StoreView
from gateway.ticket.acted import acted
from gateway.ticket.apply import apply, failed, is_event, provisional, subject_of
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.change import changed
from gateway.ticket.facts import facts, with_ticket
from gateway.ticket.life import another_matter
from gateway.ticket.notify import Arrived, NotifyPolicy, Sent, notify
from gateway.ticket.thread import ThreadIndex, ThreadPolicy, thread
from gateway.ticket.types import (
    AddEntry,
    Change,
    Customer,
    Explanation,
    Notification,
    OpenTicket,
    Outcome,
    Record,
    SetField,
    SetStatus,
    ThreadMatch,
    Ticket,
    Trust,
)

_OUR_LIMITS = ParseLimits()
_KEPT = TEXT_READ + 1  # characters; one more, so that it shows that there was more
log = structlog.get_logger("pipeline")


class View(ThreadIndex, Sent, Protocol):
    """All that deciding looks up."""

    def customer(self, address: str) -> Customer | None:
        """Who writes from this address; None for a first contact."""
        ...

    def outbox_ticket(self, id: int) -> tuple[int | None] | None:
        """The ticket of an outgoing mail, in a tuple; None when there is no such mail."""
        ...

    def fired(self, ticket: int, cycle: int) -> Collection[str]:
        """The rules that ran in a ticket and are not to run again, in this cycle or at all."""
        ...

    def answered(self, ticket: int, message_ids: Sequence[str]) -> Sequence[bytes]:
        """How our mails in a ticket begin that an answer with these references may repeat; a few."""
        ...


@dataclass(frozen=True, slots=True)
class Deps:
    """What one revision of the rules and one configuration make of every mail."""

    rules: RuleSet
    desk: Desk
    own: OwnMail
    threading: ThreadPolicy
    notifying: NotifyPolicy
    languages: tuple[str, ...]
    trusted_authserv_ids: tuple[str, ...]
    behind_boundary: Callable[[Envelope], bool]  # whether our own MTA handed it over, whose verdicts may stand in it
    agents: tuple[frozenset[str], frozenset[str]]  # their addresses in normal form, their names as the eye takes them
    bounce_address: str  # normal form
    calendars: Mapping[str, WorkingTime]
    new_budget: Callable[[], Budget]
    now: Callable[[], datetime]

    @property
    def takes_no_part(self) -> frozenset[str]:
        """Addresses that are never participants of a ticket: ours, and those of agents."""
        return self.notifying.own_addresses | self.agents[0]

    def is_open(self, calendar: str, at: datetime) -> bool:
        """Whether a calendar of the rules is open."""
        return self.calendars[calendar].is_open(at)

    def local(self, at: datetime) -> datetime:
        """The moment as the clock of `defaults.calendar` shows it; UTC where there is none."""
        name = self.rules.defaults.calendar
        return at if name is None else self.calendars[name].local(at)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known of a mail when the rules are asked; it is kept, so that other rules can be asked the same."""

    inbound: Accepted
    message: Message  # what it repeats of our own mails is folded
    verdict: Classification
    auth: Auth
    customer: Customer | None
    match: ThreadMatch
    ticket: Ticket | None  # the one that matched, as it was before the mail; None for a new one
    doubts: tuple[str, ...]
    at: datetime
    fired: tuple[str, ...] = ()  # the rules with `once` that the ticket had seen


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with a mail and why; nothing is done yet."""

    message: Message  # what it repeats of our own mails is folded
    verdict: Classification
    auth: Auth
    customer: Customer | None
    language: tuple[str, str]
    match: ThreadMatch | None  # None: settled before threading
    ticket: Ticket | None  # the one that matched, or the provisional one
    decision: Decision
    changes: tuple[Change, ...]
    events: tuple[Event, ...] = field(default=())
    doubts: tuple[str, ...] = field(default=())
    situation: Situation | None = None  # None: settled before the rules


def process(inbound: Accepted, message: Message, d: Deps, c: Connection) -> Outcome:
    """One accepted message, top to bottom. One transaction, no network. [T1]"""
    now, view = d.now(), StoreView(c)
    if (first := mail_store.same_content(c, content_hash(message, inbound, d), inbound.key, now)) is not None:
        return _finish_duplicate(inbound, message, first, d, c, now)
    plan = decide(inbound, message, d, view, now)
    message = plan.message
    matched = plan.ticket if plan.match is not None and plan.match.ticket is not None else None
    saved = ticket_store.save(
        c,
        plan.changes,
        ticket_before=matched,
        source=inbound.key,
        actor="customer",
        now=now,
        revision=plan.decision.trace.revision,
    )
    arrived = Arrived(inbound, message, plan.verdict, plan.auth, plan.customer, plan.language[0])
    notices, sent = [], []
    for notice in notify(saved, arrived, plan.decision, d.notifying, view, now):  # each counts in the next one's budget
        notices.append(notice)
        if (queued := enqueue(notice, d.desk, c, now)) is not None:
            sent.append((queued[1], normal(notice.recipient.address)))
    if saved.ticket is not None and saved.entry is not None:
        follow_up(c, saved.ticket, plan.events, plan.decision, d, now)
    filed = next((change.ticket for change in plan.changes if isinstance(change, Record)), None)
    number = saved.ticket.number if saved.ticket is not None else filed
    outcome = Outcome(inbound.key, saved.disposition, saved.reason, number, saved.entry)
    if outcome.disposition in ("ticket", "entry") and outcome.ticket is not None:
        ticket_store.remember_messages(c, [*_came(message, plan), *sent], outcome.ticket)
    if plan.situation is not None:
        keep_situation(c, inbound.id, now, packed(plan.situation))
    _finish(outcome, inbound, message, explanation(message, plan, notices), c, now)
    return outcome


def decide(
    inbound: Accepted, message: Message, d: Deps, view: View, now: datetime, *, supposed: tuple[Event, ...] = ()
) -> Plan:
    """What a mail means, which ticket it belongs to, what the rules want, and what changes. Changes nothing.

    supposed  events instead of those that the mail raises, where somebody only asks
    """
    auth = authenticated(inbound, message, d)
    verdict = classify(message, inbound.envelope, d.own)
    customer = view.customer(message.author.address) if message.author is not None else None
    if not inbound.released and (settled := _settled(message, inbound, verdict, d, view)) is not None:
        nothing = Decision((), Trace(d.rules.revision, d.rules.sha256, ()))
        language = _language(message, customer, d.rules)
        return Plan(message, verdict, auth, customer, language, None, None, nothing, (settled,))
    doubted = doubts(message, auth, *d.agents)
    match = _stub(inbound, message, auth) or thread(message, inbound.envelope, verdict, auth, view, d.threading, now)
    ticket = view.ticket(match.ticket) if match.ticket is not None else None
    if ticket is not None:
        message = without_our_words(message, ticket.number, d.languages, view)
    else:
        match = replace(match, ticket=None)
    once = ticket is not None and may_have_fired(d.rules.rules, supposed or _events(inbound, verdict, match))
    fired = tuple(view.fired(ticket.number, ticket.messages + 1)) if ticket and once else ()  # it begins a new cycle
    return ruled(Situation(inbound, message, verdict, auth, customer, match, ticket, doubted, now, fired), d, supposed)


def ruled(s: Situation, d: Deps, supposed: tuple[Event, ...] = ()) -> Plan:
    """What the rules want in a situation, and what changes.

    supposed  events instead of those of the mail itself
    """
    language = _language(s.message, s.customer, d.rules)
    ticket = s.ticket
    if ticket is None:
        ticket = provisional(s.message, _teams(s.inbound, d), language[0], s.at)
        ticket = replace(ticket, flags=(*ticket.flags, *s.doubts))
    events = supposed or _events(s.inbound, s.verdict, s.match)
    known = facts(
        s.message,
        s.verdict,
        s.auth,
        s.inbound,
        s.customer,
        language=language,
        delimiter=d.threading.delimiter,
        now=d.local(s.at),
    )
    stated = with_ticket(known, ticket, s.at)
    decision = evaluate(d.rules, stated, events, budget=d.new_budget(), fired=s.fired, opening=d.is_open)
    changes = apply(ticket, s.message, s.verdict, s.match, decision, s.inbound, d.rules, d.takes_no_part)
    if s.ticket is not None and decision.disposition is None:
        events, decision, changes = _opened_again(ticket, changes, decision, events, known, d, s.at)
        other = ("other-subject",) if another_matter(ticket, s.message.subject, d.rules, s.at) else ()
        changes = (*changes, *_marks(ticket, changes, s.match, (*s.doubts, *other)))
    return Plan(
        s.message, s.verdict, s.auth, s.customer, language, s.match, ticket, decision, changes, events, s.doubts, s
    )


def packed(situation: Situation) -> bytes:
    """The situation as it is kept: no text longer than what text operators read."""
    message = situation.message
    kept = {name: text[:_KEPT] for name in ("text", "quoted", "signature", "html") if (text := getattr(message, name))}
    if message.forward is not None:
        kept["forward"] = replace(message.forward, text=message.forward.text[:_KEPT])
    return zlib.compress(_situation_encoder.encode(replace(situation, message=replace(message, **kept))), level=1)


def unpacked(octets: bytes) -> Situation | None:
    """As it was; None when another version kept it, in another form."""
    try:
        return _situation_decoder.decode(zlib.decompress(octets))
    except (msgspec.MsgspecError, zlib.error):
        return None


def authenticated(inbound: Accepted, message: Message, d: Deps) -> Auth:
    """The verdicts of our boundary; where it gave none, our own, as they were stored."""
    ours = d.behind_boundary(inbound.envelope)
    said = authenticate(message, d.trusted_authserv_ids) if ours else NOT_AUTHENTICATED
    return inbound.verified if said.by is None and inbound.verified is not None else said


def _opened_again(
    ticket: Ticket,
    changes: tuple[Change, ...],
    decision: Decision,
    events: tuple[Event, ...],
    known: Facts,
    d: Deps,
    now: datetime,
) -> tuple[tuple[Event, ...], Decision, tuple[Change, ...]]:
    """What the rules make of a status that the customer's words changed, beside what they made of the words."""
    moved = any(isinstance(change, SetStatus) and not change.cause.startswith("rule:") for change in changes)
    asked = any(hit.event == "status-changed" for hit in decision.trace.hits)  # a rule changed it, too
    if not moved or asked or not any("status-changed" in rule.on for rule in d.rules.rules):
        return events, decision, changes
    after = ticket
    for change in changes:
        if isinstance(change, SetField | SetStatus):
            after = changed(after, change)
    more = evaluate(
        d.rules,
        with_ticket(known, after, now),
        ("status-changed",),
        budget=d.new_budget(),
        before=with_ticket(known, ticket, now),
        opening=d.is_open,
    )
    first = decision.trace
    others = tuple(rule for rule in first.other_events if rule in more.trace.other_events)
    trace = replace(first, hits=(*first.hits, *more.trace.hits), other_events=others, guard=more.trace.guard)
    actions = tuple(acted(after, more.actions, d.rules, d.takes_no_part, now))
    joined = Decision((*decision.actions, *more.actions), trace)
    return (*events, "status-changed"), joined, (*changes, *actions, *failed(after, more))


def follow_up(
    c: Connection, ticket: Ticket, events: tuple[Event, ...], decision: Decision, d: Deps, now: datetime
) -> None:
    """What outlives a run of the rules: what it cancels, what it put off, and which rules ran for the last time.

    ticket  as it is after the run
    """
    delayed.cancel(c, ticket.number, events, now)
    for later in decision.actions:
        if isinstance(later, Later):
            delayed.put_off(c, ticket.number, later, now, _due(later, d, now))
    applied = (hit.rule for hit in decision.trace.hits if hit.outcome == "applied")
    note_fired(c, ticket.number, ticket.messages, d.rules.rules, applied)


def _due(later: Later, d: Deps, now: datetime) -> datetime | None:
    """When an action is to be done; None where its calendar never opens."""
    if isinstance(later.after, Span) and later.calendar is not None:
        return d.calendars[later.calendar].after(now, later.after)
    return now + later.after if isinstance(later.after, timedelta) else None


def without_our_words(message: Message, ticket: int, languages: tuple[str, ...], view: View) -> Message:
    """The message with all that it repeats of our mails in the ticket folded, whatever a mail program made of it."""
    if len(message.text.split()) < LEAST_WORDS:
        return message
    bodies = [read_body(raw, _OUR_LIMITS) for raw in view.answered(ticket, (*message.in_reply_to, *message.references))]
    texts = [text for body in bodies for text in (body.text, html_text(body.html or "")) if text]
    return refolded(message, texts, languages)


def _marks(ticket: Ticket, changes: Sequence[Change], match: ThreadMatch, doubted: Sequence[str]) -> Iterator[SetField]:
    """What an agent should know of an entry of an old ticket: a guess, another subject, doubts about its author."""
    set_already = (c.value for c in reversed(changes) if isinstance(c, SetField) and c.name == "flags")
    flags = next((value for value in set_already if isinstance(value, tuple)), ticket.flags)
    marks = ("guessed", *doubted) if match.by == "guess" else doubted
    if fresh := tuple(mark for mark in marks if mark not in flags):
        yield SetField("flags", (*flags, *fresh), "thread")


def _events(inbound: Accepted, verdict: Classification, match: ThreadMatch) -> tuple[Event, ...]:
    """What the mail raises. A machine's mail in a ticket, and a third party's, are no reply of the customer."""
    received: tuple[Event, ...] = () if inbound.released else ("received",)
    if match.ticket is None:
        return (*received, "new")
    return received if is_event(verdict, match.trust) or match.trust == "third-party" else (*received, "reply")


def quarantine(inbound: Accepted, reason: str, d: Deps, c: Connection) -> Outcome:
    """A mail that we cannot process: kept with its reason, and seen by people as a stub ticket. [T1]"""
    reason = clean_line(reason)[:500]
    now, envelope = d.now(), inbound.envelope
    subject = f"Mail m-{inbound.id} could not be read"
    words = (
        f"From: {envelope.reverse_path or '<>'}\nTo: {', '.join(envelope.forward_paths)}\n"
        f"Received: {envelope.received_at:%Y-%m-%d %H:%M:%S} UTC from {envelope.peer}, {inbound.size} octets\n"
        f"Reason: {reason}\n\nThe original is kept: mailwicket mail raw m-{inbound.id}"
    )
    changes = (
        OpenTicket(subject, _teams(inbound, d)[0], None, None, "mail", envelope.received_at, (), ("poison",)),
        AddEntry("event", None, envelope.received_at, words, "", "", None, None, public=False, trust="stranger"),
        SetField("tags", ("poison",), "quarantine"),
    )
    saved = ticket_store.save(c, changes, ticket_before=None, source=f"stub:{inbound.key}", actor="system", now=now)
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
        parts.append(_teams(inbound, d)[0])
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()


def explanation(message: Message, plan: Plan, notices: Sequence[Notification]) -> Explanation:
    """The reasons of one mail, as they are stored and as `why` and `rules explain` print them."""
    auth = plan.auth
    by = f"by {auth.by}" if auth.by == OURSELVES else f"by {auth.by}, trusted"
    said = f"spf={auth.spf} dkim={auth.dkim} dmarc={auth.dmarc} ({by})" if auth.by else "none"
    return Explanation(
        kind=plan.verdict.kind,
        kind_reason=plan.verdict.reason,
        author=str(message.author) if message.author else "",
        ambiguous_author=message.ambiguous_author,
        auth=said,
        language=f"{plan.language[0]} ({plan.language[1]})",
        new_text=len(message.text),
        quoted=len(message.quoted),
        attachments=len(message.attachments),
        defects=tuple(d.code for d in message.defects),
        doubts=plan.doubts,
        match=plan.match,
        rules=plan.decision.trace,
        mails=tuple(mail_line(n) for n in notices),
        parser=PARSER,
    )


def _settled(message: Message, inbound: Accepted, verdict: Classification, d: Deps, view: View) -> Record | None:
    """What ends before any rule: our own mail come back, and reports about our mail."""
    if verdict.kind == "loop":
        return Record("record", f"own mail: {verdict.reason}")
    told = f" ({verdict.report})" if verdict.report is not None else ""
    bounced = [sub_address(path, d.threading.delimiter) for path in inbound.envelope.forward_paths]
    for base, detail in bounced:
        if base == d.bounce_address and detail is not None:
            id = d.threading.ring.read_bounce(detail)
            found = view.outbox_ticket(id) if id is not None else None
            if found is not None:
                return Record("report", f"about our mail q-{id}{told}", found[0])
    if verdict.kind == "report" or all(base == d.bounce_address for base, _ in bounced):
        return Record("record", f"backscatter: {verdict.reason}{told}")
    return None


def _stub(inbound: Accepted, message: Message, auth: Auth) -> ThreadMatch | None:
    """A retried mail goes on in the ticket that its quarantine opened, whoever wrote it."""
    if inbound.stub is None:
        return None
    trust: Trust = "stranger" if message.author is None or auth.dmarc == "fail" else "participant"
    return ThreadMatch(inbound.stub, "stub", trust, "the ticket that was opened when it could not be read")


def _came(message: Message, plan: Plan) -> list[tuple[str, str]]:
    """Who sent which Message-ID; nobody where his own mail must not prove a participant later."""
    unproven = plan.auth.dmarc == "fail" or (plan.match is not None and plan.match.trust == "third-party")
    if message.message_id is None or message.author is None or unproven:
        return []
    return [(message.message_id, normal(message.author.address))]


def _teams(inbound: Accepted, d: Deps) -> tuple[str, ...]:
    """The teams that the mail was sent to; the first one gets the ticket."""
    bases = (sub_address(path, d.threading.delimiter)[0] for path in inbound.envelope.forward_paths)
    teams = dict.fromkeys(team.id for base in bases if (team := d.rules.team_of(base)) is not None)
    return tuple(teams) or (d.rules.defaults.team,)


def _language(
    message: Message, customer: Customer | None, rules: RuleSet
) -> tuple[str, Literal["header", "detected", "history", "default"]]:
    """The language of our mails to this author, and where it comes from."""
    if message.language is not None and message.language_source != "none":
        return message.language, message.language_source
    if customer is not None and customer.language is not None:
        return customer.language, "history"
    return rules.defaults.language, "default"


def _also_to(number: int, inbound: Accepted, d: Deps, c: Connection, now: datetime) -> None:
    """A copy that came to another team is the same matter: its ticket names that team too."""
    ticket = tickets.goes_on_in(c, number)
    if ticket is None:
        return
    named = (f"also-to:{team}" for team in _teams(inbound, d) if team != ticket.team)
    if fresh := tuple(flag for flag in named if flag not in ticket.flags):
        change = SetField("flags", (*ticket.flags, *fresh), "the same mail to another team")
        ticket_store.save(c, (change,), ticket_before=ticket, source=inbound.key, actor="system", now=now)


def _finish_duplicate(
    inbound: Accepted, message: Message, first: tuple[str, int | None], d: Deps, c: Connection, now: datetime
) -> Outcome:
    key, ticket = first
    reason = f"the same mail came before as {key}"
    if ticket is not None:
        _also_to(ticket, inbound, d, c, now)
    outcome = Outcome(inbound.key, "duplicate", reason, ticket, None)
    verdict = classify(message, inbound.envelope, d.own)
    nothing = Decision((), Trace(d.rules.revision, d.rules.sha256, ()))
    language = _language(message, None, d.rules)
    plan = Plan(message, verdict, NOT_AUTHENTICATED, None, language, None, None, nothing, ())
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


def mail_line(notice: Notification) -> str:
    """A mail and the guard's word about it, as reasons keep it."""
    name = f"{notice.template}/{notice.variant}" if notice.variant else notice.template
    passed = f"held: {notice.held}" if notice.held else "send guard: pass"
    verdict = f"suppressed: {notice.suppressed}" if notice.suppressed else passed
    return f"{name} ({notice.language}) -> {notice.recipient.address} · {verdict} · {notice.cause}"


_situation_encoder = msgspec.msgpack.Encoder()
_situation_decoder = msgspec.msgpack.Decoder(Situation)
