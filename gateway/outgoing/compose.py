"""A notification as a mail: the octets that every attempt will send.

Sources  RFC 5322 §3.6 (fields), RFC 2046 §5.1.4 (alternatives), RFC 3834 §3.1 (fields of automatic answers), RFC 3282
         (Content-Language). The reverse-path names the outbox row (VERP), so that a report finds it.
         Rendered once, inside the transaction of the change that caused it; the Message-ID is fixed here, before any
         attempt. One recipient. Our own serialiser: the one of the standard library takes most of a millisecond.
Not here  how a field is written (header.py), the check at the end (wire.py), what the mail says (render.py).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal

from gateway.errors import PermanentError, PoisonError
from gateway.message.address import path_address
from gateway.message.subject import without_reply_words
from gateway.message.types import Mailbox
from gateway.outgoing.header import field, ids_field, mailbox_field, text_field, usable_ids
from gateway.outgoing.render import Rendered, Templates
from gateway.outgoing.wire import check, text_part
from gateway.ticket.token import TokenRing, subject_tag
from gateway.ticket.types import Notification

SubjectTag = Literal["left", "right", "auto", "none"]

_MAX_SUBJECT = 200  # characters of somebody else's subject


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished mail. `trouble` names templates that failed; it is sent all the same."""

    message_id: str
    reverse_path: str | None  # None is <>
    raw: bytes
    trouble: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Who we are, for the mails we write. Made anew when the rules are."""

    site_name: str
    domain: str
    bounce_base: str
    delimiter: str
    plus_addressing: bool
    teams: Mapping[str, Mailbox]  # team id -> what its mails come from
    ring: TokenRing
    templates: Templates
    nonce: Callable[[], str]  # 8 characters of a-z2-7
    now: Callable[[], datetime]  # aware UTC
    footer: tuple[str, ...] = ()  # lines; none is the name and address of the team
    subject_tag: SubjectTag = "left"
    subject_prefix: str = ""


@dataclass(frozen=True, slots=True)
class _Row:
    """What differs between types of mails (the header table of the specification)."""

    purpose: str  # of the token in Reply-To
    names_recipient: bool  # whether the display name, which strangers choose, is repeated
    words_of_a_person: bool = False  # nothing else may be sent in their place


# One row a type; what is not listed is an automatic answer to the requester, which is what rules can ask for.
_ROWS: Mapping[str, _Row] = {
    "auto_ack": _Row("t", names_recipient=False),
    "answer": _Row("t", names_recipient=True, words_of_a_person=True),
}
_AUTOMATIC = _ROWS["auto_ack"]
OF_PERSONS = frozenset(name for name, row in _ROWS.items() if row.words_of_a_person)  # no rule sends these


def compose(notice: Notification, outbox_id: int, desk: Desk) -> Letter:
    """The mail of one outbox row.

    Raises  PoisonError  the recipient is no address, or the octets fail the wire check; nothing is sent
    """
    row = _ROWS.get(notice.template, _AUTOMATIC)
    team = desk.teams[notice.team]
    recipient = _address(notice.recipient.address)
    message_id = desk.ring.message_id(notice.ticket, recipient, desk.nonce(), desk.domain)
    reply_to = _reply_to(notice, row, team, recipient, desk)
    values = _values(notice, row, team, recipient, reply_to, desk)
    said = desk.templates.render(notice.template, notice.variant, notice.language, values)
    if said.fixed and row.words_of_a_person:
        raise PoisonError(f"the template {notice.template} cannot say it: {'; '.join(said.trouble)}")
    speaker = f"{notice.speaker} ({team.name})" if notice.speaker else team.name
    lines = (
        mailbox_field("From", speaker, team.address),
        mailbox_field("To", notice.recipient.name if _is_named(notice, row) else "", recipient),
        mailbox_field("Reply-To", team.name, reply_to),
        text_field("Subject", _subject(notice, said, desk)),
        f"Date: {format_datetime(desk.now())}\r\n",
        f"Message-ID: {message_id}\r\n",
        *_thread_fields(notice),
        *_automatic_fields(notice),
        field("Content-Language", (said.language,)),
        f"X-Mailwicket-Ticket: {notice.ticket}\r\n",
        field("X-Mailwicket-Mail", (notice.template,)),
        field("X-Mailwicket-Loop", (desk.ring.loop_mark(message_id),)),
        *_body(said, message_id),
    )
    raw = _octets(lines)
    check(raw)
    bounce = desk.ring.bounce(outbox_id, desk.bounce_base, desk.delimiter)
    return Letter(message_id, bounce if desk.plus_addressing else desk.bounce_base, raw, said.trouble)


def _is_named(notice: Notification, row: _Row) -> bool:
    return row.names_recipient or notice.audience == "agent"


def _why(notice: Notification, row: _Row) -> str:
    """Which words of the templates say why the recipient gets it."""
    if notice.audience == "agent":
        return "why_agent"
    return "why_answered" if row.words_of_a_person else "why_sent"


def _address(text: str) -> str:
    try:
        return path_address(text, smtputf8=True)
    except PermanentError as e:
        raise PoisonError(f"no mail can be addressed to this: {e.text}") from e


def _reply_to(notice: Notification, row: _Row, team: Mailbox, recipient: str, desk: Desk) -> str:
    if not desk.plus_addressing:  # the token in our Message-ID takes its place
        return team.address
    return desk.ring.reply_address(team.address, desk.delimiter, row.purpose, notice.ticket, None, recipient)


def _values(
    notice: Notification, row: _Row, team: Mailbox, recipient: str, reply_to: str, desk: Desk
) -> dict[str, Any]:
    return {
        **notice.values,
        "ticket": {**notice.values.get("ticket", {}), "number": notice.ticket},
        "site": {"name": desk.site_name, "footer": desk.footer or (f"{team.name} · {team.address}",)},
        "team": {"id": notice.team, "name": team.name, "address": team.address},
        "mail": {
            "why": _why(notice, row),
            "reply_to": reply_to,
            "body_token": desk.ring.body_token(notice.ticket, recipient),
        },
    }


def _subject(notice: Notification, said: Rendered, desk: Desk) -> str:
    """The template's subject; the ticket's own, with its tag, where the notification carries one."""
    if notice.subject is None:
        return said.subject
    tag = subject_tag(notice.ticket, desk.subject_prefix)
    words = without_reply_words(notice.subject.replace(tag, " ").strip())[:_MAX_SUBJECT].strip()
    where = desk.subject_tag
    if where == "auto":
        where = "none" if desk.plus_addressing else "left"
    match where:
        case "left":
            return f"Re: {tag} {words}"
        case "right":
            return f"Re: {words} {tag}"
        case _:
            return f"Re: {words}"


def _thread_fields(notice: Notification) -> Iterable[str]:
    parent = usable_ids((notice.in_reply_to,) if notice.in_reply_to else ())
    yield ids_field("In-Reply-To", parent)
    earlier = tuple(i for i in notice.references if i not in parent)
    yield ids_field("References", usable_ids((*earlier, *parent)))


def _automatic_fields(notice: Notification) -> Iterable[str]:
    if notice.auto_submitted != "no":
        yield f"Auto-Submitted: {notice.auto_submitted}\r\n"
        yield "X-Auto-Response-Suppress: All\r\n"
        yield "Precedence: bulk\r\n"


def _body(said: Rendered, message_id: str) -> Iterable[str]:
    # `=_` occurs in neither quoted-printable nor base64 (RFC 2045 §6.7), so no content can end a part
    boundary = "=_" + message_id[1:].partition("@")[0].replace(".", "_")
    yield f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'
    yield f"--{boundary}\r\n{text_part('text/plain', said.text)}"
    yield f"\r\n--{boundary}\r\n{text_part('text/html', said.html)}"
    yield f"\r\n--{boundary}--\r\n"


def _octets(lines: Iterable[str]) -> bytes:
    try:
        return "".join(lines).encode("ascii")
    except UnicodeEncodeError as e:
        raise PoisonError("outgoing mail failed the wire check: a field is not ASCII") from e
