"""What becomes of mails of agents that are held where their writer does not say so by mail: a note, or nothing.

Sources      agents-by-mail.md §5. An answer that nobody decided about for a day becomes a note, also where the commands
             above it are wrong; a mail of commands alone ends without effect, one that nobody could be believed to have
             written stays as a third party's words.
             Sending is the writer's own word: he gives it by mail.
Transaction  the caller's, durable; a mail is decided about once.
Not here     why a mail is held, what its writer chose (agents/).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from gateway.message.address import normal
from gateway.message.signature import what_signs
from gateway.message.types import Mailbox
from gateway.operations.answers import OPERATIONS as WORDS
from gateway.operations.answers import Note
from gateway.operations.person import actor, unknown
from gateway.operations.types import Came, Done, Duty, Operation
from gateway.store import agent_keys, held_mail, inbound, tickets
from gateway.store.audit import add_audit
from gateway.store.changes import save
from gateway.store.held import as_note
from gateway.store.held_mail import HeldMail, Proposal
from gateway.ticket.commands import looks_like_a_command
from gateway.ticket.saying import saying
from gateway.ticket.types import AddEntry

WRONG = frozenset({"unknown-command", "bad-value", "position", "html-only", "differs"})  # a command is
OF_COMMANDS = WRONG | {"unaddressed", "confirm", "forward"}
_TIMER = "timer"
log = structlog.get_logger("held")


@dataclass(frozen=True, slots=True)
class HeldMails:
    """Mails of agents that wait, and what is done with them."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AgentKey:
    """An agent, by id."""

    agent: str


def may_be_noted(code: str, ticket: int | None, proposal: Proposal, name: str) -> bool:
    """Whether there are words or files to keep in a ticket: of a mail whose commands are wrong, those beside them.

    name  of its writer, whose signature is no words
    """
    if ticket is None or code not in WRONG:
        return ticket is not None and proposal.has_words
    lines = (line for line in proposal.everything.split("\n") if not looks_like_a_command(line))
    files = any(each.stands_alone for each in proposal.attachments)
    return files or what_signs("\n".join(lines), name) != "signs"


def becomes_note(code: str, ticket: int | None, proposal: Proposal, name: str) -> bool:
    """Whether it is a note when nobody decides about it for a day."""
    ends = code == "no-proof" or (code in OF_COMMANDS and code not in WRONG)
    return not ends and (may_be_noted(code, ticket, proposal, name) or bool(proposal.waiting))


def note_down(c: Connection, held: HeldMail, duty: Duty) -> Done:
    """Keep all his words as a note of their writer."""
    if held.ticket is None:
        return Done(f"h-{held.id}", "conflict", saying("done_about_none"))
    ticket = tickets.goes_on_in(c, held.ticket)
    came = Came(held.mail, None, held.proposal.attachments)
    number = ticket.number if ticket is not None else held.ticket
    if held.proposal.waiting:  # they stand in the ticket already, as an answer that never left
        as_note(c, held.mail)
        return Done(f"#{number}", "done", saying("done_noted"))
    note: Done = WORDS["ticket.note"].perform(c, Note(number, held.proposal.everything, held.agent, came=came), duty)[0]
    return note


def expire(c: Connection, held: HeldMail, duty: Duty) -> None:
    """A day is over without a word."""
    now_is = held_mail.find(c, held.id, lock=True)
    if now_is is None or now_is.state != "waiting":
        return
    agent = duty.deps.rules.agents.get(held.agent)
    stays = held.code == "no-proof" and held.ticket is not None
    noted = agent is not None and becomes_note(held.code, held.ticket, held.proposal, agent.name)
    without_effect = agent is None or not (stays or noted)
    if not without_effect and stays:
        _stay(c, held, duty)
    elif not without_effect:
        without_effect = note_down(c, held, duty).outcome != "done"
    held_mail.settle(c, held, "expired" if without_effect else "noted", _TIMER, duty.now)
    log.info("held.expired", id=held.id, ticket=held.ticket, code=held.code)


def _stay(c: Connection, held: HeldMail, duty: Duty) -> None:
    """The words of somebody who may be the agent stand in the ticket, for our people alone."""
    agent, row = duty.deps.rules.agents[held.agent], inbound.find(c, held.mail)
    ticket = tickets.goes_on_in(c, held.ticket) if held.ticket is not None else None
    at, who = row.received_at if row is not None else duty.now, Mailbox(agent.name, agent.email)
    words = AddEntry(
        "mail", who, at, held.proposal.everything, "", "", None, None, public=False, trust="third-party",
        attachments=held.proposal.attachments, held="third-party",
    )  # fmt: skip
    if ticket is not None:
        promises = duty.deps.promises
        save(c, (words,), ticket_before=ticket, source=held.mail, actor=_TIMER, now=duty.now, promises=promises)


def _noted(c: Connection, wanted: HeldMails, duty: Duty) -> tuple[Done, ...]:
    return tuple(_decided(c, id, duty, as_note=True) for id in wanted.ids)


def _discarded(c: Connection, wanted: HeldMails, duty: Duty) -> tuple[Done, ...]:
    return tuple(_decided(c, id, duty, as_note=False) for id in wanted.ids)


def _decided(c: Connection, id: int, duty: Duty, *, as_note: bool) -> Done:
    name, held = f"h-{id}", held_mail.find(c, id, lock=True)
    if held is None:
        return Done(name, "not-found", "names no held mail")
    if held.state != "waiting":
        return Done(name, "conflict", f"it was {held.state} already")
    if as_note and (done := note_down(c, held, duty)).outcome != "done":
        return Done(name, done.outcome, done.said)
    held_mail.settle(c, held, "noted" if as_note else "discarded", actor(None), duty.now)
    what = "held.noted" if as_note else "held.discarded"
    _note(c, duty, what, name, held)
    return Done(name, "done", "is a note of its writer" if as_note else "will never be sent")


def _rotated(c: Connection, wanted: AgentKey, duty: Duty) -> tuple[Done, ...]:
    agents = duty.deps.rules.agents
    if wanted.agent not in agents:
        return (unknown("agent", wanted.agent, agents, wanted.agent),)
    generation = agent_keys.withdraw(c, normal(agents[wanted.agent].email), duty.now)
    detail = f"{wanted.agent}, generation {generation}"
    _note(c, duty, "agent.rotated", detail)
    said = "no address that this agent was sent until now counts any more; the next notification has new ones"
    return (Done(wanted.agent, "done", said),)


def _note(c: Connection, duty: Duty, action: str, detail: str, held: HeldMail | None = None) -> None:
    ticket, source = (held.ticket, held.mail) if held is not None else (None, None)
    who, basis = actor(None), duty.basis
    add_audit(c, at=duty.now, actor=who, basis=basis, action=action, ticket=ticket, source=source, detail=detail)


OPERATIONS: Mapping[str, Operation] = {
    "held.note": Operation(HeldMails, _noted),
    "held.discard": Operation(HeldMails, _discarded),
    "agent.rotate": Operation(AgentKey, _rotated),
}
