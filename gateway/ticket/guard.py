"""May this mail go out at all: the one send guard of automatic mail.

Sources  RFC 3834 §2, §4 (to whom an automatic answer goes), mails-out rules of the site, acceptance L11.
         A refusal is a value: a notification with the guard's word, stored and visible, never silence.
Not here  which mails there are (notify.py), when they leave (outgoing/outbox.py).
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, Protocol

from gateway.message.address import OwnAddresses, domain_of, normal
from gateway.message.types import Accepted, Auth, Classification, Message
from gateway.rules.desk import Rate
from gateway.rules.types import RuleSet
from gateway.ticket.canned import Suggestion
from gateway.ticket.sla import Promises
from gateway.ticket.types import AGENT_NOTICE, Beside, Customer, Notification

ACK = "auto_ack"
CSAT = "csat"
_ONCE = Rate(1, timedelta(days=3650))
_ASKED = Rate(1, timedelta(days=30))
CUSTOMER_SOLVED = "customer.solved"  # what caused a mail: its reader said himself that his ticket is solved
MUTED = "muted"  # a ticket whose customer wants no automatic mail about it; and the guard's word for that
FORWARD = "forward"  # the guard's word for somebody who did not write to us himself
TICKET_LIMIT = "ticket-limit"  # the guard's word for a ticket with too much automatic mail
FLOOD = "flood"  # the guard's word for a sender of too much, and the cause of what the lead is told about him


@dataclass(frozen=True, slots=True)
class SendBudget:
    """So much automatic mail in so much time within a scope: recipient, domain, ticket, template; empty is all.

    `only_to` and `but_to` are recipients in normal form; None does not ask for them.
    """

    code: str  # the guard's word when it is used up
    rate: Rate
    scope: Mapping[str, object]
    only_to: frozenset[str] | None = None
    but_to: frozenset[str] | None = None

    @property
    def key(self) -> object:
        """What tells it from others, hashable."""
        return self.rate, *sorted(self.scope.items()), self.only_to, self.but_to

    def counts(self, notice: Notification) -> bool:
        """Whether a mail that was judged is one of those that it counts."""
        if notice.suppressed is not None or notice.auto_submitted == "no":
            return False
        address = normal(notice.recipient.address)
        if (self.only_to is not None and address not in self.only_to) or address in (self.but_to or ()):
            return False
        of = {"recipient": address, "domain": domain_of(address), "template": notice.template, "ticket": notice.ticket}
        return all(of[name] == value for name, value in self.scope.items())


class Sent(Protocol):
    """How much automatic mail there was."""

    def used(self, budgets: Sequence[SendBudget], now: datetime) -> Sequence[int]:
        """The mails of each budget in its time, counted up to its limit."""
        ...

    def marks(self, address: str, now: datetime) -> Collection[str]:
        """What stands against automatic mail to an address: outbound-held, dead-address (of an agent: out-of-reach),
        breaker-open, acks-rest."""
        ...


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """What the site says about automatic mail."""

    rules: RuleSet
    own_addresses: OwnAddresses
    unauthenticated: Literal["auto", "never", "known", "all"]
    verdicts_exist: bool  # whether any host is trusted to authenticate mail
    promises: Promises  # of the rules, with their calendars
    agents: frozenset[str] = frozenset()  # their addresses, normal form
    suggestions: tuple[Suggestion, ...] = ()  # of canned replies
    articles: tuple[Suggestion, ...] = ()
    offers: Mapping[str, tuple[Suggestion, ...]] = field(default_factory=dict)  # language -> articles for customers


@dataclass(frozen=True, slots=True)
class Arrived:
    """The mail that caused the notifications, as the guard looks at it."""

    inbound: Accepted
    message: Message
    verdict: Classification
    auth: Auth
    customer: Customer | None
    language: str
    flood: bool = False  # whether its author sent more than one person does
    continues: int | None = None  # the ticket that was over, from which the one goes on that the mail opens
    reopened: bool = False  # whether it opened its ticket again
    forwarded: Mapping[str, object] | None = None  # what agents are told of the one who passed it on; None: nobody did
    by_machine_of: str | None = None  # the id of an agent whose program wrote it by itself
    beside: Callable[[], Beside] = Beside  # other tickets that agents hear of with it, looked up where one is told

    @property
    def key(self) -> str:
        """What the mails that it causes are known by: processed again, it causes no others."""
        return self.inbound.key


@dataclass(frozen=True, slots=True)
class Happened:
    """Something in a ticket that no mail brought: time went by, or a person of ours changed it."""

    key: str
    customer: Customer | None  # whose ticket it is
    thread: tuple[str, ...] = ()  # Message-IDs that the customer has seen in it, oldest first
    told: Mapping[str, object] = field(default_factory=dict)  # what mails to agents say of it beside the ticket
    may_wait: bool = False  # whether they have time until their readers are there: those with a calendar of their own
    by_person: bool = False  # whether one of ours wants the customer to hear of it, as he would by an answer


Cause = Arrived | Happened


def judged(notice: Notification, cause: Cause, policy: NotifyPolicy, sent: Sent, now: datetime) -> Notification:
    """The mail with the guard's first word against it; as it is where the guard has none.

    What an agent is told too often of a ticket he is told later, in one mail: else he would never hear of it.
    """
    code = notice.suppressed or next(filter(None, _words_against(notice, cause, policy, sent, now)), None)
    if code == TICKET_LIMIT and notice.template == AGENT_NOTICE:
        return replace(notice, put_off=code, not_before=now + policy.rules.limits.auto_per_ticket.per)
    return notice if code is None else replace(notice, suppressed=code)


def _words_against(
    notice: Notification, cause: Cause, policy: NotifyPolicy, sent: Sent, now: datetime
) -> Iterator[str | None]:
    """Each judgement of the guard, in order; none where it has nothing against the mail."""
    marks, agent = sent.marks(normal(notice.recipient.address), now), notice.audience == "agent"
    if not agent:  # one to an agent waits and is sent later: the word would lose it for good
        yield "outbound-held" if "outbound-held" in marks else None
    yield _by_address(notice, policy) if agent else _by_mail(notice, cause, policy)
    yield "dead-address" if ("out-of-reach" if agent else "dead-address") in marks else None
    if not agent:
        yield "muted" if cause.customer is not None and cause.customer.muted else None
        yield _by_authentication(notice, cause, policy)
    yield _by_budget(notice, policy, sent, now)
    if not agent:
        resting = notice.template == ACK and "acks-rest" in marks
        yield "breaker-open" if resting or "breaker-open" in marks else None


def _by_address(notice: Notification, policy: NotifyPolicy) -> str | None:
    """Whether it goes to somebody, and not to ourselves."""
    address = normal(notice.recipient.address)
    if "@" not in address:
        return "no-recipient"
    return "own-address" if address in policy.own_addresses else None


def _by_mail(notice: Notification, cause: Cause, policy: NotifyPolicy) -> str | None:
    """What the mail itself says about answers (RFC 3834 §2)."""
    wrong = _by_address(notice, policy)
    if isinstance(cause, Arrived):
        if wrong == "own-address":
            return wrong
        if cause.forwarded is not None:
            return wrong or (None if policy.rules.defaults.forward_ack else FORWARD)
        if wrong is None and not cause.verdict.may_respond:
            return cause.verdict.no_response_code or "machine-sender"
        if cause.message.author is None:
            return "ambiguous-from" if cause.message.ambiguous_author else "no-recipient"
        if cause.flood:
            return FLOOD
    return wrong


def _by_authentication(notice: Notification, cause: Cause, policy: NotifyPolicy) -> str | None:
    """Whether the author is who he says; without verdicts at all everybody gets one within the budgets.

    What no mail caused has no author to doubt: it goes to whom a person of ours answered, whatever the setting.
    A canned reply repeats what the customer wrote, and brings files: no setting lets a stranger have that sent.
    For the author of a forwarded mail stands the agent who passed it on.
    """
    if (isinstance(cause, Arrived) and cause.forwarded is not None) or (
        isinstance(cause, Happened) and cause.by_person
    ):
        return None
    if isinstance(cause, Arrived) and cause.auth.dmarc == "fail":
        return "unauthenticated"
    if is_authenticated(cause) or (is_known(cause) and (isinstance(cause, Happened) or notice.canned is not None)):
        return None
    if notice.canned is not None:
        return "unauthenticated"
    allowed = {
        "all": True,
        "never": False,
        "known": is_known(cause),
        "auto": not policy.verdicts_exist,
    }
    return None if allowed[policy.unauthenticated] else "unauthenticated"


def _by_budget(notice: Notification, policy: NotifyPolicy, sent: Sent, now: datetime) -> str | None:
    """The first budget that is used up (acceptance L11)."""
    budgets = tuple(_budgets(policy, notice, normal(notice.recipient.address)))
    used = zip(budgets, sent.used(budgets, now), strict=True)
    return next((budget.code for budget, count in used if count >= budget.rate.count), None)


def _budgets(policy: NotifyPolicy, notice: Notification, address: str) -> Iterator[SendBudget]:
    """Those of the recipient protect people who never asked for mail of ours; agents work with it.

    Mails to agents and to all others are counted apart: neither silences the other. Of a ticket each agent has a
    budget of his own for each kind of mail, so that neither colleagues nor what he asked for himself use it up.
    """
    limits = policy.rules.limits
    if notice.audience == "agent":
        of_reader = {"ticket": notice.ticket, "recipient": address, "template": notice.template}
        yield SendBudget("total-limit", limits.auto_total, {}, only_to=policy.agents)
        yield SendBudget(TICKET_LIMIT, limits.auto_per_ticket, of_reader)
        return
    if notice.template == ACK:
        yield SendBudget("ack-limit", limits.ack, {"recipient": address, "template": ACK})
        yield SendBudget("ack-limit", _ONCE, {"ticket": notice.ticket, "template": ACK})
    if notice.template == CSAT:
        yield SendBudget("csat-limit", _ASKED, {"recipient": address, "template": CSAT})
        yield SendBudget("csat-limit", _ONCE, {"ticket": notice.ticket, "template": CSAT})
    of_thread: dict[str, object] = {"recipient": address, "ticket": notice.ticket}
    # what the customer or a person of ours asked for is not kept back by the acknowledgement
    if notice.cause == CUSTOMER_SOLVED or notice.cause.startswith("agent:"):
        of_thread["template"] = notice.template
    yield SendBudget("thread-limit", limits.auto_per_thread, of_thread)
    yield SendBudget("recipient-limit", limits.auto_per_recipient, {"recipient": address})
    yield SendBudget("domain-limit", limits.auto_per_domain, {"domain": domain_of(address)})
    yield SendBudget(TICKET_LIMIT, limits.auto_per_ticket, {"ticket": notice.ticket}, but_to=policy.agents)
    yield SendBudget("total-limit", limits.auto_total, {}, but_to=policy.agents)


def is_authenticated(cause: Cause) -> bool:
    """Only DMARC says that the From is genuine; a bare SPF or DKIM pass may be somebody else's domain."""
    return isinstance(cause, Arrived) and cause.auth.dmarc == "pass"


def is_known(cause: Cause) -> bool:
    """Whether a person of ours has answered the customer before."""
    return cause.customer is not None and cause.customer.answered
