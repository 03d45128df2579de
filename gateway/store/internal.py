"""What of a ticket its customers must not read, and what they may: for the guard of all that goes to them.

Transaction  the caller's.
Not here     what counts as a leak (ticket/leak.py), who asks (outgoing/enqueue.py, operations/answers.py).
"""

from collections.abc import Collection

from sqlalchemy import Connection, bindparam, case, func, or_, select, union

from gateway.message.limits import ParseLimits
from gateway.message.parse import read_body
from gateway.store.schema import entry, outbox, ticket_link
from gateway.ticket.leak import ArticleRuns, Internal

_LIMITS = ParseLimits()
_NOTICES, _BEGINS = 5, 32 * 1024  # mails to agents that are looked at, and how much of each
_NOTES = 200
_TELLING = ("agent_notice", "sla_warning", "sla_breached", "delivery_failed")  # the others repeat the agent's own words


def internal_of(
    c: Connection, ticket: int, agents: Collection[str], articles: ArticleRuns, writer: str = ""
) -> Internal:
    """Notes of the ticket and of those that it is linked with, the newest mails to agents about it, what is public.

    agents  their addresses in normal form
    writer  whose words are looked at, if that is known: each is told of what he may see, and quotes his own mails
    """
    about = {"ticket": ticket, "agents": list(agents), "writer": writer}
    notes = tuple(row.text for row in c.execute(_WRITTEN, about))
    notices = tuple(read_body(bytes(row.begins), _LIMITS).text for row in c.execute(_SENT, about)) if agents else ()
    public = public_of(c, ticket) if notes or notices or articles.internal else ()
    return Internal(notes, notices, public, agents, articles)


def public_of(c: Connection, ticket: int) -> tuple[str, ...]:
    """What its customers wrote and were written."""
    return tuple(f"{row.text}\n{row.quoted}" for row in c.execute(_PUBLIC, {"ticket": ticket}))


_linked = union(
    select(ticket_link.c.other).where(ticket_link.c.ticket == bindparam("ticket")),
    select(ticket_link.c.ticket).where(ticket_link.c.other == bindparam("ticket")),
)
_WRITTEN = (
    select(entry.c.text)
    .where(
        or_(entry.c.ticket == bindparam("ticket"), entry.c.ticket.in_(_linked)),
        entry.c.kind == "note",
    )
    .order_by(entry.c.id.desc())
    .limit(_NOTES)
)
_SENT = (
    select(func.substr(outbox.c.raw, 1, _BEGINS, type_=outbox.c.raw.type).label("begins"))
    .where(
        outbox.c.ticket == bindparam("ticket"),
        outbox.c.recipient.in_(bindparam("agents", expanding=True)),
        outbox.c.template.in_(_TELLING),
        outbox.c.raw.is_not(None),
    )
    .order_by(case((outbox.c.recipient == bindparam("writer"), 0), else_=1), outbox.c.id.desc())
    .limit(_NOTICES)
)
_PUBLIC = (
    select(entry.c.text, entry.c.quoted)
    .where(entry.c.ticket == bindparam("ticket"), entry.c.public)
    .order_by(entry.c.id.desc())
    .limit(_NOTES)
)
