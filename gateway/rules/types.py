"""What a rule may test, what it may do, and what the engine says about it.

`Facts` is the closed list of what a rule may test: the dotted names in it ARE the rule language; `check`, the
schema and the documents read them from here.
Not here  calendars, policies and limits (desk.py), how a file becomes a RuleSet (load.py), how RuleSet and Facts
          become a Decision (evaluate.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from msgspec import Struct

from gateway.errors import Problem
from gateway.rules.desk import Calendar, FieldInfo, Limits, Lookup, Retention, Sla, Span
from gateway.rules.statuses import BUILT_IN, StatusType

Event = Literal[
    "received", "new", "reply", "agent-reply", "note", "status-changed", "assigned", "sla-warning", "sla-breached",
    "idle", "bounced", "schedule",
]  # fmt: skip
EVENTS: tuple[Event, ...] = get_args(Event)
FactType = Literal["text", "list", "bool", "number", "size", "enum", "duration", "time", "clock", "pairs"]
Value = str | int | float | bool | timedelta | datetime | tuple[str, ...] | None

MAIL_EVENTS: tuple[Event, ...] = ("received", "new", "reply", "agent-reply", "note", "bounced")
TICKET_EVENTS: tuple[Event, ...] = tuple(e for e in EVENTS if e != "received")
_MAIL, _TICKET = MAIL_EVENTS, TICKET_EVENTS


@dataclass(frozen=True, slots=True)
class FactInfo:
    """One entry of the registry of fields: the name is the word of the rule language."""

    name: str
    attribute: str  # of Facts
    type: FactType
    events: tuple[Event, ...]
    example: str
    values: tuple[str, ...] = ()  # of an enum


def _fact(
    name: str, kind: FactType, example: str, *, events: tuple[Event, ...] = _MAIL, values: tuple[str, ...] = ()
) -> Any:
    """A dataclass field that carries its entry in the registry; None means absent."""
    return field(
        default=None,
        metadata={"name": name, "type": kind, "events": events, "example": example, "values": values},
    )


_AUTH = ("pass", "fail", "none", "temperror", "permerror")
PRIORITIES = ("low", "normal", "high", "urgent")
LINK_KINDS = ("parent", "child", "related", "duplicate", "cause", "blocks", "mentions")  # what another ticket may be
METRICS = ("first_response", "next_response", "update", "resolution")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may test, as plain values; None is absent, pairs hold what has a name of its own."""

    subject: str | None = _fact("mail.subject", "text", "Zwrot, order PL-10442")
    body_text: str | None = _fact("body.text", "text", "the whole text, quotes included")
    body_new_text: str | None = _fact("body.new_text", "text", "the words written now")
    body_html: str | None = _fact("body.html", "text", "<p>…</p>, sanitised")
    headers: tuple[tuple[str, str], ...] | None = _fact("headers.NAME", "pairs", "headers.X-Spam-Flag")
    envelope_from: str | None = _fact("envelope.from", "text", "jan@bigbank.test; empty for <>")
    is_auto_reply: bool | None = _fact("mail.is_auto_reply", "bool", "true")
    is_bounce: bool | None = _fact("mail.is_bounce", "bool", "false")
    is_list: bool | None = _fact("mail.is_list", "bool", "false")
    is_forward: bool | None = _fact("mail.is_forward", "bool", "false")
    is_thanks: bool | None = _fact("mail.is_thanks", "bool", "false")
    is_encrypted: bool | None = _fact("mail.is_encrypted", "bool", "false")
    is_calendar: bool | None = _fact("mail.is_calendar", "bool", "false")
    size: int | None = _fact("mail.size", "size", "6 KiB")
    via: str | None = _fact("mail.via", "enum", "lmtp", values=("smtp", "lmtp", "imap", "pipe", "api", "import"))
    mailbox: tuple[str, ...] | None = _fact("mailbox", "list", "support@acme.test")
    origin_ip: str | None = _fact("origin.ip", "text", "192.0.2.7; not verified")
    from_address: str | None = _fact("from.address", "text", "jan@bigbank.test")
    from_domain: str | None = _fact("from.domain", "text", "bigbank.test")
    from_name: str | None = _fact("from.name", "text", "Jan Wiśniewski")
    from_ambiguous: bool | None = _fact("from.ambiguous", "bool", "false")
    to: tuple[str, ...] | None = _fact("to", "list", "support@acme.test")
    cc: tuple[str, ...] | None = _fact("cc", "list", "eva@bigbank.test")
    reply_to: tuple[str, ...] | None = _fact("reply_to", "list", "jan@bigbank.test")
    attachments_count: int | None = _fact("attachments.count", "number", "2")
    attachments_names: tuple[str, ...] | None = _fact("attachments.names", "list", "invoice.pdf")
    attachments_types: tuple[str, ...] | None = _fact("attachments.types", "list", "application/pdf")
    attachments_size: int | None = _fact("attachments.size", "size", "5 MiB")
    auth_spf: str | None = _fact("auth.spf", "enum", "pass", values=_AUTH)
    auth_dkim: str | None = _fact("auth.dkim", "enum", "pass", values=_AUTH)
    auth_dmarc: str | None = _fact("auth.dmarc", "enum", "fail", values=_AUTH)
    auth_trusted: bool | None = _fact("auth.trusted", "bool", "true")
    spam_score: float | None = _fact("spam.score", "number", "5.3; what the filter before us wrote")
    spam_flag: bool | None = _fact("spam.flag", "bool", "true")
    language: str | None = _fact("language", "text", "pl", events=EVENTS)
    language_confidence: float | None = _fact("language.confidence", "number", "0.97")
    language_source: str | None = _fact(
        "language.source", "enum", "detected", values=("header", "history", "detected", "default")
    )
    customer_known: bool | None = _fact("customer.known", "bool", "true", events=EVENTS)
    customer_first_contact: bool | None = _fact("customer.first_contact", "bool", "false", events=EVENTS)
    customer_muted: bool | None = _fact("customer.muted", "bool", "false", events=EVENTS)
    customer_tier: str | None = _fact("customer.tier", "text", "gold", events=EVENTS)
    customer_tags: tuple[str, ...] | None = _fact("customer.tags", "list", "press", events=EVENTS)
    customer_organisation: str | None = _fact("customer.organisation", "text", "Big Bank", events=EVENTS)
    customer_open_tickets: int | None = _fact("customer.open_tickets", "number", "2", events=EVENTS)
    customer_spam_tickets: int | None = _fact(
        "customer.spam_tickets", "number", "2; tickets of this person that are spam, without forged ones", events=EVENTS
    )
    customer_values: tuple[tuple[str, str], ...] | None = _fact(
        "customer.NAME", "pairs", "customer.contract, given by a lookup", events=EVENTS
    )
    ticket_number: int | None = _fact("ticket.number", "number", "4812", events=_TICKET)
    ticket_status: str | None = _fact("ticket.status", "text", "open", events=_TICKET)
    ticket_status_type: str | None = _fact("ticket.status_type", "text", "waiting_customer", events=_TICKET)
    ticket_priority: str | None = _fact("ticket.priority", "enum", "high", events=_TICKET, values=PRIORITIES)
    ticket_team: str | None = _fact("ticket.team", "text", "billing", events=_TICKET)
    ticket_assignee: str | None = _fact("ticket.assignee", "text", "piotr", events=_TICKET)
    ticket_responsible: str | None = _fact("ticket.responsible", "text", "ana", events=_TICKET)
    ticket_tags: tuple[str, ...] | None = _fact("ticket.tags", "list", "vip", events=_TICKET)
    ticket_channel: str | None = _fact(
        "ticket.channel", "enum", "mail", events=_TICKET, values=("mail", "console", "api", "cli", "import")
    )
    ticket_fields: tuple[tuple[str, str], ...] | None = _fact(
        "ticket.field.NAME", "pairs", "ticket.field.order", events=_TICKET
    )
    ticket_age: timedelta | None = _fact("ticket.age", "duration", "2d", events=_TICKET)
    ticket_idle: timedelta | None = _fact("ticket.idle", "duration", "5d", events=_TICKET)
    ticket_messages: int | None = _fact("ticket.messages", "number", "3", events=_TICKET)
    ticket_reopened: int | None = _fact("ticket.reopened", "number", "1", events=_TICKET)
    ticket_escalation: int | None = _fact("ticket.escalation", "number", "0", events=_TICKET)
    ticket_waiting: bool | None = _fact("ticket.waiting", "bool", "false; true while no agent is free", events=_TICKET)
    sla_policy: str | None = _fact("sla.policy", "text", "gold", events=_TICKET)
    sla_metric: str | None = _fact(
        "sla.metric", "enum", "first_response; of the promise that is told about", events=_TICKET, values=METRICS
    )
    sla_due: datetime | None = _fact("sla.due", "time", "2026-11-23T09:00:00+01:00", events=_TICKET)
    sla_percent: int | None = _fact("sla.percent", "number", "75; as sla.metric", events=_TICKET)
    actor: str | None = _fact(
        "actor", "enum", "customer", events=EVENTS, values=("customer", "agent", "rule", "system", "import")
    )
    time: datetime | None = _fact("time", "clock", "{within: office}, a calendar", events=EVENTS)
    now: datetime | None = _fact("now", "time", "2026-11-21T22:10:00+01:00", events=EVENTS)
    weekday: str | None = _fact("weekday", "enum", "mon", events=EVENTS, values=WEEKDAYS)


