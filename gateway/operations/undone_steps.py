"""Taking back what commands did beside the fields of tickets: what agents settled, and words that were held.

Transaction  that of all that is taken back; the tickets are locked.
Not here     the tickets as they were, the mails (undoing.py); what is kept of each step (store/undoing.py).
"""

from collections.abc import Iterator
from typing import assert_never

from sqlalchemy import Connection

from gateway.distribution import take_back
from gateway.events import owners_after
from gateway.message.address import normal
from gateway.operations.agents import Back, back, said_of
from gateway.operations.person import actor
from gateway.operations.tickets import of_change
from gateway.operations.types import Done, Duty
from gateway.store import absences, audit, customers, held, outbox, own_settings, tickets
from gateway.store.linked import By
from gateway.store.outbox import OutboxItem
from gateway.store.undoing import Chosen, CommandReceipt, Decided, Found, Setting, Step
from gateway.ticket.assign import Absence
from gateway.ticket.saying import Sayable, saying

_ABSENCE = ("agent.away", "agent.back")
_WRITTEN = ("queued", "leased", "sent", "deferred", "uncertain", "held")
_MOST_MAILS = 200


def step_undone(c: Connection, step: Step, receipt: CommandReceipt, by: str | None, duty: Duty) -> Iterator[Done]:
    """What became of one step; a conflict where something else came of it since.

    by  the id of whoever takes it back; None is the operator
    """
    match step:
        case Setting():
            yield from _set_back(c, step, receipt, by, duty)
        case Decided():
            yield from _held_again(c, step, receipt, by, duty)
        case Found():
            yield from _waits_again(c, step, duty)
        case Chosen(customer, was, now_is):
            if customers.chosen_language(c, customer) == now_is:  # else somebody chose since
                customers.put_language(c, customer, was)
        case _:
            assert_never(step)


def dropped(c: Connection, item: OutboxItem | None, duty: Duty) -> Done | None:
    """A mail that had not left, and never does; None: it has."""
    if item is None or not outbox.drop(c, item.id, duty.now):
        return None
    outbox.tell(c, item, "mail.dropped", "was taken back before it left", duty.now)
    return Done(f"q-{item.id}", "done", saying("done_not_sent", address=item.forward_path))


def _set_back(c: Connection, step: Setting, receipt: CommandReceipt, by: str | None, duty: Duty) -> Iterator[Done]:
    found = absences.absent(c, duty.now).get(step.agent) if step.name == "away" else None
    now_is = found if step.name == "away" else own_settings.of_agent(c, step.agent).get(step.name)
    was, left = _valid(step.was, duty), _valid(step.now_is, duty)
    if now_is != left:
        actions = _ABSENCE if step.name == "away" else (f"agent.{step.name}",)
        rows = audit.find_rows(c, action="agent", since=receipt.at)
        who = next((row.actor for row in reversed(rows) if row.action in actions and row.object == step.agent), "—")
        said = saying("done_changed_since", names=f"#{step.name}", who=who)
        yield Done(step.agent, "conflict", said)
    elif isinstance(was, Absence):
        absences.put_away(c, was, duty.now, actor(by))
        yield Done(step.agent, "done", said_of(was))
    elif step.name == "away":
        yield from back(c, Back(step.agent, by), duty)
    else:
        yield _settled(c, step, was, by, duty)


def _settled(c: Connection, step: Setting, was: str | None, by: str | None, duty: Duty) -> Done:
    if was is None:
        own_settings.forget(c, step.agent, step.name)
    else:
        own_settings.put(c, step.agent, step.name, was, duty.now)
    audit.add_audit(
        c,
        at=duty.now,
        actor=actor(by),
        basis=duty.basis,
        action=f"agent.{step.name}",
        object=step.agent,
        detail=f"{step.now_is} -> {was or 'as the rules say'}",
    )
    said: Sayable = was or saying("done_as_ruled")
    return Done(step.agent, "done", saying("done_set", name=step.name, was=str(step.now_is), now=said))


def _valid(value: str | Absence | None, duty: Duty) -> str | Absence | None:
    """What holds now of what held then: an absence may be over."""
    over = isinstance(value, Absence) and value.until is not None and value.until <= duty.now
    return None if over else value


def _held_again(c: Connection, step: Decided, receipt: CommandReceipt, by: str | None, duty: Duty) -> Iterator[Done]:
    ticket, entry, name = tickets.find_ticket(c, step.ticket), tickets.find_entry(c, step.entry), f"#{step.ticket}"
    if ticket is None or ticket.merged_into is not None:
        yield Done(name, "conflict", saying("done_merged_since"))
    elif entry is None or not held.is_as_left(step, entry):
        rows = audit.find_rows(c, ticket=step.ticket, since=receipt.at)
        who = rows[-1].actor if rows else "—"
        yield Done(name, "conflict", saying("done_changed_since", names=f"e-{step.entry}", who=who))
    else:
        gone = held.hold_again(c, ticket, step, entry, By(actor(by), duty.basis, duty.now), duty.deps.promises)
        said = [saying("done_held_again", entry=f"e-{step.entry}")]
        if step.joined is not None:
            said.append(saying("done_takes_no_part" if gone else "done_goes_on_taking_part", who=step.joined))
        mails = _mails_to(c, step, receipt) if gone and step.joined is not None else []
        later = [mail for mail in mails if mail.waits_for(duty.now)]
        if len(later) < len(mails):
            said.append(saying("done_left", what=saying("left_mail", address=step.joined or "")))
        yield Done(name, "done", tuple(said))
        yield from filter(None, (dropped(c, mail, duty) for mail in later))


def _mails_to(c: Connection, step: Decided, receipt: CommandReceipt) -> list[OutboxItem]:
    """What was written to him since he took part, and was not given up."""
    found = outbox.find_many(c, states=_WRITTEN, ticket=step.ticket, recipient=step.joined, limit=_MOST_MAILS)
    return [each for each in found if normal(each.forward_path) == step.joined and each.queued_at >= receipt.at]


def _waits_again(c: Connection, step: Found, duty: Duty) -> Iterator[Done]:
    """What he was given as he came back is nobody's again; what anything happened in stays his."""
    ticket = tickets.find_ticket(c, step.ticket, lock=True)
    if ticket is None or ticket.assignee != step.agent:
        return
    if ticket.version != step.version:
        yield Done(f"#{step.ticket}", "done", saying("done_stays_with", who=step.agent))
        return
    after = take_back(c, ticket, "he is not back", duty.deps, duty.now)
    owners_after(c, ticket, after, duty.deps, duty.now)
    again = tickets.find_ticket(c, step.ticket)
    new = again.assignee if again is not None else None
    said = saying("done_waits_again") if new is None else of_change("assignee", step.agent, new)
    yield Done(f"#{step.ticket}", "done", said)
