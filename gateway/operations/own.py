"""What agents settle for themselves: reminders, when their digest comes, which of their commands are answered.

Sources      agents-by-mail.md §4 (`#remind`, `#digest`, `#receipts`).
Transaction  the caller's, durable.
Not here     absence (agents.py), what the rules say of an agent (rules/types.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.digests import zone_of
from gateway.message.charset import clean_line
from gateway.operations.person import actor, unknown_agent
from gateway.operations.types import NOTHING_CHANGED, Done, Duty, Operation
from gateway.outgoing.enqueue import enqueue
from gateway.store import own_settings, tickets
from gateway.store.audit import add_audit
from gateway.store.undoing import Setting
from gateway.ticket.agent_mail import to_agent
from gateway.ticket.saying import saying

_MOST_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Remind:
    """A mail to an agent himself, at a time."""

    agent: str
    at: datetime
    text: str = ""
    number: int | None = None  # of the ticket that it is about


@dataclass(frozen=True, slots=True)
class SetOwn:
    """A setting of an agent that holds instead of what the rules say."""

    agent: str
    name: str  # digest or receipts
    value: str


def _remind(c: Connection, wanted: Remind, duty: Duty) -> tuple[Done, ...]:
    rules, name = duty.deps.rules, f"#{wanted.number}" if wanted.number is not None else wanted.agent
    if (refused := unknown_agent(wanted.agent, rules, name)) is not None:
        return (refused,)
    if wanted.at <= duty.now:
        return (Done(name, "refused", saying("wrong_past", word=wanted.at)),)
    ticket = tickets.find_ticket(c, wanted.number) if wanted.number is not None else None
    agent, text = rules.agents[wanted.agent], clean_line(wanted.text)[:_MOST_CHARACTERS]
    words = duty.deps.desk.templates.words(rules.language_of(agent))
    about = (f"#{ticket.number}  {ticket.told_subject}",) if ticket is not None else ()
    values = {"title": words["reminder"], "lines": (*about, *((text,) if text else ()))}
    key = f"remind:{wanted.agent}:{wanted.number}:{wanted.at.isoformat()}:{duty.now.isoformat()}:{text}"
    notice = to_agent(agent, "command_result", values, rules, key=key, cause=actor(agent.id), about=ticket)
    notice = replace(notice, zone=str(zone_of(agent, rules)), not_before=wanted.at)
    made = enqueue(notice, duty.deps.desk, c, duty.now)
    said = saying("done_reminder", mail=f"q-{made[0]}", time=wanted.at) if made is not None else NOTHING_CHANGED
    return (Done(name, "done", said, waiting=(made[0],) if made is not None else ()),)


def _set_own(c: Connection, wanted: SetOwn, duty: Duty) -> tuple[Done, ...]:
    if (refused := unknown_agent(wanted.agent, duty.deps.rules, wanted.agent)) is not None:
        return (refused,)
    was = own_settings.of_agent(c, wanted.agent).get(wanted.name)
    own_settings.put(c, wanted.agent, wanted.name, wanted.value, duty.now)
    add_audit(
        c,
        at=duty.now,
        actor=actor(wanted.agent),
        basis=duty.basis,
        action=f"agent.{wanted.name}",
        object=wanted.agent,
        detail=f"{was or 'as the rules say'} -> {wanted.value}",
    )
    said = saying("done_set", name=wanted.name, was=was or saying("done_as_ruled"), now=wanted.value)
    steps = (Setting(wanted.agent, wanted.name, was, wanted.value),) if was != wanted.value else ()
    return (Done(wanted.agent, "done", said, steps=steps),)


OPERATIONS: Mapping[str, Operation] = {
    "agent.remind": Operation(Remind, _remind),
    "agent.set": Operation(SetOwn, _set_own),
}
