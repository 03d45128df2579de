"""A mail of an agent that nothing is done with until he says so: kept, and answered with the choices that he has.

Sources      agents-by-mail.md §5, mails-out.md §4 (hold).
Transaction  that of the mail.
Not here     why it is held (answering.py), what his choice does (choosing.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.agents.types import HELD_FOR, AgentMail
from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.operations.answers import recipients_of
from gateway.operations.held_mails import WRONG, becomes_note, may_be_noted
from gateway.operations.order_mails import asked_first
from gateway.operations.order_types import Asker, Carried
from gateway.operations.tongue import tongue_of
from gateway.outgoing.compose import address_in_list
from gateway.outgoing.enqueue import enqueue
from gateway.rules.types import Agent
from gateway.store import agent_keys, held_mail, merges, outbox
from gateway.store.held_mail import Proposal
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.commands import looks_like_a_command
from gateway.ticket.goes_to import in_short, is_shortened, named
from gateway.ticket.notices import lines_of_words, shown_words
from gateway.ticket.saying import saying, worded
from gateway.ticket.types import Entry, Outcome, Ticket
from gateway.ticket.visibility import answers

_CHOICES: dict[str, tuple[tuple[str, str], ...]] = {  # code -> word of the strings, command
    "collision": (("send", "#send"), ("note", "#note")),
    "unknown-command": (("send_command", "#send"), ("send_text", "#send text"), ("note", "#note")),
    "bad-value": (("send_command", "#send"), ("note", "#note")),
    "position": (("send_command", "#send"), ("send_text", "#send text"), ("note", "#note")),
    "html-only": (("send_command", "#send"), ("send_text", "#send text"), ("note", "#note")),
    "differs": (("send_command", "#send"), ("send_text", "#send text"), ("note", "#note")),
    "sealed": (("note", "#note"),),
    "leak": (("send_cleaned", "#send"), ("note", "#note")),
    "cut": (("send_short", "#send short"), ("send_long", "#send long")),
    "no-proof": (("send", "#send"), ("note", "#note")),
    "which": (("send", "#send"), ("note", "#note"), ("new", "#new")),
    "forwarded": (("note", "#note"), ("new", "#new"), ("send_whole", "#send")),
    "signs": (("send_with", "#send"), ("note_with", "#note"), ("alone", "#confirm")),
    "unaddressed": (("send_with", "#send"), ("note_with", "#note"), ("alone", "#confirm")),
    "instead": (("send", "#send"), ("note", "#note"), ("new", "#new")),
    "risk": (("send", "#send"), ("note", "#note")),
    "refused": (("note", "#note"),),
    "confirm": (("confirm", "#confirm"),),
}
_DISCARD = ("discard", "#discard")
_OF_ORDERS = ("send_command", "send_with", "note_with")  # where it is known what they would be
_SINCE = 3  # entries that are shown
_MISTAKES = 20  # that are told beside the first
_END_LINES = 5  # of a text that has more lines than are shown


@dataclass(frozen=True, slots=True)
class Why:
    """Why a mail is held, as its writer is told."""

    code: str
    line: str | None = None  # of his mail
    told: str | None = None  # in his language
    maybe: str | None = None  # the command that was perhaps meant
    others: Sequence["Why"] = ()  # what else is wrong with it
    since: Sequence[Entry] = ()


def hold(mail: AgentMail, ticket: Ticket | None, why: Why, proposal: Proposal) -> Outcome:
    """The mail waits for its writer."""
    id = ask(mail.agent, mail.inbound.key, ticket, why, proposal, mail.d, mail.c, mail.now)
    return mail.end("record", f"held: {why.code} (h-{id})", ticket.number if ticket is not None else None)


def ask(
    agent: Agent, key: str, ticket: Ticket | None, why: Why, proposal: Proposal, d: Deps, c: Connection, now: datetime
) -> int:
    """The number of the held item, which its writer is asked about.

    key  of the accepted mail
    """
    number, expires = ticket.number if ticket is not None else None, now + HELD_FOR
    id = _kept(c, key, number, agent, why.code, proposal, now)
    since, may_choose = _told_since(why.since, ticket, agent, d, c), choices(why.code, proposal, number, agent.name)
    words = proposal.text or ("" if why.code == "cut" else proposal.all_words)
    if proposal.alone is not None:
        words = f"{proposal.alone}\n\n{words}"
    to = _goes_to(ticket, proposal, d, c)
    values = {
        "reason": why.code.replace("-", "_"),
        "to": in_short(to, d.desk.templates.words(d.rules.language_of(agent))) or None,
        "everybody": to if is_shortened(to) else (),
        "line": why.line,
        "told": why.told,
        "maybe": why.maybe,
        "mistakes": tuple({"line": e.line, "told": e.told, "maybe": e.maybe} for e in why.others[:_MISTAKES]),
        "since": since,
        "show_to": _commands_of(agent, ticket, d, c) if any(each["hidden"] for each in since) else None,
        "words": _shown(words),
        "longer": lines_of_words(proposal.longer or "") if why.code == "cut" else (),
        "choices": tuple({"word": word, "command": command} for word, command in may_choose),
        "becomes_note": becomes_note(why.code, number, proposal, agent.name),
        "expires": expires.isoformat(),
    }
    cause = f"held:{why.code}"
    notice = to_agent(agent, "hold", values, d.rules, key=f"hold:{id}", cause=cause, about=ticket)
    enqueue(replace(notice, auto_submitted="auto-replied", item=id), d.desk, c, now)
    return id


def _shown(words: str) -> tuple[str, ...]:
    """The lines of a text; of one that is too long its beginning and its end, and how much stands between them."""
    whole, shown = [line.strip() for line in words.splitlines() if line.strip()], lines_of_words(words)
    if shown and len(shown[-1]) < len(whole[len(shown) - 1]):  # within a line
        shown = (*shown[:-1], f"{shown[-1]} …")
    left = whole[len(shown) :]
    below = lines_of_words("\n".join(left[-_END_LINES:]))
    between = len(left) - len(below)
    return (*shown, *((f"… (+{between})",) if between else ()), *below)


def _commands_of(agent: Agent, ticket: Ticket | None, d: Deps, c: Connection) -> str | None:
    """Where he writes commands for the ticket: an answer to this mail decides about it, and does nothing else."""
    if ticket is None:
        return None
    generation = agent_keys.generation(c, normal(agent.email))
    return address_in_list(d.desk, ticket, "t" if answers(agent) else "n", agent.email, generation)


def _goes_to(ticket: Ticket | None, proposal: Proposal, d: Deps, c: Connection) -> tuple[str, ...]:
    """Everybody who would get the words and files of the mail; nobody where they are a note, or commands alone."""
    lines = [line for each in proposal.everything.splitlines() if (line := each.strip())]
    orders_alone = all(line.startswith("#") for line in lines) and (bool(lines) or not proposal.attachments)
    if ticket is None or proposal.as_note or orders_alone:
        return ()
    if proposal.waiting:  # it was written already
        written = (outbox.find(c, id) for id in proposal.waiting)
        return tuple(item.forward_path for item in written if item is not None)
    return tuple(map(named, recipients_of(c, ticket, d)))


def hold_for_confirmation(
    mail: AgentMail, ticket: Ticket | None, done: Carried, asker: Asker, proposal: Proposal
) -> Outcome:
    """The mail waits until its writer says that all of it is meant."""
    number = ticket.number if ticket is not None else None
    id = _kept(mail.c, mail.inbound.key, number, mail.agent, "confirm", proposal, mail.now)
    asked_first(mail.c, done, asker, mail.duty, id, mail.now + HELD_FOR)
    return mail.end("record", f"held: confirm (h-{id})", number)


def _kept(
    c: Connection, key: str, number: int | None, agent: Agent, code: str, proposal: Proposal, now: datetime
) -> int:
    return held_mail.hold(
        c,
        mail=key,
        ticket=number,
        agent=agent.id,
        code=code,
        proposal=proposal,
        at=now,
        expires_at=now + HELD_FOR,
    )


def choices(code: str, proposal: Proposal, number: int | None, name: str) -> tuple[tuple[str, str], ...]:
    """What may be chosen: the word of the strings, and the command; what was perhaps meant only where it is known.

    number  of the ticket; None: it is about none
    name    of its writer
    """
    found = [pair for pair in _CHOICES[code] if pair[0] not in _OF_ORDERS or proposal.orders is not None]
    if code == "no-proof" and number is None:  # it is about commands alone, where there are any
        found = [("orders", "#send")] if looks_like_a_command(proposal.orders or "") else []
    if proposal.words is None:
        found = [pair for pair in found if pair[0] != "send_text"]
    if not proposal.text.strip():
        found = [pair for pair in found if pair[0] not in ("send_short", "send_cleaned")]
    if not may_be_noted(code, number, proposal, name) or (code in WRONG and not proposal.as_note):
        found = [pair for pair in found if pair[1] != "#note"]
    if code in WRONG:  # the commands may still be meant; words alone go to nobody
        return (*(pair for pair in found if not proposal.as_note or pair[0] != "send_text"), _DISCARD)
    if proposal.as_note and any(command == "#note" for _, command in found):  # it goes to nobody
        found = [pair for pair in found if pair[1] != "#send"]
    return (*found, _DISCARD)


def _told_since(
    since: Sequence[Entry], ticket: Ticket | None, agent: Agent, d: Deps, c: Connection
) -> tuple[dict[str, object], ...]:
    """What happened meanwhile, oldest first: what was said, and which tickets were put into this one, by whom."""
    if ticket is None or not since:
        return ()
    tongue = tongue_of(agent, d, d.now())
    receipts = merges.that_brought(c, ticket.number, [entry.id for entry in since])
    told = {each.before.told for each in receipts}
    found = [_since(entry) for entry in since if entry.id not in told][-_SINCE:]
    for each in receipts:
        by = d.rules.agents.get(each.actor.partition(":")[2])
        here = saying("since_merged", number=each.ticket)
        joined = (saying("done_takes_part", who=", ".join(each.before.people)),) if each.before.people else ()
        words = tuple(worded(said, tongue) for said in (here, *joined))
        who = by.name if by is not None else each.actor
        found.append({"at": each.at.isoformat(), "who": who, "words": words, "hidden": False})
    return tuple(sorted(found, key=lambda each: str(each["at"])))


def _since(entry: Entry) -> dict[str, object]:
    who, (words, hidden) = entry.author, shown_words(entry.text, by_machine=entry.by_machine)
    return {
        "at": entry.at.isoformat(),
        "who": (who.name or who.address) if who is not None else "—",
        "words": words[:5],
        "hidden": hidden,
    }
