"""What an endpoint of another program is told of a ticket when a rule asks for it.

Sources  rules.md §5, `webhook`. It says what happened and how the ticket stands afterwards, never what a mail says.
Not here keeping and posting it (store/webhooks.py, outgoing/webhook.py).
"""

from datetime import datetime

from gateway.rules.types import Trace
from gateway.ticket.types import Ticket

SCHEMA = "mailwicket.event/1"


def event_of(ticket: Ticket, trace: Trace, rule: str, now: datetime) -> dict[str, object]:
    """The event, ready for JSON.

    ticket  as it is afterwards.  trace  of the run that wants it; without events for what a rule put off
    """
    who = ticket.requester
    return {
        "schema": SCHEMA,
        "at": now.isoformat(),
        "events": tuple(event for event in trace.events if event != "received"),
        "rule": rule,
        "revision": trace.revision,
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
