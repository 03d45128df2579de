"""What a report reports: a delivery, a complaint, a receipt or a summary; None when the mail is no report.

Sources  RFC 3464 (delivery), RFC 5965 (complaints), RFC 8098 (receipts), RFC 7489 §7.2.1.1, RFC 8460 §5.4 (summaries),
         RFC 6522 (the container). Three readers, most reliable first: RFC 3464's fields, flufl.bounce, the prose.
         A person who writes about a failure, or forwards a report, is no machine: without the fields of RFC 3464 a
         report needs a machine's name or the words that only programs write, and must begin with them.
Not here  whether the mail may be answered (classify.py).
"""

import email
import re
from dataclasses import dataclass
from functools import cached_property

from flufl.bounce import all_failures

from gateway.message.charset import clean_line, decode
from gateway.message.content import decoded_start
from gateway.message.delivery_status import ADDRESS, recipient_groups, status_in
from gateway.message.delivery_text import explanation, judged, recipients_in
from gateway.message.delivery_words import FAILURE_SUBJECT, NOTICE, PROGRAM_NOTICE, state_in
from gateway.message.header import decode_words, raw_text
from gateway.message.html import without_tags
from gateway.message.limits import HeaderBlock, ParseLimits, header_block
from gateway.message.mime import Part, structure
from gateway.message.types import RecipientStatus, Report

_MAX_TEXT = 32 * 1024  # octets of each part that are read
_MAX_LIBRARY = 64 * 1024  # octets that flufl.bounce sees: its patterns were not written for long lines
_MAX_SUBJECT = 500
_DAEMON = re.compile(
    r"mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon|mail(?:er)?|mail[-_.]?(?:delivery|system|admin)\S*"
    r"|post_?(?:master|office)|bounces?\S*|ndr|dsn|smtp(?:d|server|gw)?|daemon|microsoftexchange\w*|system|nobody"
    r"|root|mmdf|uucp|mailerdaemon\S*|no-?reply|\w*notification\w*|\S*-?daemon|\S*(?:gateway|virus|mail_?serv"
    r"|smtp|interscan|imss|mailfilter|mimesweeper|surfcontrol|mailscanner|autorespond)\S*",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(?:er)? ?(?:delivery|administrator|system|daemon|router)|delivery (?:sub)?system|postmaster"
    r"|mailer[- ]daemon|system (?:administrator|attendant)|microsoft (?:exchange|outlook)|internet mail"
    r"|smtp server|mta\b",
    re.IGNORECASE,
)
_ANSWERED = re.compile(r"\s*(?:re|aw|fwd?|wg|sv|odp|tr|enc|rv|res|ynt|vs)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status", "text/delivery-status"})
_RECEIPT_TYPES = frozenset({"message/disposition-notification", "message/global-disposition-notification"})
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
_DELAYED = re.compile(
    r"delay|warning|still (?:being|trying|in queue)|will (?:be retried|keep trying|continue to (?:try|attempt))"
    r"|not yet been delivered|temporary (?:error|failure|problem)|no action is required|do not need to resend"
    r"|opóźni|zpožd|verzöger|atras|zadrž|задерж",
    re.IGNORECASE,
)
_FINAL_RECIPIENT = re.compile(r"^(?:final|original)-recipient:", re.IGNORECASE | re.MULTILINE)
_FINAL = re.compile(
    r"\b(?:giv(?:e|en|ing) up|gave up|permanent(?:ly)?|returned to sender|expired|too long|not be (?:retried"
    r"|delivered)|undeliverable|cannot send|could not be delivered|unsent message|failure)",
    re.IGNORECASE,
)
_DMARC = re.compile(r"report[ -]?domain: ?\S+.{0,200}submitter:", re.IGNORECASE)
_MASKED = re.compile(r"\.{3}@|@[^@]{0,200}\.{3}|\*{3}@")  # by an archive: no address any more
_REFUSED = re.compile(r"reject|refus|quota|not (?:be )?deliver", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,240}>")
_DAEMON_ONLY = re.compile(r"mailer[-_.]?daemon\S*|mail[-_.]?daemon|mdaemon|microsoftexchange\w{16,}", re.IGNORECASE)
_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|day|afternoon)|hallo|guten|sehr geehrte|liebe|dzień|cześć|witam"
    r"|szanown|dobrý|ahoj|olá|bom dia|boa tarde|prezad|caro|poštovan|dobar|bok|здравствуйте|добрый|привет|уважаем"
    r"|bonjour|hola|buen|ciao|gentil|beste|geachte)[\w ]{0,40}[,!:]",
    re.IGNORECASE,
)
# how people speak of themselves; a program's "I'm sorry" stands under a machine's name
_FIRST_PERSON = re.compile(
    r"\?|\b(?:my|our|me|i|we|us|ich|mein\w*|wir|unser\w*|mam|mój|moj[aeiu]?|mnie|nasz\w*|mám|můj|náš|naše|meu"
    r"|minha|nosso|eu|mi|naš[aei]?|imam|я|мы|мой|моя|мо[её]|мне|у нас|наш\w*|je|mon|nous|notre|mis?|nuestr\w+|mio"
    r"|mia|nostr\w+|ik|mijn|wij|ons|onze)\b",
    re.IGNORECASE,
)
_MAX_START = 4000  # characters of the prose in which a notice says what it is
_MAX_OPENING = 600
_ENOUGH_SIGNS = 2


