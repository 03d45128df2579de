"""Mails for the tests of message/: octets in one line, and the way to a Message."""

from datetime import UTC, datetime

from gateway.message.limits import ParseLimits
from gateway.message.parse import parse
from gateway.message.types import Envelope, Message

LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")
LIMITS = ParseLimits()
FROM = "From: Ann Lee <ann@customer.test>"


def read(raw: bytes | str, *, limits: ParseLimits = LIMITS, without_html: bool = False) -> Message:
    """The Message of octets, or of text with LF lines."""
    octets = raw.replace("\n", "\r\n").encode() if isinstance(raw, str) else raw
    return parse(octets, limits, languages=LANGUAGES, without_html=without_html)


def mail(*fields: str, body: str = "Hello", author: str = FROM) -> Message:
    """The Message of a mail with these fields."""
    return read("\n".join((author, *fields)) + "\n\n" + body)


def body_of(content: bytes, content_type: str = "text/plain", *more: str) -> Message:
    """The Message of a mail of one part."""
    fields = "\r\n".join((FROM, f"Content-Type: {content_type}", *more))
    return read(fields.encode() + b"\r\n\r\n" + content)


def envelope(reverse_path: str | None = "ann@customer.test") -> Envelope:
    """An envelope to the desk."""
    return Envelope(reverse_path, ("support@gw.test",), "mx.customer.test", "192.0.2.1", "smtp", datetime.now(UTC))


def codes(message: Message) -> set[str]:
    """The defects by their codes."""
    return {d.code for d in message.defects}
