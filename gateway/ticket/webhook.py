"""What an endpoint of another program is told of a ticket: because a rule asks for it, or because it wants to know.

Sources  rules.md §5, `webhook`; operations.md §8, `events` of [[webhook]]. It says what happened and how the ticket
         stands afterwards, never what a mail says.
Not here keeping and posting it (store/webhooks.py, outgoing/webhook.py).
"""

from collections.abc import Iterable
from datetime import datetime

from gateway.rules.types import Event
from gateway.ticket.types import Ticket

SCHEMA = "mailwicket.event/1"


def event_of(
    ticket: Ticket, events: Iterable[Event], rule: str | None, revision: int, now: datetime
) -> dict[str, object]:
    """The event, ready for JSON.

    ticket  as it is afterwards.  events  that it is about; none for what a rule put off
    rule    that asks for it; None: the endpoint wants to know.  revision  of the rules in force
    """
    who = ticket.requester
    return {
        "schema": SCHEMA,
        "at": now.isoformat(),
        "events": tuple(event for event in events if event != "received"),
        "rule": rule,
        "revision": revision,
        "ticket": {
            "number": ticket.number,
            "subject": ticket.subject,
            "team": ticket.team,
            "status": ticket.status,
            "status_type": ticket.status_type,
            "priority": ticket.priority,
            "assignee": ticket.assignee,
            "responsible": ticket.responsible,
            "tags": ticket.tags,
            "fields": dict(ticket.fields),
            "language": ticket.language,
            "channel": ticket.channel,
            "created_at": ticket.created_at.isoformat(),
            "due_at": ticket.next_due.isoformat() if ticket.next_due is not None else None,
            "requester": {"name": who.name, "address": who.address} if who is not None else None,
        },
    }
