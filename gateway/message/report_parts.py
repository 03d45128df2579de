"""What a mail shows of a report: who wrote it, how it begins, what it explains, which mail it is about.

Sources  RFC 3464, RFC 6522 (parts), the names under which mail systems write. Each is read when it is asked for.
Not here  what follows from it (report.py).
"""

import re
from dataclasses import dataclass
from functools import cached_property

from gateway.message.charset import clean_line, decode
from gateway.message.content import decoded_start
from gateway.message.delivery_status import ADDRESS
from gateway.message.delivery_text import explanation
from gateway.message.delivery_words import FAILURE_SUBJECT
from gateway.message.header import decode_words, raw_text
from gateway.message.html import without_tags
from gateway.message.limits import HeaderBlock, ParseLimits, header_block
from gateway.message.mime import Part, structure

MAX_TEXT = 32 * 1024  # octets of each part that are read
_MAX_SUBJECT = 500
_DAEMON = re.compile(
    r"mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|mailer|mail[-_.]?(?:delivery|system|admin)\S*"
    r"|post_?(?:master|office)|bounces?\S*|ndr|dsn|smtp(?:d|server|gw)?|daemon|microsoftexchange\w*"
    r"|mmdf|uucp|mailerdaemon\S*|no-?reply|\w*notification\w*|\S*-?daemon|\S*(?:gateway|virus|mail_?serv"
    r"|smtp|interscan|imss|mailfilter|mimesweeper|surfcontrol|mailscanner|autorespond)\S*",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(?:er)? ?(?:delivery|administrator|system|daemon|router)|delivery (?:sub)?system|postmaster"
    r"|mailer[- ]daemon|system (?:administrator|attendant)|microsoft (?:exchange|outlook)|internet mail"
    r"|smtp server|mta\b",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"<(?:@[\w.-]{1,100})?>\s*$")  # nobody's address: only mail systems write under it
_POSTMASTER = re.compile(r"post_?master@|^\W*(?:system administrator|mail delivery)", re.IGNORECASE)
_ANSWERED = re.compile(r"\s*(?:re|aw|fwd?|wg|sv|odp|tr|enc|rv|res|ynt|vs)\s*(?:\[\d+\]\s*)?:", re.IGNORECASE)
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status", "text/delivery-status"})
_ORIGINAL_TYPES = frozenset(
    {
        "message/rfc822",
        "message/global",
        "text/rfc822-headers",
        "message/global-headers",
        "text/rfc822",
        "message/partial",
    }
)
DMARC_SUBJECT = re.compile(r"report[ -]?domain: ?\S+.{0,200}submitter:", re.IGNORECASE)
MESSAGE_ID = re.compile(r"<[^<>\s]{1,240}>")
# in the fields for all recipients, in a header that is shown below words in any language, or in these words
_SAID_ID = re.compile(r"message[- ]id\s?:?\s?(<[^<>\s]{1,240}>)", re.IGNORECASE)
_DAEMON_ONLY = re.compile(r"mailer[-_.]?daemon\S*|mail[-_.]?daemon|mdaemon|microsoftexchange\w{16,}", re.IGNORECASE)


