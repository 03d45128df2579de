"""A mail that an agent forwards to a team: a ticket of whoever wrote it first, with the agent's words as a note.

Sources      agents-by-mail.md §6. Whom it is from is what the forwarded mail says, so that nothing is sent there by
             itself; a wrong guess is taken back by one reply. It never lands in a ticket that is there: what it names
             is only mentioned.
Transaction  that of the mail.
Not here     commands above it (above.py), whose mail was forwarded (message/forward.py), which mails speak for an agent
             (ticket/authority.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from gateway.agents.above import Above, Opened, obeyed, opened, read_above
from gateway.agents.holding import Why, hold
from gateway.agents.original import Original, header_lines, original_of
from gateway.agents.reading import sent_beside
from gateway.agents.types import HELD_FOR, AgentMail
from gateway.message.address import normal, sub_address
from gateway.message.filename import clean_name
from gateway.message.forward import without_forward_words
from gateway.message.language import language_of
from gateway.message.parse import message_ids
from gateway.message.types import Attachment, Forward, Mailbox, Message
from gateway.operations.answers import Note
from gateway.operations.order_mails import tell
from gateway.operations.order_types import Asker, Carried, Line
from gateway.operations.people import TakePart
from gateway.operations.person import actor
from gateway.operations.registry import OPERATIONS
from gateway.outgoing.enqueue import enqueue
from gateway.returned import received as by_anybody
from gateway.store import held_mail, tickets
from gateway.store.changes import save
from gateway.store.held import as_note
from gateway.store.held_mail import HeldMail, Proposal
from gateway.ticket.agent_mail import stands_in, to_agent
from gateway.ticket.command_table import INSERT
from gateway.ticket.commands import written_in
from gateway.ticket.notices import lines_of_words
from gateway.ticket.token_forms import (
    find_body_tokens,
    find_message_tokens,
    find_subject_numbers,
    is_ours,
    read_reply,
    without_tags,
)
from gateway.ticket.types import (
    FROM_FORWARD,
    AddEntry,
    Notification,
    Outcome,
    SetField,
    SetRequester,
    ThreadMatch,
    Ticket,
)
from gateway.ticket.visibility import sees

CODE = "forward"
_MOST_NAMED = 20  # tickets that a mail of ours may be about
_OF_FORWARDER = frozenset({"authentication-results", "sender", "reply-to", "auto-submitted", "content-language"})


@dataclass(frozen=True, slots=True)
class _Said:
    """What came of the words above a forwarded mail."""

    done: Carried
    asker: Asker
    failed: Line | None  # what went wrong; None: nothing
    noted: tuple[Line, ...] = ()  # that words became a note


def open_forwarded(mail: AgentMail, forward: Forward, mentions: tuple[int, ...]) -> Outcome:
    """The ticket of a forwarded mail; where nobody can be seen in it, of the agent, who is asked whose it is."""
    if _is_own(mail, forward):
        return _of_our_own(mail, forward, mentions)
    above = read_above(mail, written_in(mail.message))
    return opened(mail, above, lambda: _opened(mail, forward, mentions, above))


def _opened(mail: AgentMail, forward: Forward, mentions: tuple[int, ...], above: Above) -> Opened:
    original = original_of(forward, mail.d.takes_no_part)
    message = _of_customer(mail, original, original.author or Mailbox(mail.agent.name, mail.agent.email))
    message = replace(message, attachments=_files(mail.message, forward))
    id = _original_id(mail.message, forward) if original.forward is forward else None
    known = tickets.holders(mail.c, [*filter(None, (id,)), *forward.references])
    if id is not None and id not in known and not is_ours(id):  # else it belongs to another ticket
        message = replace(message, message_id=id)
    numbers = (number for found in known.values() for number, _ in found)
    answered = (token.ticket for each in forward.references for token in find_message_tokens(each))
    named = (tickets.goes_on_in(mail.c, number) for number in (*numbers, *answered))
    mentions = tuple(dict.fromkeys((*mentions, *(each.number for each in named if each is not None))))
    match = ThreadMatch(None, "none", "stranger", f"forwarded by {mail.agent.id}", mentions)
    inbound = replace(mail.inbound, verified=None)  # it was found out about the forwarder
    told: list[_Said] = []

    def begun(ticket: Ticket) -> None:
        _save(mail, ticket, _header(mail, original))
        told.append(_said_above(mail, ticket.number, above))

    outcome = by_anybody(inbound, message, mail.d, mail.c, found=match, forwarded=begun)
    for said in told:
        tell(mail.c, replace(said.done, lines=()), said.asker, mail.duty, mail.inbound.key)
    ticket = tickets.find_ticket(mail.c, outcome.ticket) if outcome.ticket is not None else None
    if ticket is None or outcome.disposition != "ticket":  # a rule ended it
        return Opened(outcome)
    failed = next((said.failed for said in told if said.failed is not None), None)
    if stands_in(ticket, mail.d.rules):
        ask_for_customer(mail, ticket.number, original.candidates, failed)
    elif ticket.requester is not None:
        _receipt(mail, ticket.number, ticket.requester, failed)
    lines = tuple(line for said in told for line in (*said.noted, *said.done.lines))
    cc = tuple(who for who in original.forward.cc if normal(who.address) not in mail.d.takes_no_part)
    return Opened(outcome, (*lines, *((failed,) if failed is not None else ())), cc)


def _is_own(mail: AgentMail, forward: Forward) -> bool:
    """Whether the forwarded mail is one that we sent: it has words for our people, and no customer wrote it."""
    ours = forward.author is not None and forward.author.address in mail.d.notifying.own_addresses
    return ours or (forward.message_id is not None and is_ours(forward.message_id))


def _of_our_own(mail: AgentMail, forward: Forward, mentions: tuple[int, ...]) -> Outcome:
    """A mail of ours that is passed on: its ticket is there already, and its writer is asked what he wants of it.

    Nothing of it is an entry that customers may read. Where he wants a new ticket, or sees none that it is about, it is
    a note in one of his own, and he is asked for the customer.
    """
    addresses = (sub_address(who.address, mail.d.desk.delimiter)[1] for who in forward.reply_to)
    given = (token for detail in addresses if detail and (token := read_reply(detail)) is not None)
    ids = (*filter(None, (forward.message_id,)), *forward.references)
    named = (
        *(token.ticket for each in ids for token in find_message_tokens(each)),
        *(token.ticket for token in given if token.ticket is not None and token.purpose in ("t", "n")),
        *(token.ticket for token in find_body_tokens(forward.text)),
        *find_subject_numbers(forward.subject, mail.d.rules.defaults.subject_prefix),
        *mentions,
    )
    found = (tickets.goes_on_in(mail.c, number) for number in dict.fromkeys(named[:_MOST_NAMED]))
    seen = [each for each in found if each is not None and sees(mail.agent, each, mail.d.rules)]
    if seen and not mail.inbound.released:
        strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
        told = strings["told_own_mail"].format(number=seen[0].number)
        words = forward.comment.strip() or mail.message.subject.strip() or f"#{seen[0].number}"
        proposal = Proposal(words, as_note=True, attachments=mail.message.attachments, seen=seen[0].revision)
        return hold(mail, seen[0], Why("forwarded", told=told), proposal)
    text = "\n\n".join(filter(None, (forward.comment.strip(), _as_words(forward))))
    message = replace(mail.message, subject=_subject(mail, forward), text=text, quoted="", html=None, forward=None)
    match = ThreadMatch(None, "none", "stranger", f"forwarded by {mail.agent.id}", tuple(each.number for each in seen))
    outcome = by_anybody(
        mail.inbound, message, mail.d, mail.c, found=match, forwarded=lambda _: as_note(mail.c, mail.inbound.key)
    )
    if outcome.ticket is not None and outcome.disposition == "ticket":  # else a rule ended it
        ask_for_customer(mail, outcome.ticket)
    return outcome


def mark_unproven(mail: AgentMail, number: int) -> None:
    """Nothing proves the address of the customer of the ticket, whom the agent names."""
    if (ticket := tickets.find_ticket(mail.c, number)) is not None:
        _save(mail, ticket, SetField("flags", (*ticket.flags, FROM_FORWARD), actor(mail.agent.id)))


def take_back(mail: AgentMail, held: HeldMail) -> str:
    """The ticket is the agent's own again, nobody else takes part, and he is asked whose it is; in a few words."""
    ticket = tickets.find_ticket(mail.c, held.ticket or 0, lock=True)
    if ticket is None or ticket.requester is None:
        return "it is gone"
    was = normal(ticket.requester.address)
    own = Mailbox(mail.agent.name, mail.agent.email)
    _save(mail, ticket, SetRequester(own, actor(mail.agent.id)))
    wanted = TakePart(ticket.number, (was,), remove=True, by=mail.agent.id)
    OPERATIONS["ticket.people"].perform(mail.c, wanted, mail.duty)
    ask_for_customer(mail, ticket.number)
    return f"{was} has nothing to do with #{ticket.number} any more"


