"""A notification as a mail: the octets that every attempt will send.

Sources  RFC 5322 §3.6 (fields), RFC 2046 §5.1.4 (alternatives), RFC 3834 §3.1 (fields of automatic answers), RFC 3282
         (Content-Language), RFC 2919 (List-Id), RFC 2369 (List-Unsubscribe), RFC 8058 (by one click).
         The reverse-path names the outbox row (VERP), so that a report finds it.
         Rendered once, inside the transaction of the change that caused it; the Message-ID is fixed here, before any
         attempt. One recipient. Our own serialiser: the one of the standard library takes most of a millisecond.
Not here  how a field is written (header.py), the check at the end (wire.py), what the mail says (render.py), which
          mails there are (kinds.py).
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as field_
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any, Literal

from gateway.errors import PermanentError, PoisonError
from gateway.message.address import domain_of, path_address
from gateway.message.subject import without_reply_words
from gateway.message.types import Mailbox
from gateway.outgoing.canned import Spoken
from gateway.outgoing.formatted import words_of
from gateway.outgoing.header import field, ids_field, mailbox_field, text_field, usable_ids
from gateway.outgoing.kinds import Kind, Submitted, kind_of
from gateway.outgoing.markdown import mail_link
from gateway.outgoing.phrases import clock_values
from gateway.outgoing.render import Rendered, Templates
from gateway.outgoing.signing import Sign
from gateway.outgoing.thread_index import next_thread_index
from gateway.outgoing.wire import check, file_part, message_part, text_part
from gateway.ticket.goes_to import and_others, named
from gateway.ticket.saying import Saying, worded
from gateway.ticket.token import TokenRing
from gateway.ticket.token_forms import reply_detail, subject_tag, without_tags
from gateway.ticket.types import REDIRECT, File, Notification, Ticket

SubjectTag = Literal["left", "right", "auto", "none"]

_MAX_SUBJECT = 200  # characters of somebody else's subject
_LEAVE = "#digest off"


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished mail. `trouble` names templates that failed; it is sent all the same."""

    message_id: str
    reverse_path: str | None  # None is <>
    raw: bytes
    trouble: tuple[str, ...] = ()
    text: str = ""  # the words of it, without the layout around; empty for what is passed on


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told when something is wrong with the gateway itself."""

    mailbox: Mailbox
    language: str
    zone: str | None
    team: str  # whose address the mail comes from


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
    zones: Mapping[str, str] = field_(default_factory=dict)  # team id -> IANA, in which its times are told; else UTC
    watchers: tuple[Watcher, ...] = ()
    give_up: timedelta = timedelta(days=5)  # how long a mail is tried
    sign: Sign | None = None  # None: the submission server does
    pages_url: str = ""  # before the path of each of our pages; empty where readers reach none
    subject_mark: str = ""  # before every subject of a trial
    subject_tag: SubjectTag = "left"
    subject_prefix: str = ""
    agents: frozenset[str] = frozenset()  # their addresses in normal form, which customers need not know
    own_addresses: Container[str] = frozenset()  # no mail goes to them

    def reply_address(
        self, team: Mailbox, purpose: str, number: int | None, revision: int | None, who: str, generation: int
    ) -> str:
        """Where somebody answers us, below the address of a team; as `TokenRing.reply_address`."""
        return self.ring.reply_address(team.address, self.delimiter, purpose, number, revision, who, generation)


def compose(notice: Notification, outbox_id: int, desk: Desk) -> Letter:
    """The mail of one outbox row.

    Raises  PoisonError  the recipient is no address, or the octets fail the wire check; nothing is sent
    """
    if notice.template == REDIRECT:
        return _redirected(notice, outbox_id, desk)
    kind, team = kind_of(notice.template), desk.teams[notice.team]
    recipient = _address(notice.recipient.address)
    reply_to, message_id = _answered_by(notice, kind, team, recipient, desk)
    spoken, values = _spoken(notice, desk), _values(notice, kind, team, recipient, reply_to, desk)
    variant, language = (None, spoken.canned.language) if spoken else (notice.variant, notice.language)
    canned, formatted = spoken.words if spoken else None, words_of(notice.formatted, desk.domain)
    said = desk.templates.render(notice.template, variant, language, values, canned, formatted)
    pictures = notice.files if said.formatted else tuple(replace(file, content_id=None) for file in notice.files)
    files = (*pictures, *(spoken.files() if spoken else ()))
    if said.fixed and (spoken is not None or not kind.automatic):
        raise PoisonError(f"the template {notice.template} cannot say it: {'; '.join(said.trouble)}")
    from_name, answers_name = _names(notice, kind, team, desk)
    named = kind.names_recipient or notice.audience == "agent"
    lines = (
        mailbox_field("From", from_name, team.address),
        mailbox_field("To", notice.recipient.name if named else "", recipient),
        mailbox_field("Reply-To", answers_name, reply_to),
        text_field("Subject", desk.subject_mark + _subject(notice, said, desk)),
        f"Date: {format_datetime(max(desk.now(), notice.not_before or desk.now()))}\r\n",
        f"Message-ID: {message_id}\r\n",
        *_thread_fields(notice, kind, recipient, desk),
        *_automatic_fields(kind.submitted or notice.auto_submitted),
        *_list_fields(notice, kind, recipient, reply_to, desk),
        field("Content-Language", (said.language,)),
        *_own_fields(notice, kind, message_id, desk),
        *_body(said, message_id, files, desk.domain),
    )
    return replace(letter(message_id, lines, team, outbox_id, desk, said.trouble), text=_between(said.text))


def _between(text: str) -> str:
    """What a text says between the marker above it and the footer below, which are the same in mails to everybody."""
    above, _, _ = text.rpartition("\n-- \n")
    return (above or text).partition("\n")[2]


def _spoken(notice: Notification, desk: Desk) -> Spoken | None:
    """The canned reply that the mail carries; None for all other mails."""
    if notice.canned is None:
        return None
    spoken = desk.templates.canned.spoken(notice.variant or "", notice.language, notice.canned)
    if isinstance(spoken, Saying):
        raise PoisonError(worded(spoken, desk.templates.english))
    return spoken


def _redirected(notice: Notification, outbox_id: int, desk: Desk) -> Letter:
    """Somebody else's mail as an attachment: nothing in it is changed, and nothing of it is ours."""
    team, recipient = desk.teams[notice.team], _address(notice.recipient.address)
    message_id = desk.ring.message_id(None, recipient, desk.nonce(), desk.domain)
    lines = (
        mailbox_field("From", team.name, team.address),
        mailbox_field("To", "", recipient),
        text_field("Subject", f"Fwd: {(notice.subject or '')[:_MAX_SUBJECT]}"),
        f"Date: {format_datetime(desk.now())}\r\n",
        f"Message-ID: {message_id}\r\n",
        *_automatic_fields("auto-generated"),
        *mark(notice, message_id, desk),
        "MIME-Version: 1.0\r\n",
        *multipart("mixed", message_id, [message_part(f.name, f.octets) for f in notice.files]),
    )
    return letter(message_id, lines, team, outbox_id, desk)


