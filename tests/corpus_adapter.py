"""Our functions in the form that the scorer of the shared corpus asks for; `make corpus` prints what comes of them."""

from email.utils import parseaddr
from typing import Any

from gateway.message.delivery_status import failed
from gateway.message.html import sanitised, too_hard, without_tags
from gateway.message.limits import ParseLimits
from gateway.message.parse import parse as parse_mail
from gateway.message.parse import read_body
from gateway.parsing.tnef import unpacked

_LIMITS = ParseLimits()


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
    gone = failed(report.recipients)
    return {
        "is_bounce": True,
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
