"""Which times of a ticket cannot be right: what is promised for it cannot be reckoned then, or is not to be believed.

Sources  acceptance P-10, H-04: a clock that was wrong leaves such times behind, as do calendars whose days are over.
Not here when a clock is due (sla.py), who keeps the flag (store/sla.py).
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from gateway.rules.types import LONGEST_SNOOZE
from gateway.ticket.ledger import Line
from gateway.ticket.sla import Promised
from gateway.ticket.types import Ticket

FLAG = "times-impossible"
_AHEAD = timedelta(minutes=5)  # of now: a clock that jumps no further is none that jumped (clock.py)


def impossible(ticket: Ticket, promised: Iterable[Promised], lines: Collection[Line], now: datetime) -> tuple[str, ...]:
    """What cannot be right, in words; empty where all may be."""
    return (*_of_ticket(ticket, now), *_of_ledger(ticket, lines, now), *filter(None, map(_of_promise, promised)))


def flagged(ticket: Ticket, wrong: Collection[str]) -> tuple[str, ...]:
    """The flags of the ticket: with ours where something is wrong, without it where nothing is any more."""
    if bool(wrong) == (FLAG in ticket.flags):
        return ticket.flags
    return (*ticket.flags, FLAG) if wrong else tuple(flag for flag in ticket.flags if flag != FLAG)


def _of_ticket(ticket: Ticket, now: datetime) -> Iterator[str]:
    if ticket.due is not None and ticket.due < ticket.created_at:
        yield f"the due time set by hand, {_utc(ticket.due)}, lies before the opening, {_utc(ticket.created_at)}"
    if ticket.status == "snoozed" and (ticket.snoozed_until is None or ticket.snoozed_until > now + LONGEST_SNOOZE):
        until = f"until {_utc(ticket.snoozed_until)}" if ticket.snoozed_until is not None else "for ever"
        yield f"it is snoozed {until}"


def _of_ledger(ticket: Ticket, lines: Collection[Line], now: datetime) -> Iterator[str]:
    """Words and answers may be older than the ticket: a merge and a split bring them from another one."""
    latest = max((line.at for line in lines), default=now)
    if latest > now + _AHEAD:
        yield f"something in it happened in the future, {_utc(latest)}"
    early = min((line.at for line in lines if line.entry is None), default=now)
    if lines and early < ticket.created_at:
        yield f"something in it, {_utc(early)}, happened before the opening, {_utc(ticket.created_at)}"


def _of_promise(promised: Promised) -> str | None:
    clock = promised.clock
    never = promised.length is None or (clock.state == "running" and promised.due_at is None)
    if clock.ended_at is not None or not never:
        return None
    return f"{clock.metric.replace('_', ' ')} is never due: “{promised.target.hours.calendar.id}” does not open so long"


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