def letter(
    message_id: str, lines: Iterable[str], team: Mailbox, outbox_id: int, desk: Desk, trouble: tuple[str, ...] = ()
) -> Letter:
    """The octets of these lines, signed where we do that, with the reverse-path of their row.

    Raises  PoisonError  they fail the wire check
    """
    raw = _octets(lines)
    if desk.sign is not None:
        raw = desk.sign(raw, domain_of(team.address))
    check(raw)
    bounce = desk.ring.bounce(outbox_id, desk.bounce_base, desk.delimiter)
    return Letter(message_id, bounce if desk.plus_addressing else desk.bounce_base, raw, trouble)


def _names(notice: Notification, kind: Kind, team: Mailbox, desk: Desk) -> tuple[str, str]:
    """The display names of From and of Reply-To."""
    match kind.writer:
        case "person" if notice.speaker:
            return f"{notice.speaker} ({team.name})", team.name
        case "customer" if notice.ticket is not None:
            via = f"{notice.speaker or team.name} (via #{notice.ticket})"
            return (
                via,
                f"#{notice.ticket} → {_answered(notice, kind, team, desk)}" if desk.plus_addressing else team.name,
            )
        case "gateway":
            return f"{desk.site_name} gateway", f"{desk.site_name} gateway"
        case _:
            return team.name, team.name


def _answered(notice: Notification, kind: Kind, team: Mailbox, desk: Desk) -> str:
    """Whom an agent's answer reaches, as short as it stands beside an address."""
    goes_to = _goes_to(notice, kind)
    if goes_to is not None and not goes_to["people"]:
        return desk.templates.words(notice.language)["as_note"]
    more = len(goes_to["people"]) - 1 if goes_to is not None else 0
    return and_others(notice.speaker or team.name, more)


def _address(text: str) -> str:
    try:
        return path_address(text, smtputf8=True)
    except PermanentError as e:
        raise PoisonError(f"no mail can be addressed to this: {e.text}") from e


