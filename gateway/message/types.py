"""The facts of a mail: what SMTP said, and what the message says.

Sources  RFC 5598 (names), RFC 5321 (envelope), RFC 5322 (message), RFC 3834 (classes), RFC 8601 (authentication).
         All frozen, tuples not lists, aware UTC; text holds no NUL, no control but tab and newline, no surrogate.
Not here  how they are found: parse.py, text.py, reply.py, classify.py, auth.py.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

PARSER = 3  # its version, stored with each mail: one more where the same octets may give another Message

Via = Literal["smtp", "lmtp", "pipe", "imap", "api", "import"]
Kind = Literal["person", "auto-reply", "auto-generated", "report", "bulk", "loop"]
ReportKind = Literal["delivery", "complaint", "receipt", "aggregate"]
AuthResult = Literal["pass", "fail", "none", "temperror", "permerror"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the sending side said before the content (RFC 5321 §2.3.1)."""

    reverse_path: str | None  # None is <>, the null reverse-path
    forward_paths: tuple[str, ...]  # our recipients, normalised: domain in lower case, no source route
    helo: str
    peer: str  # the client's address, "unix" for a local socket
    via: Via
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Auth:
    """What a host that we trust, or we ourselves, found out about the origin (RFC 8601)."""

    dmarc: AuthResult
    dkim: AuthResult
    spf: AuthResult
    by: str | None  # the authserv-id, or OURSELVES; None when nobody trusted said anything
    aligned: bool = False  # whether DKIM or SPF holds for the author's own domain, or he logged in under his address


NOT_AUTHENTICATED = Auth("none", "none", "none", None)
OURSELVES = "this gateway"  # no authserv-id: those have no blanks


@dataclass(frozen=True, slots=True)
class Accepted:
    """A mail whose raw bytes are on stable storage: from here on it is ours."""

    id: int  # what people say: m-55120
    key: str  # UUIDv7 as 32 hex digits; sorts by arrival
    envelope: Envelope
    size: int  # octets as received, dots unstuffed
    sha256: str
    attempts: int  # how often work on it was begun, this time included
    stub: int | None = None  # the ticket that a quarantine opened for it; a retry goes on there
    released: bool = False  # a person wants it through: no rule may end it
    lease: str | None = None  # the token of the worker that claimed it; None where nobody did
    verified: Auth | None = None  # by us; None where nobody wanted it, or it has not been done yet
    imported: str | None = None  # of an archive: the status its ticket begins with, nobody is told; None: it came in
    whole_octets: int | None = None  # it is how a mail of so many begins, which is larger than we take; None: all of it


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name, possibly empty, and an addr-spec (RFC 5322 §3.4)."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Field:
    """A header field in wire order: name as written, value unfolded and decoded."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that is not the text. Its octets stay in the raw mail and are cut out by `part` when wanted."""

    part: str  # MIME path, counted from 1: "1.2"; "1.2/3" is the third file inside that part
    name: str  # cleaned, never empty, never a path
    media_type: str
    size: int  # octets after decoding
    sha256: str
    content_id: str | None = None  # without angle brackets; None when the part has none
    inline: bool = False
    sniffed: str | None = None  # the media type that its first octets prove; None when they prove none

    @property
    def stands_alone(self) -> bool:
        """Whether it was attached, and is no picture within a text: those of a signature come with every mail."""
        return not self.inline and self.content_id is None


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What a delivery report says of one recipient (RFC 3464 §2.3)."""

    address: str
    status: str | None  # RFC 3463, "5.1.1"; "5.0.0" when only the class is known; None when nothing is
    permanent: bool  # the other side gave up: no later attempt will follow
    diagnostic: str = ""  # the words of the other side, on one line, cut

    def __str__(self) -> str:
        if self.status is None:
            return self.address
        return f"{self.address} {self.status} {'permanent' if self.permanent else 'temporary'}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a report is about: a delivery (RFC 3464), a complaint (RFC 5965), a receipt (RFC 8098), a summary."""

    kind: ReportKind  # "aggregate": a summary of DMARC (RFC 7489) or TLS (RFC 8460), about no single mail
    recipients: tuple[RecipientStatus, ...] = ()
    original_message_id: str | None = None  # of the mail that it is about, with angle brackets
    feedback_type: str | None = None  # of a complaint: "abuse", "fraud", ...

    def __str__(self) -> str:
        """In a few words: what, of whom, how bad."""
        what = " ".join(filter(None, (self.kind, self.feedback_type)))
        return f"{what}: {', '.join(map(str, self.recipients[:3]))}" if self.recipients else what


