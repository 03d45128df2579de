"""What kind of mail it is, and whether an automatic mail may answer it.

Sources  RFC 3834 §2, §5 (Auto-Submitted), RFC 5321 §4.5.5 (null reverse-path), RFC 2919, RFC 2369 (lists), RFC 6522
         (reports); X-Auto-Response-Suppress (MS-OXCMAIL §2.1.3.2.20), Precedence and X-Loop by custom.
         Exact fields and exact values: `Auto-Submitted: no` is a person. First evidence wins, strongest first.
Not here  out-of-office words without fields, what a report is about, budgets of our answers (ticket/notify.py).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.message.address import normal
from gateway.message.types import Classification, Envelope, Kind, Message

_COMMENT = re.compile(r"\([^()]*\)")
_LIST_FIELDS = (
    "List-Id", "List-Unsubscribe", "List-Post", "List-Help", "List-Subscribe", "List-Owner", "List-Archive",
)  # fmt: skip
_AUTO_REPLY_FIELDS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Autoreply-From", "X-Mail-Autoreply")
_MACHINE_FIELDS = ("X-Loop", "X-FC-Machinegenerated", "X-Auto-Response-Id")
_SUPPRESSING = frozenset({"all", "oof", "autoreply"})  # the others only speak of receipts
_BULK_PRECEDENCE = frozenset({"bulk", "junk", "list"})
_DAEMON = re.compile(r"mailer[-_.]?daemon|mail[-_.]?daemon|mdaemon", re.IGNORECASE)
_NO_REPLY = re.compile(
    r"(?:.*[-_.+])?(?:no|not|do[-_.]?not|dont)[-_.]?(?:reply|respond|answer)(?:[-_.+].*)?", re.IGNORECASE
)
_ROLE = re.compile(
    r"postmaster|root|daemon|bounces?|listserv|majordomo|owner-.+|.+-(?:owner|request|bounces?)", re.IGNORECASE
)
_BATV = re.compile(r"(?:prvs=[0-9a-f]{10}=|btv1==[^=]{1,40}==)(.+)", re.IGNORECASE)
_OLD_BATV = re.compile(r"prvs=(.+)/[0-9a-z]{10}", re.IGNORECASE)
_SRS = re.compile(r"srs0[=+-][^=]{1,40}=[^=]{1,8}=([^=]+)=(.+)", re.IGNORECASE)
_SRS_TWICE = re.compile(r"srs1[=+-][^=]{1,40}=[^=]+=[=+-][^=]{1,40}=[^=]{1,8}=([^=]+)=(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OwnMail:
    """How to know a mail that we sent ourselves."""

    addresses: frozenset[str]  # in normal form
    is_loop_mark: Callable[[str, str], bool]  # (Message-ID, mark): whether we made the mark for it

    def is_ours(self, message_id: str | None, loop_mark: str | None) -> bool:
        """Whether the mail carries the mark that we gave it."""
        return message_id is not None and loop_mark is not None and self.is_loop_mark(message_id, loop_mark)


class _Evidence(NamedTuple):
    kind: Kind
    reason: str
    code: str | None  # why no answer; None when it says nothing about answers


def classify(message: Message, envelope: Envelope, own: OwnMail) -> Classification:
    """The kind by the strongest evidence, and the first reason against an automatic answer."""
    found = tuple(_evidence(message, envelope, own))
    kind, reason, _ = found[0] if found else _Evidence("person", "no sign of a machine", None)
    against = [*(e.code for e in found), *_identity_codes(message, envelope)]
    code = next((c for c in against if c is not None), None)
    return Classification(kind, reason, may_respond=code is None, no_response_code=code)


def return_address(reverse_path: str) -> str:
    """The reverse-path as its owner knows it: without the tags of BATV and SRS."""
    local, at, domain = reverse_path.rpartition("@")
    if tagged := _BATV.fullmatch(local) or _OLD_BATV.fullmatch(local):
        return f"{tagged[1]}{at}{domain}"
    if forwarded := _SRS.fullmatch(local) or _SRS_TWICE.fullmatch(local):
        return f"{forwarded[2]}@{forwarded[1]}"
    return reverse_path


def _evidence(message: Message, envelope: Envelope, own: OwnMail) -> Iterator[_Evidence]:
    yield from _own(message, own)
    yield from _reports(message, envelope)
    yield from _auto_submitted(message)
    for name in _AUTO_REPLY_FIELDS:
        if message.value(name) is not None:
            yield _Evidence("auto-reply", f"{name} is there", "machine-sender")
    yield from _precedence_and_lists(message)
    if envelope.reverse_path is None:
        yield _Evidence("auto-generated", "null reverse-path", "null-sender")
    for name in _MACHINE_FIELDS:
        if message.value(name) is not None:
            yield _Evidence("auto-generated", f"{name} is there", "machine-sender")
    if _SUPPRESSING & set(_words(message, "X-Auto-Response-Suppress")):
        yield _Evidence("auto-generated", "X-Auto-Response-Suppress", "machine-sender")
    yield from _machine_names(message, envelope)


def _own(message: Message, own: OwnMail) -> Iterator[_Evidence]:
    if own.is_ours(message.message_id, message.loop_mark):
        yield _Evidence("loop", "our own mail came back", "own-address")
    if message.author is not None and normal(message.author.address) in own.addresses:
        yield _Evidence("loop", f"From is our own {message.author.address}", "own-address")


def _reports(message: Message, envelope: Envelope) -> Iterator[_Evidence]:
    code = "null-sender" if envelope.reverse_path is None else "machine-sender"
    content_type = (message.value("Content-Type") or "").lower()
    if content_type.partition(";")[0].strip() == "multipart/report":
        yield _Evidence("report", "multipart/report", code)
    elif any(a.media_type == "message/delivery-status" for a in message.attachments):
        yield _Evidence("report", "message/delivery-status", code)
    elif message.author is not None and _DAEMON.fullmatch(message.author.address.partition("@")[0]):
        yield _Evidence("report", f"author is {message.author.address}", code)


def _auto_submitted(message: Message) -> Iterator[_Evidence]:
    for value in _words(message, "Auto-Submitted"):
        if value == "auto-replied":
            yield _Evidence("auto-reply", "Auto-Submitted: auto-replied", "machine-sender")
        elif value != "no":
            yield _Evidence("auto-generated", f"Auto-Submitted: {value[:40]}", "machine-sender")


def _precedence_and_lists(message: Message) -> Iterator[_Evidence]:
    for value in _words(message, "Precedence"):
        if value == "auto_reply":
            yield _Evidence("auto-reply", "Precedence: auto_reply", "machine-sender")
        elif value in _BULK_PRECEDENCE:
            yield _Evidence("bulk", f"Precedence: {value}", "machine-sender")
    for name in _LIST_FIELDS:
        if message.value(name) is not None:
            yield _Evidence("bulk", f"{name} is there", "machine-sender")


def _machine_names(message: Message, envelope: Envelope) -> Iterator[_Evidence]:
    addresses = [message.author.address if message.author else "", envelope.reverse_path or ""]
    for address in filter(None, addresses):
        local = address.rpartition("@")[0]
        if _NO_REPLY.fullmatch(local):
            yield _Evidence("auto-generated", f"{address} takes no replies", "machine-sender")
        elif _ROLE.fullmatch(local) or _DAEMON.fullmatch(local):
            yield _Evidence("person", f"{address} is a role that machines use", "machine-sender")


def _identity_codes(message: Message, envelope: Envelope) -> Iterator[str]:
    """Reasons that lie in who wrote, not in what kind of mail it is."""
    if message.ambiguous_author:
        yield "ambiguous-from"
    elif message.author is not None and envelope.reverse_path is not None:
        sender = normal(return_address(envelope.reverse_path))
        if normal(message.author.address) not in (sender, normal(envelope.reverse_path)):
            yield "envelope-differs"


def _words(message: Message, name: str) -> Iterator[str]:
    """The values of a field of keywords, in lower case, without comments and parameters."""
    for value in message.values(name):
        for word in _COMMENT.sub(" ", value[:500]).partition(";")[0].split(","):
            if stripped := word.strip().lower():
                yield stripped
