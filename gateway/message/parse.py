"""The one way from octets to a Message; it never fails, whatever the octets are.

Sources  RFC 5322 §3.6 (fields), §4 (old forms), RFC 6532 (UTF-8).
         mail-parser reads the date and finds faults in it and in From, from a header block of these two alone: its
         other answers cost more than they add. Structure, words and addresses are ours, under `limits`.
Not here  what kind of mail it is (classify.py), whether the author is proven (auth.py).
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from email.errors import HeaderParseError
from itertools import islice
from typing import TypeVar

import mailparser

from gateway.message.address import author, mailboxes
from gateway.message.charset import better_than, clean_line, codec, detected
from gateway.message.content import decoded_pieces
from gateway.message.forward import forwarded, said_above
from gateway.message.header import decode_words, raw_text
from gateway.message.language import NO_LANGUAGE, language_of
from gateway.message.limits import HeaderBlock, ParseLimits, first_field, header_block
from gateway.message.mime import Part, TooManyPartsError, content_type, structure
from gateway.message.reply import Reply, split_reply
from gateway.message.report import read_report
from gateway.message.text import Content, content
from gateway.message.types import Attachment, Defect, Field, Forward, Mailbox, Message
from gateway.message.unpacked import Unpack

OUR_FIELDS = "x-mailwicket-"  # nothing from outside may look like ours: no field of these is shown
MAX_MESSAGE_ID_OCTETS = 250
MAX_REFERENCES = 100
_MOST_ATTACHED = 10  # mails in a mail that are read
WHOLE_MAIL = "0"  # the `part` of an attachment that is the mail itself
_MAX_LINE = 998  # characters of a subject; more than a line may have (RFC 5322 §2.1.1) is shown cut
_MAX_CHECKED = 2000  # octets of a field that mail-parser sees
_SAMPLE_OCTETS = 2000
_MESSAGE_ID = re.compile(r"<([^<>]+)>")
_CHECKED = frozenset({"from", "date"})
_ONCE = _CHECKED | {
    "sender", "reply-to", "to", "cc", "message-id", "in-reply-to", "references", "subject", "content-type",
    "content-transfer-encoding",
}  # fmt: skip
# fields of exact words: an encoded word in them is a trick, not a text
_EXACT = frozenset({
    "arc-authentication-results", "arc-message-signature", "arc-seal", "authentication-results", "auto-submitted",
    "content-transfer-encoding", "dkim-signature", "in-reply-to", "message-id", "precedence", "received",
    "received-spf", "references", "return-path", "x-auto-response-suppress",
})  # fmt: skip
_T = TypeVar("_T")
logging.getLogger("mailparser").setLevel(logging.CRITICAL)  # content of mails never goes to a log


def parse(
    raw: bytes,
    limits: ParseLimits,
    *,
    languages: tuple[str, ...],
    without_html: bool = False,
    unpack: Unpack | None = None,
) -> Message:
    """The mail as facts; what is wrong with it is in `defects`.

    raw           as received: CRLF or LF lines, dots unstuffed
    languages     the configured ones; `language` is one of them or None
    without_html  HTML and containers are left attachments: for a second attempt after a killed child
    unpack        opens `winmail.dat`; only where it may hang
    """
    header = header_block(raw, first_field(raw), len(raw), limits)
    guard = _Guard()
    guard.note(*header.defects, *_repeated(header))
    fields = _Fields(header, limits, guard.take("charset", lambda: _charset(raw, header)))
    whose, ambiguous = guard.take("From", fields.author) or (None, True)
    senders = fields.mailboxes("sender", guard)
    date = guard.take("From and Date", lambda: _checked(header, guard))
    body = guard.take("body", lambda: _content(raw, header, limits, guard, unpack, without_html=without_html))
    body = body or _closed(raw, header)
    guard.note(*body.defects)
    shown = guard.take("fields", fields.shown) or ()
    forward = guard.take("forward", lambda: forwarded(body.text, _subject(shown)))
    whole = Reply(body.text, "", "")  # forwarded words are what the writer wants to show
    reply = whole if forward else guard.take("reply", lambda: split_reply(body.text, sure=body.sure)) or whole
    report = guard.take("report", lambda: read_report(raw, header, limits))
    if forward is None and report is None and body.mails:
        comment = guard.take("words above", lambda: said_above(reply.new)) or ""
        found = (guard.take("attached mail", lambda p=part: _attached(raw, p, limits, comment)) for part in body.mails)  # type: ignore[misc]
        mails = [each for each in islice(found, _MOST_ATTACHED) if each is not None]
        forward = replace(mails[0], more=tuple(mails[1:])) if mails else None
    named = next((f.value for f in shown if f.name.lower() == "content-language"), None)
    language = guard.take("language", lambda: language_of(named, reply.new, languages)) or NO_LANGUAGE
    ids = message_ids(fields.raw("message-id"), 1, bare=True)
    return Message(
        fields=shown,
        message_id=ids[0] if ids else None,
        in_reply_to=message_ids(fields.raw("in-reply-to"), MAX_REFERENCES),
        references=message_ids(fields.raw("references"), MAX_REFERENCES),
        date=date,
        author=whose,
        ambiguous_author=ambiguous,
        sender=senders[0] if senders else None,
        reply_to=fields.mailboxes("reply-to", guard),
        to=fields.mailboxes("to", guard),
        cc=fields.mailboxes("cc", guard),
        subject=_subject(shown),
        text="\n\n".join(filter(None, (body.events, reply.new))),
        quoted=reply.quoted,
        signature=reply.signature,
        html=body.html,
        attachments=body.attachments,
        language=language.code,
        language_source=language.source,
        language_confidence=language.confidence,
        loop_mark=next((clean_line(v)[:500] for v in fields.raw(OUR_FIELDS + "loop")), None),
        body_sha256=body.body_sha256,
        defects=guard.defects,
        report=report,
        forward=forward,
        text_of_html=body.text_of_html,
        begins_hidden=body.begins_hidden,
        hides_words=body.hides_words,
    )


def _attached(raw: bytes, part: Part, limits: ParseLimits, comment: str) -> Forward | None:
    """A mail that is an attachment, as a forwarded one; None when it has neither author nor text.

    Mails that are attached to it in turn are among its attachments.
    """
    inner = b"".join(decoded_pieces(raw, part))
    header, guard = header_block(inner, first_field(inner), len(inner), limits), _Guard()
    fields = _Fields(header, limits, _charset(inner, header))
    body = _content(inner, header, limits, guard, None, without_html=False)
    shown = fields.shown()
    whose, _ = fields.author()
    if whose is None and not body.text:
        return None
    return Forward(
        author=whose,
        subject=_subject(shown),
        date=next((f.value for f in shown if f.name.lower() == "date"), "")[:_MAX_LINE],
        to=fields.mailboxes("to", guard),
        cc=fields.mailboxes("cc", guard),
        text=body.text,
        comment=comment,
        part=part.path,
        attachments=tuple(replace(a, part=f"{part.path}/{a.part}") for a in body.attachments),
        message_id=next(iter(message_ids(fields.raw("message-id"), 1, bare=True)), None),
        reply_to=fields.mailboxes("reply-to", guard),
        references=message_ids((*fields.raw("references"), *fields.raw("in-reply-to")), MAX_REFERENCES),
    )


def read_body(raw: bytes, limits: ParseLimits) -> Content:
    """The body alone: its whole text with quotes and signature, its HTML, its attachments. Never fails."""
    header = header_block(raw, first_field(raw), len(raw), limits)
    guard = _Guard()
    found = guard.take("body", lambda: _content(raw, header, limits, guard, None, without_html=False))
    return found or _closed(raw, header)


def message_ids(values: Sequence[str], limit: int, *, bare: bool = False) -> tuple[str, ...]:
    """The message identifiers in fields, with angle brackets, each at most MAX_MESSAGE_ID_OCTETS; repeats dropped.

    limit  of more, the first and the last ones are kept (a thread's start and its end)
    bare   take a word without brackets for an identifier when there is no other
    """
    found = [re.sub(r"\s+", "", m) for value in values for m in _MESSAGE_ID.findall(value)]
    if bare and not found:
        found = [word for value in values for word in value.split()[:1]]
    ids = list(dict.fromkeys(_bounded_id(clean_line(text.strip("<>"))) for text in found if text.strip("<>")))
    return tuple(ids if len(ids) <= limit else [ids[0], *ids[len(ids) - limit + 1 :]])


def _bounded_id(text: str) -> str:
    """With brackets; a longer one keeps its beginning and gets the hash of the whole."""
    if len(text.encode()) <= MAX_MESSAGE_ID_OCTETS - 2:
        return f"<{text}>"
    start = text.encode()[:150].decode("utf-8", "ignore")
    return f"<{start}.{hashlib.sha256(text.encode()).hexdigest()}>"


class _Guard:
    """The one place that catches what reading a mail may raise (acceptance C-05); collects defects."""

    def __init__(self) -> None:
        self._defects: dict[Defect, None] = {}

    @property
    def defects(self) -> tuple[Defect, ...]:
        return tuple(self._defects)

    def note(self, *defects: Defect) -> None:
        """Each once, in order."""
        self._defects |= dict.fromkeys(Defect(d.code, clean_line(d.detail)[:200]) for d in defects)

    def take(self, name: str, step: Callable[[], _T]) -> _T | None:
        """What the step returns; None and a defect when it fails. Want of memory is the child's affair."""
        try:
            return step()
        except MemoryError:
            raise
        except Exception as e:  # noqa: BLE001 - a mail must never be lost to a parser's bug, RecursionError included
            self.note(Defect("unreadable", f"{name}: {type(e).__name__}"))
            return None


class _Fields:
    """The header fields in the three forms that are wanted: raw text, mailboxes, shown text."""

    def __init__(self, header: HeaderBlock, limits: ParseLimits, charset: str | None) -> None:
        self._header, self._limits = header, limits
        self.charset = charset
        self._by_name: dict[str, list[bytes]] = {}
        for name, value in header.fields:
            self._by_name.setdefault(name.lower(), []).append(value)

    def raw(self, name: str) -> tuple[str, ...]:
        """Unfolded, encoded words not decoded; the name in lower case."""
        return tuple(raw_text(value) for value in self._by_name.get(name, ()))

    def author(self) -> tuple[Mailbox | None, bool]:
        """Who wrote, and whether From can be read in more than one way."""
        return author(self.raw("from"), self.charset, self._limits.header_comment_depth)

    def mailboxes(self, name: str, guard: _Guard) -> tuple[Mailbox, ...]:
        """The mailboxes of all fields of a name."""
        most, deepest = self._limits.header_addresses, self._limits.header_comment_depth
        return guard.take(name, lambda: mailboxes(self.raw(name), most, self.charset, deepest)) or ()

    def shown(self) -> tuple[Field, ...]:
        """All fields but ours, decoded, in wire order."""
        return tuple(
            Field(name, self._text(low, value))
            for name, value in self._header.fields
            if not (low := name.lower()).startswith(OUR_FIELDS)
        )

    def _text(self, name: str, value: bytes) -> str:
        if name == "authentication-results":  # NFC would turn some letters into ASCII ones: no text, no trick
            return clean_line(value.decode("ascii", "replace"))
        if name in _EXACT:
            return clean_line(value.decode("utf-8", "replace"))
        return clean_line(decode_words(raw_text(value), self.charset, self._limits.header_encoded_words))


def _charset(raw: bytes, header: HeaderBlock) -> str | None:
    """What octets of the header that are no UTF-8 most likely are; None when there are none."""
    wrong = [
        value for _, value in header.fields if not value.isascii() and "\ufffd" in value.decode("utf-8", "replace")
    ]
    if not wrong:
        return None
    # a name or a subject alone is too little to tell alphabets apart; the body mostly speaks the same one
    octets = b"\n".join((*wrong, raw[header.end : header.end + _SAMPLE_OCTETS]))
    declared = codec(content_type(header.first("content-type"))[1].params.get("charset", "")) or "utf_8"
    if declared != "utf_8":
        return better_than(declared, octets) or declared
    return detected(octets) or "cp1252"


def _checked(header: HeaderBlock, guard: _Guard) -> datetime | None:
    """The date, as mail-parser reads it, and what it finds wrong; None when there is no usable date."""
    try:
        found = _by_mail_parser(header, _CHECKED)
    except (HeaderParseError, ValueError):  # it stumbles over damaged encoded words in names
        guard.note(Defect("invalid-encoded-word", "from"))
        found = _by_mail_parser(header, frozenset({"date"}))
    for fault in (*found.address_header_defects, *found.date_header_defects):
        guard.note(Defect(str(fault["reason"]), str(fault["header"])))
    date: datetime | None = found.date
    return date


def _by_mail_parser(header: HeaderBlock, names: frozenset[str]) -> mailparser.MailParser:
    lines = [
        name.encode() + b": " + value[:_MAX_CHECKED].replace(b"\r", b" ").replace(b"\0", b" ") + b"\r\n"
        for name, value in header.fields
        if name.lower() in names
    ]
    return mailparser.parse_from_bytes(b"".join(lines) + b"\r\n")


def _content(
    raw: bytes, header: HeaderBlock, limits: ParseLimits, guard: _Guard, unpack: Unpack | None, *, without_html: bool
) -> Content:
    try:
        root, defects = structure(raw, header, limits)
    except TooManyPartsError:
        guard.note(Defect("mime-parts", f"more than {limits.mime_parts}"))
        return _closed(raw, header)
    guard.note(*defects)
    return content(raw, root, limits, without_html=without_html, unpack=unpack)


def _closed(raw: bytes, header: HeaderBlock) -> Content:
    """The mail itself as its one attachment, for what must not be taken apart."""
    original = Attachment(WHOLE_MAIL, "original.eml", "message/rfc822", len(raw), hashlib.sha256(raw).hexdigest())
    return Content("", None, (original,), hashlib.sha256(memoryview(raw)[header.end :]).hexdigest(), ())


def _repeated(header: HeaderBlock) -> list[Defect]:
    """Fields that may stand once only and stand twice: programs differ in which they believe (RFC 5322 §3.6)."""
    counts = Counter(name.lower() for name, _ in header.fields)
    return [Defect("repeated-field", name) for name in sorted(_ONCE) if counts[name] > 1]


def _subject(fields: tuple[Field, ...]) -> str:
    text = next((f.value for f in fields if f.name.lower() == "subject"), "")
    return text if len(text) <= _MAX_LINE else text[: _MAX_LINE - 1] + "…"
