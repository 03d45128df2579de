"""Who writes commands at this desk, what each word means there, and what of a mail is kept until he says more.

Not here  the words (ticket/command_table.py, templates/_strings), reading them (ticket/commands.py).
"""

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from gateway.agents.types import AgentMail
from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.message.sealed import begins_sealed, is_sealed_file, is_sealed_text, is_signature
from gateway.message.types import Attachment, Mailbox, Message
from gateway.store.held_mail import Proposal
from gateway.ticket.command_table import Vocabulary
from gateway.ticket.command_values import Writer
from gateway.ticket.commands import written_in
from gateway.ticket.visibility import answers

_MOST_HTML = 256 << 10  # characters: a person does not write so much, and held mails keep it


def writer_of(mail: AgentMail) -> Writer:
    """The agent, with his clock and what his words can name."""
    rules, agent = mail.d.rules, mail.agent
    calendar = rules.calendars.get(agent.calendar or rules.defaults.calendar or "")
    zone = ZoneInfo(agent.timezone or (calendar.timezone if calendar is not None else "UTC"))
    return Writer(agent, rules, mail.now, zone, mail.d.languages, mail.d.notifying.own_addresses)


def sent_beside(mail: AgentMail) -> tuple[Mailbox, ...]:
    """Whom the agent sent his mail to himself: nobody of ours."""
    ours = mail.d.takes_no_part
    shown = (*mail.message.to, *mail.message.cc)
    return tuple(m for m in shown if m.address not in ours)


def base_address(mail: AgentMail, address: str) -> str:
    """The address without its sub-address, in normal form."""
    local, _, domain = normal(address).rpartition("@")
    return f"{local.partition(mail.d.desk.delimiter)[0]}@{domain}"


def vocabulary(d: Deps) -> Vocabulary:
    """Every word of a command, in every language that we write."""
    templates = d.desk.templates
    return Vocabulary({language: templates.words(language) for language in d.languages}, d.rules.statuses)


def kept(mail: AgentMail, message: Message, seen: int = 0, *, as_note: bool = False) -> Proposal:
    """As it would be read when its writer lets it go on; what came to an address for notes stays a note."""
    message = with_armour(message)
    as_note = as_note or not answers(mail.agent) or any(token.purpose == "n" for token in mail.claim.tokens)
    return Proposal(
        message.text,
        orders=written_in(message).plain,
        as_note=as_note,
        attachments=own_files(message),
        seen=seen,
        html=html_of(message),
    )


def html_of(message: Message) -> str | None:
    """The HTML that the words of a mail may be set in; None where there is none, or too much of it."""
    return message.html if message.html is not None and len(message.html) <= _MOST_HTML else None


def own_files(message: Message) -> tuple[Attachment, ...]:
    """What its writer attached: no signature, and no key that his program puts beside one."""
    signed = any(defect.code == "signed" for defect in message.defects)
    unwanted = {"application/pgp-keys"} if signed else set()
    found = (each for each in message.attachments if each.media_type not in unwanted)
    return tuple(each for each in found if not is_signature(each.media_type, each.name))


def with_armour(message: Message) -> Message:
    """With what is armoured below its words as words of its own: a mail that is folded begins with how it is told."""
    if not begins_sealed(message.quoted):
        return message
    return replace(message, text=f"{message.text}\n\n{message.quoted}", quoted="")


def is_sealed(text: str, attachments: Iterable[Attachment]) -> bool:
    """Whether some of a mail is closed to us: nobody knows what it says."""
    return is_sealed_text(text) or any(is_sealed_file(each.media_type, each.name) for each in attachments)


def real_files(attachments: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """Those of them that stand alone."""
    return tuple(each for each in attachments if each.stands_alone)
