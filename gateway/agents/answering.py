"""What a mail of a proven agent about a ticket does: an answer, a note, commands; or why it waits for him.

Sources      agents-by-mail.md §2 (which is what), §3 (all or nothing), §5 (the reasons to hold), §9 (light agents).
             Whatever is not sure is a note, or is held: nothing goes to a customer that was not meant for him.
Transaction  that of the mail: what is found out about the ticket is still so when the answer is queued.
Not here     what it proves (ticket/authority.py), reading commands (ticket/commands.py), hold mails (holding.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import Connection

from gateway.agents.carrying import carry_out
from gateway.agents.forwarding import ask_for_customer
from gateway.agents.holding import Why, hold
from gateway.agents.original import header_lines, sole_address
from gateway.agents.reading import (
    base_address,
    html_of,
    is_sealed,
    own_files,
    real_files,
    sent_beside,
    vocabulary,
    with_armour,
    writer_of,
)
from gateway.agents.telling import tell_of
from gateway.agents.types import AgentMail
from gateway.deciding.decide import without_our_words
from gateway.message.address import normal
from gateway.message.formatted import is_struck
from gateway.message.signature import what_signs
from gateway.message.types import Message
from gateway.operations.answers import recipients_of
from gateway.rules.types import Agent
from gateway.store import tickets
from gateway.store.held_mail import HeldMail, Proposal
from gateway.store.internal import internal_of, public_of
from gateway.store.view import StoreView
from gateway.ticket.agent_mail import stands_in
from gateway.ticket.answered import is_forward
from gateway.ticket.cards import has_card_number
from gateway.ticket.command_table import COMMANDS, INSERT
from gateway.ticket.commands import Command, Orders, Refused, Written, of_one_ticket, read_commands, written_in
from gateway.ticket.cut import as_meant
from gateway.ticket.leak import cleaned, leaks
from gateway.ticket.token_forms import ReplyToken
from gateway.ticket.types import Entry, Outcome, Ticket
from gateway.ticket.visibility import answers, notes, sees

Doubt = Literal["command", "signs", "forward", "cut", "collision", "leak", "risk"]
EVERY_DOUBT: frozenset[Doubt] = frozenset({"command", "signs", "forward", "cut", "collision", "leak", "risk"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be done, with which words, and about what its writer was asked already."""

    written: Written
    proposal: Proposal  # attachments, whom it went to beside, whether it is a note
    seen: int  # the revision of the ticket that its writer saw
    doubts: frozenset[Doubt] = EVERY_DOUBT  # that are looked at
    plain: bool = False  # whether the words are words, whatever they look like
    passed_on: str | None = None  # of a mail that he forwards, as words below his own; None: he forwards none
    later: timedelta | None = None  # in how long an answer leaves; None: at once


def about_ticket(mail: AgentMail, ticket: Ticket, tokens: Sequence[ReplyToken]) -> Outcome:
    """The mail came with tokens of a ticket that its writer sees."""
    view = StoreView(mail.c)
    message = with_armour(without_our_words(mail.message, ticket.number, mail.d.languages, view))
    ours = view.answered(ticket.number, (*message.in_reply_to, *message.references))
    message, more = as_meant(message, ours, public_of(mail.c, ticket.number), mail.agent.name)
    unknown = stands_in(ticket, mail.d.rules)  # nobody is there to be answered
    if unknown and (address := sole_address(message.text)) is not None:
        message = replace(message, text=f"#customer {address}", html=None, text_of_html=False)
    as_note = unknown or not answers(mail.agent) or any(token.purpose == "n" for token in tokens)
    if as_note and more is not None and not message.text:
        message, more = replace(message, text=more), None  # it goes to nobody: nothing is in doubt
    written = written_in(message)
    proposal = Proposal(
        text=message.text,
        longer=more,
        as_note=as_note,
        attachments=own_files(message),
        beside=sent_beside(mail),
        seen=min((t.revision or 0 for t in tokens if t.ticket == ticket.number), default=0),
        html=html_of(message),
    )
    forwarded = passed_on(message) if is_forward(message) else None
    if forwarded:
        proposal = replace(proposal, text=_below(written.plain or "", forwarded), longer=None)
    outcome = done(mail, ticket, Wanted(written, proposal, proposal.seen, passed_on=forwarded))
    if as_note and outcome.disposition == "entry":
        if is_sealed(message.text, proposal.attachments):
            tell_of(mail, ticket.number, "sealed_note")
        _told_of_note(mail, ticket, tokens, proposal)
        after = tickets.find_ticket(mail.c, ticket.number) if unknown and message.text else None
        if after is not None and stands_in(after, mail.d.rules):
            ask_for_customer(mail, ticket.number)
    return outcome


def passed_on(message: Message) -> str:
    """A forwarded mail as words: what its header says, and its own; empty where none is found."""
    forward = message.forward
    if forward is None:
        return ""
    who, about = (f"From: {forward.author or '—'}", f"Subject: {forward.subject}")
    return _below("\n".join(filter(None, (who, header_lines(forward), about))), forward.text)