def _answered_by(notice: Notification, kind: Kind, team: Mailbox, recipient: str, desk: Desk) -> tuple[str, str]:
    """Reply-To and Message-ID: one of them holds the token by which an answer is known."""
    purpose = notice.purpose or kind.purpose
    number = None if purpose == "c" else notice.item or notice.ticket
    revision = notice.revision if purpose in ("t", "n") else None
    of_customer = purpose == "t" and revision is None  # what he answers threads, and proves no more
    make = partial(desk.ring.message_id, notice.ticket, recipient, desk.nonce(), desk.domain)
    if not desk.plus_addressing:
        detail = "" if of_customer else reply_detail(purpose, number, revision)
        return team.address, make(detail, notice.generation)
    if of_customer and notice.ticket is None:
        return team.address, make()
    return desk.reply_address(team, purpose, number, revision, recipient, notice.generation), make()


def address_in_list(desk: Desk, ticket: Ticket, purpose: str, who: str, generation: int) -> str | None:
    """Where an agent answers a ticket that a list shows him; None where he cannot by such an address.

    who  his address.  generation  of his keys
    """
    team = desk.teams.get(ticket.team)
    if not desk.plus_addressing or team is None:
        return None
    return desk.reply_address(team, purpose, ticket.number, ticket.revision, who, generation)


def _note_to(notice: Notification, team: Mailbox, recipient: str, desk: Desk) -> str | None:
    """Where an agent writes what no customer sees; None where his mail has no such address."""
    if not desk.plus_addressing or notice.revision is None or notice.ticket is None:
        return None
    return desk.reply_address(team, "n", notice.ticket, notice.revision, recipient, notice.generation)


def _goes_to(notice: Notification, kind: Kind) -> dict[str, Any] | None:
    """What the first line of an agent's mail promises of his answer; None where it is none to anybody."""
    purpose = notice.purpose or kind.purpose
    if notice.goes_to is None or notice.revision is None or purpose not in ("t", "n"):
        return None
    people = () if purpose == "n" else tuple(map(named, notice.goes_to.people))
    note = purpose == "n" or (notice.goes_to.internal and not people)
    return {"people": people, "language": notice.goes_to.language, "note": note}


def _values(
    notice: Notification, kind: Kind, team: Mailbox, recipient: str, reply_to: str, desk: Desk
) -> dict[str, Any]:
    number, ring = notice.ticket, desk.ring
    return {
        **kind.defaults,
        **({"note_to": _note_to(notice, team, recipient, desk)} if "note_to" in kind.defaults else {}),
        **notice.values,
        "ticket": {**notice.values.get("ticket", {}), "number": number},
        "site": {"name": desk.site_name, "footer": desk.footer or (f"{team.name} · {team.address}",)},
        "team": {"id": notice.team, "name": team.name, "address": team.address},
        "clock": clock_values(desk.now(), notice.zone, desk.zones.get(notice.team, "UTC")),
        "mail": {
            "why": _why(notice, kind),
            "who": _names(notice, kind, team, desk)[0],
            "reply_to": reply_to if desk.plus_addressing else None,  # a new mail to it would be known by nothing
            "goes_to": _goes_to(notice, kind),
            "body_token": "" if number is None else ring.body_token(number, recipient),
        },
    }


def _why(notice: Notification, kind: Kind) -> str:
    """The word for why somebody gets it."""
    if notice.purpose == "x":  # he is asked, and never wrote to us
        return "why_question"
    return "why_agent" if notice.audience == "agent" and kind.reader == "customer" else kind.why


def _subject(notice: Notification, said: Rendered, desk: Desk) -> str:
    """The template's subject; the ticket's own, with its tag, where the notification carries one."""
    if notice.subject is None:
        return said.subject
    if notice.ticket is None:
        return said.subject
    tag = subject_tag(notice.ticket, desk.subject_prefix)
    own = without_tags(notice.subject, desk.subject_prefix, (notice.ticket,))
    words = without_reply_words(own)[:_MAX_SUBJECT].strip()
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


