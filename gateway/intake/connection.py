"""One client's connection: may it come in, for how long, and the loop that reads its commands.

Sources  RFC 5321 §4.2.3 (421), §4.5.3.2 (time-outs), §4.2.1 (what fails on our side is 4yz); acceptance L2, L4, L5.
         Of aiosmtpd we use the protocol below the commands: streams, STARTTLS, the life of a connection. Its own loop
         answers without status codes, knows no limits and shows the text of exceptions. A command ended by a bare LF is
         taken, as everywhere; what a message is, only the end of DATA decides.
Not here what a command does (smtp.py), who may come in (caps.py), sockets (sockets.py).
"""

import asyncio
import secrets
import ssl
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

import structlog
from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway.clock import Clock
from gateway.config import Intake, Lmtp, Smtp
from gateway.errors import PermanentError, TransientError
from gateway.intake.accept import Door
from gateway.intake.caps import UNIX, Caps, peer_address

_LAST_WORD_S = 5.0  # how long a client may take to read our last reply
_TIMED_OUT = "421 4.4.2 this took too long"
_TOO_MANY_ERRORS = "421 4.7.0 too many errors"
_NOT_SMTP = "421 4.7.0 this is a mail server"
GIVING_UP = "421 4.3.0 this session cannot go on"
_STOCK_REPLIES = {"220 Ready to start TLS": "220 2.0.0 ready to start TLS"}

_OTHER_PROTOCOLS = frozenset(
    {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "PRI", "PROXY"}
)
_NOT_DONE_HERE = frozenset({"AUTH", "BDAT", "ETRN", "EXPN", "SAML", "SEND", "SOML", "TURN", "XCLIENT", "XFORWARD"})

Commands = Mapping[str, Callable[[Any, str], str]]  # verb -> one line, one reply
Dialogues = Mapping[str, Callable[[Any, str], Coroutine[Any, Any, None]]]  # these read and answer themselves
log = structlog.get_logger("intake")


@dataclass(frozen=True, slots=True)
class Terms:
    """What all connections of one listener share."""

    door: Door
    clock: Clock
    domain: str
    intake: Intake
    listener: Smtp | Lmtp
    caps: Caps
    spill_folder: Path
    keeps_bare_line_ends: bool  # of trusted peers
    starttls: ssl.SSLContext | None = None  # None: STARTTLS is not offered
    live: "set[Connection]" = field(default_factory=set)
    accepting: set[asyncio.Task[str]] = field(default_factory=set)  # awaited at the end; no disconnect ends them


class ConnectionOver(Exception):  # noqa: N818 - no error: it wakes whoever waits for the client
    """The connection ends now; `Connection.ending` is the last word."""


