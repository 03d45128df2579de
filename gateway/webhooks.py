"""Who posts what rules tell endpoints: what is due, again after a failure, and when an endpoint is told nothing more.

Sources      console.md §8: again after 1, 5 and 30 minutes, 2, 6 and 24 hours; off after three days of failure.
Transaction  one that claims the calls, durable, before anything leaves; one for each that settles it. None is open
             while the network is used.
Not here     one attempt (outgoing/webhook.py), the rows (store/webhooks.py).
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta

import msgspec
import structlog
from sqlalchemy import Connection

from gateway.clock import Clock
from gateway.config import Settings, WebhookEndpoint
from gateway.deciding.types import Deps
from gateway.errors import ConfigError
from gateway.outgoing.alarming import raise_alarm
from gateway.outgoing.enqueue import enqueue
from gateway.outgoing.webhook import Answer, Way, post, signature, way
from gateway.store import webhooks
from gateway.store.store import Store
from gateway.store.webhooks import Call

_AGAIN = tuple(
    timedelta(minutes=minutes) for minutes in (1, 5, 30, 2 * 60, 6 * 60, 24 * 60)
)  # after attempt 1, 2, …; then it is given up
_AT_ONCE, _OF_ONE = 20, 5
_OFF_AFTER = timedelta(days=3)
_KEPT = timedelta(days=30)
_UNSETTLED = timedelta(minutes=1)  # longer than an attempt takes
log = structlog.get_logger("webhooks")


class Webhooks:
    """Tells the endpoints of the settings."""

    def __init__(
        self, store: Store, settings: Settings, deps: Callable[[], Deps], clock: Clock, reached: Way | None = None
    ) -> None:
        """`reached`: None is verified, and on public addresses only."""
        self._store, self._deps, self._clock, self._way = store, deps, clock, reached
        self._endpoints: Mapping[str, WebhookEndpoint] = {each.name: each for each in settings.webhook}

    async def post_events(self) -> None:
        """Events that rules tell other programs."""
        now = self._clock.now()
        if not await self._store.read(lambda c: webhooks.is_due(c, now)):
            return
        calls = await self._store.write(lambda c: webhooks.claim(c, now, _UNSETTLED, _AT_ONCE, _OF_ONE), durable=True)
        await asyncio.gather(*map(self._tell, calls))

    async def forget_events(self) -> None:
        """Events that endpoints took a month ago."""
        now = self._clock.now()
        await self._store.write(lambda c: webhooks.forget(c, now - _KEPT))

    async def _tell(self, call: Call) -> None:
        answer = await self._answer(call)
        log.info("webhook.called", id=call.id, endpoint=call.endpoint, attempt=call.attempts, said=answer.said)
        await self._store.write(lambda c: self._settle(c, call, answer))

    async def _answer(self, call: Call) -> Answer:
        endpoint = self._endpoints.get(call.endpoint)
        if endpoint is None:
            return Answer("mailwicket.toml has no [[webhook]] of this name")
        try:
            key = endpoint.secret.read()
        except ConfigError as e:
            return Answer(e.text.splitlines()[0])
        body = msgspec.json.encode({"id": f"w-{call.id}", **msgspec.json.decode(call.event)})
        at = int(self._clock.now().timestamp())
        fields = {"User-Agent": "Mailwicket", "X-Mailwicket-Signature": signature(key, body, at)}
        self._way = self._way or way()
        return await post(endpoint.url, body, fields, self._way)

    def _settle(self, c: Connection, call: Call, answer: Answer) -> None:
        now = self._clock.now()
        if answer.taken:
            webhooks.settle(c, call, "taken", answer.said, now)
            webhooks.works(c, call.endpoint)
            return
        since = webhooks.trouble_since(c, call.endpoint, now)
        if call.attempts > len(_AGAIN):
            webhooks.settle(c, call, "failed", answer.said, now)
        else:
            webhooks.settle(c, call, "waiting", answer.said, now, now + _AGAIN[call.attempts - 1])
        if now - since >= _OFF_AFTER and call.endpoint not in webhooks.off(c):
            said = f"{call.endpoint} took nothing since {since:%Y-%m-%d %H:%M} UTC: {answer.said}"
            webhooks.turn_off(c, call.endpoint, f"the endpoint is off; last {answer.said}", now)
            raise_alarm(c, "webhook", call.endpoint, said, self._deps().desk, now, enqueue)
