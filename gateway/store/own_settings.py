"""What agents settled for themselves: it holds instead of what the rules say of them.

Transaction  the caller's.
Not here     which settings there are (operations/own.py).
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, and_, delete, insert, select, update

from gateway.rules.types import Agent
from gateway.store.schema import own_setting

_OFF = "off"
_DEFAULT_DIGEST = "08:30"  # of who wants one, and the rules name no time


def put(c: Connection, agent: str, name: str, value: str, now: datetime) -> None:
    """From now on it is so."""
    row = {"agent": agent, "name": name, "value": value, "at": now}
    same = and_(own_setting.c.agent == agent, own_setting.c.name == name)
    if not c.execute(update(own_setting).where(same).values(value=value, at=now)).rowcount:
        c.execute(insert(own_setting), row)


def forget(c: Connection, agent: str, name: str) -> None:
    """It is as the rules say."""
    c.execute(delete(own_setting).where(own_setting.c.agent == agent, own_setting.c.name == name))


def of_agent(c: Connection, agent: str) -> Mapping[str, str]:
    """What he settled, by name."""
    rows = c.execute(select(own_setting).where(own_setting.c.agent == agent))
    return {row.name: row.value for row in rows}


def of_all(c: Connection) -> Mapping[str, Mapping[str, str]]:
    """What each of them settled, by his id."""
    found: dict[str, dict[str, str]] = {}
    for row in c.execute(select(own_setting)):
        found.setdefault(row.agent, {})[row.name] = row.value
    return found


def as_settled(agent: Agent, own: Mapping[str, str]) -> Agent:
    """The agent as he wants it."""
    digest = own.get("digest")
    if digest == "on":
        agent = with_digest(agent)
    elif digest is not None:
        agent = replace(agent, digest=None if digest == _OFF else digest)
    receipts = own.get("receipts")
    return replace(agent, receipts=receipts) if receipts in ("all", "failures") else agent  # type: ignore[arg-type]


def with_digest(agent: Agent) -> Agent:
    """The agent with a time of day for what comes daily, his own where he has one."""
    return replace(agent, digest=agent.digest or _DEFAULT_DIGEST)