class Connection(SMTP):
    """What SMTP and LMTP have in common below the commands."""

    line_length_limit = 65_536  # where the stream stops reading from the socket; no limit of any line
    protocol_name: ClassVar[str]
    commands: ClassVar[Commands]
    dialogues: ClassVar[Dialogues]

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.peer = UNIX
        self.ending: str | None = None  # the last word, once it is known
        self.in_data = self.accepting = False
        self._admitted = self._hurried = self._deaf = self._half_open = False
        self._errors = self._wasted = 0
        loop = asyncio.get_running_loop()
        self._started_at = self._active_at = loop.time()
        self._data_ends_at = float("inf")
        self.gone = loop.create_future()  # done when the connection is no more
        super().__init__(
            self,
            data_size_limit=int(terms.intake.max_size),
            enable_SMTPUTF8=True,
            hostname=terms.domain,  # without it, getfqdn() blocks at each connection
            tls_context=terms.starttls,
            loop=loop,
        )

    def __dir__(self) -> Sequence[str]:
        """Nothing: the parent looks for hooks by name at each connection, a tenth of a millisecond for none."""
        return ()

    # --- from the first octet to the last ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet, or refuse when too many are here. Called again when STARTTLS has put TLS below."""
        if self._original_transport is None:
            self.peer = peer_address(transport.get_extra_info("peername"))
            self._admitted = self.terms.caps.admit(self.peer)
            if not self._admitted:
                self._deaf = True
                cast("asyncio.Transport", transport).write(b"421 4.7.0 too many sessions\r\n")
                transport.close()
                return
            self.terms.live.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Give the place free. The commit of a mail that was complete goes on."""
        if self._admitted:
            self._admitted = False
            self.terms.live.discard(self)
            self.terms.caps.leave(self.peer)
            self.gone.set_result(None)
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Octets from the client; within DATA, any of them end the silence."""
        if self.in_data:
            self._active_at = self.loop.time()
        if not self._deaf:
            super().data_received(data)

    def eof_received(self) -> bool:
        """The client says no more, and may still listen; the parent would cancel the command under way."""
        if not self._deaf:
            self._reader.feed_eof()
        self._half_open = not self._deaf and not self.encrypted()  # TLS cannot be
        return self._half_open

    def encrypted(self) -> bool:
        """Whether TLS is below, by STARTTLS or from the start."""
        return self._writer.get_extra_info("sslcontext") is not None

    async def push(self, status: str) -> None:  # type: ignore[override]  # replies are text
        """Send a reply. Raises ConnectionResetError when nobody is there."""
        self._writer.write(_STOCK_REPLIES.get(status, status).encode("utf-8", "replace") + b"\r\n")
        await self._drain_helper()  # type: ignore[attr-defined]  # of the stream; drain() would raise ConnectionOver

    def end(self, last_word: str) -> None:
        """Say this and close: now when we wait for the client, after the answer that is due when we work for it."""
        self.ending = self.ending or last_word
        self._reader.set_exception(ConnectionOver())
        self._hurry()

    def end_after_mail(self, last_word: str) -> None:
        """As `end`, but a mail under way may come to its end."""
        if self.in_data or self.accepting:
            self.ending = self.ending or last_word
        else:
            self.end(last_word)

    def abort(self) -> None:
        """Close without a word; what was not answered, the client still has."""
        self._writer.transport.abort()

    async def _close(self) -> None:
        """Say the last word, and go on reading to nowhere: octets left unread would reset what was said."""
        self._hurry()
        self._deaf = True
        try:
            await self.push(self.ending or GIVING_UP)
            if self._half_open or self.encrypted():
                self._writer.close()
            elif not self._writer.is_closing():
                self._writer.write_eof()
                cast("asyncio.ReadTransport", self._writer.transport).resume_reading()
        except OSError:
            self._writer.close()  # the client did not wait for it

    # --- time: one timer, which looks when it fires whether its reasons still hold ---

    def begin_data(self) -> None:
        """From now on the time of DATA runs."""
        self.in_data = True
        self._active_at = self.loop.time()
        self._data_ends_at = self._active_at + self.terms.listener.data.total_seconds()
        if not self._hurried and self._timer_at() > self._data_ends_at:
            self._arm(self._data_ends_at - self._active_at)

    def end_data(self) -> None:
        """DATA is over."""
        self.in_data, self._data_ends_at = False, float("inf")
        self._active_at = self.loop.time()

    def _reset_timeout(self, duration: float | None = None) -> None:
        self._active_at = self.loop.time()
        if self._timeout_handle is None:
            self._arm(self._due_at() - self._active_at)

    def _due_at(self) -> float:
        limits = self.terms.listener
        silence_ends_at = self._active_at + limits.idle.total_seconds()
        return min(silence_ends_at, self._started_at + limits.total.total_seconds(), self._data_ends_at)

    def _arm(self, seconds: float) -> None:
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        self._timeout_handle = self.loop.call_later(seconds, self._timeout_cb)

    def _timer_at(self) -> float:
        return self._timeout_handle.when() if self._timeout_handle is not None else float("inf")

    def _hurry(self) -> None:
        self._hurried = True
        self._arm(_LAST_WORD_S)

    def _timeout_cb(self) -> None:
        left = self._due_at() - self.loop.time()
        if self.accepting:  # the delay is ours
            self._arm(_LAST_WORD_S)
        elif self._hurried:
            self.abort()  # a client that never reads must not hold the connection
        elif left > 0:
            self._arm(left)
        else:
            self.end(_TIMED_OUT)

    # --- commands ---

    async def _handle_client(self) -> None:
        """The whole session. The outermost frame: what we did not foresee ends this session and no other."""
        try:
            await self.push(f"220 {self.hostname} {self.protocol_name} Mailwicket")
            while self.ending is None:
                await self._turn()
            await self._close()
        except (asyncio.IncompleteReadError, ConnectionError):
            self._writer.close()  # the client is gone; what got no answer, it still has
        except TLSSetupException as e:
            self._writer.close()
            self.connection_lost(e)  # nobody else tells us that a handshake failed
        except ConnectionOver:
            await self._close()
        except Exception as e:  # noqa: BLE001 - outermost frame of the session
            reply_to(e)
            await self._close()

    async def _turn(self) -> None:
        line = await self._command_line()
        self._reset_timeout()
        if line is None:
            return await self.answer("500 5.5.2 line too long")
        verb, argument = _verb_and_argument(line)
        if dialogue := self.dialogues.get(verb):
            return await dialogue(self, argument)
        if verb in _OTHER_PROTOCOLS:
            self.ending = _NOT_SMTP
            return None
        return await self.answer(self._reply(verb, argument))

    async def _command_line(self) -> bytes | None:
        """The next line without its end; None when it was too long."""
        overlong = False
        while True:
            try:
                line = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as e:
                await self._reader.readexactly(e.consumed)
                overlong = True
                self._count("500")
                if self.ending is not None:
                    raise ConnectionOver from e
            else:
                return None if overlong or len(line) > self.terms.listener.command_line else line.rstrip(b"\r\n")

    def _reply(self, verb: str, argument: str) -> str:
        command = self.commands.get(verb)
        if command is None:
            return "502 5.5.1 not done here" if verb in _NOT_DONE_HERE else "500 5.5.1 unknown command"
        try:
            return command(self, argument)
        except Exception as e:  # noqa: BLE001 - outermost frame of what the door does for us
            return reply_to(e)

    async def answer(self, reply: str) -> None:
        """Send the reply; when the client has done too much that leads nowhere, the last word takes its place."""
        self._count(reply)
        if self.ending is None:
            await self.push(reply)

    async def answer_due(self, reply: str, times: int) -> None:
        """Send the reply to a mail, also when the session ends; an accepted one makes up for what went before."""
        if reply.startswith("2"):
            self._errors = self._wasted = 0
        else:
            self._count(reply)
        await self.push("\r\n".join([reply] * times))

    def waste(self) -> None:
        """Count a command that leads nowhere."""
        self._wasted += 1

    def _count(self, reply: str) -> None:
        self._errors += reply.startswith("5")
        self._wasted += reply.startswith("4")
        if reply.startswith(("421", "221")):
            self.ending = reply
        elif self._errors > self.terms.listener.errors or self._wasted > self.terms.listener.junk:
            self.ending = _TOO_MANY_ERRORS


def reply_to(error: Exception) -> str:
    """The reply to a failure: the words we chose for it; for any other, an id that leads to the log."""
    trouble = secrets.token_hex(4)
    if not isinstance(error, TransientError | PermanentError):
        log.error("smtp.trouble", id=trouble, exc_info=error)
        return f"451 4.3.0 temporary failure id={trouble}"
    if error.status == TransientError.status:
        log.warning("smtp.trouble", id=trouble, reason=error.text)
        return f"{error.reply} id={trouble}"
    return error.reply


def _verb_and_argument(line: bytes) -> tuple[str, str]:
    verb, _, argument = line.partition(b" ")
    return verb.decode("ascii", "replace").upper(), argument.decode("utf-8", "surrogateescape").strip(" \t")
