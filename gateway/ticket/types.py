"""The desk: tickets, entries, what changes them, and whom to tell.

Statuses are names with a fixed type, on which all logic rests.
Not here  which ticket (thread.py), what changes (apply.py), who is told (notify.py), how it is stored (store/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gateway.message.types import Attachment, Mailbox
from gateway.rules.types import Trace

StatusType = Literal["new", "open", "waiting_customer", "waiting_third", "solved", "closed"]
EntryKind = Literal["mail", "answer", "note", "auto", "event"]
Trust = Literal["proven", "participant", "third-party", "stranger"]
Disposition = Literal["ticket", "entry", "report", "duplicate", "record", "quarantine"]

STATUS_TYPES: Mapping[str, StatusType] = {
    "new": "new",
    "open": "open",
    "pending": "waiting_customer",
    "on_hold": "waiting_third",
    "snoozed": "waiting_third",
    "solved": "solved",
    "closed": "closed",
    "merged": "closed",
    "spam": "closed",
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """One matter, with one number. `version` counts every change and keeps writers in line."""

    number: int
    subject: str
    team: str
    assignee: str | None
    priority: str
    status: str
    tags: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    language: str | None
    channel: str
    requester: Mailbox | None  # None when the mail had no usable author
    created_at: datetime
    updated_at: datetime
    messages: int  # entries of kind mail and answer
    version: int
    flags: tuple[str, ...] = ()

    @property
    def status_type(self) -> StatusType:
        """What the status means for the clock and for replies."""
        return STATUS_TYPES[self.status]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said or happened in a ticket."""

    id: int
    ticket: int
    kind: EntryKind
    author: Mailbox | None
    at: datetime
    text: str
    quoted: str
    signature: str
    html: str | None
    message_id: str | None
    public: bool
    trust: Trust | None  # None for what we wrote ourselves
    attachments: tuple[Attachment, ...]
    source: str | None  # key of the mail it came from


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who writes to us."""

    id: int
    name: str
    address: str
    language: str | None
    muted: bool
    answered: bool  # whether a person of ours ever wrote to him


# --- which ticket -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Refused:
    """Evidence that was found and not followed."""

    by: str
    ticket: int | None
    because: str


@dataclass(frozen=True, slots=True)
class ThreadMatch:
    """Which ticket a mail belongs to, by which evidence, and what that evidence is worth."""

    ticket: int | None  # None opens a new one
    by: Literal["token", "references", "body-token", "subject-tag", "stub", "none"]
    trust: Trust
    evidence: str  # the words that matched, for people
    mentions: tuple[int, ...] = ()  # tickets named by evidence that does not hold
    refused: tuple[Refused, ...] = ()


# --- what changes -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A new ticket. The store gives the number."""

    subject: str
    team: str
    requester: Mailbox | None
    language: str | None
    channel: str
    at: datetime
    mentions: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddEntry:
    """A new entry in the ticket; the one opened in the same list of changes, or the one that matched."""

    kind: EntryKind
    author: Mailbox | None
    at: datetime
    text: str
    quoted: str
    signature: str
    html: str | None
    message_id: str | None
    public: bool
    trust: Trust
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class SetField:
    """One field of the ticket gets a value; `cause` is the rule or the reason."""

    name: str  # team, assignee, priority, status, language, tags, flags, field.NAME
    value: str | tuple[str, ...] | None
    cause: str


@dataclass(frozen=True, slots=True)
class Record:
    """The mail ends without an entry: kept, listed, accounted."""

    disposition: Disposition
    reason: str
    ticket: int | None = None  # the ticket it is filed with, where a token or a report names one


Change = OpenTicket | AddEntry | SetField | Record


@dataclass(frozen=True, slots=True)
class Saved:
    """What the store made of the changes."""

    disposition: Disposition
    reason: str
    ticket: Ticket | None
    entry: int | None
    opened: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a mail ended, and every reason on the way: what `why` prints."""

    key: str
    disposition: Disposition
    reason: str
    ticket: int | None
    entry: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The stored reasons of one mail (`mailwicket.trace/1`): how it was read, threaded, ruled and answered."""

    kind: str
    kind_reason: str
    author: str
    ambiguous_author: bool
    auth: str
    language: str
    new_text: int  # characters
    quoted: int
    attachments: int
    defects: tuple[str, ...]
    match: ThreadMatch | None  # None when the mail ended before threading
    rules: Trace | None
    mails: tuple[str, ...]  # each mail queued or suppressed, with the guard's word


# --- whom to tell -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notification:
    """One mail to one person; `suppressed` is the guard's word when it may not go out."""

    recipient: Mailbox
    template: str
    variant: str | None
    language: str
    ticket: int
    team: str
    subject: str | None  # the ticket's subject, for mails that may carry it; None uses the template's own
    in_reply_to: str | None
    references: tuple[str, ...]
    auto_submitted: Literal["auto-replied", "auto-generated", "no"]
    dedupe_key: str
    cause: str  # the rule, or "team.auto_ack"
    values: Mapping[str, Any]
    suppressed: str | None = None
