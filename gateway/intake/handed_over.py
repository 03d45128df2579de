"""For whom a mail in a mailbox was, from whom, and when it came: read off the fields that its delivery left in it.

Sources  RFC 5321 §4.4 (Return-Path, Received), RFC 9228 (Delivered-To); X-Original-To, Envelope-To of common MTAs. All
         may be forged by whoever wrote the mail: they say where it goes among addresses of ours, and nothing else.
Not here reading the octets (mail_file.py), what the mail says (message/).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gateway.message.address import mailboxes, normal, sub_address
from gateway.message.header import raw_text
from gateway.message.limits import HeaderBlock, ParseLimits, first_field, header_block

HEAD_OCTETS = 64 * 1024  # of a mail, in which these fields are looked for
_TO_US = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "to", "cc")
_MOST = 100  # addresses that are looked at
_DATE_CHARACTERS = 100
_OLDEST = datetime(1980, 1, 1, tzinfo=UTC)  # what claims to be older has no date
_LIMITS = ParseLimits(header_block=HEAD_OCTETS)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What a mail says of its delivery."""

    has_fields: bool  # whether there is a header at all
    reverse_path: str | None  # None is <>, or nobody is named
    recipients: tuple[str, ...]  # normal form, each once
    at: datetime | None  # when our side received it, else its own date; None: neither can be read
    message_id: str | None  # as it is written


def handed_over(head: bytes) -> HandedOver:
    """What the first octets of a mail say of its delivery."""
    header = header_block(head, first_field(head), len(head), _LIMITS)
    message_id = next(iter(_values(header, "message-id")), "").strip() or None
    return HandedOver(bool(header.fields), _reverse_path(header), _recipients(header), _date(header), message_id)


def for_us(found: HandedOver, ours: Collection[str], delimiter: str, otherwise: str) -> tuple[str, ...]:
    """Those of its recipients that are addresses of ours, sub-addresses kept; `otherwise` where there are none."""
    paths = tuple(path for path in found.recipients if sub_address(path, delimiter)[0] in ours)
    return paths or (otherwise,)


def _values(header: HeaderBlock, name: str) -> list[str]:
    return [raw_text(value) for field, value in header.fields if field.lower() == name]


def _reverse_path(header: HeaderBlock) -> str | None:
    """Return-Path; where no MTA wrote it, the author."""
    written = _values(header, "return-path")[:1]
    if written and written[0].strip() == "<>":
        return None
    found = mailboxes(written or _values(header, "from")[:1], 1)
    return found[0].address if found else None


def _recipients(header: HeaderBlock) -> tuple[str, ...]:
    values = (value for name in _TO_US for value in _values(header, name))
    return tuple(dict.fromkeys(normal(found.address) for found in mailboxes(tuple(values), _MOST)))


def _date(header: HeaderBlock) -> datetime | None:
    stamps = [value.rpartition(";")[2] for value in _values(header, "received")[:1]]
    for text in (*stamps, *_values(header, "date")[:1]):
        try:
            found = parsedate_to_datetime(text.strip()[:_DATE_CHARACTERS])
            at = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        if at >= _OLDEST:
            return at
    return None
