"""What would become of a mail, without its becoming: the same stages as live, nothing stored, nothing sent.

Sources  rules.md §6, “Tests”, and §7, `rules explain`.
         A scene of the rule file is played as bytes, through the parser and `decide` as live: a second way to
         the same answer would sooner or later give another one.
Not here  comparing a scene with what it expects (rules/selftest.py), reading its mail (trial.py), that of strangers
         (parsing/).
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.deciding.decide import decide
from gateway.deciding.empty import EmptyView
from gateway.deciding.reasons import explanation
from gateway.deciding.types import Deps, Plan, View
from gateway.message.address import mailboxes, normal, sub_address
from gateway.message.types import Accepted, Envelope, Message
from gateway.rules.scenes import CUSTOMER
from gateway.rules.selftest import Observed
from gateway.rules.told import told
from gateway.rules.types import Dispose, Disposition, Event, RuleSet, Scene
from gateway.ticket.apply import subject_of
from gateway.ticket.change import changed, opened
from gateway.ticket.ledger import lines_of, told_lines, unwritten
from gateway.ticket.notify import Arrived, Sent, notify
from gateway.ticket.sla import Standing
from gateway.ticket.types import (
    AddEntry,
    Customer,
    Explanation,
    Notification,
    OpenTicket,
    Record,
    Saved,
    SetField,
    SetStatus,
    Ticket,
)

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday: the time of scenes that name none
AUTHSERV_ID = "rules.test"  # who says what the `auth` of a scene says

_BOUNDARY = "=_scene"
_KEY = "0" * 32
_NUMBER = 1  # of a scene's ticket that has none


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What would become of a mail, and every reason."""

    message: Message
    plan: Plan
    notices: tuple[Notification, ...]
    ticket: Ticket | None  # as it would be afterwards; number 0 is a new one. None when the mail would not reach one
    explanation: Explanation
    observed: Observed
    standing: Standing | None = None  # what would be promised for the ticket


def play(scene: Scene, raw: bytes, message: Message, d: Deps, view: View) -> Rehearsal:
    """A scene of the rule file, in its own time, with the verdicts it names and no budget used.

    raw, message  the mail: `scene_mail(scene)`, or the octets of its file; what it says
    """
    now = scene.now or NOON
    said = "auth" in scene.mail
    staged = replace(
        d,
        trusted_authserv_ids=(AUTHSERV_ID,),
        notifying=replace(d.notifying, unauthenticated="auto", verdicts_exist=said),
        now=lambda: now,
    )
    number = None
    if scene.customer is not None or scene.ticket is not None:
        set_scene = _SetScene(scene, message, d.rules, now)
        view, number = set_scene, set_scene.number
    events = (scene.event,) if scene.event is not None else ()
    return rehearse(raw, message, staged, view, now, ticket=number, events=events)


class _SetScene(EmptyView):
    """The one ticket and the one customer that a scene names."""

    def __init__(self, scene: Scene, message: Message, rules: RuleSet, now: datetime) -> None:
        self._scene, self._author = scene, message.author
        self._ticket = _ticket_of(scene.ticket, message, rules, now) if scene.ticket is not None else None
        self.number = self._ticket.number if self._ticket else None

    def ticket(self, number: int) -> Ticket | None:
        """The ticket of the scene."""
        return self._ticket if number == self.number else None

    def customer(self, address: str) -> Customer | None:
        """Who writes, when the scene knows him."""
        if self._scene.customer is None or self._author is None:
            return None
        unsaid = Customer(1, self._author.name, address, None, muted=False, answered=False)
        said = dict(self._scene.customer)
        attributes = tuple((name, said.pop(name)) for name in tuple(said) if name not in CUSTOMER)
        return replace(unsaid, **said, attributes=attributes)


def _ticket_of(given: Mapping[str, Any], message: Message, rules: RuleSet, now: datetime) -> Ticket:
    """The ticket of a scene: an open one of the default team where it says nothing else."""
    values = dict(given)
    opened_at = now - values.pop("age", timedelta(0))
    idle = values.pop("idle", timedelta(0))
    fields = tuple(values.pop("fields", {}).items())
    status = values.get("status", "open")
    team, language = rules.defaults.team, rules.defaults.language
    opening = OpenTicket(subject_of(message), team, message.author, language, "mail", opened_at)
    unsaid = replace(opened(opening), number=_NUMBER, status="open", messages=1, updated_at=now - idle)
    return replace(unsaid, **values, fields=fields, status_type=rules.statuses[status], status_at=now - idle)


