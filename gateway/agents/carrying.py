"""The orders and the words of a proven agent are carried out, by the operations that the command line asks for, too.

Transaction  that of the mail. Where one of them cannot be done nothing is, and the mail is held with the reason.
Not here     whether the words may go out (answering.py), what the operations do (operations/orders.py).
"""

from collections.abc import Sequence
from dataclasses import replace

from gateway.agents.absent import back_by_answer
from gateway.agents.holding import Why, hold, hold_for_confirmation
from gateway.agents.reading import is_sealed, real_files
from gateway.agents.telling import tell_of
from gateway.agents.types import AgentMail
from gateway.message.cut_out import cut_out
from gateway.message.limits import ParseLimits
from gateway.message.types import Attachment
from gateway.operations.order_mails import tell
from gateway.operations.order_types import Asker, Carried
from gateway.operations.orders import carried_out
from gateway.operations.types import Came
from gateway.store import inbound
from gateway.store.held_mail import HeldMail, Proposal
from gateway.ticket.commands import Orders
from gateway.ticket.saying import worded
from gateway.ticket.types import File, Outcome, Ticket

_LIMITS = ParseLimits()
_SHOWN = 200  # characters of what was done, in the reasons of a mail


def carry_out(
    mail: AgentMail, ticket: Ticket | None, orders: Orders, proposal: Proposal, held: HeldMail | None = None
) -> Outcome:
    """Everything is done, and its writer hears of it as he wants to; where something cannot be, the mail is held.

    ticket  that the mail is about; None: its commands name theirs
    held    the mail that it is about, where it is not this one
    """
    key = held.mail if held is not None else mail.inbound.key
    notes_alone = proposal.as_note and all(each.name == "note" for each in orders.commands)
    asked = held is not None and held.code == "risk"  # about a picture: that of a signature is no answer
    files = proposal.attachments if notes_alone or asked else real_files(proposal.attachments)
    said = ticket is not None and bool(orders.text.strip() or files)
    if not said and all(each.name == "note" for each in orders.commands):  # a note without words is none
        return _says_nothing(mail, ticket, proposal)
    asker = Asker(
        mail.agent,
        ticket.number if ticket is not None else None,
        "note" if proposal.as_note else "answer",
        files_of(mail, key, proposal.attachments) if said else (),
        confirmed=held is not None and held.code == "confirm",
        came=_came(mail, proposal, key),
    )
    done = carried_out(mail.c, orders, asker, mail.duty)
    if done.refused is not None:
        words = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
        why = Why("bad-value" if orders.commands else "refused", done.refused.written, done.refused.wrong.said(words))
        return hold(mail, ticket, why, replace(proposal, orders=None))
    if done.questions:
        return hold_for_confirmation(mail, ticket, done, asker, proposal)
    if not done.lines and not done.asked:
        tell_of(mail, asker.number, "empty")
    tell(mail.c, done, asker, mail.duty, mail.inbound.key)
    if done.answered:
        back_by_answer(mail)
    return _ended(mail, ticket, done, held, said=said and not done.dry)


def _says_nothing(mail: AgentMail, ticket: Ticket | None, proposal: Proposal) -> Outcome:
    """Neither commands, nor words or files for a ticket: its writer hears of it; a picture may be an answer."""
    if ticket is not None and proposal.attachments:
        told = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))["risk_picture"]
        return hold(mail, ticket, Why("risk", told=told), proposal)
    closed = is_sealed(mail.message.text, mail.message.attachments)
    what = "sealed" if closed else "words" if proposal.text.strip() or proposal.attachments else "empty"
    tell_of(mail, ticket.number if ticket is not None else None, what)
    return mail.end("record", f"{mail.agent.id}: nothing to do", ticket.number if ticket is not None else None)


def _ended(mail: AgentMail, ticket: Ticket | None, done: Carried, held: HeldMail | None, *, said: bool) -> Outcome:
    number = ticket.number if ticket is not None else None
    english = mail.d.desk.templates.english
    lines = (f"{worded(line.what, english)}: {worded(line.detail, english)}" for line in done.lines)
    words = "; ".join(lines)[:_SHOWN] or "questions"
    if held is not None:
        return mail.end("record", f"h-{held.id} {'confirmed' if held.code == 'confirm' else 'sent'}: {words}", number)
    return mail.end("entry" if said else "record", f"{mail.agent.id}: {words}", number)


def _came(mail: AgentMail, proposal: Proposal, key: str) -> Came:
    """By which mail the words came, and who has them from the agent himself."""
    beside = () if proposal.as_note else proposal.beside
    return Came(key, mail.message.message_id, proposal.attachments, beside, proposal.html)


def files_of(mail: AgentMail, key: str, attachments: Sequence[Attachment]) -> tuple[File, ...]:
    """The files of an accepted mail, cut out of its octets."""
    if not attachments:
        return ()
    row = inbound.find(mail.c, key)
    pieces = inbound.pieces(mail.c, key, 0, 1 + (row.size if row is not None else 0) // inbound.PIECE_OCTETS)
    octets = cut_out(b"".join(pieces), [each.part for each in attachments], _LIMITS)
    found = ((each, octets.get(each.part.partition("/")[0], b"")) for each in attachments)
    return tuple(File(each.name, each.media_type, content) for each, content in found)