def _below(above: str, words: str) -> str:
    return "\n\n".join(filter(None, (above.strip("\n"), words.strip("\n"))))


def is_addressed(mail: AgentMail, ticket: Ticket, tokens: Sequence[ReplyToken]) -> bool:
    """Whether the mail was written to where our mails about the ticket are answered.

    An address that was made for it says so by itself. Who answers our mail may write to somebody else, and to us for
    our files: that is not meant for the customer. A note goes to nobody.
    """
    team = normal(mail.d.desk.teams[mail.d.rules.team(ticket.team).id].address)
    by_itself = any(token.message is None or token.purpose == "n" for token in tokens)
    return by_itself or any(base_address(mail, to.address) == team for to in mail.message.to)


def _told_of_note(mail: AgentMail, ticket: Ticket, tokens: Sequence[ReplyToken], note: Proposal) -> None:
    """Where his mail is no note to everybody who got it, or was meant as both, he hears of it."""
    if note.beside:
        tell_of(mail, ticket.number, "direct", who=", ".join(str(who) for who in note.beside))
    elif answers(mail.agent) and {"t", "n"} <= {token.purpose for token in tokens}:
        tell_of(mail, ticket.number, "both")


def without_ticket(
    mail: AgentMail, wanted: Wanted, held: HeldMail | None = None, *, queries_only: bool = False
) -> Outcome:
    """What a mail of commands does that name their tickets themselves, or of questions.

    held  the mail that it is about, where it is not this one
    """
    writer, words = writer_of(mail), vocabulary(mail.d)
    orders = read_commands(wanted.written, writer, words, about_ticket=False, queries_only=queries_only)
    if isinstance(orders, Refused):
        return hold(mail, None, _refusal(mail, orders), replace(_of_refusal(wanted.proposal, orders), words=None))
    if what_signs(orders.text, mail.agent.name) != "signs" and orders.commands:
        if not all(COMMANDS[each.name].query for each in orders.commands if each.name in COMMANDS):
            return _unaddressed(mail, orders, wanted.proposal)
        tell_of(mail, None, "unaddressed")
    return carry_out(mail, None, orders, replace(wanted.proposal, orders=wanted.written.plain), held)


def _unaddressed(mail: AgentMail, orders: Orders, proposal: Proposal) -> Outcome:
    """Words below commands that name their tickets: whether they are meant for the one that they name."""
    proposal, one = replace(proposal, text=orders.text.strip(), alone=_written(orders)), of_one_ticket(orders)
    ticket = tickets.goes_on_in(mail.c, one[0]) if one is not None else None
    why = Why("unaddressed", told=mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))["told_unaddressed"])
    if one is None or ticket is None or not (sees(mail.agent, ticket, mail.d.rules) and notes(mail.agent)):
        return hold(mail, None, why, proposal)
    return hold(
        mail, ticket, why, replace(proposal, orders=one[1], as_note=not answers(mail.agent), seen=ticket.revision)
    )


def done(mail: AgentMail, ticket: Ticket, wanted: Wanted, held: HeldMail | None = None) -> Outcome:
    """Everything that is wanted, or nothing and a hold mail.

    held  the mail that it is about, where it is not this one
    """
    proposal = wanted.proposal
    orders = _orders(mail, wanted)
    if isinstance(orders, Refused):
        proposal = _of_refusal(proposal, orders)
        if wanted.passed_on:  # the corrected lines would be without it
            proposal = replace(proposal, orders=None)
        return hold(mail, ticket, _refusal(mail, orders), proposal)
    signs = _below_commands(mail, orders, wanted)
    if signs == "signs":  # it is no answer to anybody
        orders = replace(orders, text="")
        wanted = replace(wanted, written=replace(wanted.written, plain=_written(orders)))
    as_note = proposal.as_note or orders.has("note") or not answers(mail.agent)  # his rights now
    as_note = as_note or not (_names_somebody(orders) or recipients_of(mail.c, ticket, mail.d))
    again = None if wanted.plain else wanted.written.plain or orders.text
    if wanted.passed_on:
        orders = replace(orders, text=_below(orders.text, wanted.passed_on))
        again = _below(_written(orders), orders.text) if orders.commands else None
    proposal = replace(proposal, text=orders.text, as_note=as_note, orders=again)
    if signs == "unclear" and not as_note:
        told = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))["told_signs"]
        return hold(mail, ticket, Why("signs", told=told), replace(proposal, alone=_written(orders)))
    if (doubt := _held(mail, ticket, orders, proposal, wanted)) is not None:
        return hold(mail, ticket, *doubt)
    if wanted.later is not None:
        orders = replace(orders, commands=(*orders.commands, Command("send", wanted.later, 1, "#send")))
    return carry_out(mail, ticket, orders, proposal, held)


def _below_commands(mail: AgentMail, orders: Orders, wanted: Wanted) -> Literal["signs", "unclear", "says"]:
    """Whether a mail of commands has words below them, or how its writer's program signs all his mails."""
    says = not orders.text.strip() or not orders.commands or any(orders.has(name) for name in INSERT)
    says = says or bool(real_files(wanted.proposal.attachments)) or wanted.passed_on is not None
    return "says" if says or "signs" not in wanted.doubts else what_signs(orders.text, mail.agent.name)