def read_report(raw: bytes, header: HeaderBlock, limits: ParseLimits) -> Report | None:
    """What the mail reports; None when it is no report."""
    mail = _Mail(raw, header, limits)
    if not mail.may_report:
        return None
    return _complaint(mail) or _receipt(mail) or _aggregate(mail) or _delivery(mail)


@dataclass
class _Mail:
    """The parts of a mail that reports are made of, read when asked for."""

    raw: bytes
    header: HeaderBlock
    limits: ParseLimits

    def field(self, name: str) -> str:
        """The decoded first value of a field, empty when it is absent."""
        return clean_line(decode_words(raw_text(self.header.first(name) or b"")))

    @cached_property
    def subject(self) -> str:
        return self.field("subject")[:_MAX_SUBJECT].strip()

    @cached_property
    def is_container(self) -> bool:
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
            or self.field("return-path").strip() in ("<>", "<MAILER-DAEMON>", "<#@[]>")
            or self.header.first("x-failed-recipients") is not None
            or self.field("auto-submitted").lower().startswith("auto-")
        )

    @cached_property
    def by_daemon(self) -> bool:
        """Whether the author is a name under which no person writes."""
        address = ADDRESS.search(self.field("from"))
        local = address[0].partition("@")[0] if address else ""
        return (
            _DAEMON_ONLY.fullmatch(local) is not None
            or re.match(r"mail delivery (?:sub)?system\b", self.field("from").strip(' "<'), re.IGNORECASE) is not None
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
        return FAILURE_SUBJECT.match(self.subject) is not None

    @cached_property
    def is_bare_status(self) -> bool:
        return self.field("content-type").lower().partition(";")[0].strip() in _STATUS_TYPES

    @property
    def may_report(self) -> bool:
        """Whether it is worth a closer look: without it an ordinary mail costs next to nothing."""
        return (
            self.is_container
            or self.begins_with_failure
            or self.by_machine
            or _DMARC.search(self.subject) is not None
            or any(t in self.raw for t in (b"/feedback-report", b"delivery-status", b"disposition-notification"))
        )

    @cached_property
    def leaves(self) -> tuple[Part, ...]:
        return tuple(_leaves(structure(self.raw, self.header, self.limits)[0]))

    def text_of(self, part: Part) -> str:
        """The characters of a part, as far as we read."""
        return decode(decoded_start(self.raw, part, _MAX_TEXT), part.params.get("charset"))[0].replace("\r\n", "\n")

    def first(self, types: frozenset[str]) -> Part | None:
        return next((p for p in self.leaves if p.media_type in types), None)

    @cached_property
    def status_text(self) -> str:
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
            decoded_start(self.raw, part, _MAX_TEXT) if part else self.prose[1].lstrip("\n").encode("utf-8", "replace")
        )
        fields: dict[str, str] = {}
        for name, value in header_block(octets, 0, len(octets), self.limits).fields:
            fields.setdefault(name.lower(), clean_line(decode_words(raw_text(value))))
        return fields

    @property
    def original_id(self) -> str | None:
        found = _MESSAGE_ID.search(self.original.get("message-id", ""))
        return found[0] if found else None


def _leaves(part: Part) -> list[Part]:
    out, stack = [], [part]
    while stack:
        top = stack.pop()
        if top.children:
            stack.extend(reversed(top.children))
        else:
            out.append(top)
    return out


def _fields(text: str) -> dict[str, str]:
    """The fields of a machine-readable part, the first of each name."""
    octets = text.lstrip().encode("utf-8", "replace")
    block = header_block(octets, 0, len(octets), ParseLimits())
    fields: dict[str, str] = {}
    for name, value in block.fields:
        fields.setdefault(name.lower(), clean_line(decode_words(raw_text(value))))
    return fields


def _complaint(mail: _Mail) -> Report | None:
    part = mail.first(frozenset({"message/feedback-report"}))
    if part is None:
        return None
    told = _fields(mail.text_of(part))
    whom = ADDRESS.search(told.get("original-rcpt-to", "") or mail.original.get("to", ""))
    recipients = (RecipientStatus(whom[0], None, permanent=False),) if whom else ()
    kind = told.get("feedback-type", "").split()
    return Report("complaint", recipients, mail.original_id, kind[0].lower() if kind else "abuse")


