"""The words of a proven agent become an answer or a note, through the same operations that the command line asks for.

Transaction  that of the mail; an operation that refuses changes nothing, and the mail is held with its word.
Not here     whether they may go out (answering.py), what the operations do (operations/answers.py).
"""

from collections.abc import Sequence

from gateway.agents.holding import Why, hold
from gateway.agents.types import AgentMail
from gateway.message.cut_out import cut_out
from gateway.message.limits import ParseLimits
from gateway.message.types import Attachment
from gateway.operations.answers import Answer, Note
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Came, Done
from gateway.store import inbound
from gateway.store.held_mail import HeldMail, Proposal
from gateway.ticket.commands import Orders
from gateway.ticket.types import File, Outcome, Ticket

_LIMITS = ParseLimits()


def carry_out(
    mail: AgentMail, ticket: Ticket, orders: Orders, proposal: Proposal, held: HeldMail | None = None
) -> Outcome:
    """The answer is queued, or the note is kept; where neither can be, the mail is held.

    held  the mail that it is about, where it is not this one
    """
    key = held.mail if held is not None else mail.inbound.key
    text, by, number = orders.text, mail.agent.id, ticket.number
    came = came_by(mail, proposal, key)
    wanted: Answer | Note
    if proposal.as_note:
        operation, wanted = "ticket.note", Note(number, text, by, came=came)
    else:
        files = files_of(mail, key, proposal.attachments)
        operation, wanted = "ticket.answer", Answer(number, text, None, by, files, came=came)
    done: Done = OPERATIONS[operation].perform(mail.c, wanted, mail.duty)[0]
    if done.outcome != "done":
        return hold(mail, ticket, Why("refused", told=done.said), proposal)
    if held is not None:
        return mail.end("record", f"h-{held.id} sent: {done.said}", number)
    return mail.end("entry", f"{operation.removeprefix('ticket.')} of {by}: {done.said}", number)


def came_by(mail: AgentMail, proposal: Proposal, key: str) -> Came:
    """By which mail the words came, and who has them from the agent himself."""
    beside = () if proposal.as_note else proposal.beside
    return Came(key, mail.message.message_id, proposal.attachments, beside)


def files_of(mail: AgentMail, key: str, attachments: Sequence[Attachment]) -> tuple[File, ...]:
    """The files of an accepted mail, cut out of its octets."""
    if not attachments:
        return ()
    row = inbound.find(mail.c, key)
    pieces = inbound.pieces(mail.c, key, 0, 1 + (row.size if row is not None else 0) // inbound.PIECE_OCTETS)
    octets = cut_out(b"".join(pieces), [each.part for each in attachments], _LIMITS)
    found = ((each, octets.get(each.part.partition("/")[0], b"")) for each in attachments)
    return tuple(File(each.name, each.media_type, content) for each, content in found)