@dataclass(frozen=True, slots=True)
class Defect:
    """Something wrong with the mail that we read around."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Forward:
    """A mail that somebody forwarded, in his words or as an attachment: all of it is hearsay."""

    author: Mailbox | None  # the address is empty when only a name is shown; None when nobody is named
    subject: str
    date: str  # as shown, in whatever language
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    text: str
    comment: str  # what its forwarder wrote above it
    part: str | None = None  # the attachment that it is; None when it stands in the text
    attachments: tuple[Attachment, ...] = ()  # those inside that attachment; of a mail in the text, they are the mail's
    message_id: str | None = None  # of that attachment; a mail in the text shows none
    references: tuple[str, ...] = ()  # what that attachment answers
    reply_to: tuple[Mailbox, ...] = ()  # as that attachment wants it
    others: tuple[Mailbox, ...] = ()  # whom its From names beside the author
    more: tuple["Forward", ...] = ()  # mails that were attached beside it


@dataclass(frozen=True, slots=True)
class Message:
    """A mail as parsed. Making one never fails; what is wrong with it is in `defects`."""

    fields: tuple[Field, ...]
    message_id: str | None  # with angle brackets, at most 250 octets; None when missing or unusable
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    date: datetime | None  # as the mail claims; for display only
    author: Mailbox | None  # RFC5322.From; None when missing or ambiguous
    ambiguous_author: bool
    sender: Mailbox | None
    reply_to: tuple[Mailbox, ...]
    to: tuple[Mailbox, ...]
    cc: tuple[Mailbox, ...]
    subject: str
    text: str  # the new words
    quoted: str
    signature: str
    html: str | None  # sanitised; None when there is no HTML part
    attachments: tuple[Attachment, ...]
    language: str | None  # of the new words; None when not certain
    language_source: Literal["header", "detected", "none"]
    language_confidence: float  # 0 to 1
    loop_mark: str | None  # the value of our own loop field, which is no field of `fields`
    body_sha256: str  # of the decoded parts, without any header: recognises a mail that came by another way
    defects: tuple[Defect, ...]
    report: Report | None = None  # what its parts and words say it reports; classify.py decides whether it counts
    forward: Forward | None = None  # what its author forwarded, in its words or as an attachment
    text_of_html: bool = False  # whether the words are those of HTML, because no plain text says them
    begins_hidden: bool = False  # whether that HTML may hide the first of them from its reader's eyes
    hides_words: bool = False  # whether it may hide any of them

    def values(self, name: str) -> tuple[str, ...]:
        """All values of a field, in wire order; the name in any case."""
        wanted = name.lower()
        return tuple(f.value for f in self.fields if f.name.lower() == wanted)

    def value(self, name: str) -> str | None:
        """The first value of a field; None when it is absent."""
        return next(iter(self.values(name)), None)


@dataclass(frozen=True, slots=True)
class Classification:
    """What kind of mail it is, and whether an automatic mail may answer it (RFC 3834 §2)."""

    kind: Kind
    reason: str  # the evidence, for people
    may_respond: bool
    no_response_code: str | None  # the send guard's word, None when we may: "machine-sender", "null-sender"
    report: Report | None = None  # what a report is about; None for every other kind, or when it does not say

    @property
    def is_automatic(self) -> bool:
        """Whether a program wrote it to people by itself."""
        return self.kind in ("auto-reply", "auto-generated", "bulk")
