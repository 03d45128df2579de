"""Which jobs a person paused, for every process of this database, and how far those got that go on from there.

Transaction  the caller's.
Not here     the jobs (timers.py, due.py).
"""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from gateway.store.audit import add_audit
from gateway.store.schema import paused_job, rule_cursor
from gateway.store.upsert import inserted

BACKUP = "made:backup"  # as a rule was asked until then: of when the last backup is; no rule has such a name


def paused(c: Connection) -> frozenset[str]:
    """The names of those that are not to run."""
    return frozenset(c.execute(_PAUSED).scalars())


def pause(c: Connection, name: str, actor: str, now: datetime) -> bool:
    """It does not run until somebody resumes it; False when it did not anyway."""
    done = inserted(c, paused_job, {"name": name, "at": now, "actor": actor})
    if done:
        add_audit(c, at=now, actor=actor, action="job.paused", object=name, detail="")
    return done


def resume(c: Connection, name: str, actor: str, now: datetime) -> bool:
    """It runs again; False when it did."""
    done = c.execute(delete(paused_job).where(paused_job.c.name == name)).rowcount == 1
    if done:
        add_audit(c, at=now, actor=actor, action="job.resumed", object=name, detail="")
    return done


def asked_until(c: Connection, rule: str) -> datetime | None:
    """The last change of the last ticket that a rule was asked about because nothing happened; None: of none yet."""
    return c.execute(select(rule_cursor.c.until).where(rule_cursor.c.rule == rule)).scalar_one_or_none()


def note_asked(c: Connection, rule: str, until: datetime) -> None:
    """It was asked about all until then."""
    done = c.execute(update(rule_cursor).where(rule_cursor.c.rule == rule).values(until=until))
    if done.rowcount == 0:
        c.execute(insert(rule_cursor).values(rule=rule, until=until))


def forget_asked(c: Connection, rule: str) -> None:
    """As if it had never been asked."""
    c.execute(delete(rule_cursor).where(rule_cursor.c.rule == rule))


def promised_by(c: Connection) -> str | None:
    """The fingerprint of the promises by which all open tickets were worked out last; None: none was noted yet."""
    key: str | None = c.execute(select(rule_cursor.c.rule).where(_PROMISED)).scalar_one_or_none()
    return key and key.removeprefix(_PROMISES)


def note_promised(c: Connection, fingerprint: str, now: datetime) -> None:
    """All open tickets are worked out by these promises."""
    c.execute(delete(rule_cursor).where(_PROMISED))
    note_asked(c, f"{_PROMISES}{fingerprint}", now)


_PROMISES = "promises:"  # no id of a rule has a colon
_PROMISED = rule_cursor.c.rule.startswith(_PROMISES, autoescape=True)
_PAUSED = select(paused_job.c.name)
