"""Our functions in the form that the scorer of the shared corpus asks for; `make corpus` prints what comes of them."""

import re
from datetime import UTC, datetime
from email.utils import parseaddr
from html import escape
from typing import Any

from gateway.message.classify import OwnMail, classify
from gateway.message.forward import forwarded
from gateway.message.html import sanitised, too_hard, without_tags
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse as parse_mail
from gateway.message.parse import read_body
from gateway.message.reply import split_reply
from gateway.message.reply_html import split_html
from gateway.message.types import Envelope
from gateway.parsing.tnef import unpacked

_LIMITS = ParseLimits()
_LANGUAGES = ("en", "de", "pl", "cs", "pt", "hr", "ru")


def parse(raw: bytes) -> dict[str, Any]:
    """What the scorer compares of a parsed mail; the text is the whole one, quotes included."""
    message = parse_mail(raw, _LIMITS, languages=("en",))
    # the scorer asks whom the first From field names; an author is only who is named without doubt
    name, address = parseaddr(message.value("From") or "")
    if message.author:
        name, address = message.author.name, message.author.address
    return {
        "subject": message.subject,
        "from_email": address,
        "from_name": name,
        "to": [mailbox.address for mailbox in message.to],
        "text": read_body(raw, _LIMITS).text,
        "html": message.html,
        "attachments": [{"filename": attachment.name} for attachment in message.attachments],
    }


def sanitize(html: str) -> str:
    """The HTML that we would show."""
    return without_tags(html) if too_hard(html) else sanitised(html)


def bounce(raw: bytes) -> dict[str, Any]:
    """What a delivery report says; ordinary mail, receipts and complaints are none."""
    report = parse_mail(raw, _LIMITS, languages=("en",)).report
    if report is None or report.kind != "delivery":
        return {"is_bounce": False}
    gone = [r for r in report.recipients if not (r.status or "").startswith("2")]
    return {
        "is_bounce": bool(gone) or not report.recipients,
        "recipients": [r.address for r in gone],
        "permanent": [r.address for r in gone if r.permanent],
        "temporary": [r.address for r in gone if not r.permanent],
        "status": next((r.status for r in gone if r.status), None),
    }


def tnef(data: bytes) -> dict[str, Any]:
    """What a `winmail.dat` holds."""
    found = unpacked(data, _LIMITS.unpacked, _LIMITS.mime_parts)
    if found is None:
        return {"attachments": [], "body": None}
    return {
        "attachments": [file.name for file in found.files],
        "body": "htmlbody" if found.html.strip() else "body" if found.text.strip() else None,
    }


def autoreply(raw: bytes, envelope_from: str | None) -> dict[str, Any]:
    """Whether a machine answered, and whether we may; without an envelope the Return-Path field stands for it."""
    message = parse_mail(raw, _LIMITS, languages=_LANGUAGES)
    written = (message.value("Return-Path") or "").strip()
    author = message.author.address if message.author else None
    path = envelope_from or (None if written == "<>" else written.strip("<>") or author)
    envelope = Envelope(path, ("support@gw.test",), "mx.test", "192.0.2.1", "smtp", datetime(2026, 1, 1, tzinfo=UTC))
    found = classify(message, envelope, OwnMail(frozenset(), lambda *_: False))
    return {"is_auto": found.kind == "auto-reply", "may_autorespond": found.may_respond}


def arf(raw: bytes) -> dict[str, Any] | None:
    """What a complaint complains about; None for everything else."""
    report = parse_mail(raw, _LIMITS, languages=_LANGUAGES).report
    return {"feedback_type": report.feedback_type} if report is not None and report.kind == "complaint" else None


def reply_text(text: str, _lang: str) -> str:
    """The new words of a plain text; a signature is folded, so it is not among them."""
    return split_reply(text.replace("\r\n", "\n")).new


def reply_html(html: str) -> str:
    """What we show unfolded of an HTML mail, as HTML: new words and signature, quotations without marks."""
    reply = split_reply(without_tags(html)) if too_hard(html) else split_html(html.replace("\r\n", "\n"))
    shown = re.sub(r" <https?:[^<>\s]{3,300}>", "", f"{reply.new}\n{reply.signature}")
    return f"<div>{escape(re.sub(r'(?m)^(?:> ?)+', '', shown))}</div>"


def reply_eml(raw: bytes) -> str:
    """The same of a whole mail; these sets count a signature among the words that the author wrote."""
    message = parse_mail(raw, _LIMITS, languages=_LANGUAGES)
    return f"{message.text}\n\n{message.signature}"


def forward(text: str, subject: str | None) -> dict[str, Any]:
    """What a text forwards."""
    found = forwarded(text.replace("\r\n", "\n"), subject or "")
    if found is None:
        return {"forwarded": False}
    return {
        "forwarded": True,
        "from_address": found.author.address if found.author else None,
        "from_name": found.author.name if found.author else None,
        "subject": found.subject,
        "body": found.text,
        "message": found.comment or None,
        "to": [mailbox.address for mailbox in found.to],
        "cc": [mailbox.address for mailbox in found.cc],
    }