def _written(orders: Orders) -> str:
    return "\n".join(each.written for each in orders.commands)


def _orders(mail: AgentMail, wanted: Wanted) -> Orders | Refused:
    if wanted.plain:
        return Orders((), wanted.written.plain or "")
    return read_commands(wanted.written, writer_of(mail), vocabulary(mail.d), about_ticket=True)


def _held(
    mail: AgentMail, ticket: Ticket, orders: Orders, proposal: Proposal, wanted: Wanted
) -> tuple[Why, Proposal] | None:
    """The first doubt about it; None when it may be done."""
    doubts = wanted.doubts
    between = "cut" in doubts and proposal.longer is not None  # he may have said all of it there
    files = proposal.attachments if not orders.commands else real_files(proposal.attachments)
    says = bool(orders.text.strip() or files) or between or any(orders.has(name) for name in INSERT)
    goes_out = says and not proposal.as_note
    if orders.has("dry"):  # nothing happens: he reads what would
        return None
    answers_him = goes_out and not (orders.has("internal") or orders.has("ask"))  # the customer
    since = said_since(mail.c, ticket, mail.agent, wanted.seen) if "collision" in doubts else []
    shown = replace(proposal, seen=ticket.revision)  # its writer is shown what came since
    orders_more = any(each.name != "note" for each in orders.commands)
    if (goes_out or orders_more) and is_sealed(orders.text, proposal.attachments):
        again = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))["sealed_again"]
        return Why("sealed", told=again), proposal
    if goes_out and wanted.passed_on is not None and "forward" in doubts:
        return Why("forwarded"), proposal
    if answers_him and since:
        return Why("collision", since=since), shown
    if _sets_status(orders) and not proposal.as_note and any(entry.kind == "mail" for entry in since):
        return Why("collision", since=since), shown
    if not goes_out:
        return None
    if between:
        return Why("cut"), proposal
    desk, own = mail.d.desk, normal(mail.agent.email)
    internal = internal_of(mail.c, ticket.number, desk.agents, desk.templates.articles.runs, own)
    if "leak" in doubts and (found := leaks(orders.text, internal)):
        line = orders.text.splitlines()[found[0]].strip()
        return Why("leak", line=line), _cleaned(proposal, orders, cleaned(orders.text, internal))
    if "risk" in doubts and mail.d.risk_holds and (told := _risk(mail, ticket, orders, proposal)) is not None:
        return Why("risk", told=told), proposal
    return None


def _risk(mail: AgentMail, ticket: Ticket, orders: Orders, proposal: Proposal) -> str | None:
    """What he is asked about first, in his language: a card number, words that he may not have seen or meant, and whom
    a command of the same mail adds.
    """
    said = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    if has_card_number(orders.text):
        return said["risk_card"]
    if mail.message.text_of_html and mail.message.hides_words:
        return said["risk_hidden"]
    if proposal.html is not None and is_struck(proposal.html, orders.text):
        return said["risk_struck"]
    named = [str(each) for command in orders.commands if command.name == "cc" for each in _listed(command.value)]
    new = {normal(each) for each in named} - set(tickets.participants(mail.c, ticket.number))
    return said["risk_new"].format(who=", ".join(sorted(new))) if new else None


def _listed(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _cleaned(proposal: Proposal, orders: Orders, text: str) -> Proposal:
    """With the words that may go out, below the same commands."""
    again = f"{_written(orders)}\n\n{text}"
    everything = proposal.all_words or orders.text
    return replace(proposal, text=text, orders=again if orders.commands else None, all_words=everything)


def said_since(c: Connection, ticket: Ticket, agent: Agent, seen: int) -> list[Entry]:
    """What others said in the ticket after the revision of it that the agent saw."""
    own = {normal(address) for address in (agent.email, *agent.also)}
    found = tickets.said_since(c, ticket.number, seen)
    return [entry for entry in found if entry.author is None or normal(entry.author.address) not in own]


def _names_somebody(orders: Orders) -> bool:
    """Whether his commands say to whom his words go, where nobody takes part."""
    return orders.has("customer") or orders.has("cc")


def _sets_status(orders: Orders) -> bool:
    return any(
        each.name == "status" or (each.name in COMMANDS and COMMANDS[each.name].status) for each in orders.commands
    )


def _refusal(mail: AgentMail, refused: Refused) -> Why:
    strings = mail.d.desk.templates.words(mail.d.rules.language_of(mail.agent))
    first, *others = (
        Why(
            each.code,
            each.written,
            each.wrong.said(strings),
            " ↵ ".join(each.maybe.split("\n")) if each.maybe else None,
        )
        for each in (refused, *refused.others)
    )
    return replace(first, others=others)


def _of_refusal(proposal: Proposal, refused: Refused) -> Proposal:
    """With what may have been meant, and all of it as plain words."""
    plain = proposal.text if refused.code != "bad-value" else None
    return replace(proposal, orders=refused.corrected, words=plain, said=refused.written)
