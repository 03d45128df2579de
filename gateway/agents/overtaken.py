"""Answers that were to leave later, in a ticket whose customer writes first: they wait for their writers.

Sources      agents-by-mail.md §2 (`#send in 10m`), §5 (collision): nobody is answered past what he wrote meanwhile.
Transaction  that of the mail of the customer, or of the word of the writer.
Not here     putting an answer off (operations/answers.py), the choices (choosing.py).
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.agents.holding import Why, ask, hold
from gateway.agents.types import AgentMail
from gateway.deciding.types import Deps
from gateway.operations.person import actor
from gateway.store import held_mail, outbox, tickets
from gateway.store.changes import save
from gateway.store.held_mail import HeldMail, Proposal
from gateway.ticket.life import after_answer
from gateway.ticket.types import Entry, Outcome, Ticket

_MOST = 100  # mails of a ticket that wait


def overtaken(outcome: Outcome, d: Deps, c: Connection) -> None:
    """What waits in the ticket of a mail is held where the mail is a customer's; its writers are asked."""
    entry = tickets.find_entry(c, outcome.entry) if outcome.entry is not None else None
    ticket = tickets.find_ticket(c, outcome.ticket) if outcome.ticket is not None else None
    if ticket is None or entry is None or entry.kind != "mail" or not entry.public or entry.held is not None:
        return
    found: dict[int, list[outbox.OutboxItem]] = {}
    for item in outbox.find_many(c, states=("queued",), ticket=ticket.number, recipient=None, limit=_MOST):
        answered = item.dedupe_key.split(":")
        later = item.next_attempt_at is not None and item.next_attempt_at > d.now() and item.attempts == 0
        if later and answered[0] == "answer" and item.cause.partition(":")[2] in d.rules.agents:
            found.setdefault(int(answered[1]), []).append(item)
    for id, items in found.items():
        words = tickets.find_entry(c, id)
        held = tuple(item.id for item in items if outbox.hold(c, item.id))
        if words is not None and words.source is not None and held:
            agent = d.rules.agents[items[0].cause.partition(":")[2]]
            proposal = Proposal(words.text, attachments=words.attachments, seen=ticket.revision, waiting=held)
            ask(agent, words.source, ticket, Why("collision", since=(entry,)), proposal, d, c, d.now())


def sent_after_all(mail: AgentMail, held: HeldMail, ticket: Ticket, since: Sequence[Entry]) -> Outcome:
    """The mails leave now, as they were written; where somebody said more since he was asked, he is asked again."""
    held_mail.settle(mail.c, held, "sent", actor(mail.agent.id), mail.now)
    waiting = held.proposal.waiting
    if since:
        proposal = Proposal(held.proposal.text, seen=ticket.revision, waiting=waiting)
        return hold(mail, ticket, Why("collision", since=since), proposal)
    left = [f"q-{id}" for id in waiting if outbox.release(mail.c, id, mail.now)]
    status = after_answer(mail.d.rules, mail.now, actor(mail.agent.id), None)
    save(
        mail.c, (status,), ticket_before=ticket, source=None, actor=actor(mail.agent.id), now=mail.now,
        promises=mail.d.promises, basis=mail.basis,
    )  # fmt: skip
    return mail.end("record", f"h-{held.id} sent: {', '.join(left) or 'nothing was left of it'}", ticket.number)
