"""A ticket as a change leaves it, and what a change reads like.

Not here  which changes there are (types.py), who decides on them (apply.py), how they are stored (store/changes.py).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.rules.statuses import StatusType
from gateway.ticket.life import FINISHED
from gateway.ticket.types import AddEntry, Change, OpenTicket, SetField, SetStatus, Ticket

_FIELD = "field."
_SAID = ("mail", "answer", "note")
SETTABLE = (
    "team", "assignee", "responsible", "priority", "language", "subject", "due", "tags", "flags", "followers", "needs",
    "escalation", "sla",
)  # fmt: skip


def opened(change: OpenTicket) -> Ticket:
    """The ticket before it has its number, which is 0."""
    return Ticket(
        number=0,
        subject=change.subject,
        team=change.team,
        assignee=None,
        priority="normal",
        status="new",
        tags=(),
        fields=(),
        language=change.language,
        channel=change.channel,
        requester=change.requester,
        created_at=change.at,
        updated_at=change.at,
        messages=0,
        version=1,
        flags=change.flags,
        status_at=change.at,
        origin=change.origin,
    )


def changed(ticket: Ticket, change: SetField | SetStatus) -> Ticket:
    """The ticket after the change."""
    if isinstance(change, SetStatus):
        return _in_status(ticket, change)
    if change.name.startswith(_FIELD):
        name = change.name.removeprefix(_FIELD)
        kept = tuple(pair for pair in ticket.fields if pair[0] != name)
        return replace(ticket, fields=(*kept, (name, str(change.value))) if change.value is not None else kept)
    if change.name not in SETTABLE:
        raise ValueError(f"no such ticket field: {change.name}")
    return replace(ticket, **{change.name: change.value})  # type: ignore[arg-type]


def is_said(entry: AddEntry) -> bool:
    """Whether a person says something new in the ticket: whoever answers should have seen it."""
    return entry.kind in _SAID and entry.held is None and entry.cause is None


def after(ticket: Ticket, changes: Iterable[Change]) -> Ticket:
    """The ticket after those of the changes that are changes of itself."""
    for change in changes:
        if isinstance(change, SetField | SetStatus):
            ticket = changed(ticket, change)
    return ticket


def shown(ticket: Ticket, name: str) -> str:
    """The value of a field, or of field.NAME, in words; `none` when there is none."""
    value = value_of(ticket, name)
    match value:
        case None:
            return "none"
        case tuple():
            return ", ".join(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M} UTC"
        case _:
            return str(value)


def value_of(ticket: Ticket, name: str) -> object:
    """The value of a field, or of field.NAME; None when there is none."""
    value = dict(ticket.fields).get(name.removeprefix(_FIELD)) if name.startswith(_FIELD) else getattr(ticket, name)
    return None if value == () else value


def _in_status(ticket: Ticket, change: SetStatus) -> Ticket:
    """Snoozing keeps what the ticket was; snoozing it again keeps what it was at first."""
    awake: tuple[str | None, StatusType | None] = (None, None)
    if change.until is not None:
        asleep = ticket.snoozed_until is not None
        awake = (ticket.awake_status, ticket.awake_status_type) if asleep else (ticket.status, ticket.status_type)
    goes_on = ticket.status_type in FINISHED and change.type not in FINISHED
    return replace(
        ticket,
        reopened=ticket.reopened + goes_on,
        status=change.status,
        status_type=change.type,
        status_reason=change.reason,
        status_at=change.at,
        nudged=0,
        snoozed_until=change.until,
        awake_status=awake[0],
        awake_status_type=awake[1],
    )