REGISTRY: Mapping[str, FactInfo] = {
    f.metadata["name"]: FactInfo(
        f.metadata["name"],
        f.name,
        f.metadata["type"],
        f.metadata["events"],
        f.metadata["example"],
        f.metadata["values"],
    )
    for f in fields(Facts)
}
ALIASES: Mapping[str, str] = {"subject": "mail.subject"}


# --- what a rule does -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """Give the ticket to a team."""

    rule: str
    team: str


@dataclass(frozen=True, slots=True)
class Assign:
    """Make an agent the owner; None takes the owner away."""

    rule: str
    agent: str | None


@dataclass(frozen=True, slots=True)
class Set:
    """Set one ticket field: status, priority, language, or `field.NAME`."""

    rule: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Tag:
    """Add and take away tags."""

    rule: str
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An automatic mail to the requester, through the send guard."""

    rule: str
    template: str
    variant: str | None = None
    language: str | None = None
    outside: str | None = None  # the calendar outside whose hours the variant is used; None: always
    values: tuple[tuple[str, str], ...] = ()  # for the template, by name


@dataclass(frozen=True, slots=True)
class Notify:
    """A mail to agents: assignee, responsible, team, team.lead, or the id of one."""

    rule: str
    to: tuple[str, ...]
    template: str


@dataclass(frozen=True, slots=True)
class Needs:
    """Skills that the owner must have."""

    rule: str
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UseSla:
    """Put the ticket under a policy; None under none."""

    rule: str
    policy: str | None


LONGEST_SNOOZE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Snooze:
    """Let the ticket sleep so long."""

    rule: str
    length: timedelta


@dataclass(frozen=True, slots=True)
class Escalate:
    """Raise the ticket to a team or an agent; None is the team's own `escalates_to`."""

    rule: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """Write an internal note."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class AddCc:
    """Make addresses participants of the ticket."""

    rule: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Follow:
    """Make agents watch the ticket."""

    rule: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Link the ticket to another one."""

    rule: str
    to: int
    kind: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Let every mail of this event wait until a person releases it."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Webhook:
    """Tell the endpoint of this name."""

    rule: str
    name: str


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """Mark a request about somebody's own data; nothing is erased by it."""

    rule: str
    kind: Literal["access", "erase"]


