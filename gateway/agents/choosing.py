"""What becomes of a mail that was held: what its writer chose, or what a day without a word makes of it.

Sources      agents-by-mail.md §5. An answer that nobody decided about becomes a note, a mail of commands ends without
             effect, one that nobody could be believed to have written stays as a third party's words.
Transaction  that of the mail which decides, or of the timer; a mail is decided about once.
Not here     why it was held (answering.py), the mail with the choices (holding.py).
"""

import re

import structlog
from sqlalchemy import Connection

from gateway.agents.answering import EVERY_DOUBT, Doubt, Wanted, done
from gateway.agents.reading import vocabulary
from gateway.agents.types import AgentMail
from gateway.deciding.types import Deps
from gateway.message.types import Mailbox
from gateway.operations.answers import Note
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Came, Duty
from gateway.store import held_mail, inbound, tickets
from gateway.store.changes import save
from gateway.store.held_mail import HeldMail, State
from gateway.ticket.commands import Written, written_in
from gateway.ticket.types import AddEntry, Outcome
from gateway.ticket.visibility import UNSEEN, notes, sees

OF_COMMANDS = frozenset({"unknown-command", "bad-value", "position", "html-only", "differs"})
_CHOICE = re.compile(r"#([^\W\d_]+)(?:[ \t]+([^\W\d_]+))?[.!]?")
_SETTLED: dict[str, frozenset[Doubt]] = {  # what a word settles, beside the reason itself
    "cut": frozenset({"cut"}),
    "leak": frozenset({"cut", "leak"}),
    "risk": frozenset({"cut", "leak", "risk"}),
    "collision": frozenset({"collision"}),
    "which": frozenset({"collision"}),  # nobody knows what he had seen
}
_NEW = "new"
log = structlog.get_logger("held")


def choose(mail: AgentMail, id: int) -> Outcome:
    """What the answer to a hold mail does; a word that is none changes nothing, and the item waits on."""
    held = held_mail.find(mail.c, id, lock=True)
    if held is None or held.agent != mail.agent.id:
        return mail.end("quarantine", f"no-right: h-{id} is not for {mail.agent.id}")
    if held.state != "waiting":
        return mail.end("record", f"h-{id} was {held.state} already", held.ticket)
    word, which = _chosen(mail)
    match word:
        case "discard":
            return _settled(mail, held, "discarded")
        case "note":
            return _noted(mail, held)
        case "send":
            return _sent(mail, held, which)
        case "new" if held.code == "which":
            inbound.reopen(mail.c, held.mail, released=True)
            return _settled(mail, held, "opened")
        case _:
            return mail.end("record", f"h-{id} waits: no choice in the first line", held.ticket)


def expire(c: Connection, held: HeldMail, d: Deps, duty: Duty) -> None:
    """A day is over without a word."""
    if not held_mail.settle(c, held, "expired" if held.code in OF_COMMANDS else "noted", "timer", duty.now):
        return
    log.info("held.expired", id=held.id, ticket=held.ticket, code=held.code)
    ticket = tickets.goes_on_in(c, held.ticket) if held.ticket is not None else None
    if held.code in OF_COMMANDS or ticket is None or held.agent not in d.rules.agents:
        return
    if held.code == "no-proof":
        agent = d.rules.agents[held.agent]
        row = inbound.find(c, held.mail)
        words = AddEntry(
            "mail", Mailbox(agent.name, agent.email), row.received_at if row else duty.now, held.proposal.text, "", "",
            None, None, public=False, trust="third-party", attachments=held.proposal.attachments, held="third-party",
        )  # fmt: skip
        promises = d.promises
        save(c, (words,), ticket_before=ticket, source=held.mail, actor="timer", now=duty.now, promises=promises)
        return
    came = Came(held.mail, None, held.proposal.attachments)
    OPERATIONS["ticket.note"].perform(c, Note(ticket.number, held.proposal.text, held.agent, came=came), duty)


def _chosen(mail: AgentMail) -> tuple[str, str]:
    """The command of the first line that says anything, in any language, and the word behind it; empty: none."""
    text = written_in(mail.message).plain or ""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    found = _CHOICE.match(first)
    info = vocabulary(mail.d).find(found[1]) if found is not None else None
    if found is None or (info is None and found[1].casefold() != _NEW):
        return "", ""
    return info.name if info is not None else _NEW, (found[2] or "").casefold()


def _settled(mail: AgentMail, held: HeldMail, state: State) -> Outcome:
    held_mail.settle(mail.c, held, state, f"agent:{mail.agent.id}", mail.now)
    return mail.end("record", f"h-{held.id} {state}", held.ticket)


def _noted(mail: AgentMail, held: HeldMail) -> Outcome:
    if held.ticket is None:
        return mail.end("record", f"h-{held.id} waits: it is about no ticket", held.ticket)
    held_mail.settle(mail.c, held, "noted", f"agent:{mail.agent.id}", mail.now)
    came = Came(held.mail, None, held.proposal.attachments)
    note = Note(held.ticket, held.proposal.text, mail.agent.id, came=came)
    said = OPERATIONS["ticket.note"].perform(mail.c, note, mail.duty)[0]
    return mail.end("record", f"h-{held.id} noted: {said.said}", held.ticket)


def _sent(mail: AgentMail, held: HeldMail, which: str) -> Outcome:
    """As its writer wants it now; whatever else there is to doubt is asked about as ever."""
    ticket = tickets.goes_on_in(mail.c, held.ticket) if held.ticket is not None else None
    if ticket is None or not sees(mail.agent, ticket, mail.d.rules) or not notes(mail.agent):
        return mail.end("quarantine", f"no-right: {UNSEEN}", held.ticket)
    held_mail.settle(mail.c, held, "sent", f"agent:{mail.agent.id}", mail.now)
    proposal, plain = held.proposal, held.code not in OF_COMMANDS or which == "text"
    text = proposal.longer if which == "long" and proposal.longer is not None else proposal.text
    if held.code in OF_COMMANDS:
        text = (proposal.words if plain else proposal.orders) or proposal.text
    if held.code == "collision" and proposal.orders is not None:
        text, plain = proposal.orders, False
    doubts = EVERY_DOUBT - _SETTLED.get(held.code, frozenset())
    return done(mail, ticket, Wanted(Written(text), proposal, proposal.seen, doubts, plain=plain), held)
