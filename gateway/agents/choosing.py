"""What becomes of a mail that was held when its writer chooses.

Sources      agents-by-mail.md §5.
Transaction  that of the mail which decides; a mail is decided about once.
Not here     why it was held (answering.py), the mail with the choices (holding.py), what becomes of it without a word
             (operations/held_mails.py).
"""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.agents.answering import EVERY_DOUBT, Doubt, Wanted, done, said_since, without_ticket
from gateway.agents.forwarding import CODE as FORWARD
from gateway.agents.forwarding import take_back
from gateway.agents.holding import Why, choices, hold
from gateway.agents.overtaken import sent_after_all
from gateway.agents.reading import kept, own_files, real_files, vocabulary, writer_of
from gateway.agents.telling import tell_of, unseen
from gateway.agents.types import AgentMail
from gateway.deciding.decide import without_our_words
from gateway.message.lines import is_quoted
from gateway.message.signature import only_signs
from gateway.message.types import Message
from gateway.operations.held_mails import OF_COMMANDS, note_down
from gateway.operations.order_mails import tell, told
from gateway.operations.order_types import Asker, Carried, Item
from gateway.operations.tongue import tongue_of
from gateway.store import held_mail, inbound, tickets
from gateway.store.held_mail import HeldMail, State
from gateway.store.view import StoreView
from gateway.ticket.command_values import Given, Value, WrongValueError
from gateway.ticket.commands import Refused, Written, looks_like_a_command, read_commands
from gateway.ticket.decorated import undecorated
from gateway.ticket.saying import worded
from gateway.ticket.types import Outcome, Ticket
from gateway.ticket.visibility import UNSEEN, notes, sees