def ask_for_customer(
    mail: AgentMail, number: int, candidates: tuple[str, ...] = (), failed: Line | None = None
) -> None:
    """A mail that is answered with an address.

    candidates  that it may be.  failed  what else went wrong; None: nothing
    """
    ticket = tickets.find_ticket(mail.c, number)
    words = lines_of_words(mail.message.forward.text if mail.message.forward is not None else mail.message.text)
    choices = tuple({"word": "customer", "command": f"#customer {address}"} for address in candidates)
    told = f"{failed.what}: {failed.detail}" if failed is not None else None
    values = {"reason": "customer", "words": words, "choices": choices, "told": told}
    revision = ticket.revision if ticket is not None else 0
    notice = _notice(mail, number, "hold", values, f"customer:{mail.inbound.key}")
    enqueue(replace(notice, purpose="t", revision=revision), mail.d.desk, mail.c, mail.now)


def _original_id(message: Message, forward: Forward) -> str | None:
    """The Message-ID of the forwarded mail: its own, else what a program says that it passes on; None: nothing."""
    if forward.part is not None:
        return forward.message_id
    said = message_ids(message.values("x-forwarded-message-id"), 1) or message.in_reply_to
    return next(iter(said), None)


def _of_customer(mail: AgentMail, original: Original, who: Mailbox) -> Message:
    """The forwarded mail as if it had come by itself. What our boundary found out is about the forwarder."""
    forward = original.forward
    language = language_of(None, forward.text, mail.d.languages)
    return replace(
        mail.message,
        fields=tuple(f for f in mail.message.fields if f.name.lower() not in _OF_FORWARDER),
        message_id=None,
        in_reply_to=(),
        references=(),
        author=who,
        sender=None,
        reply_to=(),
        to=(),
        cc=(),
        subject=_subject(mail, forward),
        text="\n\n".join((forward.text, *map(_as_words, forward.more))),
        quoted="",
        signature="",
        html=None,
        language=language.code,
        language_source=language.source,
        language_confidence=language.confidence,
        forward=None,
    )


