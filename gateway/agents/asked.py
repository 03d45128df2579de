"""The answer of somebody whom an agent asked: a note in the ticket, which no customer sees and which changes nothing.

Sources      agents-by-mail.md §4 (`#ask`), mails-out.md §2 (the token that it comes back with). It proves that the
             question went to its author; whoever else has it is a stranger.
Transaction  that of the mail.
Not here     the question (operations/asking.py).
"""

from sqlalchemy import Connection

from gateway.deciding.decide import without_our_words
from gateway.deciding.types import Deps
from gateway.events import carry_out, customer_of, happened
from gateway.message.address import normal
from gateway.message.types import Accepted, Auth, Classification, Message
from gateway.operations.asking import SIDE
from gateway.pipeline import ended, same_as_before
from gateway.rules.types import Decision, Notify, Trace
from gateway.store import outbox, tickets
from gateway.store.changes import save
from gateway.store.view import StoreView
from gateway.ticket.answered import reply_tokens
from gateway.ticket.notices import AGENT_NOTICE, what_was_said
from gateway.ticket.types import AddEntry, Outcome, ThreadMatch, Ticket


def answer_of_asked(
    inbound: Accepted, message: Message, verdict: Classification, auth: Auth, d: Deps, c: Connection
) -> Outcome | None:
    """What became of it; None when the mail is no such answer."""
    author, ring = message.author, d.desk.ring
    if author is None or auth.dmarc == "fail":
        return None
    tokens = (t for t in reply_tokens(message, inbound.envelope, d.desk.delimiter) if t.purpose == SIDE)
    number = next((t.ticket for t in tokens if t.ticket and ring.holder(t, (author.address,)) is not None), None)
    ticket = tickets.goes_on_in(c, number) if number is not None else None
    if ticket is None:
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
        trust="proven",
        attachments=message.attachments,
        evidence="token",
    )
    saved = save(
        c, (entry,), ticket_before=ticket, source=inbound.key, actor="customer", now=now, promises=d.promises
    )  # fmt: skip
    if by_person:
        after = saved.ticket or ticket
        happened(c, ticket, after, ("note",), d, now, actor="customer", text=message.text)
        _tell(c, inbound, message, after, normal(author.address), d)
    reason = f"answer of {normal(author.address)}, who was asked"
    outcome = Outcome(inbound.key, "entry", reason, ticket.number, saved.entry)
    match = ThreadMatch(ticket.number, "token", "proven", "he was asked, and answers the question")
    return ended(outcome, inbound, message, d, c, now, auth=auth, match=match)


def _tell(c: Connection, inbound: Accepted, message: Message, ticket: Ticket, address: str, d: Deps) -> None:
    """Whoever asked hears of the answer; where he is no agent any more, the owner does."""
    sent = outbox.find_many(c, states=(), ticket=ticket.number, recipient=address, limit=20)
    asked = (item.cause.removeprefix("agent:") for item in sent if item.template == "answer")
    who = next((id for id in asked if id in d.rules.agents), "assignee")
    told = {
        "happened": "note",
        "because": "asked",
        **what_was_said(message.text, message.author, inbound.envelope.received_at, message.attachments),
    }
    decision = Decision((Notify("ask", (who,), AGENT_NOTICE),), Trace(d.rules.revision, d.rules.sha256, ()))
    carry_out(c, ticket, (), decision, customer_of(c, ticket), d, d.now(), key=f"asked:{inbound.key}", told=told)