def rehearse(
    raw: bytes,
    message: Message,
    d: Deps,
    view: View,
    now: datetime,
    *,
    ticket: int | None = None,
    events: tuple[Event, ...] = (),
) -> Rehearsal:
    """One mail through the stages of the pipeline; the envelope is read off its fields.

    ticket, events  to be supposed, instead of what the mail itself says
    """
    sha256 = hashlib.sha256(raw).hexdigest()
    inbound = Accepted(0, _KEY, _envelope(message, d, now), len(raw), sha256, 1, stub=ticket)
    plan = decide(inbound, message, d, view, now, supposed=events)
    end = followed(inbound, plan, d, view, now)
    trace = told(plan.decision.trace, d.rules.outline)
    reasons = replace(explanation(plan.message, plan, end.notices), rules=trace)
    observed = replace(end.observed, trace=trace if plan.match is not None else None)
    return Rehearsal(plan.message, plan, end.notices, end.ticket, reasons, observed, end.standing)


@dataclass(frozen=True, slots=True)
class End:
    """What a plan would lead to."""

    ticket: Ticket | None  # as it would be afterwards; None when the mail would not reach one
    notices: tuple[Notification, ...]
    observed: Observed
    standing: Standing | None  # what would be promised for the ticket


def followed(inbound: Accepted, plan: Plan, d: Deps, sent: Sent, now: datetime, *, opened: int = 0) -> End:
    """Where a plan leads, without going there.

    sent    what automatic mail there was; asked anew for each mail
    opened  the number that a new ticket would have
    """
    saved = _saved(plan, opened)
    standing = _standing(plan, saved.ticket, d, now) if saved.ticket is not None else None
    if saved.ticket is not None and standing is not None:
        promised = replace(saved.ticket, next_due=standing.next_due, answer_due=standing.answer_due)
        saved = replace(saved, ticket=promised)
    arrived = Arrived(inbound, plan.message, plan.verdict, plan.auth, plan.customer, plan.language[0], plan.flood)
    notices = tuple(notify(saved, arrived, plan.decision, d.notifying, sent, now))
    return End(saved.ticket, notices, _observed(plan, saved, notices, standing), standing)


def scene_mail(scene: Scene, to: str) -> bytes:
    """The mail of a scene as RFC 5322 octets.

    to  where it goes when the scene does not say
    """
    mail = scene.mail
    fields = [*_verdicts(mail), *_fields(scene, to)]
    text, html = mail.get("text") or "", mail.get("html")
    if html is None:
        fields.append(("Content-Type", "text/plain; charset=utf-8"))
        body = text
    else:
        fields.append(("Content-Type", f'multipart/alternative; boundary="{_BOUNDARY}"'))
        body = "".join(
            f"--{_BOUNDARY}\nContent-Type: text/{kind}; charset=utf-8\n\n{content}\n"
            for kind, content in (("plain", text), ("html", html))
            if content
        )
        body += f"--{_BOUNDARY}--\n"
    head = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields)
    return "\r\n".join(f"{head}\n{body}\n".splitlines()).encode("utf-8", "replace") + b"\r\n"


