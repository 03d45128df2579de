"""What would become of a mail, without its becoming: the same stages as live, nothing stored, nothing sent.

Sources  rules.md §7, `rules explain`.
Not here  scenes of the rule file (staged.py), reading mail of strangers (parsing/).
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.deciding.decide import decide
from gateway.deciding.reasons import explanation
from gateway.deciding.types import Deps, Plan, View
from gateway.message.address import mailboxes, normal, sub_address
from gateway.message.types import Accepted, Envelope, Message
from gateway.rules.selftest import Observed
from gateway.rules.told import told
from gateway.rules.types import Dispose, Disposition, Event, Trace
from gateway.ticket.assign import Choice, choice, waits
from gateway.ticket.change import after
from gateway.ticket.guard import Arrived, Sent
from gateway.ticket.ledger import lines_of, told_lines, unwritten
from gateway.ticket.notify import notify
from gateway.ticket.sla import Standing
from gateway.ticket.types import (
    AddEntry,
    Change,
    Customer,
    Explanation,
    Notification,
    OpenTicket,
    Record,
    Saved,
    Ticket,
)

_KEY = "0" * 32


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
    owner: Choice | None = None  # whom the gateway would give it to; None: it has an owner, or is given by hand


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
    seen = replace(end.observed, trace=trace if plan.match is not None else None)
    owner = _owner(end.ticket, d, view, now)
    there = end.ticket
    if owner is not None and there is not None:
        there, seen = replace(there, assignee=owner.agent), replace(seen, assignee=owner.agent)
    return Rehearsal(plan.message, plan, end.notices, there, reasons, seen, end.standing, owner)


def _owner(ticket: Ticket | None, d: Deps, view: View, now: datetime) -> Choice | None:
    """Who would be given the ticket if it were the only one that waits; None: nobody has to be found."""
    if ticket is None or not waits(ticket, d.rules):
        return None
    return choice(
        ticket, d.rules.teams[ticket.team], d.rules, view.at_desk(d.promises, now), view.last_given(ticket.team)
    )


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
    standing = None
    if saved.ticket is not None:
        there = plan.ticket if plan.ticket is not None and plan.ticket.number else None
        standing = standing_of(there, saved.ticket, plan.changes, plan.customer, d, now)
        saved = replace(saved, ticket=promised(saved.ticket, standing))
    arrived = Arrived(inbound, plan.message, plan.verdict, plan.auth, plan.customer, plan.language[0], plan.flood)
    notices = tuple(notify(saved, arrived, plan.decision, d.notifying, sent, now))
    return End(
        saved.ticket,
        notices,
        observed(plan.decision.trace, plan.decision.disposition, saved, notices, standing),
        standing,
    )


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
    ticket = after(plan.ticket, plan.changes) if plan.ticket is not None else None
    new = any(isinstance(c, OpenTicket) for c in plan.changes)
    if new and ticket is not None:
        ticket = replace(ticket, number=number)
    entry = 0 if any(isinstance(c, AddEntry) for c in plan.changes) else None
    return Saved("ticket" if new else "entry", "", ticket, entry, new)


def standing_of(
    there: Ticket | None,
    ticket: Ticket,
    changes: Collection[Change],
    customer: Customer | None,
    d: Deps,
    now: datetime,
) -> Standing:
    """What would be promised for a ticket.

    there  as it was before the changes: its earlier pauses are not known here. None for a new one
    """
    before = unwritten(there) if there is not None else ()
    lines = (*before, *lines_of(changes, "customer"), *told_lines(changes, now))
    return d.promises.standing(ticket, customer, sorted(lines, key=lambda line: line.at))


def promised(ticket: Ticket, standing: Standing) -> Ticket:
    """The ticket with what is promised for it."""
    return replace(ticket, next_due=standing.next_due, answer_due=standing.answer_due)


def observed(
    trace: Trace,
    end: Disposition | None,
    saved: Saved,
    notices: Collection[Notification],
    standing: Standing | None,
) -> Observed:
    """What a test may ask about."""
    ticket = saved.ticket
    applied = (hit.rule for hit in trace.hits if hit.outcome == "applied")
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
