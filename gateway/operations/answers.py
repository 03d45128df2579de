"""Words of a person of ours: an answer that the customer gets, a note that he never sees.

Sources      agents-by-mail.md §2, mails-out.md §3: each recipient gets a mail of his own, into his own thread.
Transaction  the caller's, durable: the entry, the status and the queued mails are one commit.
Not here     what the mail looks like (outgoing/compose.py, templates/answer).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce
from hashlib import sha256

from sqlalchemy import Connection

from gateway.deciding.types import Deps
from gateway.errors import PoisonError
from gateway.events import happened, seen_by
from gateway.message.address import normal
from gateway.message.charset import clean
from gateway.message.filename import clean_name
from gateway.message.types import Attachment, Mailbox
from gateway.operations.canned import Draft, Use, drafted
from gateway.operations.formatted import AsSet, as_set
from gateway.operations.person import actor, author, open_ticket, save_by, unknown, unknown_agent
from gateway.operations.tickets import Change as Fields
from gateway.operations.tickets import of_change, steps_of, unfilled
from gateway.operations.types import Came, Done, Duty, Operation
from gateway.outgoing.enqueue import enqueue
from gateway.outgoing.formatted import plain_blocks
from gateway.rules.statuses import OF_COMMANDS
from gateway.store import tickets
from gateway.store.articles import note_articles
from gateway.store.changes import remember_messages
from gateway.store.internal import internal_of
from gateway.store.kept_files import keep
from gateway.ticket.acted import people
from gateway.ticket.change import changed
from gateway.ticket.colleagues import named_in, of_note
from gateway.ticket.goes_to import recipients
from gateway.ticket.leak import Internal, fault_of, leaks
from gateway.ticket.life import after_answer, after_touch
from gateway.ticket.saying import Saying, saying
from gateway.ticket.types import AddEntry, AddPeople, Change, File, Notification, SetField, Ticket

MOST_FILES, MOST_FILE_OCTETS = 20, 10 << 20
_MOST_SENT_OCTETS = 100 << 20  # of files, to all who take part
_MEDIA_TYPE = re.compile("[a-z]{1,20}/[a-z0-9.+-]{1,80}")
_NOTHING = Internal(())
_REFERENCES = 10  # the first and the last nine
_NAMED_FILES = 5  # in the words of an answer that has none


@dataclass(frozen=True, slots=True)
class Answer:
    """Words to the customer of a ticket."""

    number: int
    text: str
    status: str | None = None  # afterwards; None is that of a canned reply, or `defaults.after_reply`
    by: str | None = None  # agent; None is the operator
    files: tuple[File, ...] = ()
    canned: tuple[Use, ...] = ()  # snippets and articles stand above the words, an answer below them
    says_solved: bool = False  # whether its last line says that the matter is solved
    came: Came | None = None  # the mail that they came by; None: none
    not_before: datetime | None = None  # when it may leave; None: at once


@dataclass(frozen=True, slots=True)
class Note:
    """Words for our own people."""

    number: int
    text: str
    by: str | None = None
    files: tuple[File, ...] = ()
    came: Came | None = None  # as in Answer
    articles: tuple[Use, ...] = ()  # above the words
    tells: bool = True  # whether whoever works on the ticket hears of it; else by what he hears anyway


@dataclass(frozen=True, slots=True)
class _Ready:
    """An answer that may be sent."""

    ticket: Ticket
    draft: Draft
    set_so: AsSet | None  # the words of its writer as he set them; None: they are plain
    recipients: tuple[Mailbox, ...]
    sets: tuple[Change, ...]
    own: tuple[File, ...]  # of the writer; those of a canned answer come with it
    files: tuple[File, ...]  # all of them
    status: str | None
    by: str | None
    says_solved: bool
    came: Came | None
    not_before: datetime | None


def _answer(c: Connection, wanted: Answer, duty: Duty) -> tuple[Done, ...]:
    ready = _ready(c, wanted, duty)
    if isinstance(ready, Done):
        return (ready,)
    with c.begin_nested() as attempt:
        done = _sent(c, ready, duty)
        if done.outcome != "done":
            attempt.rollback()
    return (done,)


def _ready(c: Connection, wanted: Answer, duty: Duty) -> _Ready | Done:
    """The answer as it will be sent; else why it is not."""
    rules, name = duty.deps.rules, f"#{wanted.number}"
    begun = _begun(c, wanted, duty, may_be_none=bool(wanted.canned or wanted.files))
    if isinstance(begun, Done):
        return begun
    ticket, text = begun
    set_so = as_set(text, wanted.came, wanted.files) if wanted.came is not None and text else None
    own, text = (set_so.files, set_so.text) if set_so is not None else (wanted.files, text)
    settable = [s for s in rules.statuses if s not in OF_COMMANDS]
    if wanted.status is not None and wanted.status not in settable:
        return unknown("status", wanted.status, settable, name)
    draft = drafted(ticket, text, wanted.canned, wanted.by, duty.deps, public=True)
    if isinstance(draft, Saying):
        return Done(name, "refused", draft)
    desk, writer = duty.deps.desk, rules.agents.get(wanted.by or "")
    his = normal(writer.email) if writer is not None else ""
    internal = internal_of(c, ticket.number, desk.agents, desk.templates.articles.runs, his)
    if found := leaks(draft.text, internal):
        return Done(name, "refused", saying("done_only_ours", line=found[0] + 1))
    internal = replace(internal, addresses=())  # an invitation names whoever invites
    if (said := unfit(own, internal)) is not None:
        return Done(name, "refused", said)
    to = recipients_of(c, ticket, duty.deps)
    if not to:
        return Done(name, "conflict", saying("done_nobody"))
    try:
        others = draft.answer.files() if draft.answer is not None else ()
    except PoisonError as e:
        return Done(name, "conflict", e.text)
    if (said := _too_much((*own, *others), len(to))) is not None:
        return Done(name, "refused", said)
    sets = tuple(steps_of(ticket, Fields((ticket.number,), draft.fields, draft.tags, by=wanted.by), duty))
    if wrong := next((step for step in sets if isinstance(step, Done)), None):
        return wrong
    own, others = tuple(map(cleaned_file, own)), tuple(map(cleaned_file, others))
    status, steps = wanted.status or draft.status, tuple(step for step in sets if not isinstance(step, Done))
    ends = after_answer(rules, duty.now, actor(wanted.by), status)
    if (refused := unfilled(ticket, reduce(changed, (*steps, ends), ticket), rules)) is not None:
        return refused
    files, by, leaves = (*own, *others), wanted.by, wanted.not_before
    return _Ready(ticket, draft, set_so, to, steps, own, files, status, by, wanted.says_solved, wanted.came, leaves)


def unfit(files: Sequence[File], internal: Internal = _NOTHING) -> Saying | None:
    """Why one of the files may not go out to somebody who must not read what is internal; None when all may."""
    for file in files:
        if (fault := fault_of(file, internal)) is not None:
            said = "done_file_sealed" if fault == "sealed" else "done_file_ours"
            return saying(said, name=clean_name(file.name, part="1", media_type=""))
    return None


def _too_much(files: Sequence[File], recipients: int) -> Saying | None:
    """Why so many octets do not go to so many people; None when they may."""
    octets = sum(len(file.octets) for file in files)
    if len(files) > MOST_FILES or octets > MOST_FILE_OCTETS:
        return saying("done_too_much", files=MOST_FILES, size=MOST_FILE_OCTETS >> 20)
    if octets * recipients > _MOST_SENT_OCTETS:
        each, most = f"{octets / (1 << 20):.1f}", _MOST_SENT_OCTETS >> 20
        return saying("done_too_much_for_all", size=each, people=recipients, most=most)
    return None


def _begun(c: Connection, wanted: Answer | Note, duty: Duty, *, may_be_none: bool = False) -> tuple[Ticket, str] | Done:
    """The ticket, and the words as they are kept; else why there is nothing to do."""
    name, text = f"#{wanted.number}", clean(wanted.text).strip()
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return refused
    if not text and not may_be_none:
        return Done(name, "refused", saying("done_no_words"))
    ticket = open_ticket(c, wanted.number)
    return ticket if isinstance(ticket, Done) else (ticket, text)


def _sent(c: Connection, ready: _Ready, duty: Duty) -> Done:
    ticket, by, text = ready.ticket, ready.by, ready.draft.text
    writer = author(by, ticket.team, duty)
    status = after_answer(duty.deps.rules, duty.now, actor(by), ready.status)
    entry = AddEntry("answer", writer, duty.now, text, "", "", None, None, public=True, trust=None)
    came, attached = ready.came, _attached([file for file in ready.files if file.content_id is None], "1.{}", 2)
    if came is not None:  # as they stand in his mail, then those of a canned answer
        his = ready.set_so.attachments if ready.set_so is not None else came.attachments
        attached = (*his, *attached[len(attached) + len(ready.own) - len(ready.files) :])
    entry = replace(entry, attachments=attached)
    saved = save_by(c, (entry, *ready.sets, status, *_joining(came, duty)), ticket, by, duty, came)
    have_it = {normal(person.address) for person in came.beside} if came is not None else set()
    queued, sent, waiting = list[Saying](), list[tuple[str, str, int]](), list[int]()
    if came is not None and came.message_id is not None:  # whoever answers all is known by it
        sent = [(came.message_id, address, ticket.number) for address in have_it]
    for recipient in ready.recipients:
        if normal(recipient.address) in have_it:
            continue
        notice = _notice(c, recipient, saved.entry or 0, ready, duty)
        made = enqueue(notice, duty.deps.desk, c, duty.now)
        if made is None:
            return Done(f"#{ticket.number}", "conflict", saying("done_no_mail", address=recipient.address))
        queued.append(saying("done_mail", mail=f"q-{made[0]}", address=recipient.address))
        waiting += [made[0]] if ready.not_before is not None else []
        sent.append((made[1], normal(recipient.address), ticket.number))
    remember_messages(c, sent)
    moved = (of_change("status", ticket.status, status.status),) if status.status != ticket.status else ()
    after, d = saved.ticket or ticket, duty.deps
    happened(c, ticket, after, ("agent-reply",), d, duty.now, actor="agent", text=text, by=by)
    note_articles(c, "inserted", ready.draft.articles, duty.now)
    used = ", ".join(each.canned.name for each in ready.draft.used)
    with_ = (saying("done_with", names=used),) if used else ()
    return Done(f"#{ticket.number}", "done", (*queued, *moved, *with_), waiting=tuple(waiting))


def _joining(came: Came | None, duty: Duty) -> Iterator[AddPeople]:
    """Whom the agent wrote to beside us takes part: that he did so is his word for it."""
    beside = people(came.beside, duty.deps.takes_no_part) if came is not None else ()
    if beside:
        yield AddPeople(beside, duty.deps.rules.limits.cc_max, "agent.cc")


def cleaned_file(file: File) -> File:
    """The file under a name that may stand in a header, with a type that is one."""
    kind = file.media_type if _MEDIA_TYPE.fullmatch(file.media_type) else "application/octet-stream"
    return replace(file, name=clean_name(file.name, part="1", media_type=kind), media_type=kind)


def _attached(files: Sequence[File], part: str, first: int) -> tuple[Attachment, ...]:
    """The files as the entry names them: by their part of the mails that took them along, or by their place."""
    return tuple(
        Attachment(part.format(place), file.name, file.media_type, len(file.octets), sha256(file.octets).hexdigest())
        for place, file in enumerate(files, first)
    )


def recipients_of(c: Connection, ticket: Ticket, d: Deps) -> tuple[Mailbox, ...]:
    """To whom an answer in the ticket would go now."""
    others = (Mailbox(p.name, p.address) for p in tickets.people(c, ticket.number))
    return tuple(recipients(ticket.requester, others, d.notifying.own_addresses))


def _notice(c: Connection, recipient: Mailbox, entry: int, ready: _Ready, duty: Duty) -> Notification:
    rules, ticket, answer = duty.deps.rules, ready.ticket, ready.draft.answer
    team = rules.team(ticket.team)
    thread = tuple(seen_by(c, ticket, normal(recipient.address)))
    agent = rules.agents[ready.by].name if ready.by else None
    signature, language = team.signature, ticket.language or rules.defaults.language
    said, words = duty.deps.desk.templates.words(language), paragraphs(ready.draft.above)
    if not words and answer is None and ready.own:  # a mail of a signature alone looks like a mistake
        named = ", ".join(file.name for file in ready.own[:_NAMED_FILES])
        names = f"{named} …" if len(ready.own) > _NAMED_FILES else named
        words = ((said["files_line"].format(names=names),),)
    end = ((said["solved_line"],),) if ready.says_solved else ()
    blocks = ready.set_so.blocks if ready.set_so is not None else ()
    inserted = plain_blocks(paragraphs(ready.draft.inserted)) if blocks else ()
    return Notification(
        recipient=recipient,
        template="answer",
        variant=answer.canned.name if answer is not None else None,
        language=language,
        ticket=ticket.number,
        team=team.id,
        subject=ticket.told_subject,
        in_reply_to=thread[-1] if thread else None,
        references=first_and_last(thread),
        auto_submitted="no",
        dedupe_key=f"answer:{entry}:{normal(recipient.address)}",
        cause=actor(ready.by),
        values={"answer": {"paragraphs": (*words, *end), "signature": paragraphs(signature)}},
        speaker=agent,
        files=ready.own,
        not_before=ready.not_before,
        formatted=(*inserted, *blocks, *plain_blocks(end)) if blocks else (),
        canned=answer.values if answer is not None else None,
    )


def first_and_last(thread: Sequence[str]) -> tuple[str, ...]:
    """The Message-IDs that a mail in this thread names."""
    return (*thread[:1], *thread[1:][-_REFERENCES + 1 :])


def paragraphs(text: str) -> tuple[tuple[str, ...], ...]:
    """The lines of each paragraph: a template puts them together again, in text and in HTML."""
    found: list[tuple[str, ...]] = [()]
    for line in text.splitlines():
        if line.strip():
            found[-1] = (*found[-1], line.rstrip())
        elif found[-1]:
            found.append(())
    return tuple(paragraph for paragraph in found if paragraph)


def _note(c: Connection, wanted: Note, duty: Duty) -> tuple[Done, ...]:
    files_alone = bool(wanted.files or (wanted.came is not None and wanted.came.attachments))
    begun = _begun(c, wanted, duty, may_be_none=files_alone or bool(wanted.articles))
    if isinstance(begun, Done):
        return (begun,)
    ticket, text = begun
    draft = drafted(ticket, text, wanted.articles, wanted.by, duty.deps, public=False)
    if isinstance(draft, Saying):
        return (Done(f"#{wanted.number}", "refused", draft),)
    text = draft.text
    if (said := _too_much(wanted.files, 1)) is not None:
        return (Done(f"#{wanted.number}", "refused", said),)
    who, writer = actor(wanted.by), author(wanted.by, ticket.team, duty)
    files = tuple(map(cleaned_file, wanted.files))
    keep(c, (file.octets for file in files))
    entry = AddEntry("note", writer, duty.now, text, "", "", None, None, public=False, trust=None)
    attached = wanted.came.attachments if wanted.came is not None else _attached(files, "{}", 1)
    entry = replace(entry, attachments=attached)
    touch = after_touch(ticket, duty.now, who)
    called = [id for id in named_in(text, duty.deps.rules) if id != wanted.by and id not in ticket.followers]
    follow = (SetField("followers", (*ticket.followers, *called), who),) if called else ()
    saved = save_by(c, (entry, *((touch,) if touch else ()), *follow), ticket, wanted.by, duty, wanted.came)
    after, d = saved.ticket or ticket, duty.deps
    happened(c, ticket, after, ("note",), d, duty.now, actor="agent", text=text, by=wanted.by)
    kept = tickets.find_entry(c, saved.entry) if saved.entry is not None else None
    if kept is not None and saved.ticket is not None and wanted.tells:
        for notice in of_note(saved.ticket, kept, wanted.by, duty.deps.notifying):
            enqueue(notice, duty.deps.desk, c, duty.now)
    note_articles(c, "inserted", draft.articles, duty.now)
    opened = (of_change("status", ticket.status, touch.status),) if touch else ()
    told = (saying("done_called", who=", ".join(called)),) if called else ()
    return (Done(f"#{ticket.number}", "done", (saying("done_noted"), *told, *opened)),)


OPERATIONS: Mapping[str, Operation] = {
    "ticket.answer": Operation(Answer, _answer),
    "ticket.note": Operation(Note, _note),
}
