"""The page at the end of the link in a digest: its reader turns it off there, and on again.

Sources      RFC 8058 (one click: a POST without a cookie, answered without a redirect), mails-out.md §1 (GET and HEAD
             change nothing: programs follow links before people do). The link is the right to it, and to nothing else;
             who guesses one hears the same as who has one that is over.
Transaction  one, durable: the operation that `#digest off` asks for.
Not here     the link (outgoing/compose.py), what the operation does (operations/own.py).
"""

from collections.abc import Callable
from typing import Literal

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.clock import Clock
from gateway.deciding.types import Deps
from gateway.message.address import normal
from gateway.operations.own import SetOwn
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.rules.types import Agent
from gateway.store import agent_keys, own_settings
from gateway.store.store import Store
from gateway.web.pages import Writer

_ONE_CLICK = ("List-Unsubscribe", "One-Click")
_ON_AGAIN = ("digest", "on")
_MOST_FIELDS = 4


class DigestPage:
    """One page for each agent."""

    def __init__(self, store: Store, clock: Clock, deps: Callable[[], Deps], writer: Writer) -> None:
        self._store, self._clock, self._deps, self._writer = store, clock, deps, writer

    async def show(self, request: Request) -> Response:
        """GET: how it is, and a button for the other way."""
        d = self._deps()
        agent = await self._agent(request, d)
        language = d.rules.language_of(agent)
        return self._writer.page("digest", language, on=agent.digest is not None)

    async def turn(self, request: Request) -> Response:
        """POST: as it says, then how it is."""
        d = self._deps()
        agent = await self._agent(request, d)
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
            said = form.multi_items()
        wanted: Literal["off", "on"]
        if _ONE_CLICK in said:
            wanted = "off"
        elif _ON_AGAIN in said:
            wanted = "on"
        else:
            raise HTTPException(400)
        asked = SetOwn(agent.id, "digest", wanted)
        duty = Duty(self._clock.now(), lambda: d, "link in a digest")
        await self._store.write(lambda c: OPERATIONS["agent.set"].perform(c, asked, duty), durable=True)
        return await self.show(request)

    async def _agent(self, request: Request, d: Deps) -> Agent:
        found = await self._store.read(lambda c: _holder(c, request.path_params["token"], d))
        if found is None:
            raise HTTPException(404)
        return found


def _holder(c: Connection, token: str, d: Deps) -> Agent | None:
    """The agent that a link was made for, as he wants it to be; None where it is nobody's, or no longer."""
    agents, withdrawn = {agent.email: agent for agent in d.rules.agents.values()}, agent_keys.generations(c)
    who = d.desk.ring.leaver(token, {email: withdrawn.get(normal(email), 0) for email in agents})
    return own_settings.as_settled(agents[who], own_settings.of_agent(c, agents[who].id)) if who is not None else None
