"""What deciding about a mail takes and gives.

Not here  how it is decided (decide.py), how a Situation is kept (kept.py).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from gateway.counts import Counts
from gateway.message.address import OwnAddresses
from gateway.message.classify import OwnMail
from gateway.message.types import Accepted, Auth, Classification, Envelope, Message
from gateway.outgoing.compose import Desk
from gateway.rules.desk import Table
from gateway.rules.evaluate import Budget
from gateway.rules.lookups import LookedUp, looked_up
from gateway.rules.types import Decision, Event, RuleSet, Trace
from gateway.ticket.assign import AtDesk
from gateway.ticket.authority import Proof
from gateway.ticket.calendar import WorkingTime
from gateway.ticket.guard import NotifyPolicy, Sent
from gateway.ticket.sla import Promises
from gateway.ticket.thread import ThreadIndex, ThreadPolicy
from gateway.ticket.types import Change, Customer, Notification, ThreadMatch, Ticket


class Tickets(Protocol):
    """What a rule looks up that moves a mail into a ticket."""

    def fired(self, ticket: int, cycle: int) -> Collection[str]:
        """The rules that ran in a ticket and are not to run again, in this cycle or at all."""
        ...

    def alike(self, fields: Sequence[tuple[str, str]], since: datetime) -> Ticket | None:
        """The newest ticket with these custom fields that was opened since then and is not finished; None: none."""
        ...

    def participants(self, number: int) -> Sequence[str]:
        """Addresses, in normal form, of those who take part in the ticket, all of each of them."""
        ...


class View(ThreadIndex, Sent, Tickets, Protocol):
    """All that deciding looks up."""

    def customer(self, address: str) -> Customer | None:
        """Who writes from this address; None for a first contact."""
        ...

    def sent_as(self, ticket: int, message_id: str) -> int | None:
        """The number of the outgoing mail of a ticket with this Message-ID; None when there is none."""
        ...

    def outbox_ticket(self, id: int) -> tuple[int | None] | None:
        """The ticket of an outgoing mail, in a tuple; None when there is no such mail."""
        ...

    def opened_last(self, customer: int, count: int) -> datetime | None:
        """When the last but so many tickets of a customer was opened, the last being 1; None when he has fewer."""
        ...

    def written_last(self, address: str, count: int) -> datetime | None:
        """When the last but so many mails of an author came into tickets, the last being 1; None: there are fewer."""
        ...

    def also_known_as(self, customer: int) -> Sequence[str]:
        """All addresses of a customer, in normal form."""
        ...

    def at_desk(self, promises: Promises, now: datetime) -> AtDesk:
        """Who has how much to do, and who is away."""
        ...

    def last_given(self, team: str) -> str | None:
        """The agent who was given a ticket of the team last; None: nobody yet."""
        ...

    def answered(self, ticket: int, message_ids: Sequence[str]) -> Sequence[str]:
        """The words of our mails in a ticket that an answer with these references may repeat; of a few."""
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
    promises: Promises
    new_budget: Callable[[], Budget]
    now: Callable[[], datetime]
    max_octets: int  # of a mail that is taken
    tables: Callable[[], Mapping[str, Table]] = dict  # of the queries of look-ups, as they were read last
    proof: Proof = "dmarc"  # what a mail of an agent has to show
    risk_holds: bool = True  # whether he is asked before a card number goes out, or words to somebody new
    away_on_ooo: bool = True  # whether his own out-of-office keeps new tickets from him
    subscribed: Mapping[str, Collection[str]] = field(default_factory=dict)  # events that endpoints want to hear of
    counts: Counts = field(default_factory=Counts)

    def count(self, trace: Trace, notices: Sequence[Notification]) -> None:
        """Which rules applied, and what the send guard refused."""
        for hit in trace.hits:
            if hit.outcome == "applied":
                self.counts.add("rule_hits", hit.rule)
        for notice in notices:
            if notice.suppressed is not None:
                self.counts.add("suppressed", notice.suppressed)

    def looked_up(self, addresses: Sequence[str]) -> LookedUp:
        """What look-up tables say of somebody with these addresses."""
        lookups = self.rules.lookups
        filled = self.tables() if any(lookup.sql for lookup in lookups.values()) else {}
        return looked_up(addresses, lookups, filled)

    @property
    def takes_no_part(self) -> OwnAddresses:
        """Addresses that are never participants of a ticket: ours, and those of agents."""
        return replace(self.notifying.own_addresses, people=self.agents[0])

    @property
    def calendars(self) -> Mapping[str, WorkingTime]:
        """The calendars of the rules, by id."""
        return self.promises.calendars

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
    addresses: tuple[str, ...] = ()  # in normal form: the author's, then his others where there were look-ups
    flood: bool = False  # whether the author sent more than `limits` let one person send


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

    @property
    def flood(self) -> bool:
        """Whether its author sent more than one person does."""
        return self.situation is not None and self.situation.flood
