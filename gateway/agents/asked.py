"""The answer of somebody whom an agent asked: a note in the ticket, which no customer sees and which changes nothing.

Sources      agents-by-mail.md §4 (`#ask`), mails-out.md §2 (the token that it comes back with). It proves that the
             question went to its author. Whoever else has it answers for him, which is told with his words. Who writes
             to the team instead is known by the Message-ID of the question that was sent to him, as a customer is.
Transaction  that of the mail.
Not here     the question (operations/asking.py).
"""

from sqlalchemy import Connection

from gateway.deciding.decide import without_our_words
from gateway.deciding.types import Deps
from gateway.events import carry_out, customer_of, happened
from gateway.message.address import normal
from gateway.message.types import Accepted, Auth, Classification, Message
from gateway.operations.asking import QUESTION, SIDE
from gateway.pipeline import ended, same_as_before
from gateway.rules.types import Decision, Notify, Trace
from gateway.store import outbox, tickets
from gateway.store.changes import save
from gateway.store.view import StoreView
from gateway.ticket.answered import answered_ids, is_forward, reply_tokens
from gateway.ticket.notices import what_was_said
from gateway.ticket.token_forms import ReplyToken, find_message_tokens
from gateway.ticket.types import AGENT_NOTICE, AddEntry, Evidence, Outcome, ThreadMatch, Ticket

_MOST_IDS = 20  # of the newest References; more are a flood
_MOST_MAILS = 200  # of a ticket, among which the question is looked for


def answer_of_asked(
    inbound: Accepted, message: Message, verdict: Classification, auth: Auth, d: Deps, c: Connection
) -> Outcome | None:
    """What became of it; None when the mail is no such answer."""
    author = message.author
    if author is None or auth.dmarc == "fail":
        return None
    shown = reply_tokens(message, inbound.envelope, d.desk.delimiter)
    tokens = (t for t in shown if t.purpose == SIDE and t.ticket)
    found = next(((t.ticket or 0, who) for t in tokens if (who := _asked(c, t, author.address, d)) is not None), None)
    by: Evidence = "token" if found is not None else "references"
    if found is None and not shown and (number := _answers_question(c, message, normal(author.address), d)) is not None:
        found = number, normal(author.address)
    ticket = tickets.goes_on_in(c, found[0]) if found is not None else None
    if found is None or ticket is None:
        return None
    asked, himself = found[1], found[1] == normal(author.address)
    if not himself and normal(author.address) in tickets.participants(c, ticket.number):
        return None
    now = d.now()
    if (duplicate := same_as_before(inbound, message, d, c, now)) is not None:
        return duplicate
    message = without_our_words(message, ticket.number, d.languages, StoreView(c))
    by_person = verdict.kind == "person"
    entry = AddEntry(
        "note" if by_person else "event",
        author,
        inbound.envelope.received_at,
        message.text,
        message.quoted,
        message.signature,
        message.html,
        message.message_id,
        public=False,
        trust="proven" if himself else "third-party",
        attachments=message.attachments,
        evidence=by,
    )
    saved = save(
        c, (entry,), ticket_before=ticket, source=inbound.key, actor="customer", now=now, promises=d.promises
    )  # fmt: skip
    if by_person:
        after = saved.ticket or ticket
        happened(c, ticket, after, ("note",), d, now, actor="customer", text=message.text)
        _tell(c, inbound, message, after, asked, d, himself=himself)
    reason = f"answer of {normal(author.address)}, {'who' if himself else f'where {asked}'} was asked"
    outcome = Outcome(inbound.key, "entry", reason, ticket.number, saved.entry)
    match = ThreadMatch(ticket.number, by, "proven", "he was asked, and answers the question")
    return ended(outcome, inbound, message, d, c, now, auth=auth, match=match)


def _asked(c: Connection, token: ReplyToken, author: str, d: Deps) -> str | None:
    """The address in normal form that the question went to: of the author, or of whom he answers for; None: of nobody.

    People answer from another address of theirs, or let a colleague answer; it is a note, for our people alone.
    """
    sent = outbox.find_many(c, states=(), ticket=token.ticket, recipient=None, limit=_MOST_MAILS)
    others = (item.forward_path for item in sent if item.template == "answer")
    who = d.desk.ring.holder(token, dict.fromkeys((author, *others)))
    return normal(who) if who is not None else None


def _answers_question(c: Connection, message: Message, author: str, d: Deps) -> int | None:
    """The ticket of the question that the mail answers by what its header names; None: of no question to its author.

    The newest of our mails to him decides. Who takes part by now had others of the same thread: of his mails those
    alone are meant that answer the question itself.
    """
    if is_forward(message):
        return None
    parents = answered_ids(message)
    named = dict.fromkeys((*message.in_reply_to, *reversed(message.references)))
    for id in list(named)[:_MOST_IDS]:
        for token in (t for t in find_message_tokens(id) if not t.root):
            if d.desk.ring.holder(token, (author,)) is None:
                continue
            sent = outbox.find_many(c, states=(), ticket=token.ticket, recipient=author, limit=_MOST_MAILS)
            item = next((each for each in sent if each.message_id == id and normal(each.forward_path) == author), None)
            asked = item is not None and item.dedupe_key.startswith(QUESTION)
            himself = id in parents or author not in tickets.participants(c, token.ticket)
            return token.ticket if asked and himself else None
    return None


def _tell(
    c: Connection, inbound: Accepted, message: Message, ticket: Ticket, address: str, d: Deps, *, himself: bool
) -> None:
    """Whoever asked hears of the answer; where he is no agent any more, the owner does.

    address  that was asked.  himself  whether the answer came from it
    """
    sent = outbox.find_many(c, states=(), ticket=ticket.number, recipient=address, limit=20)
    asked = (item.cause.removeprefix("agent:") for item in sent if item.template == "answer")
    who = next((id for id in asked if id in d.rules.agents), "assignee")
    told = {
        "happened": "note",
        "because": "asked" if himself else "asked_other",
        **what_was_said(message.text, message.author, inbound.envelope.received_at, message.attachments),
    }
    decision = Decision((Notify("ask", (who,), AGENT_NOTICE),), Trace(d.rules.revision, d.rules.sha256, ()))
    carry_out(c, ticket, (), decision, customer_of(c, ticket), d, d.now(), key=f"asked:{inbound.key}", told=told)