def _thread_fields(notice: Notification, kind: Kind, recipient: str, desk: Desk) -> Iterable[str]:
    """Agents have one thread for each ticket, which begins with a Message-ID that nobody sent."""
    earlier, parents = notice.references, (notice.in_reply_to,) if notice.in_reply_to else ()
    if kind.reader == "agent":
        thread = notice.ticket or f"{desk.now():week%G-%V}"
        root = desk.ring.root_message_id(thread, recipient, desk.domain)
        earlier, parents = (root, *earlier), parents or (root,)
    parent = usable_ids(parents)
    yield ids_field("In-Reply-To", parent)
    yield ids_field("References", usable_ids((*(i for i in earlier if i not in parent), *parent)))
    if notice.subject is not None and (index := next_thread_index(notice.thread_index or "", desk.now())):
        yield text_field("Thread-Topic", without_reply_words(notice.subject)[:_MAX_SUBJECT])
        yield field("Thread-Index", (index,))


def _automatic_fields(submitted: Submitted) -> Iterable[str]:
    if submitted != "no":
        yield f"Auto-Submitted: {submitted}\r\n"
        yield "X-Auto-Response-Suppress: All\r\n"
        yield "Precedence: bulk\r\n"


def _list_fields(notice: Notification, kind: Kind, recipient: str, reply_to: str, desk: Desk) -> Iterable[str]:
    if kind.is_list:
        yield field("List-Id", (f"<tickets.{desk.domain}>",))
    if not kind.may_be_left:
        return
    ways = [f"<{mail_link(reply_to, _LEAVE)}>"] if desk.plus_addressing else []
    if desk.pages_url:
        ways.append(f"<{desk.pages_url}/u/{desk.ring.leave_token(recipient, notice.generation)}>")
    if ways:
        yield field("List-Unsubscribe", ", ".join(ways).split(" "))
    if desk.pages_url:
        yield "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


def _own_fields(notice: Notification, kind: Kind, message_id: str, desk: Desk) -> Iterable[str]:
    """What our own programs read: a mail that comes back is known by its mark."""
    if kind.writer != "gateway" and notice.ticket is not None:
        yield f"X-Mailwicket-Ticket: {notice.ticket}\r\n"
    if kind.writer == "customer":
        yield text_field("X-Mailwicket-Rule", notice.cause)
    yield from mark(notice, message_id, desk)


def mark(notice: Notification, message_id: str, desk: Desk) -> Iterable[str]:
    """The fields by which a mail of ours is known when it comes back."""
    yield field("X-Mailwicket-Mail", (notice.template,))
    yield field("X-Mailwicket-Loop", (desk.ring.loop_mark(message_id),))


def _boundary(message_id: str) -> str:
    # `=_` occurs in neither quoted-printable nor base64 (RFC 2045 §6.7), so no content can end a part; the Message-ID
    # is made of what nobody knew who wrote a mail that is passed on
    return "=_" + message_id[1:].partition("@")[0].replace(".", "_")


def _body(said: Rendered, message_id: str, files: Sequence[File], domain: str) -> Iterable[str]:
    """The words in both forms, pictures beside the one that shows them (RFC 2387), other files beside both."""
    plain, rich = text_part("text/plain", said.text), text_part("text/html", said.html)
    boundary = _boundary(message_id)
    inner, innermost = f"=_{boundary}", f"=_=_{boundary}"  # none begins as another does
    attached = [file_part(f.media_type, f.name, f.octets) for f in files if f.content_id is None]
    if pictures := [file_part(f.media_type, f.name, f.octets, f"{f.content_id}@{domain}") for f in _shown(files)]:
        rich = "".join(_multipart('related; type="text/html"', innermost, (rich, *pictures)))
    yield "MIME-Version: 1.0\r\n"
    if not attached:
        yield from _multipart("alternative", boundary, (plain, rich))
        return
    both = "".join(_multipart("alternative", inner, (plain, rich)))
    yield from _multipart("mixed", boundary, (both, *attached))


def _shown(files: Sequence[File]) -> Iterable[File]:
    """The pictures that stand among the words, each once."""
    return {file.content_id: file for file in files if file.content_id is not None}.values()


def multipart(kind: str, message_id: str, parts: Iterable[str]) -> Iterable[str]:
    """A body of parts, under a boundary that none of them can hold."""
    yield from _multipart(kind, _boundary(message_id), parts)


def _multipart(kind: str, boundary: str, parts: Iterable[str]) -> Iterable[str]:
    yield f'Content-Type: multipart/{kind};\r\n boundary="{boundary}"\r\n'
    yield from (f"\r\n--{boundary}\r\n{part}" for part in parts)
    yield f"\r\n--{boundary}--\r\n"


def _octets(lines: Iterable[str]) -> bytes:
    try:
        return "".join(lines).encode("ascii")
    except UnicodeEncodeError as e:
        raise PoisonError("outgoing mail failed the wire check: a field is not ASCII") from e
