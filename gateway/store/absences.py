"""Which agents are away: they get no new tickets until their time is over, or they are back.

Transaction  the caller's.
Not here     what becomes of tickets meanwhile (ticket/assign.py), who may say so (operations/agents.py).
"""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, or_, select

from gateway.store.audit import add_audit
from gateway.store.schema import absence
from gateway.ticket.assign import Absence


def absent(c: Connection, now: datetime) -> dict[str, Absence]:
    """Who is away now, by agent."""
    away = or_(absence.c.until.is_(None), absence.c.until > now)
    found = (Absence(r.agent, r.since, r.until, r.cover, r.by) for r in c.execute(select(absence).where(away)))
    return {each.agent: each for each in found}


def put_away(c: Connection, away: Absence, now: datetime, by: str | None = None) -> None:
    """He gets no new tickets from now on; what was said before is replaced.

    by  who wants it so; None: who said that he is away
    """
    c.execute(delete(absence).where(absence.c.agent == away.agent))
    row = {"agent": away.agent, "since": away.since, "until": away.until, "cover": away.cover, "by": away.by}
    c.execute(insert(absence), row)
    covered = f", {away.cover} looks after his tickets" if away.cover else ""
    add_audit(c, at=now, actor=by or away.by, action="agent.away", object=away.agent, detail=f"{away}{covered}")


def end_absence(c: Connection, agent: str, by: str, now: datetime) -> bool:
    """He is back; False when he was not away."""
    was_away = agent in absent(c, now)
    c.execute(delete(absence).where(absence.c.agent == agent))
    if was_away:
        add_audit(c, at=now, actor=by, action="agent.back", object=agent, detail="")
    return was_away