def _receipt(mail: _Mail) -> Report | None:
    part = mail.first(_RECEIPT_TYPES)
    if part is None:
        return None
    told = _fields(mail.text_of(part))
    whom = ADDRESS.search(told.get("final-recipient", ""))
    if "deleted" in told.get("disposition", "").lower() and whom and _REFUSED.search(mail.prose[0]):
        said = clean_line(" ".join(mail.prose[0].split()))[:500]  # RFC 5429 §2.1.1: a filter's refusal in this form
        gone = RecipientStatus(whom[0], status_in(said) or state_in(said) or "5.7.1", permanent=True, diagnostic=said)
        return Report("delivery", (gone,), mail.original_id)
    about = _MESSAGE_ID.search(told.get("original-message-id", ""))
    recipients = (
        (RecipientStatus(whom[0], None, permanent=False, diagnostic=told.get("disposition", "")),) if whom else ()
    )
    return Report("receipt", recipients, about[0] if about else mail.original_id)


def _aggregate(mail: _Mail) -> Report | None:
    kind = mail.field("content-type").lower()
    if (mail.is_container and "tlsrpt" in kind) or mail.header.first("tls-report-domain") is not None:
        return Report("aggregate")
    packed = any(p.media_type in _PACKED or p.media_type.endswith("xml") for p in mail.leaves)
    return Report("aggregate") if packed and _DMARC.search(mail.subject) else None


_PACKED = frozenset(
    {
        "application/gzip",
        "application/zip",
        "application/x-gzip",
        "application/x-zip-compressed",
        "application/octet-stream",
        "application/tlsrpt+gzip",
    }
)


def _delivery(mail: _Mail) -> Report | None:
    told = _told_by_fields(mail)
    if told and (mail.is_container or mail.by_machine or mail.begins_with_failure or mail.is_bare_status):
        return Report("delivery", told, mail.original_id)
    if mail.is_container and _FINAL_RECIPIENT.search(mail.status_text) and not told:
        return None  # a report, but of nobody
    if not _is_failure_notice(mail):
        return None
    return Report("delivery", _told_by_prose(mail), mail.original_id)


def _told_by_fields(mail: _Mail) -> tuple[RecipientStatus, ...]:
    """By RFC 3464's part; by the same fields in a text, where a gateway has torn the parts apart."""
    return tuple(r for r in recipient_groups(mail.status_text) if not _MASKED.search(r.address))


def _is_failure_notice(mail: _Mail) -> bool:
    """Whether a mail without RFC 3464's fields is a machine's notice of a failure."""
    if mail.is_container or mail.by_daemon:
        return True
    said = mail.prose[0]
    start = " ".join(said[:_MAX_START].split())
    program = PROGRAM_NOTICE.search(start) is not None
    if not mail.by_machine:  # the words must be a program's from the first line on, and it must name whom it is about
        opening = " ".join(said.lstrip()[:_MAX_OPENING].split())
        begins = mail.begins_with_failure and PROGRAM_NOTICE.search(opening) is not None
        by_person = mail.is_answer or _GREETING.match(start) or _FIRST_PERSON.search(start)
        return begins and not by_person and bool(recipients_in(said, mail.ours))
    signs = (
        mail.begins_with_failure,
        FAILURE_SUBJECT.search(mail.subject) is not None,
        program,
        NOTICE.search(start[:_MAX_OPENING]) is not None,
        status_in(start) is not None,
        bool(mail.original),
    )
    return sum(signs) - (2 if mail.is_answer or _GREETING.match(start) else 0) >= _ENOUGH_SIGNS


def _told_by_prose(mail: _Mail) -> tuple[RecipientStatus, ...]:
    """The library's addresses, else those of the prose, else whom the returned mail was for; each with its status."""
    said = mail.prose[0][:_MAX_TEXT]
    notice = f"{mail.subject}\n{said}"
    late = _DELAYED.search(notice) is not None and _FINAL.search(notice) is None
    temporary, permanent = _by_library(mail)
    blocks = {a.lower(): (a, block) for a, block in recipients_in(said, mail.ours)}
    named = [*temporary, *permanent] or _failed_recipients(mail) or [a for a, _ in blocks.values()] or _written_to(mail)
    return tuple(
        judged(a, blocks.get(a.lower(), (a, ""))[1], notice, delayed=a in temporary or (late and a not in permanent))
        for a in dict.fromkeys(named)
    )


def _failed_recipients(mail: _Mail) -> list[str]:
    return [clean_line(a) for a in ADDRESS.findall(mail.field("x-failed-recipients"))]


def _written_to(mail: _Mail) -> list[str]:
    return [clean_line(a) for a in ADDRESS.findall(mail.original.get("to", ""))][:1]


def _by_library(mail: _Mail) -> tuple[list[str], list[str]]:
    """The addresses that flufl.bounce finds: temporary, permanent."""
    try:
        found = all_failures(email.message_from_bytes(mail.raw[:_MAX_LIBRARY]))
    except Exception:  # noqa: BLE001 - the one place for its errors: a missing From, an empty part, a strange charset
        return [], []
    temporary, permanent = (
        [
            clean_line(a.decode("utf-8", "replace"))
            for a in sorted(some)
            if ADDRESS.fullmatch(a.decode("utf-8", "replace"))
        ]
        for some in found
    )
    return temporary, permanent
