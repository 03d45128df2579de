"""What becomes of a mail that was held when its writer chooses.

Sources      agents-by-mail.md §5.
Transaction  that of the mail which decides; a mail is decided about once.
Not here     why it was held (answering.py), the mail with the choices (holding.py), what becomes of it without a word
             (operations/held_mails.py).
"""

import re
from dataclasses import replace

from gateway.agents.answering import EVERY_DOUBT, Doubt, Wanted, done, said_since, without_ticket
from gateway.agents.forwarding import CODE as FORWARD
from gateway.agents.forwarding import take_back
from gateway.agents.holding import Why, choices, hold
from gateway.agents.overtaken import sent_after_all
from gateway.agents.reading import kept, vocabulary
from gateway.agents.telling import tell_of, unseen
from gateway.agents.types import AgentMail
from gateway.deciding.decide import without_our_words
from gateway.operations.held_mails import OF_COMMANDS, note_down
from gateway.operations.tongue import tongue_of
from gateway.store import held_mail, inbound, tickets
from gateway.store.held_mail import HeldMail, State
from gateway.store.view import StoreView
from gateway.ticket.commands import Written, written_in
from gateway.ticket.saying import worded
from gateway.ticket.types import Outcome
from gateway.ticket.visibility import UNSEEN, notes, sees

_CHOICE = re.compile(r"#([^\W\d_]+)(?:[ \t]+([^\W\d_]+))?[.!]?")
_SETTLED: dict[str, frozenset[Doubt]] = {  # what a word settles, beside the reason itself
    "cut": frozenset({"cut"}),
    "forwarded": frozenset({"forward"}),
    "leak": frozenset({"cut", "leak"}),
    "risk": frozenset({"cut", "leak", "risk"}),
    "confirm": frozenset({"cut", "leak", "risk"}),
}
_NEW = "new"
_BY: dict[State, str] = {  # the choice that led to a state
    "sent": "#send", "done": "#send", "noted": "#note", "discarded": "#discard", "opened": "#new",
}  # fmt: skip
_WORDS = frozenset({"send", "discard", "note", "confirm", "undo", _NEW})


def choose(mail: AgentMail, id: int) -> Outcome:
    """What the answer to a hold mail does; a word that is none changes nothing, and the item waits on."""
    held = held_mail.find(mail.c, id, lock=True)
    if held is None or held.agent != mail.agent.id:
        return mail.end("quarantine", f"no-right: h-{id} is not for {mail.agent.id}")
    word, which = _chosen(mail)
    if held.state != "waiting" and held.state != "expired":
        return _nothing(mail, held, word, f"was {held.state} already", "decided", how=_BY[held.state])
    if held.state == "expired" or held.expires_at <= mail.now:  # the timer may not have come by yet
        return _nothing(mail, held, word, "ended: its day is over", "over")
    if held.code == FORWARD:
        if word != "undo":
            return _nothing(mail, held, word, "waits: no #undo in the first line", "waits", choices="#undo")
        held_mail.settle(mail.c, held, "done", f"agent:{mail.agent.id}", mail.now)
        return mail.end("record", f"h-{id} undone: {take_back(mail, held)}", held.ticket)
    match word:
        case "discard":
            return _settled(mail, held, "discarded")
        case "confirm" if held.proposal.alone is not None:
            held_mail.settle(mail.c, held, "done", f"agent:{mail.agent.id}", mail.now)
            return without_ticket(mail, Wanted(Written(held.proposal.alone), held.proposal, 0), held)
        case "note" if held.proposal.alone is not None and held.proposal.orders is not None:
            return _sent(mail, replace(held, proposal=replace(held.proposal, as_note=True)), "")
        case "note":
            return _noted(mail, held)
        case "send" if held.code != "confirm":
            return _sent(mail, held, which)
        case "confirm" if held.code == "confirm":
            return _sent(mail, held, which)
        case "new" if held.code in ("which", "forwarded"):
            inbound.reopen(mail.c, held.mail, released=True)
            return _settled(mail, held, "opened")
        case _:
            return _no_choice(mail, held, word)