@dataclass(frozen=True, slots=True)
class Dispose:
    """End the mail without the normal way; the raw mail is kept. `drop` is kept under the rule's id."""

    rule: str
    disposition: Literal["record", "quarantine"]
    reason: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Pass the mail on as an attachment; it opens no ticket."""

    rule: str
    address: str


@dataclass(frozen=True, slots=True)
class MergeInto:
    """Append the mail to the newest open ticket whose fields are the same; without one it opens its own."""

    rule: str
    same: tuple[str, ...]  # field.NAME
    within: timedelta
    values: tuple[str, ...] = ()  # those of the mail, in the order of `same`, once it is known

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """What the ticket must have: the custom fields by their names."""
        return tuple((name.removeprefix("field."), value) for name, value in zip(self.same, self.values, strict=True))


Immediate = (
    Route | Assign | Needs | Set | Tag | UseSla | Snooze | Escalate | Reply | Notify | Note | AddCc | Follow | Link
    | Hold | Webhook | PrivacyRequest | Dispose | Redirect | MergeInto
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Later:
    """An action for later; cancelled by one of the events, and by solving, closing or merging the ticket."""

    action: Immediate
    after: timedelta | Span  # a span is of the calendar
    calendar: str | None = None  # whose opening hours count; None is the clock on the wall
    unless: tuple[Event, ...] = ()

    @property
    def rule(self) -> str:
        """The rule that wants it."""
        return self.action.rule


Action = Immediate | Later
Disposition = Dispose | Redirect | MergeInto  # what replaces the normal way of a mail


# --- what the engine says ---------------------------------------------------------------------------------------


class Check(Struct, frozen=True, gc=False, omit_defaults=True):
    """One test, or one group of tests, with the value it saw. All of them are evaluated, so all reasons show."""

    kind: Literal["test", "all", "any", "none"]
    held: bool
    field: str = ""
    operator: str = ""
    wanted: str = ""
    actual: str = ""  # YAML spelling; "absent" when there is no value
    matched: str = ""  # the word or text that made it hold
    cut: bool = False  # the value was longer than what text operators read
    children: tuple["Check", ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """What an action changed, in words: team support to billing."""

    action: str
    before: str
    after: str


Outcome = Literal["applied", "not-matched", "error", "after-stop", "shadow", "once", "chain"]


class Hit(Struct, frozen=True):
    """One rule that was looked at."""

    rule: str
    line: int
    event: Event
    outcome: Outcome
    check: Check | None = None  # told.py fills it in
    effects: tuple[Effect, ...] = ()
    stop: bool = False
    error: str = ""
    run: int = 0  # which of the events of the trace it was asked for, from 0


class Saw(Struct, frozen=True, gc=False, omit_defaults=True):
    """A value as the tests of its field saw it, from one rule of one run on."""

    field: str
    actual: str = "absent"  # YAML spelling
    cut: bool = False
    turned: Mapping[int, str] = {}  # tests that answered otherwise than most do, by key, and the word that decided
    run: int = 0
    rule: int = -1  # the rule that wrote it, by its place in the file: those behind it saw it


@dataclass(frozen=True, slots=True)
class Trace:
    """What the rules did and saw, and the revision that decided; `told` makes every reason of it.

    It holds the values and the answers, not the questions: those are the same for every mail of a revision.
    """

    revision: int
    sha256: str
    hits: tuple[Hit, ...]  # in order; those that did not match, or came after a stop, are left out until it is told
    other_events: tuple[str, ...] = ()  # enabled rules that wait for other events, once it is told
    guard: str = ""  # where a chain of rules was ended; empty when none was
    events: tuple[Event, ...] = ()  # in the order in which they ran
    saw: tuple[Saw, ...] = ()
    outline: str = ""  # the id of what was asked; empty once it is told


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules want, in order, and why."""

    actions: tuple[Action, ...]
    trace: Trace
    disposition: Disposition | None = None  # the first action that replaces the normal way

    @property
    def failed(self) -> tuple[str, ...]:
        """The rules that were skipped because they failed."""
        return tuple(dict.fromkeys(h.rule for h in self.trace.hits if h.outcome == "error"))


