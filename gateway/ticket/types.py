"""The desk: tickets, entries, what changes them, and whom to tell.

Statuses are names with a fixed type, on which all logic rests.
Not here  which ticket (thread.py), what changes (apply.py), who is told (notify.py), how it is stored (store/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gateway.message.codes import masked
from gateway.message.formatted import Block
from gateway.message.types import Attachment, Mailbox
from gateway.rules.statuses import StatusType
from gateway.rules.types import Trace

EntryKind = Literal["mail", "answer", "note", "auto", "event"]
Trust = Literal["proven", "participant", "third-party", "stranger"]
Evidence = Literal["token", "references", "body-token", "subject-tag", "guess", "stub", "rule", "none"]
Disposition = Literal["ticket", "entry", "report", "duplicate", "record", "quarantine"]
Role = Literal["requester", "cc"]
CODE_IN_SUBJECT = "code-in-subject"  # the flag of a ticket that a program's mail opened with such a subject
NO_POLICY = "none"  # what a rule or a person chose who wants no promise at all


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
    status_at: datetime  # since when it has this status
    messages: int  # entries of kind mail and answer
    version: int
    flags: tuple[str, ...] = ()
    responsible: str | None = None  # answers for it; the assignee does the work
    status_type: StatusType = "new"
    status_reason: str | None = None
    due: datetime | None = None  # set by hand
    snoozed_until: datetime | None = None
    awake_status: str | None = None  # what it was before it was snoozed
    awake_status_type: StatusType | None = None
    merged_into: int | None = None
    origin: str | None = None  # IP address that the first mail claims to come from: unverified
    followers: tuple[str, ...] = ()  # agents who watch it
    needs: tuple[str, ...] = ()  # skills that its owner must have
    escalation: int = 0  # how often it was raised
    reopened: int = 0  # how often it went on after its end
    sla: str | None = None  # the policy that a rule or a person chose; `none` is none at all. None: nobody chose
    next_due: datetime | None = None  # when the first promise for it falls due; None: none that runs
    answer_due: datetime | None = None  # until when the customer is promised an answer
    next_rung: datetime | None = None  # when the next thing happens to it by itself; None: nothing does
    nudged: int = 0  # the days of the last reminder or question to its customer since it has its status
    revision: int = 0  # how often people said something in it, or moved what was said
    next_unlock: datetime | None = None  # when its owner loses it who says nothing until then; None: never

    @property
    def told_subject(self) -> str:
        """The subject, as mails have it to people who did not ask for the mail that it came with: without a code."""
        return masked(self.subject, holds_code=True) if CODE_IN_SUBJECT in self.flags else self.subject


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
    held: str | None = None  # why it waits for an agent's word: third-party; None is not held
    revision: int | None = None  # that it raised the ticket to; None: it raised none

    @property
    def by_machine(self) -> bool:
        """Whether it is a mail that a program wrote by itself."""
        return is_by_machine(self.kind, public=self.public, trust=self.trust, source=self.source)


def is_by_machine(kind: str, *, public: bool, trust: str | None, source: str | None) -> bool:
    """Whether an entry of this form is a mail that a program wrote by itself.

    In a ticket it is an event; what opened one is a mail that nobody but us sees, and no third party wrote it.
    """
    if kind == "event":
        return source is not None
    return kind == "mail" and not public and trust != "third-party"


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who takes part in a ticket."""

    address: str  # normal form
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Beside:
    """Other tickets that whoever works on one should know of."""

    mentioned: tuple[Ticket, ...] = ()  # it names them, and does not belong to them
    earlier: tuple[Ticket, ...] = ()  # of the same customer, the newest first
    continued: tuple[Ticket, ...] = ()  # that was over when its customer wrote again


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who writes to us."""

    id: int
    name: str
    address: str  # the one that was asked for, or the first
    language: str | None
    muted: bool
    answered: bool  # whether a person of ours ever wrote to him
    organisation: str | None = None
    zone: str | None = None
    contract: str | None = None
    tier: str | None = None
    tags: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()  # what look-up tables say of him beside those
    restricted: bool = False
    open_tickets: int = 0  # that are neither solved nor closed, counted up to a thousand
    spam_tickets: int = 0  # that are spam, as far as they are kept, counted up to a thousand
    chosen_language: str | None = None  # of our mails to him, as he or one of ours said; `language` is that of a mail
    merged_into: int | None = None  # the customer who has his addresses and tickets now


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
    by: Evidence
    trust: Trust
    evidence: str  # the words that matched, for people
    mentions: tuple[int, ...] = ()  # tickets named by evidence that does not hold
    refused: tuple[Refused, ...] = ()
    continues: int | None = None  # the one of these that its author took part in, and that was over


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
    origin: str | None = None
    continues: int | None = None  # one that was over


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
    trust: Trust | None  # None for what we write ourselves
    attachments: tuple[Attachment, ...] = ()
    held: str | None = None  # as Entry.held
    cause: str | None = None  # the rule that wrote it; None is whoever caused the changes
    evidence: str = ""  # by what a mail came into this ticket, for the audit
    thanks: bool = False  # whether it only says thank you, and opened nothing again


@dataclass(frozen=True, slots=True)
class SetField:
    """One field of the ticket gets a value; `cause` is the rule or the reason."""

    name: str  # of Ticket, as in change.SETTABLE; or field.NAME
    value: str | int | tuple[str, ...] | datetime | None
    cause: str


@dataclass(frozen=True, slots=True)
class SetStatus:
    """The ticket gets another status; `cause` is the rule or the reason."""

    status: str
    type: StatusType
    at: datetime
    cause: str
    reason: str | None = None  # in the words of a person
    until: datetime | None = None  # when a snoozed one wakes


@dataclass(frozen=True, slots=True)
class Record:
    """The mail ends without an entry: kept, listed, accounted."""

    disposition: Disposition
    reason: str
    ticket: int | None = None  # the ticket it is filed with, where a token or a report names one


@dataclass(frozen=True, slots=True)
class AddPeople:
    """They take part in the ticket from now on, as long as it has no more than `most` participants."""

    people: tuple[Participant, ...]
    most: int
    cause: str


@dataclass(frozen=True, slots=True)
class AddLink:
    """The ticket belongs to another one, which may not exist: then nothing is linked."""

    other: int
    kind: str  # what the other one is to this one
    cause: str


@dataclass(frozen=True, slots=True)
class SetRequester:
    """The ticket has this customer, who takes part; whose it was goes on taking part."""

    requester: Mailbox
    cause: str


Change = OpenTicket | AddEntry | SetField | SetStatus | SetRequester | AddPeople | AddLink | Record


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
    doubts: tuple[str, ...] = ()  # what in the author's identity should make a person look twice
    parser: int = 0  # the version that read it; 0 before versions were written down
    schema: Literal["mailwicket.trace/1"] = "mailwicket.trace/1"


# --- whom to tell -----------------------------------------------------------------------------------------------


FROM_FORWARD = "from-forward"  # the flag of a ticket whose customer only a forward shows
AGENT_NOTICE = "agent_notice"
REDIRECT = "redirect"  # somebody else's mail, passed on: it has no template


@dataclass(frozen=True, slots=True)
class File:
    """A file that goes with a mail of ours."""

    name: str  # cleaned, never a path
    media_type: str
    octets: bytes
    content_id: str | None = None  # of a picture that stands among the words; None: it is attached


@dataclass(frozen=True, slots=True)
class GoesTo:
    """What a mail to an agent promises of an answer to it."""

    people: tuple[Mailbox, ...]  # whom it reaches, the customer first; nobody: it becomes a note
    language: str
    internal: bool = False  # whether it is for our own people alone, so that no customer is missing


@dataclass(frozen=True, slots=True)
class Notification:
    """One mail to one person; `suppressed` is the guard's word when it may not go out."""

    recipient: Mailbox
    template: str
    variant: str | None
    language: str
    ticket: int | None  # None: it is about no ticket, or about many
    team: str
    subject: str | None  # the ticket's subject, for mails that may carry it; None uses the template's own
    in_reply_to: str | None
    references: tuple[str, ...]
    auto_submitted: Literal["auto-replied", "auto-generated", "no"]
    dedupe_key: str
    cause: str  # the rule, or "team.auto_ack"
    values: Mapping[str, Any]
    suppressed: str | None = None
    speaker: str | None = None  # whose words they are: a person of ours, or for agents the customer; None is the team
    held: str | None = None  # why it waits until a person releases it
    put_off: str | None = None  # the guard's word where it goes out later, with whatever else happens until then
    audience: Literal["customer", "agent"] = "customer"
    zone: str | None = None  # IANA, of the recipient; None is not known
    purpose: str | None = None  # of the reply address, where it is not that of the template
    item: int | None = None  # what the reply address names, where it is not the ticket
    revision: int | None = None  # of the ticket, as an agent sees it in this mail
    generation: int = 0  # of an agent's tokens
    goes_to: GoesTo | None = None  # what becomes of an agent's answer to it; None: it is about no ticket
    not_before: datetime | None = None  # when it may leave; None: at once
    thread_index: str | None = None  # of the mail that it answers, for Outlook; empty is none, None is not known
    files: tuple[File, ...] = ()
    formatted: tuple[Block, ...] = ()  # the words of a person as he set them; empty: `values` say them
    canned: Mapping[str, str] | None = None  # the values of the canned reply that `variant` names; None is none
    articles: tuple[str, ...] = ()  # the ids of those that it offers