def _subject(mail: AgentMail, forward: Forward) -> str:
    """That of the forwarded mail, without our tag of another ticket, which is only mentioned."""
    subject = without_forward_words(forward.subject or mail.message.subject)
    return without_tags(subject, mail.d.rules.defaults.subject_prefix)


def _as_words(forward: Forward) -> str:
    above = "\n".join(filter(None, (f"From: {forward.author or '—'}", header_lines(forward))))
    return f"{above}\n\n{forward.text}"


def _files(message: Message, forward: Forward) -> tuple[Attachment, ...]:
    """Those of the mail; behind each mail that is attached, called as its subject, those that it has itself."""
    mails = {each.part: each for each in (forward, *forward.more) if each.part is not None}
    found: list[Attachment] = []
    for file in message.attachments:
        if (of := mails.get(file.part)) is None:
            found.append(file)
            continue
        name = f"{of.subject}.eml" if of.subject and file.name.startswith("part-") else file.name
        found += [replace(file, name=clean_name(name, part=file.part, media_type=file.media_type)), *of.attachments]
    return tuple(found)


def _header(mail: AgentMail, original: Original) -> AddEntry:
    """What the header of the forwarded mail says beside its author, and through whose hands it went."""
    forward = original.forward
    whose = ", ".join(map(str, (*((forward.author,) if forward.author is not None else ()), *forward.others)))
    seen = whose == str(original.author) and header_lines(forward)  # whose it is stands beside his words
    told = header_lines(forward) if seen else f"From: {whose or '—'}\n{header_lines(forward)}".strip()
    beside = ", ".join(map(str, sent_beside(mail)))
    passed = f"Forwarded to: {beside}" if beside else ""
    by = Mailbox(mail.agent.name, mail.agent.email)
    text = "\n\n".join(filter(None, (original.hands, "\n".join(filter(None, (told, passed))))))
    return AddEntry("event", by, mail.now, text, "", "", None, None, public=False, trust=None)


