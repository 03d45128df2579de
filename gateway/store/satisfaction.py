"""What customers said when they were asked how we did: one verdict for each ticket, the last one counts.

Transaction  the caller's.
Not here     when they are asked (ticket/ladder.py), what an answer says (ticket/rating.py).
"""

from collections import Counter
from datetime import datetime

from sqlalchemy import Connection, exists, func, select, update

from gateway.store.schema import entry, outbox, satisfaction
from gateway.store.upsert import inserted
from gateway.ticket.guard import CSAT
from gateway.ticket.rating import Rating
from gateway.ticket.types import Ticket


def was_answered(c: Connection, ticket: int) -> bool:
    """Whether a person of ours ever answered in the ticket: who got no answer is not asked how it was."""
    said = (entry.c.ticket == ticket, entry.c.kind == "answer")
    return bool(c.execute(select(exists().where(*said))).scalar_one())


def asked_at(c: Connection, ticket: int, address: str) -> datetime | None:
    """When this person was asked about the ticket; None when he was not.

    address  in normal form
    """
    his = (outbox.c.ticket == ticket, outbox.c.recipient == address, outbox.c.template == CSAT)
    query = select(func.max(outbox.c.queued_at)).where(*his, outbox.c.state.not_in(("suppressed", "dropped")))
    value: datetime | None = c.execute(query).scalar_one()
    return value


def note(c: Connection, of: Ticket, verdict: Rating, now: datetime) -> None:
    """Keep what the customer said, with whose work it is about; a second verdict takes the place of the first."""
    row = {"at": now, "verdict": verdict, "team": of.team, "agent": of.assignee, "language": of.language}
    if not inserted(c, satisfaction, {"ticket": of.number, **row}):
        c.execute(update(satisfaction).where(satisfaction.c.ticket == of.number).values(row))


def of_team(c: Connection, team: str, since: datetime, until: datetime) -> Counter[str]:
    """How many verdicts of each kind were given about the team's work."""
    given = (satisfaction.c.team == team, satisfaction.c.at >= since, satisfaction.c.at < until)
    query = select(satisfaction.c.verdict, func.count()).where(*given).group_by(satisfaction.c.verdict)
    return Counter({row[0]: int(row[1]) for row in c.execute(query)})
