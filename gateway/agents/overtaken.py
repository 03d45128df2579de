"""Answers that were to leave later, in a ticket where somebody else writes first: they wait for their writers.

Sources      agents-by-mail.md §2 (`#send in 10m`), §5 (collision): nobody answers past what the customer or a colleague
             said meanwhile, however that came.
Transaction  that of the mail or the operation that brought the words, or of the word of the writer.
Not here     putting an answer off (operations/answers.py), the choices (choosing.py).
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from gateway.agents.answering import said_since
from gateway.agents.holding import Why, ask, hold
from gateway.agents.types import AgentMail
from gateway.message.limits import ParseLimits
from gateway.message.parse import read_body
from gateway.operations.person import actor
from gateway.operations.types import Duty
from gateway.store import held_mail, outbox, tickets
from gateway.store.changes import save
from gateway.store.held_mail import HeldMail, Proposal
from gateway.store.outbox import OutboxItem
from gateway.ticket.life import after_answer
from gateway.ticket.types import Entry, Outcome, Ticket


def overtaken(c: Connection, duty: Duty, ticket: int | None = None) -> None:
    """Answers that were put off, and past which somebody else wrote since, are held; their writers are asked.

    ticket  where somebody may have written; None: anywhere
    """
    found: dict[int, list[OutboxItem]] = {}
    for item in outbox.put_off(c, "answer", duty.now):
        found.setdefault(int(item.dedupe_key.split(":")[1]), []).append(item)
    for entry, items in found.items():
        words, where = tickets.find_entry(c, entry), tickets.goes_on_in(c, items[0].ticket or 0)
        if words is None or words.source is None or where is None or ticket not in (None, where.number):
            continue
        if tickets.said_since(c, where.number, words.revision or 0):  # only then the rules have to be read
            _waits(c, duty, where, words, words.source, items)


def _waits(c: Connection, duty: Duty, ticket: Ticket, words: Entry, mail: str, items: Sequence[OutboxItem]) -> None:
    """These words of an agent wait for him, where it was somebody else who said more.

    mail   the key of that which they came by
    items  the mails that were to bring them
    """
    agent = duty.deps.rules.agents.get(items[0].cause.partition(":")[2])
    since = said_since(c, ticket, agent, words.revision or 0) if agent is not None else ()
    held = tuple(item.id for item in items if outbox.hold(c, item.id)) if since else ()
    if agent is not None and held:
        proposal = Proposal(words.text, attachments=words.attachments, seen=ticket.revision, waiting=held)
        ask(agent, mail, ticket, Why("collision", since=since), proposal, duty.deps, c, duty.now)


def sent_after_all(mail: AgentMail, held: HeldMail, ticket: Ticket, since: Sequence[Entry]) -> Outcome:
    """The mails leave now, as they were written; where somebody said more since he was asked, he is asked again."""
    held_mail.settle(mail.c, held, "sent", actor(mail.agent.id), mail.now)
    waiting = held.proposal.waiting
    if since:
        proposal = Proposal(held.proposal.text, seen=ticket.revision, waiting=waiting)
        return hold(mail, ticket, Why("collision", since=since), proposal)
    left = [f"q-{id}" for id in waiting if outbox.release(mail.c, id, mail.now)]
    solved = any(_says_solved(mail, id) for id in waiting)
    status = after_answer(mail.d.rules, mail.now, actor(mail.agent.id), "solved" if solved else None)
    save(
        mail.c, (status,), ticket_before=ticket, source=None, actor=actor(mail.agent.id), now=mail.now,
        promises=mail.d.promises, basis=mail.basis,
    )  # fmt: skip
    return mail.end("record", f"h-{held.id} sent: {', '.join(left) or 'nothing was left of it'}", ticket.number)


def _says_solved(mail: AgentMail, id: int) -> bool:
    """Whether a mail that was written already tells its reader that the matter is solved."""
    item, templates = outbox.find(mail.c, id), mail.d.desk.templates
    said = {templates.words(each)["solved_line"] for each in mail.d.languages}
    return item is not None and not said.isdisjoint(read_body(item.raw, ParseLimits()).text.splitlines())