def _said_above(mail: AgentMail, number: int, above: Above) -> _Said:
    """What stands above the forwarded mail, done: a note, which the first mails about the ticket show, and commands."""
    asker, orders = Asker(mail.agent, number, "note"), above.orders
    if above.failed is not None:
        comment = mail.message.forward.comment if mail.message.forward is not None else ""
        return _Said(Carried(), asker, above.failed, _note(mail, number, comment))
    alone = not any(orders.has(name) for name in (*INSERT, "ask", "internal"))  # else the words belong to a command
    noted = _note(mail, number, orders.text) if alone else ()
    done, failed = obeyed(mail, asker, replace(orders, text="") if alone else orders)
    if not alone and failed is not None:
        noted = _note(mail, number, orders.text)
    return _Said(done, asker, failed, noted)


def _note(mail: AgentMail, number: int, words: str) -> tuple[Line, ...]:
    if not words.strip():
        return ()
    note = Note(number, words, mail.agent.id, tells=False)
    return tuple(Line("ok", "#note", done.said) for done in OPERATIONS["ticket.note"].perform(mail.c, note, mail.duty))


def _receipt(mail: AgentMail, number: int, customer: Mailbox, failed: Line | None) -> None:
    """Where the forward went, with one tap to take it back."""
    id = held_mail.hold(
        mail.c,
        mail=mail.inbound.key,
        ticket=number,
        agent=mail.agent.id,
        code=CODE,
        proposal=Proposal(""),
        at=mail.now,
        expires_at=mail.now + HELD_FOR,
    )
    values = {
        "lines": (asdict(failed),) if failed is not None else (),
        "summary": f"#{number}",
        "opened_for": {"address": customer.address, "name": customer.name, "whole": str(customer)},
        "undo": "#undo",
        "undo_until": (mail.now + HELD_FOR).isoformat(),
    }
    notice = _notice(mail, number, "receipt", values, f"forward:{id}")
    enqueue(replace(notice, purpose="h", item=id), mail.d.desk, mail.c, mail.now)


def _notice(mail: AgentMail, number: int, template: str, values: Mapping[str, object], key: str) -> Notification:
    ticket = tickets.find_ticket(mail.c, number)
    notice = to_agent(mail.agent, template, values, mail.d.rules, key=key, cause=actor(mail.agent.id), about=ticket)
    return replace(notice, auto_submitted="auto-replied")


def _save(mail: AgentMail, ticket: Ticket, change: AddEntry | SetField | SetRequester) -> None:
    save(
        mail.c,
        (change,),
        ticket_before=ticket,
        source=None,
        actor=actor(mail.agent.id),
        now=mail.now,
        promises=mail.d.promises,
        basis=mail.basis,
    )
