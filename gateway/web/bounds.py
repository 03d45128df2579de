"""What a request may cost, and what every answer carries: the outermost frame around our pages.

Sources  console.md §7; RFC 9110 §15.5 (408, 413, 429); Content Security Policy Level 3. Whoever asks may be
         anybody: behind a reverse proxy all of them have one address, so they are bounded together.
Not here connections and the octets of a header (listening.py), what is answered (app.py).
"""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.clock import Clock

_BODY_OCTETS = 4096
_REQUEST_S = 10.0
_PER_S, _AT_ONCE = 20.0, 40.0  # requests: so many all the time, and so many at once after a rest
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_ALWAYS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}


class Bounds:
    """An application that is asked only for what may be asked."""

    def __init__(self, inner: ASGIApp, clock: Clock) -> None:
        self._inner, self._clock = inner, clock
        self._left, self._at = _AT_ONCE, clock.monotonic()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        read, begun = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > _BODY_OCTETS:
                raise HTTPException(413)
            return message

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        if not self._may():
            await PlainTextResponse("too many requests\n", 429, {"Retry-After": "2"})(scope, receive, told)
            return
        try:
            async with asyncio.timeout(_REQUEST_S):
                await self._inner(scope, counted, told)
        except TimeoutError:
            if not begun:
                await PlainTextResponse("too slow\n", 408, {"Connection": "close"})(scope, receive, told)

    def _may(self) -> bool:
        now = self._clock.monotonic()
        self._left = min(_AT_ONCE, self._left + (now - self._at) * _PER_S)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
