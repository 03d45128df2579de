"""How often the tokens of an agent were withdrawn: what he was sent before counts no more.

Transaction  the caller's.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from gateway.store.schema import agent_key
from gateway.store.upsert import inserted


def generation(c: Connection, address: str) -> int:
    """Of the tokens of an agent that count now; 0 when they were never withdrawn.

    address  his own, in normal form
    """
    return int(c.execute(_GENERATION, {"address": address}).scalar_one_or_none() or 0)


def generations(c: Connection) -> Mapping[str, int]:
    """Of every agent whose tokens were ever withdrawn, by his address in normal form."""
    return {row.address: row.generation for row in c.execute(select(agent_key.c.address, agent_key.c.generation))}


def withdraw(c: Connection, address: str, now: datetime) -> int:
    """Let nothing count that the agent was sent before; the new generation."""
    following = generation(c, address) + 1
    values = {"generation": following, "since": now}
    if not inserted(c, agent_key, {"address": address, **values}):
        c.execute(agent_key.update().where(agent_key.c.address == address).values(values))
    return following


_GENERATION = select(agent_key.c.generation).where(agent_key.c.address == bindparam("address"))