def _no_choice(mail: AgentMail, held: HeldMail, word: str) -> Outcome:
    taken = ("#confirm", "#discard") if held.code == "confirm" else [c for _, c in choices(held.code, held.proposal)]
    said = "waits: no choice in the first line"
    return _nothing(mail, held, word, said, "waits", choices=" · ".join(taken))


def _nothing(mail: AgentMail, held: HeldMail, word: str, said: str, told_as: str, **places: str) -> Outcome:
    """Nothing becomes of the item. Words that he wrote in place of a choice are held themselves, else he is told."""
    ticket = tickets.goes_on_in(mail.c, held.ticket) if held.ticket is not None else None
    if ticket is not None and sees(mail.agent, ticket, mail.d.rules) and notes(mail.agent):
        message = without_our_words(mail.message, ticket.number, mail.d.languages, StoreView(mail.c))
        below = message.text.strip().partition("\n")[2] if word in _WORDS else message.text
        if below.strip() or message.attachments:
            proposal = kept(mail, message, ticket.revision or 0, as_note=held.proposal.as_note)
            return hold(mail, ticket, Why("which"), proposal)
    tell_of(mail, held.ticket, told_as, item=f"h-{held.id}", **places)
    return mail.end("record", f"h-{held.id} {said}", held.ticket)


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
    ticket = tickets.goes_on_in(mail.c, held.ticket) if held.ticket is not None else None
    if ticket is not None and notes(mail.agent) and not sees(mail.agent, ticket, mail.d.rules):
        return unseen(mail, ticket)
    if not notes(mail.agent):
        return mail.end("quarantine", f"no-right: {UNSEEN}", held.ticket)
    if (said := note_down(mail.c, held, mail.duty)).outcome != "done":
        word = worded(said.said, tongue_of(mail.agent, mail.d, mail.now))
        tell_of(mail, held.ticket, "cannot", item=f"h-{held.id}", word=word)
        return mail.end("record", f"h-{held.id} waits: {worded(said.said, mail.d.desk.templates.english)}", held.ticket)
    held_mail.settle(mail.c, held, "noted", f"agent:{mail.agent.id}", mail.now)
    return mail.end("record", f"h-{held.id} noted: {worded(said.said, mail.d.desk.templates.english)}", held.ticket)


def _sent(mail: AgentMail, held: HeldMail, which: str) -> Outcome:
    """As its writer wants it now; whatever else there is to doubt is asked about as ever."""
    ticket = tickets.goes_on_in(mail.c, held.ticket) if held.ticket is not None else None
    if held.ticket is None and held.proposal.orders is not None and which != "text":
        held_mail.settle(mail.c, held, "done", f"agent:{mail.agent.id}", mail.now)
        return without_ticket(mail, Wanted(Written(held.proposal.orders), held.proposal, 0), held)
    if held.ticket is None:
        return _no_choice(mail, held, "send")
    if ticket is not None and notes(mail.agent) and not sees(mail.agent, ticket, mail.d.rules):
        return unseen(mail, ticket)
    if ticket is None or not notes(mail.agent):
        return mail.end("quarantine", f"no-right: {UNSEEN}", held.ticket)
    ticket = tickets.find_ticket(mail.c, ticket.number, lock=True) or ticket  # who sends first is seen by the second
    if held.proposal.waiting:
        return sent_after_all(mail, held, ticket, said_since(mail, ticket, held.proposal.seen))
    held_mail.settle(mail.c, held, "sent", f"agent:{mail.agent.id}", mail.now)
    text, plain = _words(held, which)
    doubts = EVERY_DOUBT - _SETTLED.get(held.code, frozenset())
    wanted = Wanted(Written(text), held.proposal, held.proposal.seen, doubts, plain=plain)
    return done(mail, ticket, wanted, held)


def _words(held: HeldMail, which: str) -> tuple[str, bool]:
    """What is to be sent, and whether lines that look like commands are words."""
    proposal = held.proposal
    if which == "text" and held.code in OF_COMMANDS:
        return proposal.words or proposal.text, True
    if which == "long" and proposal.longer is not None:
        return proposal.longer, False
    return (proposal.text, held.code not in OF_COMMANDS) if proposal.orders is None else (proposal.orders, False)
