"""What a rule file says about working time, promises, budgets and what is kept: plain values.

Sources  rules.md §3.
Not here statuses (statuses.py), people and teams (types.py), how they are read (sections.py), arithmetic with
         calendars (ticket/).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from gateway.rules.statuses import StatusType

Table = Mapping[str, Mapping[str, str]]  # address or domain: column: value
Minutes = tuple[int, int]  # from and to, counted from midnight; 24:00 is 1440


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody is there."""

    id: str
    timezone: str  # IANA
    hours: tuple[tuple[Minutes, ...], ...] = ((),) * 7  # of each weekday, Monday first
    country: str | None = None  # ISO 3166: whose public holidays are free
    holidays: tuple[date, ...] = ()
    file: str = ""  # an .ics file beside the rules with more of them
    days: Mapping[date, tuple[Minutes, ...]] = field(default_factory=dict)  # instead of the hours; empty is closed


@dataclass(frozen=True, slots=True)
class Span:
    """Opening hours, or whole working days: one of both is None."""

    hours: timedelta | None = None
    days: int | None = None  # the same clock time so many working days later


@dataclass(frozen=True, slots=True)
class Targets:
    """What is promised; None is no promise."""

    first_response: Span | None = None
    next_response: Span | None = None
    update: Span | None = None
    resolution: Span | None = None


@dataclass(frozen=True, slots=True)
class Sla:
    """A policy. `applies` names what a ticket must have for it when no rule chose one."""

    id: str
    calendar: str | None
    targets: Targets
    warn_at: tuple[int, ...] = (50, 75, 90)  # percent
    applies: tuple[tuple[str, tuple[str, ...]], ...] = ()
    escalation: tuple[str, ...] = ()  # who is told after assignee and lead
    pause_in: tuple[StatusType, ...] = ("waiting_customer", "waiting_third")  # status types
    by_priority: Mapping[str, Targets] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Where values of a customer come from: a CSV file beside the rules, or a query of mailwicket.toml."""

    id: str
    file: str = ""
    sql: str = ""
    key: Literal["address", "domain"] = "address"
    give: Mapping[str, str] = field(default_factory=dict)  # name after `customer.`: column
    rows: Table = field(default_factory=dict)  # of the file; those of a query are read while the gateway runs


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A custom ticket field."""

    id: str
    type: Literal["text", "number", "date", "bool", "enum"]
    values: tuple[str, ...] = ()
    pattern: str = ""
    public: bool = False
    required: bool = False  # before a person solves a ticket
    origin: str = ""  # `customer.NAME`, whose value it begins with
    label: Mapping[str, str] = field(default_factory=dict)  # by language

    @property
    def form(self) -> str:
        """What its values look like."""
        return ", ".join(self.values) or self.pattern or self.type

    def called(self, *languages: str) -> str:
        """What people call it, in the first of these languages that has a word for it; else its id."""
        return next((self.label[language] for language in languages if language in self.label), self.id)


@dataclass(frozen=True, slots=True)
class Rate:
    """N per time."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of automatic mail and of what one sender may cause (acceptance L11)."""

    ack: Rate = Rate(1, timedelta(hours=24))
    auto_per_thread: Rate = Rate(1, timedelta(hours=1))
    auto_per_recipient: Rate = Rate(5, timedelta(hours=24))
    auto_per_domain: Rate = Rate(60, timedelta(hours=1))
    auto_total: Rate = Rate(600, timedelta(hours=1))
    auto_per_ticket: Rate = Rate(10, timedelta(minutes=10))
    new_per_sender: Rate = Rate(20, timedelta(hours=1))
    updates_per_sender: Rate = Rate(60, timedelta(hours=1))
    cc_max: int = 48
    redirect_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept; raw mail counts from the closing of its ticket."""

    raw_mail: timedelta = timedelta(days=90)
    closed: timedelta = timedelta(days=720)
    spam: timedelta = timedelta(days=30)
    quarantine: timedelta = timedelta(days=30)
    dropped: timedelta = timedelta(days=30)
    backscatter: timedelta = timedelta(days=7)
    trace: timedelta = timedelta(days=180)
    audit: timedelta = timedelta(days=720)