_CHOICE = re.compile(r"#([^\W\d_]+)[.!:,;…]*(?: (.*?)[.!,;…]*)?")
_SETTLED: dict[str, frozenset[Doubt]] = {  # what a word settles, beside the reason itself
    "signs": frozenset({"signs"}),
    "unaddressed": frozenset({"signs"}),
    "collision": frozenset({"signs"}),
    "cut": frozenset({"signs", "cut"}),
    "forwarded": frozenset({"signs", "forward"}),
    "leak": frozenset({"signs", "cut", "leak"}),
    "risk": frozenset({"signs", "cut", "leak", "risk"}),
    "confirm": frozenset({"signs", "cut", "leak", "risk"}),
}
_UNREAD = frozenset({"no-proof", "which", "instead"})  # held before anybody read what it orders
_NEW = "new"
_BY: dict[State, str] = {  # the choice that led to a state
    "sent": "#send", "done": "#send", "noted": "#note", "discarded": "#discard", "opened": "#new",
}  # fmt: skip
_WORDS = frozenset({"send", "discard", "note", "confirm", "undo", _NEW})


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What the answer to a hold mail says."""

    word: str = ""  # the choice that its first line is, in any language; empty: none
    value: Value = None  # behind `#send`
    odd: str = ""  # what stands beside the choice: then it is not sure what is meant
    words: str = ""  # that are to be kept where nothing is chosen


def choose(mail: AgentMail, id: int) -> Outcome:
    """What the answer to a hold mail does; one that is no choice, or more than one, changes nothing: the item waits."""
    held = held_mail.find(mail.c, id, lock=True)
    if held is None or held.agent != mail.agent.id:
        return mail.end("quarantine", f"no-right: h-{id} is not for {mail.agent.id}")
    ticket = tickets.goes_on_in(mail.c, held.ticket) if held.ticket is not None else None
    message = mail.message
    if ticket is not None:
        message = without_our_words(message, ticket.number, mail.d.languages, StoreView(mail.c))
    questions, message = _questions(mail, message)
    waits = held.state == "waiting" and held.expires_at > mail.now
    if questions:
        _answered(mail, held, ticket, questions, waits=waits)
    chosen = _chosen(mail, message, held)
    if questions and not (chosen.word or chosen.odd or chosen.words or real_files(message.attachments)):
        return mail.end("record", f"h-{held.id} was asked about", held.ticket)
    if held.state != "waiting" and held.state != "expired":
        how = {"confirm": "#confirm", FORWARD: "#undo"}.get(held.code) if held.state in ("sent", "done") else None
        said = f"was {held.state} already"
        return _nothing(mail, held, ticket, chosen, said, "decided", how=how or _BY[held.state])
    if held.state == "expired" or held.expires_at <= mail.now:  # the timer may not have come by yet
        return _nothing(mail, held, ticket, chosen, "ended: its day is over", "over")
    word = "" if chosen.odd else chosen.word
    if held.code == FORWARD:
        if word != "undo":
            return _no_choice(mail, held, ticket, chosen)
        if not notes(mail.agent):
            tell_of(mail, held.ticket, "reads_only")
            return mail.end("quarantine", f"no-right: {mail.agent.id} only reads", held.ticket)
        held_mail.settle(mail.c, held, "done", f"agent:{mail.agent.id}", mail.now)
        return mail.end("record", f"h-{held.id} undone: {take_back(mail, held)}", held.ticket)
    match word:
        case "discard":
            return _settled(mail, held, "discarded")
        case "confirm" if held.code == "signs":
            alone = replace(held.proposal, text="", orders=held.proposal.alone)
            return _sent(mail, replace(held, proposal=alone), chosen)
        case "confirm" if held.proposal.alone is not None:
            held_mail.settle(mail.c, held, "done", f"agent:{mail.agent.id}", mail.now)
            return without_ticket(mail, Wanted(Written(held.proposal.alone), held.proposal, 0), held)
        case "note" if held.proposal.alone is not None and held.proposal.orders is not None:
            return _sent(mail, replace(held, proposal=replace(held.proposal, as_note=True)), chosen)
        case "note":
            return _noted(mail, held)
        case "send" | "confirm" if (word == "confirm") is (held.code == "confirm") and _may_send(held, chosen.value):
            return _sent(mail, held, chosen)
        case "new" if ("new", "#new") in choices(held.code, held.proposal, held.ticket, mail.agent.name):
            inbound.reopen(mail.c, held.mail, released=True)
            return _settled(mail, held, "opened")
        case _:
            return _no_choice(mail, held, ticket, chosen)


def _questions(mail: AgentMail, message: Message) -> tuple[str, Message]:
    """The lines on top that ask something, and the mail without them; what formatted text asks is not read."""
    known, lines = vocabulary(mail.d), message.text.split("\n")
    top = next((n for n, line in enumerate(lines) if line.strip() and not looks_like_a_command(line)), len(lines))
    asks = [(info := known.named(line)) is not None and info.query for line in lines[:top]]
    if message.text_of_html or not any(asks):
        return "", message
    asked = "\n".join(line for line, ask in zip(lines, asks, strict=False) if ask)
    left = "\n".join((*(line for line, ask in zip(lines, asks, strict=False) if not ask), *lines[top:]))
    return asked, replace(message, text=left)


def _answered(mail: AgentMail, held: HeldMail, ticket: Ticket | None, asked: str, *, waits: bool) -> None:
    """Answer what he asks in place of a choice, or beside one: the item waits on."""
    strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    seen = ticket is not None and sees(mail.agent, ticket, mail.d.rules)
    number = ticket.number if ticket is not None and seen else None
    may_choose = _taken(mail, held) if waits else ()
    hint = strings["told_waits"].format_map({"item": f"h-{held.id}", "choices": " · ".join(may_choose)})
    asker = Asker(mail.agent, number, item=Item(held.id, hint, may_choose) if waits else None)
    orders = read_commands(Written(asked), writer_of(mail), vocabulary(mail.d), about_ticket=seen)
    if isinstance(orders, Refused):
        lines = tuple(f"{each.written} — {each.wrong.said(strings)}" for each in (orders, *orders.others))
        told(mail.c, strings["held_refused"], lines, asker, mail.duty, f"{mail.inbound.key}:asked")
    else:
        tell(mail.c, Carried(asked=orders.commands), asker, mail.duty, mail.inbound.key)


def _taken(mail: AgentMail, held: HeldMail) -> tuple[str, ...]:
    if held.code == FORWARD:
        return ("#undo",)
    return tuple(command for _, command in choices(held.code, held.proposal, held.ticket, mail.agent.name))


def _may_send(held: HeldMail, value: Value) -> bool:
    """Whether there is something to send like this: later only words to a customer, and of a leak what is left."""
    says = bool(held.proposal.text.strip())
    if held.code == "sealed":  # nobody knows what it is that would be sent
        return False
    if isinstance(value, timedelta):
        return says and not held.proposal.as_note and held.code != "confirm"
    return says or held.code != "leak"


def _no_choice(mail: AgentMail, held: HeldMail, ticket: Ticket | None, chosen: _Chosen) -> Outcome:
    taken = _taken(mail, held)
    what, places = ("unclear", {"word": chosen.odd}) if chosen.odd else ("waits", {})
    said = "waits: it is not sure which choice is meant" if chosen.odd else "waits: no choice in the first line"
    return _nothing(mail, held, ticket, chosen, said, what, choices=" · ".join(taken), **places)


def _nothing(
    mail: AgentMail, held: HeldMail, ticket: Ticket | None, chosen: _Chosen, said: str, told_as: str, **places: str
) -> Outcome:
    """Nothing becomes of the item, and he is told. Words that he wrote in place of a choice are held themselves."""
    files = real_files(own_files(mail.message))
    if ticket is not None and sees(mail.agent, ticket, mail.d.rules) and notes(mail.agent) and (chosen.words or files):
        strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
        told = strings[f"told_{told_as}"].format_map({"item": f"h-{held.id}", **places})
        message = replace(mail.message, text=chosen.words)
        proposal = kept(mail, message, ticket.revision or 0, as_note=held.proposal.as_note)
        return hold(mail, ticket, Why("instead", told=told), proposal)
    tell_of(mail, held.ticket, told_as, item=f"h-{held.id}", **places)
    return mail.end("record", f"h-{held.id} {said}", held.ticket)


def _chosen(mail: AgentMail, message: Message, held: HeldMail) -> _Chosen:
    """The first line that says anything, and whether it says all."""
    text = message.text.strip()
    if message.text_of_html:  # which gives no commands
        strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
        return _Chosen("", None, strings["wrong_html"], "" if _orders_alone(text) else text)
    first, _, rest = text.partition("\n")
    plain = undecorated(first) if not looks_like_a_command(first) else None
    if plain is not None and _CHOICE.fullmatch(plain) is not None and _word(mail, plain):
        below = _below(mail, held, rest)  # it is meant, and never obeyed
        return _Chosen(odd=first.strip(), words="" if _orders_alone(below) else below)
    found = _CHOICE.fullmatch(" ".join(first.split()))
    info = vocabulary(mail.d).find(found[1]) if found is not None else None
    word = info.name if info is not None else _NEW if found is not None and found[1].casefold() == _NEW else ""
    if found is None or word not in _WORDS:
        signs = only_signs(text, mail.agent.name)  # below a question
        return _Chosen(words=text if not signs and (info is not None or not _orders_alone(text)) else "")
    below, behind = _below(mail, held, rest), found[2] or ""
    words = "" if _orders_alone(below) else below
    odd = next((line.strip() for line in below.splitlines()), "")
    odd = odd or next((file.name for file in real_files(own_files(mail.message))), "")
    try:
        value = info.take(Given(info.shown, info.argument, behind, writer_of(mail))) if info is not None else None
    except WrongValueError:
        return _Chosen(word, None, behind, words)
    return _Chosen(word, value, behind if info is None else odd, words)


def _word(mail: AgentMail, line: str) -> bool:
    """Whether a line begins with a choice."""
    info = vocabulary(mail.d).named(line)
    return info.name in _WORDS if info is not None else line.split()[0].casefold() == f"#{_NEW}"


def _below(mail: AgentMail, held: HeldMail, text: str) -> str:
    """What he wrote below a choice, without what programs put there: quotes, and what his held mail ends with, too."""
    was = held.proposal
    known = {
        line.strip() for each in (was.text, was.longer, was.words, was.all_words) for line in (each or "").splitlines()
    }
    lines = [line for line in text.splitlines() if not is_quoted(line) and line.strip() not in known]
    left = "\n".join(lines).strip()
    return "" if only_signs(left, mail.agent.name) else left


def _orders_alone(text: str) -> bool:
    return all(looks_like_a_command(line) for line in text.splitlines() if line.strip())


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


def _sent(mail: AgentMail, held: HeldMail, chosen: _Chosen) -> Outcome:
    """As its writer wants it now; whatever else there is to doubt is asked about as ever."""
    ticket = tickets.goes_on_in(mail.c, held.ticket) if held.ticket is not None else None
    if held.ticket is None and held.proposal.orders is not None and chosen.value != "text":
        held_mail.settle(mail.c, held, "done", f"agent:{mail.agent.id}", mail.now)
        return without_ticket(mail, Wanted(Written(held.proposal.orders), held.proposal, 0), held)
    if held.ticket is None:
        return _no_choice(mail, held, None, chosen)
    if ticket is not None and notes(mail.agent) and not sees(mail.agent, ticket, mail.d.rules):
        return unseen(mail, ticket)
    if ticket is None or not notes(mail.agent):
        return mail.end("quarantine", f"no-right: {UNSEEN}", held.ticket)
    ticket = tickets.find_ticket(mail.c, ticket.number, lock=True) or ticket  # who sends first is seen by the second
    if held.proposal.waiting:
        return sent_after_all(mail, held, ticket, said_since(mail.c, ticket, mail.agent, held.proposal.seen))
    held_mail.settle(mail.c, held, "sent", f"agent:{mail.agent.id}", mail.now)
    written, plain = _words(held, chosen.value)
    doubts = EVERY_DOUBT - _SETTLED.get(held.code, frozenset())
    later = chosen.value if isinstance(chosen.value, timedelta) else None
    return done(
        mail, ticket, Wanted(written, held.proposal, held.proposal.seen, doubts, plain=plain, later=later), held
    )


def _words(held: HeldMail, which: Value) -> tuple[Written, bool]:
    """What is to be sent, and whether lines that look like commands are words."""
    proposal = held.proposal
    if which == "text" and held.code in OF_COMMANDS:
        return Written(proposal.words or proposal.text), True
    if which == "long" and proposal.longer is not None:
        return Written(proposal.longer), False
    if proposal.orders is None and held.code in _UNREAD:  # its text was formatted alone
        return Written(None, proposal.text), False
    plain = proposal.orders is None and held.code not in OF_COMMANDS
    return Written(proposal.text if proposal.orders is None else proposal.orders), plain
