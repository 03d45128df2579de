"""Words of an agent that are neither an answer nor a note: a question to somebody outside, work for another team.

Sources      agents-by-mail.md §4 (`#ask`, `#internal`). The customer sees nothing of either; whoever is asked sees the
             question and nothing else, in a thread of his own, and does not take part in the ticket.
Transaction  the caller's, durable.
Not here     his answer, which comes back as a note (agents/).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from gateway.errors import PermanentError
from gateway.events import happened, seen_by
from gateway.message.address import normal, path_address
from gateway.message.charset import clean
from gateway.message.types import Mailbox
from gateway.operations.answers import cleaned_file, first_and_last, paragraphs, unfit
from gateway.operations.person import (
    actor,
    author,
    no_address,
    open_ticket,
    own_address,
    save_by,
    unknown,
    unknown_agent,
)
from gateway.operations.types import Came, Done, Duty, Operation
from gateway.outgoing.enqueue import enqueue
from gateway.store import linked, tickets
from gateway.store.linked import By
from gateway.store.notices import told_at
from gateway.ticket.colleagues import of_work
from gateway.ticket.saying import saying
from gateway.ticket.types import (
    AGENT_NOTICE,
    CODE_IN_SUBJECT,
    AddEntry,
    File,
    Notification,
    OpenTicket,
    SetField,
    Ticket,
)

SIDE = "x"  # purpose of the address that an answer comes back to
QUESTION = "ask:"  # how a question is known among the mails of a ticket, by its key
_MOST_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to somebody who does not take part in the ticket."""

    number: int
    address: str
    text: str
    by: str | None = None
    files: tuple[File, ...] = ()
    came: Came | None = None  # the mail that it came by; None: none


@dataclass(frozen=True, slots=True)
class Internal:
    """A ticket for another team, the child of this one."""

    number: int
    team: str
    text: str
    by: str | None = None


def _ask(c: Connection, wanted: Ask, duty: Duty) -> tuple[Done, ...]:
    found = _begun(c, wanted, duty)
    if isinstance(found, Done):
        return (found,)
    ticket, text = found
    name = f"#{ticket.number}"
    try:
        address = path_address(wanted.address, smtputf8=True)
    except PermanentError:
        return (no_address(wanted.address, name),)
    if normal(address) in duty.deps.takes_no_part:
        return (own_address(address, name),)
    if normal(address) in tickets.participants(c, ticket.number):
        return (Done(name, "refused", saying("done_takes_part_already", address=address)),)
    if (said := unfit(wanted.files)) is not None:
        return (Done(name, "refused", said),)
    thread = tuple(seen_by(c, ticket, normal(address)))  # what he was asked before, and what he answered
    notice = replace(
        _question(ticket, address, text, wanted.by, thread, duty), files=tuple(map(cleaned_file, wanted.files))
    )
    if (made := enqueue(notice, duty.deps.desk, c, duty.now)) is None:
        return (Done(name, "conflict", saying("done_no_mail", address=address)),)
    kept = _entry(ticket, f"→ {address}\n\n{text}", wanted.by, duty)  # only now: words of notes go to nobody
    if wanted.came is not None:
        kept = replace(kept, attachments=wanted.came.attachments)
    save_by(c, (kept,), ticket, wanted.by, duty, wanted.came)
    mailed = saying("done_mail", mail=f"q-{made[0]}", address=address)
    return (Done(name, "done", (mailed, saying("done_comes_back"))),)


def _question(
    ticket: Ticket, address: str, text: str, by: str | None, thread: tuple[str, ...], duty: Duty
) -> Notification:
    rules = duty.deps.rules
    team = rules.team(ticket.team)
    signature = paragraphs(team.signature)
    return Notification(
        recipient=Mailbox("", address),
        template="answer",
        variant=None,
        language=rules.defaults.language,
        ticket=ticket.number,
        team=team.id,
        subject=ticket.told_subject,
        in_reply_to=thread[-1] if thread else None,
        references=first_and_last(thread),
        auto_submitted="no",
        dedupe_key=f"{QUESTION}{ticket.number}:{ticket.version}:{normal(address)}",
        cause=actor(by),
        values={"answer": {"paragraphs": paragraphs(text), "signature": signature}},
        speaker=rules.agents[by].name if by is not None else None,
        purpose=SIDE,
        item=ticket.number,
    )


def _internal(c: Connection, wanted: Internal, duty: Duty) -> tuple[Done, ...]:
    rules = duty.deps.rules
    if wanted.team not in rules.teams:
        return (unknown("team", wanted.team, rules.teams, f"#{wanted.number}"),)
    found = _begun(c, wanted, duty)
    if isinstance(found, Done):
        return (found,)
    ticket, text = found
    hides = tuple(flag for flag in ticket.flags if flag == CODE_IN_SUBJECT)
    opening = OpenTicket(ticket.subject, wanted.team, None, None, "cli", duty.now, flags=hides)
    entry = AddEntry(
        "note", author(wanted.by, ticket.team, duty), duty.now, text, "", "", None, None, public=False, trust=None
    )
    follows = (SetField("followers", (wanted.by,), actor(wanted.by)),) if wanted.by is not None else ()
    saved = save_by(c, (opening, entry, *follows), None, wanted.by, duty)
    if (made := saved.ticket) is None:
        raise ValueError("a new ticket is a ticket")
    linked.add(c, ticket.number, "child", made.number, By(actor(wanted.by), duty.basis, duty.now))
    happened(c, made, made, ("note",), duty.deps, duty.now, actor="agent", text=text)
    kept = tickets.find_entry(c, saved.entry) if saved.entry is not None else None
    now_is = tickets.find_ticket(c, made.number) or made  # it may have an owner, who heard of it, with the words
    told = told_at(c, made.number, AGENT_NOTICE, duty.now)
    for notice in of_work(now_is, kept, wanted.by, duty.deps.notifying) if kept is not None else ():
        if normal(notice.recipient.address) not in told:
            enqueue(notice, duty.deps.desk, c, duty.now)
    return (Done(f"#{made.number}", "done", saying("done_child", team=wanted.team, number=ticket.number)),)


def _begun(c: Connection, wanted: Ask | Internal, duty: Duty) -> tuple[Ticket, str] | Done:
    name, text = f"#{wanted.number}", clean(wanted.text).strip()
    if (refused := unknown_agent(wanted.by, duty.deps.rules, name)) is not None:
        return refused
    if not text:
        return Done(name, "refused", saying("done_no_words"))
    if len(text) > _MOST_CHARACTERS:
        return Done(name, "refused", saying("done_too_many_characters", characters=_MOST_CHARACTERS))
    ticket = open_ticket(c, wanted.number)
    return ticket if isinstance(ticket, Done) else (ticket, text)


def _entry(ticket: Ticket, text: str, by: str | None, duty: Duty) -> AddEntry:
    writer = author(by, ticket.team, duty)
    return AddEntry("note", writer, duty.now, text, "", "", None, None, public=False, trust=None)


OPERATIONS: Mapping[str, Operation] = {
    "ticket.ask": Operation(Ask, _ask),
    "ticket.internal": Operation(Internal, _internal),
}