# --- what rules ask ---------------------------------------------------------------------------------------------


class Asks(Struct, frozen=True, gc=False, omit_defaults=True):
    """One test, or one group of tests, as a rule asks it: a Check without its answer."""

    kind: Literal["test", "all", "any", "none"]
    field: str = ""
    operator: str = ""
    wanted: str = ""
    key: int = 0
    children: tuple["Asks", ...] = ()


class Asker(Struct, frozen=True):
    """One rule, as far as a trace needs it."""

    rule: str
    line: int
    on: tuple[Event, ...]
    when: Asks


@dataclass(frozen=True, slots=True)
class Outline:
    """What all rules of a revision ask. It is kept once; traces name it."""

    id: str = ""  # of the octets: equal questions have the same
    octets: bytes = b""
    rules: tuple[Asker, ...] = ()


# --- what a rule file holds -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Test:
    """One compiled test: field, operator, operand. `operand` is what the operator of evaluate.py wants."""

    __test__ = False  # pytest: this is no test class

    field: str  # canonical dotted name; `headers.X-Y` keeps its tail
    operator: str
    operand: Any
    wanted: str  # the operand as the file spells it, for the trace
    word: bool = False
    fold: bool = True
    case: bool = False
    line: int = 0  # where it stands first
    column: int = 0
    key: int = 0  # of its own in the revision: equal tests are one


