"""What a rule may test, what it may do, and what the engine says about it.

`Facts` is the closed list of what a rule may test: the dotted names in it ARE the rule language; `check`, the
schema and the documents read them from here.
Not here  how a file becomes a RuleSet (load.py), how a RuleSet and Facts become a Decision (evaluate.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, Literal

from gateway.rules.statuses import BUILT_IN, StatusType

Event = Literal[
    "received", "new", "reply", "agent-reply", "note", "status-changed", "assigned", "sla-warning", "sla-breached",
    "idle", "bounced", "schedule",
]  # fmt: skip
LIVE_EVENTS: tuple[Event, ...] = ("received", "new", "reply")  # those that something raises today
FactType = Literal["text", "list", "bool", "number", "size", "enum", "duration", "time", "pairs"]
Value = str | int | float | bool | timedelta | datetime | tuple[str, ...] | None

_MAIL: tuple[Event, ...] = ("received", "new", "reply")
_TICKET: tuple[Event, ...] = ("new", "reply")


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
    size: int | None = _fact("mail.size", "size", "6 KiB")
    via: str | None = _fact("mail.via", "enum", "lmtp", values=("smtp", "lmtp", "imap", "pipe", "api", "import"))
    mailbox: tuple[str, ...] | None = _fact("mailbox", "list", "support@acme.test")
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
    language: str | None = _fact("language", "text", "pl")
    language_confidence: float | None = _fact("language.confidence", "number", "0.97")
    language_source: str | None = _fact(
        "language.source", "enum", "detected", values=("header", "history", "detected", "default")
    )
    customer_known: bool | None = _fact("customer.known", "bool", "true")
    customer_first_contact: bool | None = _fact("customer.first_contact", "bool", "false")
    customer_muted: bool | None = _fact("customer.muted", "bool", "false")
    ticket_number: int | None = _fact("ticket.number", "number", "4812", events=_TICKET)
    ticket_status: str | None = _fact("ticket.status", "text", "open", events=_TICKET)
    ticket_status_type: str | None = _fact("ticket.status_type", "text", "waiting_customer", events=_TICKET)
    ticket_priority: str | None = _fact("ticket.priority", "enum", "high", events=_TICKET, values=PRIORITIES)
    ticket_team: str | None = _fact("ticket.team", "text", "billing", events=_TICKET)
    ticket_assignee: str | None = _fact("ticket.assignee", "text", "piotr", events=_TICKET)
    ticket_tags: tuple[str, ...] | None = _fact("ticket.tags", "list", "vip", events=_TICKET)
    ticket_channel: str | None = _fact(
        "ticket.channel", "enum", "mail", events=_TICKET, values=("mail", "console", "api", "cli", "import")
    )
    ticket_fields: tuple[tuple[str, str], ...] | None = _fact(
        "ticket.field.NAME", "pairs", "ticket.field.order", events=_TICKET
    )
    ticket_age: timedelta | None = _fact("ticket.age", "duration", "2d", events=_TICKET)
    ticket_messages: int | None = _fact("ticket.messages", "number", "3", events=_TICKET)
    actor: str | None = _fact("actor", "enum", "customer", values=("customer", "agent", "rule", "system", "import"))
    now: datetime | None = _fact("now", "time", "2026-11-21T22:10:00+01:00")


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


@dataclass(frozen=True, slots=True)
class Dispose:
    """End the mail without the normal way; the raw mail is kept. `drop` is kept under the rule's id."""

    rule: str
    disposition: Literal["record", "quarantine"]
    reason: str


Action = Route | Assign | Set | Tag | Reply | Dispose


# --- what the engine says ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Check:
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


@dataclass(frozen=True, slots=True)
class Hit:
    """One rule that was looked at."""

    rule: str
    line: int
    event: Event
    outcome: Literal["applied", "not-matched", "error", "after-stop"]
    check: Check | None = None
    effects: tuple[Effect, ...] = ()
    stop: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """Every rule looked at, in order, with the values seen, and the revision that decided."""

    revision: int
    sha256: str
    hits: tuple[Hit, ...]
    other_events: tuple[str, ...] = ()  # enabled rules that wait for other events


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules want, in order, and why."""

    actions: tuple[Action, ...]
    trace: Trace

    @property
    def disposition(self) -> Dispose | None:
        """The first action that replaces the normal way; None when there is none."""
        return next((a for a in self.actions if isinstance(a, Dispose)), None)


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


@dataclass(frozen=True, slots=True)
class Group:
    """all: every child holds; any: at least one; none: not one."""

    kind: Literal["all", "any", "none"]
    children: tuple["Test | Group", ...]


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


@dataclass(frozen=True, slots=True)
class Agent:
    """A person who works on tickets."""

    id: str
    name: str
    email: str
    also: tuple[str, ...] = ()
    role: Literal["agent", "lead", "admin", "light", "auditor"] = "agent"
    languages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Team:
    """A team and the addresses that mail for it comes to."""

    id: str
    addresses: tuple[str, ...]  # the first one is what its mails come from
    members: tuple[str, ...] = ()
    lead: str | None = None
    auto_ack: bool = True
    signature: str = ""
    follow_up: Literal["new", "reopen"] = "new"  # what a reply after the reopen window does
    reopen_window: timedelta | None = None  # None is that of the defaults


@dataclass(frozen=True, slots=True)
class Rate:
    """N per time."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of automatic mail (acceptance L11)."""

    ack: Rate = Rate(1, timedelta(hours=24))
    auto_per_thread: Rate = Rate(1, timedelta(hours=1))
    auto_per_recipient: Rate = Rate(5, timedelta(hours=24))
    auto_per_domain: Rate = Rate(60, timedelta(hours=1))
    auto_total: Rate = Rate(600, timedelta(hours=1))
    auto_per_ticket: Rate = Rate(10, timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds where no rule says otherwise."""

    team: str
    language: str = "en"
    after_reply: str = "pending"  # the status that an answer sets
    reopen_window: timedelta = timedelta(days=30)
    thanks_reopens: bool = False
    subject_tag: Literal["left", "right", "auto", "none"] = "left"
    subject_prefix: str = ""
    cross_team: Literal["first", "each"] = "first"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A custom ticket field."""

    id: str
    type: Literal["text", "number", "date", "bool", "enum"]
    values: tuple[str, ...] = ()
    pattern: str = ""
    public: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """One entry of `tests:`, as the file has it: what comes in and what is expected."""

    name: str
    line: int
    mail: Mapping[str, Any]
    file: str  # a mail file beside the rules; empty when the mail is inline
    now: datetime | None
    expect: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One revision of rules.yaml, compiled. A mail ends with the revision it began with."""

    revision: int
    sha256: str
    text: str
    defaults: Defaults
    agents: Mapping[str, Agent]
    teams: Mapping[str, Team]
    limits: Limits
    fields: Mapping[str, FieldInfo]
    rules: tuple[Rule, ...]
    scenes: tuple[Scene, ...] = ()
    warnings: tuple[str, ...] = ()
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    statuses: Mapping[str, StatusType] = field(default_factory=lambda: BUILT_IN)

    def team_of(self, address: str) -> Team | None:
        """The team that an address (normalised, without sub-address) belongs to; None when it is nobody's."""
        return next((t for t in self.teams.values() if address in t.addresses), None)