@dataclass
class Notice:
    """The parts of a mail that reports are made of, read when asked for."""

    raw: bytes
    header: HeaderBlock
    limits: ParseLimits

    def field(self, name: str) -> str:
        """The decoded first value of a field, empty when it is absent."""
        return clean_line(decode_words(raw_text(self.header.first(name) or b"")))

    @cached_property
    def subject(self) -> str:
        """Decoded and cut."""
        return self.field("subject")[:_MAX_SUBJECT].strip()

    @cached_property
    def is_container(self) -> bool:
        """Whether its type says that it is a report."""
        return self.field("content-type").lower().partition(";")[0].strip() == "multipart/report" or (
            "report-type=delivery-status" in self.field("content-type").lower()
        )

    @cached_property
    def by_machine(self) -> bool:
        """Whether a mail system wrote it, by its name or by a field that only it sets."""
        address = ADDRESS.search(self.field("from"))
        local = address[0].partition("@")[0] if address else self.field("from").strip(' <>"')
        return (
            _DAEMON.fullmatch(local) is not None
            or _DAEMON_NAME.match(self.field("from").strip(' "<')) is not None
            or _NOBODY.search(self.field("from")) is not None
            or self.field("return-path").strip() in ("<>", "<MAILER-DAEMON>", "<#@[]>")
            or self.header.first("x-failed-recipients") is not None
            or self.field("auto-submitted").lower().startswith("auto-")
        )

    @cached_property
    def by_postmaster(self) -> bool:
        """Whether the author is an office under which programs write mostly, and people now and then."""
        return _POSTMASTER.search(self.field("from")) is not None

    @cached_property
    def by_daemon(self) -> bool:
        """Whether the author is a name under which no person writes."""
        address = ADDRESS.search(self.field("from"))
        local = address[0].partition("@")[0] if address else ""
        return (
            _DAEMON_ONLY.fullmatch(local) is not None
            or re.match(
                r"mail(?:er)?[ -](?:daemon|delivery (?:sub)?system)\b", self.field("from").strip(' "<'), re.IGNORECASE
            )
            is not None
            or self.header.first("x-failed-recipients") is not None
        )

    @cached_property
    def is_answer(self) -> bool:
        """Whether it is written in answer to a mail, or hands one on."""
        referred = self.header.first("in-reply-to") or self.header.first("references")
        return _ANSWERED.match(self.subject) is not None and bool(referred)

    @cached_property
    def ours(self) -> frozenset[str]:
        """Addresses that a notice names for another reason than failure, in lower case."""
        own = {a.lower() for name in ("from", "to", "reply-to") for a in ADDRESS.findall(self.field(name))}
        theirs = {a.lower() for name in ("from", "return-path") for a in ADDRESS.findall(self.original.get(name, ""))}
        return frozenset(own | theirs)

    @cached_property
    def begins_with_failure(self) -> bool:
        """Whether its subject begins as those of failure notices do."""
        return FAILURE_SUBJECT.match(self.subject) is not None

    @cached_property
    def is_bare_status(self) -> bool:
        """Whether the whole mail is the part that should be inside a report."""
        return self.field("content-type").lower().partition(";")[0].strip() in _STATUS_TYPES

    @property
    def may_report(self) -> bool:
        """Whether it is worth a closer look: without it an ordinary mail costs next to nothing."""
        return (
            self.is_container
            or self.begins_with_failure
            or self.by_machine
            or DMARC_SUBJECT.search(self.subject) is not None
            or any(t in self.raw for t in (b"/feedback-report", b"delivery-status", b"disposition-notification"))
        )

    @cached_property
    def leaves(self) -> tuple[Part, ...]:
        """The parts that hold something, in order."""
        return tuple(structure(self.raw, self.header, self.limits)[0].leaves())

    def text_of(self, part: Part) -> str:
        """The characters of a part, as far as we read."""
        return decode(decoded_start(self.raw, part, MAX_TEXT), part.params.get("charset"))[0].replace("\r\n", "\n")

    def first(self, types: frozenset[str]) -> Part | None:
        """The first part of one of these types; None when there is none."""
        return next((p for p in self.leaves if p.media_type in types), None)

    @cached_property
    def status_text(self) -> str:
        """What RFC 3464's part says; empty without one."""
        return "\n\n".join(self.text_of(p) for p in self.leaves if p.media_type in _STATUS_TYPES)

    @cached_property
    def prose(self) -> tuple[str, str]:
        """What the mail system says, and a returned mail in the same text."""
        plain: list[str] = []
        pages: list[str] = []
        for part in self.leaves:
            if part.media_type in _ORIGINAL_TYPES:
                break
            if part.media_type == "text/html":
                pages.append(without_tags(self.text_of(part)))
            elif part.media_type.startswith("text/") and part.media_type not in _STATUS_TYPES:
                plain.append(self.text_of(part))
        text = "\n".join(plain)
        said, copy = explanation(text if text.strip() else "\n".join(pages))
        return said, copy

    @cached_property
    def original(self) -> dict[str, str]:
        """Fields of the mail that it is about, names in lower case."""
        part = self.first(_ORIGINAL_TYPES)
        octets = (
            decoded_start(self.raw, part, MAX_TEXT) if part else self.prose[1].lstrip("\n").encode("utf-8", "replace")
        )
        return _fields(octets, self.limits)

    @property
    def original_id(self) -> str | None:
        """The Message-ID of the mail that it is about; None when it does not say.

        Of the mail that came back; else what the report says of it, in its fields or its words; else what it answers.
        """
        said = _SAID_ID.search(self.status_text) or _SAID_ID.search(self.prose[0])
        answered = self.field("in-reply-to") or self.field("references").rpartition(" ")[2]
        for value in (self.original.get("message-id", ""), clean_line(said[1]) if said else "", answered):
            if found := MESSAGE_ID.search(value):
                return found[0]
        return None


def fields_of(text: str) -> dict[str, str]:
    """The fields of a machine-readable part, the first of each name."""
    return _fields(text.lstrip().encode("utf-8", "replace"), ParseLimits())


def _fields(octets: bytes, limits: ParseLimits) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name, value in header_block(octets, 0, len(octets), limits).fields:
        fields.setdefault(name.lower(), clean_line(decode_words(raw_text(value))))
    return fields