@dataclass(frozen=True, slots=True)
class Group:
    """all: every child holds; any: at least one; none: not one."""

    kind: Literal["all", "any", "none"]
    children: tuple["Test | Group", ...]
    keys: frozenset[int] = field(init=False, compare=False)  # of the tests among them
    groups: tuple["Group", ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset(c.key for c in self.children if isinstance(c, Test)))
        object.__setattr__(self, "groups", tuple(c for c in self.children if isinstance(c, Group)))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, compiled."""

    id: str
    about: str
    on: tuple[Event, ...]
    when: Group  # of kind all
    do: tuple[Action, ...]
    stop: bool
    line: int
    source: str  # the file it stands in
    column: int = 1
    shadow: bool = False  # traced, never applied
    once: Literal["ticket", "cycle", "never"] = "never"
    eager: Mapping[int, Test] = field(default_factory=dict)  # tests that may fail it, or cost, by key: asked first
    idle_for: timedelta | None = None  # of `on: idle`: how long nothing has happened at least
    cron: str = ""  # of `on: schedule`
    each: str = ""  # the search whose tickets it runs for


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who works on tickets."""

    id: str
    name: str
    email: str
    also: tuple[str, ...] = ()
    role: Literal["agent", "lead", "admin", "light", "auditor"] = "agent"
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    max_open: int | None = None  # None: no limit
    timezone: str | None = None  # None: that of the calendar
    calendar: str | None = None  # None: the team's
    notify: Literal["all", "assigned", "none"] = "assigned"
    digest: str | None = None  # HH:MM; None: none
    receipts: Literal["failures", "all"] = "failures"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where he writes from."""
        return (self.email, *self.also)


@dataclass(frozen=True, slots=True)
class Team:
    """A team and the addresses that mail for it comes to."""

    id: str
    addresses: tuple[str, ...]  # the first one is what its mails come from
    members: tuple[str, ...] = ()
    lead: str | None = None
    auto_ack: bool = True
    signature: str = ""
    assign: Literal["manual", "round_robin", "least_busy", "skills"] = "manual"
    language_match: Literal["prefer", "require"] = "prefer"
    calendar: str | None = None  # None: that of `defaults`
    sla: str | None = None  # None: that of `defaults`
    visibility: Literal["members", "all"] = "members"
    follow_up: Literal["new", "reopen"] = "new"  # what a reply after the reopen window does
    reopen_window: timedelta | None = None  # None is that of the defaults
    escalates_to: str | None = None
    participants: Literal["agents_only", "customer_cc"] = "agents_only"
    unlock_after: timedelta | None = None  # None: never
    chase: tuple[int, ...] | None = None  # working days; None: as in `defaults`
    close_after: int | None = None  # working days; None: as in `defaults`
    csat: bool | None = None  # None: as in `defaults`
    max_waiting: int = 20
    aliases: tuple[str, ...] = ()  # more addresses, for incoming mail only

    def has(self, agent: Agent) -> bool:
        """Whether he belongs to it or leads it."""
        return agent.id in (self.lead, *self.members)

    def shows(self, agent: Agent) -> bool:
        """Whether he may see all of its tickets, whoever they belong to."""
        return agent.role in ("admin", "auditor") or self.visibility == "all" or self.has(agent)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where no rule says otherwise."""

    team: str
    language: str = "en"
    calendar: str | None = None
    sla: str | None = None
    after_reply: str = "pending"
    reopen_window: timedelta = timedelta(days=30)
    close_after: int = 7  # working days
    chase: tuple[int, ...] = (2, 5, 10)  # working days; empty: never
    csat: bool = False
    thanks_reopens: bool = False
    cross_team: Literal["first", "each"] = "first"
    subject_tag: Literal["left", "right", "auto", "none"] = "left"
    subject_prefix: str = ""
    forward_ack: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """One entry of `tests:`, as the file has it: what comes in and what is expected."""

    name: str
    line: int
    mail: Mapping[str, Any]
    file: str  # a mail file beside the rules; empty when the mail is inline, and when there is none
    now: datetime | None
    expect: Mapping[str, Any]
    event: Event | None = None  # None: what the mail raises
    customer: Mapping[str, Any] | None = None  # None: nobody whom we know
    ticket: Mapping[str, Any] | None = None  # None: the mail opens one
    history: Mapping[str, Any] = field(default_factory=dict)
    source: str = "rules.yaml"  # the file it stands in

    @property
    def has_mail(self) -> bool:
        """Whether a mail comes in, and not only an event."""
        return bool(self.mail or self.file) or self.event in (None, "received", "new", "reply")


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One revision of rules.yaml, compiled. A mail ends with the revision it began with."""

    revision: int
    sha256: str  # of all its files
    text: str
    defaults: Defaults
    agents: Mapping[str, Agent]
    teams: Mapping[str, Team]
    limits: Limits
    fields: Mapping[str, FieldInfo]
    rules: tuple[Rule, ...]
    scenes: tuple[Scene, ...] = ()
    warnings: tuple[Problem, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    statuses: Mapping[str, StatusType] = field(default_factory=lambda: BUILT_IN)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    sla: Mapping[str, Sla] = field(default_factory=dict)
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
    retention: Retention = field(default_factory=Retention)
    files: Mapping[str, str] = field(default_factory=dict)  # what the text includes, by name
    index: Mapping[str, Any] = field(default_factory=dict)  # of index.py: the tests of each field
    outline: Outline = field(default_factory=Outline)

    @property
    def whole(self) -> str:
        """All of its files in one text, each under its name: what makes it this revision and no other."""
        return self.text + "".join(f"\n# --- {name}\n{text}" for name, text in sorted(self.files.items()))

    def team_of(self, address: str) -> Team | None:
        """The team that an address (normalised, without sub-address) belongs to; None when it is nobody's."""
        return next((t for t in self.teams.values() if address in (*t.addresses, *t.aliases)), None)

    def team(self, name: str | None) -> Team:
        """The team of that name; the default one where there is none, or no longer."""
        return self.teams.get(name or "") or self.teams[self.defaults.team]

    def language_of(self, agent: Agent) -> str:
        """In which language an agent is written to."""
        return next(iter(agent.languages), self.defaults.language)