def _verdicts(mail: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The verdicts, and below them the field of the host that gave them: without it nobody believes them."""
    if results := mail.get("auth"):
        said = "; ".join(f"{method}={result}" for method, result in results.items())
        yield "Authentication-Results", f"{AUTHSERV_ID}; {said}"
        yield "Received", f"from client.test by {AUTHSERV_ID} with LMTP"


def _fields(scene: Scene, to: str) -> Iterator[tuple[str, str]]:
    """The fields that the scene gives, and those that every mail has."""
    mail = scene.mail
    own: Mapping[str, Sequence[str]] = mail.get("headers", {})
    named = {name.lower() for name in own}
    now = scene.now or NOON
    usual = {
        "From": mail.get("from", ()),
        "To": mail.get("to", (to,)),
        "Cc": mail.get("cc", ()),
        "Reply-To": mail.get("reply_to", ()),
        "Subject": (mail.get("subject") or "",),
        "Date": (f"{now.astimezone(UTC):%a, %d %b %Y %H:%M:%S} +0000",),
        "Message-ID": (f"<{hashlib.sha256(scene.name.encode()).hexdigest()[:16]}@{AUTHSERV_ID}>",),
        "MIME-Version": ("1.0",),
    }
    for name, values in usual.items():
        if name.lower() not in named and values:
            yield name, ", ".join(values)
    for name, values in own.items():
        yield from ((name, value) for value in values)


def _envelope(message: Message, d: Deps, now: datetime) -> Envelope:
    """What SMTP would probably have said: Return-Path or the author, and those of the recipients that are ours."""
    written = message.value("Return-Path")
    sender = message.author.address if message.author else None
    if written is not None:
        sender = written.strip().strip("<>") or None
    named = [
        *(m.address for value in message.values("Delivered-To") for m in mailboxes((value,), 1)),
        *(m.address for m in (*message.to, *message.cc)),
    ]
    delimiter = d.threading.delimiter
    ours = [normal(a) for a in named if d.rules.team_of(sub_address(normal(a), delimiter)[0]) is not None]
    default = d.rules.teams[d.rules.defaults.team].addresses[0]
    return Envelope(sender, tuple(dict.fromkeys(ours)) or (default,), "rehearsal", "unix", "lmtp", now)


def _saved(plan: Plan, number: int) -> Saved:
    """What the store would answer; it gives the number to a new ticket."""
    record = next((c for c in plan.changes if isinstance(c, Record)), None)
    if record is not None:
        return Saved(record.disposition, record.reason, None, None, opened=False)
    ticket = plan.ticket
    for change in plan.changes:
        if isinstance(change, SetField | SetStatus) and ticket is not None:
            ticket = changed(ticket, change)
    new = any(isinstance(c, OpenTicket) for c in plan.changes)
    if new and ticket is not None:
        ticket = replace(ticket, number=number)
    entry = 0 if any(isinstance(c, AddEntry) for c in plan.changes) else None
    return Saved("ticket" if new else "entry", "", ticket, entry, new)


def _standing(plan: Plan, ticket: Ticket, d: Deps, now: datetime) -> Standing:
    """What would be promised: the pauses of a ticket that is there are not known here."""
    there = unwritten(plan.ticket) if plan.ticket is not None and plan.ticket.number else ()
    lines = (*there, *lines_of(plan.changes, "customer"), *told_lines(plan.changes, now))
    return d.promises.standing(ticket, plan.customer, sorted(lines, key=lambda line: line.at))


def _observed(plan: Plan, saved: Saved, notices: tuple[Notification, ...], standing: Standing | None) -> Observed:
    ticket, end = saved.ticket, plan.decision.disposition
    applied = (hit.rule for hit in plan.decision.trace.hits if hit.outcome == "applied")
    return Observed(
        rules=tuple(dict.fromkeys(applied)),
        ticket="none" if ticket is None else str(ticket.number or "new"),
        team=ticket.team if ticket else None,
        assignee=ticket.assignee if ticket else None,
        status=ticket.status if ticket else None,
        priority=ticket.priority if ticket else None,
        tags=ticket.tags if ticket else (),
        fields=dict(ticket.fields) if ticket else {},
        sent=tuple(map(mail_name, (n for n in notices if n.suppressed is None and n.held is None))),
        hold=next((n.held for n in notices if n.held is not None), None),
        sla=standing.policy if standing else None,
        due=(ticket.due or ticket.next_due) if ticket else None,
        quarantine=saved.reason if saved.disposition == "quarantine" else None,
        drop=_drop_reason(end),
    )


def mail_name(notice: Notification) -> str:
    """TEMPLATE[/VARIANT].LANGUAGE."""
    variant = f"/{notice.variant}" if notice.variant else ""
    return f"{notice.template}{variant}.{notice.language}"


def _drop_reason(end: Disposition | None) -> str | None:
    before = f"drop:{end.rule}: " if end else ""
    return end.reason.removeprefix(before) if isinstance(end, Dispose) and end.reason.startswith(before) else None
