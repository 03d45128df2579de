"""A scene of the rule file, played in its own time: its mail, or the event that no mail raises.

Sources  rules.md §6, “Tests”. A mail goes as bytes through the parser and `decide` as live: a second way to the same
         answer would sooner or later give another one.
Not here its mail as octets (scene_mail.py), what is expected of it (rules/selftest.py), who reads files (trial.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from gateway.deciding.empty import EmptyView
from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.message.types import Mailbox, Message
from gateway.rehearsal import Rehearsal, observed, promised, rehearse, standing_of
from gateway.rules.evaluate import evaluate
from gateway.rules.scenes import CUSTOMER
from gateway.rules.selftest import Observed
from gateway.rules.told import told
from gateway.rules.types import Event, RuleSet, Scene
from gateway.scene_mail import AUTHSERV_ID, NOON
from gateway.ticket.acted import acted
from gateway.ticket.apply import failed, subject_of
from gateway.ticket.change import after, opened
from gateway.ticket.facts import standing as facts_of
from gateway.ticket.facts import with_ticket
from gateway.ticket.guard import Happened, SendBudget
from gateway.ticket.notify import notify
from gateway.ticket.reminder import with_promise, with_reminder
from gateway.ticket.sla import BREACH, Promised, Standing
from gateway.ticket.types import Customer, OpenTicket, Saved, Ticket

_NUMBER = 1  # of a ticket that has none
_SOMEBODY = Mailbox("", "customer@rules.test")  # whose ticket it is where no mail and no word says it
_BY_AGENTS: tuple[Event, ...] = ("agent-reply", "note", "assigned")
_OF_PROMISES: tuple[Event, ...] = ("sla-warning", "sla-breached")


def play(scene: Scene, raw: bytes, message: Message, d: Deps) -> Rehearsal:
    """The mail of a scene, with the verdicts it names and no budget used but what its history says.

    raw, message  `scene_mail(scene)`, or the octets of its file; what it says
    """
    setting = Setting(scene, d.rules, message.author, subject_of(message))
    events = (scene.event,) if scene.event is not None else ()
    there = setting.there.number if setting.there is not None else None
    return rehearse(raw, message, _staged(scene, d), setting, setting.now, ticket=there, events=events)


def happen(scene: Scene, event: Event, d: Deps) -> Observed:
    """What comes of an event that no mail raises, in the ticket of the scene, or in any open one."""
    setting = Setting(replace(scene, ticket=scene.ticket or {}), d.rules, _SOMEBODY, "")
    now, ticket, d = setting.now, setting.there, _staged(scene, d)
    if ticket is None or ticket.requester is None:
        raise ValueError(f"a scene of “{event}” has a ticket, and it is somebody's")
    address = normal(ticket.requester.address)
    customer = setting.customer(address)
    standing = standing_of(ticket, ticket, (), customer, d, now)
    ticket = promised(ticket, standing)
    actor = "agent" if event in _BY_AGENTS else "system"
    known = facts_of(customer, d.looked_up((address,)), ticket.language, actor, "", d.local(now))
    stated = with_ticket(known, ticket, now, d.promises, customer)
    next_due = _next_due(standing) if event in _OF_PROMISES else None
    stage = _stage(next_due, event, now) if next_due is not None else 0
    decision = evaluate(
        d.rules,
        with_promise(stated, next_due, stage, now) if next_due is not None else stated,
        (event,),
        budget=d.new_budget(),
        before=with_ticket(known, setting.before or ticket, now, d.promises, customer),
        opening=d.promises.is_open,
        fired=setting.fired(ticket.number, ticket.messages),
    )
    changes = (*acted(ticket, decision.actions, d.rules, d.takes_no_part, now), *failed(ticket, decision))
    then = after(ticket, changes)
    standing = standing_of(ticket, then, changes, customer, d, now)
    saved = Saved("entry", "", promised(then, standing), None, opened=False)
    if next_due is not None:
        decision = with_reminder(decision, stage, next_due, ticket, d.rules)
    notices = tuple(notify(saved, Happened(scene.name, customer), decision, d.notifying, setting, now))
    seen = observed(decision.trace, None, saved, notices, standing)
    return replace(seen, trace=told(decision.trace, d.rules.outline))


def _staged(scene: Scene, d: Deps) -> Deps:
    """In the time of the scene, where only what it names was verified."""
    notifying = replace(d.notifying, unauthenticated="auto", verdicts_exist="auth" in scene.mail)
    now = scene.now or NOON
    return replace(d, trusted_authserv_ids=(AUTHSERV_ID,), notifying=notifying, now=lambda: now)


def _next_due(standing: Standing) -> Promised | None:
    """The promise that falls due first; None where none runs."""
    running = (p for p in standing.promised if p.clock.ended_at is None and p.due_at is not None)
    return min(running, key=lambda p: p.due_at or NOON, default=None)


def _stage(promise: Promised, event: Event, now: datetime) -> int:
    """Which stage is told of: of warnings the latest that was reached, at least the first."""
    if event == "sla-breached":
        return BREACH
    warnings = [(percent, at) for percent, at in promise.stages if percent < BREACH]
    return max((percent for percent, at in warnings if at <= now), default=min(warnings, default=(BREACH, now))[0])


class Setting(EmptyView):
    """The one ticket and the one customer that a scene names, and what was before."""

    def __init__(self, scene: Scene, rules: RuleSet, author: Mailbox | None, subject: str) -> None:
        self.now = scene.now or NOON
        self._scene, self._author, self._history = scene, author, scene.history
        self.there = self.before = None
        if scene.ticket is not None:
            self.there = self._ticket_of(scene.ticket, rules, subject)
            self.before = self._ticket_of({**scene.ticket, **self._history.get("ticket", {})}, rules, subject)

    def ticket(self, number: int) -> Ticket | None:
        """The ticket of the scene."""
        return self.there if self.there is not None and number == self.there.number else None

    def customer(self, address: str) -> Customer | None:
        """Whose mail or ticket it is; somebody new where a mail comes in and the scene knows nobody."""
        who = self._author if self._scene.has_mail else self.there.requester if self.there is not None else None
        said = dict(self._scene.customer or {})
        if who is None or (self._scene.has_mail and self._scene.customer is None and "opened" not in self._history):
            return None
        unsaid = Customer(1, who.name, address, None, muted=False, answered=False)
        attributes = tuple((name, said.pop(name)) for name in tuple(said) if name not in CUSTOMER)
        return replace(unsaid, **said, attributes=attributes)

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """What the customer was sent before; agents were sent nothing."""
        return [
            sum(self._counts(budget, *mail) for mail in self._history.get("sent", {}).items()) for budget in budgets
        ]

    def fired(self, ticket: int, cycle: int) -> Collection[str]:
        """The rules that ran in the ticket."""
        return tuple(self._history.get("rules", ()))

    def opened_last(self, customer: int, count: int) -> datetime | None:
        """Just now, when he opened so many."""
        return self.now if self._history.get("opened", 0) >= count else None

    def written_last(self, address: str, count: int) -> datetime | None:
        """Just now, when he wrote so many."""
        return self.now if self._history.get("written", 0) >= count else None

    def _counts(self, budget: SendBudget, template: str, ago: timedelta) -> bool:
        here = "ticket" not in budget.scope or self.there is not None
        alike = budget.scope.get("template", template) == template
        return here and alike and ago < budget.rate.per and budget.only_to is None

    def _ticket_of(self, given: Mapping[str, Any], rules: RuleSet, subject: str) -> Ticket:
        """An open ticket of the default team where the scene says nothing else."""
        values = dict(given)
        opened_at = self.now - values.pop("age", timedelta(0))
        since = self.now - values.pop("idle", timedelta(0))
        fields = tuple(values.pop("fields", {}).items())
        status = values.get("status", "open")
        opening = OpenTicket(
            subject, rules.defaults.team, self._author, rules.defaults.language, "mail", min(opened_at, since)
        )
        unsaid = replace(opened(opening), number=_NUMBER, status="open", messages=1, updated_at=since)
        return replace(unsaid, **values, fields=fields, status_type=rules.statuses[status], status_at=since)
