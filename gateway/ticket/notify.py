"""Whom to tell, in which language, and whether we may: the one send guard of automatic mail.

Sources  RFC 3834 §2, §4 (to whom an automatic answer goes), mails-out rules of the site, acceptance L11.
         A refusal is a value: a notification with the guard's word, stored and visible, never silence.
Not here  what the mail says (outgoing/render.py, compose.py), when it leaves (outgoing/outbox.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

from gateway.message.address import domain_of, normal
from gateway.message.types import Accepted, Auth, Classification, Mailbox, Message
from gateway.rules.desk import Limits, Rate
from gateway.rules.types import Decision, Reply, RuleSet
from gateway.ticket.types import Customer, Notification, Saved, Ticket

_REFERENCES = 10  # the first and the last nine


@dataclass(frozen=True, slots=True)
class SendBudget:
    """So much automatic mail in so much time within a scope: recipient, domain, ticket, template; empty is all."""

    code: str  # the guard's word when it is used up
    rate: Rate
    scope: Mapping[str, object]


class Sent(Protocol):
    """How much automatic mail there was."""

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """The mails of each budget in its time, counted up to its limit."""
        ...


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """What the site says about automatic mail."""

    rules: RuleSet
    own_addresses: frozenset[str]  # normal form
    unauthenticated: Literal["auto", "never", "known", "all"]
    verdicts_exist: bool  # whether any host is trusted to authenticate mail


@dataclass(frozen=True, slots=True)
class Arrived:
    """The mail that caused the notifications, as the guard looks at it."""

    inbound: Accepted
    message: Message
    verdict: Classification
    auth: Auth
    customer: Customer | None
    language: str


def notify(
    saved: Saved, arrived: Arrived, decision: Decision, policy: NotifyPolicy, sent: Sent, now: datetime
) -> Iterator[Notification]:
    """The mails that follow from what was saved, each judged by the send guard when it is asked for."""
    if saved.ticket is None or saved.entry is None:
        return
    for reply in _wanted(saved, decision, policy):
        yield _judged(_notification(reply, saved.ticket, arrived, policy), arrived, policy, sent, now)


def _wanted(saved: Saved, decision: Decision, policy: NotifyPolicy) -> Iterator[Reply]:
    """What the rules ask for; the team's own acknowledgement only where no rule of the run replied."""
    replies = [action for action in decision.actions if isinstance(action, Reply)]
    team = policy.rules.teams.get(saved.ticket.team) if saved.ticket else None
    if not replies and saved.opened and team is not None and team.auto_ack:
        yield Reply("team.auto_ack", "auto_ack")
    yield from {(r.template, r.variant): r for r in replies}.values()


def _notification(reply: Reply, ticket: Ticket, arrived: Arrived, policy: NotifyPolicy) -> Notification:
    message = arrived.message
    author = message.author or Mailbox("", arrived.inbound.envelope.reverse_path or "")
    thread = tuple(dict.fromkeys((*message.references, *message.in_reply_to)))
    if message.message_id is not None:
        thread = (*(i for i in thread if i != message.message_id), message.message_id)
    return Notification(
        recipient=Mailbox("", author.address),
        template=reply.template,
        variant=reply.variant,
        language=reply.language or ticket.language or arrived.language,
        ticket=ticket.number,
        team=ticket.team if ticket.team in policy.rules.teams else policy.rules.defaults.team,
        subject=ticket.subject if _authenticated(arrived) or _known(arrived) else None,
        in_reply_to=message.message_id,
        references=(*thread[:1], *thread[1:][-_REFERENCES + 1 :]),
        auto_submitted="auto-replied",
        dedupe_key=f"{reply.template}/{reply.variant or ''}:{arrived.inbound.key}",
        cause=reply.rule,
        values={"ticket": {"number": ticket.number}},
    )


def _judged(notice: Notification, arrived: Arrived, policy: NotifyPolicy, sent: Sent, now: datetime) -> Notification:
    for judge in (_by_mail, _by_authentication, _by_budget):
        if (code := judge(notice, arrived, policy, sent, now)) is not None:
            return replace(notice, suppressed=code)
    return notice


def _by_mail(notice: Notification, arrived: Arrived, policy: NotifyPolicy, _sent: Sent, _now: datetime) -> str | None:
    """What the mail itself says about answers (RFC 3834 §2)."""
    address = normal(notice.recipient.address)
    if "@" not in address:
        return "ambiguous-from" if arrived.message.ambiguous_author else "no-recipient"
    if address in policy.own_addresses:
        return "own-address"
    if not arrived.verdict.may_respond:
        return arrived.verdict.no_response_code or "machine-sender"
    if arrived.message.author is None:
        return "ambiguous-from" if arrived.message.ambiguous_author else "no-recipient"
    if arrived.customer is not None and arrived.customer.muted:
        return "muted"
    return None


def _by_authentication(
    _notice: Notification, arrived: Arrived, policy: NotifyPolicy, _sent: Sent, _now: datetime
) -> str | None:
    """Whether the author is who he says; without verdicts at all everybody gets one within the budgets."""
    if arrived.auth.dmarc == "fail":
        return "unauthenticated"
    if _authenticated(arrived):
        return None
    allowed = {
        "all": True,
        "never": False,
        "known": _known(arrived),
        "auto": not policy.verdicts_exist,
    }
    return None if allowed[policy.unauthenticated] else "unauthenticated"


def _by_budget(notice: Notification, _arrived: Arrived, policy: NotifyPolicy, sent: Sent, now: datetime) -> str | None:
    """The first budget that is used up (acceptance L11)."""
    budgets = tuple(_budgets(policy.rules.limits, notice, normal(notice.recipient.address)))
    used = zip(budgets, sent.used(budgets, now), strict=True)
    return next((budget.code for budget, count in used if count >= budget.rate.count), None)


def _budgets(limits: Limits, notice: Notification, address: str) -> Iterator[SendBudget]:
    if notice.template == "auto_ack":
        yield SendBudget("ack-limit", limits.ack, {"recipient": address, "template": "auto_ack"})
    yield SendBudget("thread-limit", limits.auto_per_thread, {"recipient": address, "ticket": notice.ticket})
    yield SendBudget("recipient-limit", limits.auto_per_recipient, {"recipient": address})
    yield SendBudget("domain-limit", limits.auto_per_domain, {"domain": domain_of(address)})
    yield SendBudget("ticket-limit", limits.auto_per_ticket, {"ticket": notice.ticket})
    yield SendBudget("total-limit", limits.auto_total, {})


def _authenticated(arrived: Arrived) -> bool:
    """Only DMARC says that the From is genuine; a bare SPF or DKIM pass may be somebody else's domain."""
    return arrived.auth.dmarc == "pass"


def _known(arrived: Arrived) -> bool:
    return arrived.customer is not None and arrived.customer.answered
