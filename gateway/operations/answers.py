"""Words of a person of ours: an answer that the customer gets, a note that he never sees.

Sources      agents-by-mail.md §2, mails-out.md §3: each recipient gets a mail of his own, into his own thread.
Transaction  the caller's, durable: the entry, the status and the queued mails are one commit.
Not here     what the mail looks like (outgoing/compose.py, templates/answer).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy import Connection

from gateway.events import happened, seen_by
from gateway.message.address import normal
from gateway.message.charset import clean
from gateway.message.filename import clean_name
from gateway.message.types import Attachment, Mailbox
from gateway.operations.person import actor, author, open_ticket, save_by, unknown, unknown_agent
from gateway.operations.types import Done, Duty, Operation
from gateway.outgoing.enqueue import enqueue
from gateway.rules.statuses import OF_COMMANDS
from gateway.store import tickets
from gateway.store.changes import remember_messages
from gateway.ticket.life import after_answer, after_touch
from gateway.ticket.types import AddEntry, File, Notification, Ticket

_MOST_CHARACTERS = 100_000
_MOST_LINES = 2000  # a template takes 4096 values
MOST_FILES, MOST_FILE_OCTETS = 20, 10 << 20
_MEDIA_TYPE = re.compile("[a-z]{1,20}/[a-z0-9.+-]{1,80}")
_REFERENCES = 10  # the first and the last nine


@dataclass(frozen=True, slots=True)
class Answer:
    """Words to the customer of a ticket."""

    number: int
    text: str
    status: str | None = None  # afterwards; None is `defaults.after_reply`
    by: str | None = None  # agent; None is the operator
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """Words for our own people."""

    number: int
    text: str
    by: str | None = None


def _answer(c: Connection, wanted: Answer, duty: Duty) -> tuple[Done, ...]:
    ticket, text = _begun(c, wanted, duty)
    if isinstance(ticket, Done):
        return (ticket,)
    rules, name = duty.deps.rules, f"#{wanted.number}"
    settable = [s for s in rules.statuses if s not in OF_COMMANDS]
    if wanted.status is not None and wanted.status not in settable:
        return (unknown("status", wanted.status, settable, name),)
    recipients = tuple(_recipients(c, ticket, duty))
    if not recipients:
        return (Done(name, "conflict", "it has no customer who could be answered: nobody's address is known"),)
    if len(wanted.files) > MOST_FILES or sum(len(file.octets) for file in wanted.files) > MOST_FILE_OCTETS:
        said = f"these are more than {MOST_FILES} files or {MOST_FILE_OCTETS >> 20} MiB: mail servers refuse such mails"
        return (Done(name, "refused", said),)
    wanted = replace(wanted, files=tuple(map(_cleaned, wanted.files)))
    with c.begin_nested() as attempt:
        done = _sent(c, ticket, text, recipients, wanted, duty)
        if done.outcome != "done":
            attempt.rollback()
    return (done,)


def _begun(c: Connection, wanted: Answer | Note, duty: Duty) -> tuple[Ticket | Done, str]:
    """The ticket, and the words as they are kept; else why there is nothing to do."""
    name, text = f"#{wanted.number}", clean(wanted.text).strip()
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return refused, ""
    if not text:
        return Done(name, "refused", "there are no words"), ""
    if len(text) > _MOST_CHARACTERS or text.count("\n") >= _MOST_LINES:
        return Done(name, "refused", f"these are more than {_MOST_CHARACTERS} characters or {_MOST_LINES} lines"), ""
    return open_ticket(c, wanted.number), text


def _sent(
    c: Connection, ticket: Ticket, text: str, recipients: tuple[Mailbox, ...], wanted: Answer, duty: Duty
) -> Done:
    who, writer = actor(wanted.by), author(wanted.by, ticket.team, duty)
    status = after_answer(duty.deps.rules, duty.now, who, wanted.status)
    entry = AddEntry("answer", writer, duty.now, text, "", "", None, None, public=True, trust=None)
    entry = replace(entry, attachments=_attached(wanted.files))
    saved = save_by(c, (entry, status), ticket, wanted.by, duty)
    queued, sent = list[str](), list[tuple[str, str]]()
    for recipient in recipients:
        notice = _notice(c, ticket, recipient, text, saved.entry or 0, wanted, duty)
        made = enqueue(notice, duty.deps.desk, c, duty.now)
        if made is None:
            said = f"no mail to {recipient.address} can be written; the log of the gateway says why"
            return Done(f"#{ticket.number}", "conflict", said)
        queued.append(f"q-{made[0]} to {recipient.address}")
        sent.append((made[1], normal(recipient.address)))
    remember_messages(c, sent, ticket.number)
    moved = f"; status {ticket.status} -> {status.status}" if status.status != ticket.status else ""
    happened(c, ticket, saved.ticket or ticket, ("agent-reply",), duty.deps, duty.now, actor="agent", text=text)
    return Done(f"#{ticket.number}", "done", ", ".join(queued) + moved)


def _cleaned(file: File) -> File:
    """The file under a name that may stand in a header, with a type that is one."""
    kind = file.media_type if _MEDIA_TYPE.fullmatch(file.media_type) else "application/octet-stream"
    return replace(file, name=clean_name(file.name, part="1", media_type=kind), media_type=kind)


def _attached(files: tuple[File, ...]) -> tuple[Attachment, ...]:
    """The files as the entry names them: each is a part of the mails that took it along."""
    return tuple(
        Attachment(f"1.{place}", file.name, file.media_type, len(file.octets), sha256(file.octets).hexdigest())
        for place, file in enumerate(files, 2)
    )


def _recipients(c: Connection, ticket: Ticket, duty: Duty) -> Iterator[Mailbox]:
    """The customer, then the others who take part; never we ourselves, nobody twice."""
    seen = set(duty.deps.notifying.own_addresses)
    others = (Mailbox(p.name, p.address) for p in tickets.people(c, ticket.number))
    for person in (*((ticket.requester,) if ticket.requester else ()), *others):
        if normal(person.address) not in seen and "@" in person.address:
            seen.add(normal(person.address))
            yield person


def _notice(
    c: Connection, ticket: Ticket, recipient: Mailbox, text: str, entry: int, wanted: Answer, duty: Duty
) -> Notification:
    rules = duty.deps.rules
    team = ticket.team if ticket.team in rules.teams else rules.defaults.team
    thread = tuple(seen_by(c, ticket, normal(recipient.address)))
    agent = rules.agents[wanted.by].name if wanted.by else None
    signature = rules.teams[team].signature
    return Notification(
        recipient=recipient,
        template="answer",
        variant=None,
        language=ticket.language or rules.defaults.language,
        ticket=ticket.number,
        team=team,
        subject=ticket.subject,
        in_reply_to=thread[-1] if thread else None,
        references=(*thread[:1], *thread[1:][-_REFERENCES + 1 :]),
        auto_submitted="no",
        dedupe_key=f"answer:{entry}:{normal(recipient.address)}",
        cause=actor(wanted.by),
        values={"answer": {"paragraphs": _paragraphs(text), "signature": _paragraphs(signature)}},
        speaker=agent,
        files=wanted.files,
    )


def _paragraphs(text: str) -> tuple[tuple[str, ...], ...]:
    """The lines of each paragraph: a template puts them together again, in text and in HTML."""
    found: list[tuple[str, ...]] = [()]
    for line in text.splitlines():
        if line.strip():
            found[-1] = (*found[-1], line.rstrip())
        elif found[-1]:
            found.append(())
    return tuple(paragraph for paragraph in found if paragraph)


def _note(c: Connection, wanted: Note, duty: Duty) -> tuple[Done, ...]:
    ticket, text = _begun(c, wanted, duty)
    if isinstance(ticket, Done):
        return (ticket,)
    who, writer = actor(wanted.by), author(wanted.by, ticket.team, duty)
    entry = AddEntry("note", writer, duty.now, text, "", "", None, None, public=False, trust=None)
    touch = after_touch(ticket, duty.now, who)
    saved = save_by(c, (entry, *((touch,) if touch else ())), ticket, wanted.by, duty)
    happened(c, ticket, saved.ticket or ticket, ("note",), duty.deps, duty.now, actor="agent", text=text)
    opened = f"; status {ticket.status} -> {touch.status}" if touch else ""
    return (Done(f"#{ticket.number}", "done", f"noted; no customer sees it{opened}"),)


OPERATIONS: Mapping[str, Operation] = {
    "ticket.answer": Operation(Answer, _answer),
    "ticket.note": Operation(Note, _note),
}
