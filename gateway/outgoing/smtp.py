"""One delivery to the submission server, and what came of it. The only place that opens outgoing SMTP.

Sources  RFC 6409 (submission), RFC 5321 §3.3, §4.2, §4.5.2 (mail transaction, replies, dots), §4.5.3.2 (timeouts),
         RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 1870 (SIZE), RFC 6531 (SMTPUTF8). No BODY: we send 7 bit.
         Not `data()` of aiosmtplib: `before_dot` is awaited when the content is written and the final dot is not, so
         whatever breaks before it is certainly not sent, and only what breaks after it is uncertain.
Not here  when to try again (schedule.py), leases and states (outbox.py).
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import aiosmtplib
from aiosmtplib import SMTPResponse

from gateway.clock import Clock
from gateway.errors import ConfigError, PermanentError
from gateway.message.address import path_address
from gateway.outgoing.header import clean_header
from gateway.outgoing.relay import Relay

_CONNECT_S = 30
_COMMAND_S = 300
_DATA_S = 120
_BLOCK_S = 180
_DOT_S = 600
_QUIT_S = 5  # politeness has no claim on our time
_MAILS_A_CONNECTION = 100
_IDLE_S = 60
_BLOCK = 64 * 1024
_MAX_REPLY = 500  # characters that are kept of what the relay said
_SIZE = re.compile("[0-9]{1,20}")
_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True)
class Delivered:
    """The relay took the mail; it is its mail now."""

    reply: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certainly not sent; the same work may succeed later."""

    reason: str
    reply: str | None = None  # None: it is not the relay that said so
    unreachable: bool = False  # no session at all, so no mail can be sent now
    alarm: bool = False  # the relay does not want us; time alone mends nothing


@dataclass(frozen=True, slots=True)
class Failed:
    """Certainly not sent, and never will be."""

    reply: str


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The final dot was written and no answer came: the relay may have the mail or not."""

    stage: str


DeliveryResult = Delivered | Deferred | Failed | Uncertain


class Parcel(Protocol):
    """What is delivered: an outbox row, or a probe."""

    @property
    def forward_path(self) -> str:
        """The one recipient."""
        ...

    @property
    def reverse_path(self) -> str | None:
        """None is <>."""
        ...

    @property
    def raw(self) -> bytes:
        """With canonical line ends (wire.py)."""
        ...


class Connection:
    """At most one open session with the relay, used for one mail after the other."""

    def __init__(self, relay: Relay, clock: Clock) -> None:
        self._relay, self._clock = relay, clock
        self._client: aiosmtplib.SMTP | None = None
        self._mails = 0
        self._used_at = 0.0

    async def session(self) -> aiosmtplib.SMTP:
        """A client that is greeted, encrypted and logged in.

        Raises  errors of aiosmtplib and OSError; then there is no session any more
        """
        if self._client is not None:
            if self._mails < _MAILS_A_CONNECTION and await self._alive(self._client):
                return self._client
            await self.close()
        self._client, self._mails = await _opened(self._relay), 0
        return self._client

    def done(self) -> None:
        """One more mail went through; the session can take the next."""
        self._mails += 1
        self._used_at = self._clock.monotonic()

    async def rest(self) -> None:
        """Say goodbye when nothing was sent for a while."""
        if self._clock.monotonic() - self._used_at > _IDLE_S:
            await self.close()

    def abandon(self) -> None:
        """Forget the session without a word: after any error a new one is made."""
        if self._client is not None:
            self._client.close()
        self._client = None

    async def close(self) -> None:
        """Say goodbye."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            await client.quit(timeout=_QUIT_S)
        except (aiosmtplib.SMTPException, OSError):
            return  # it is gone already
        finally:
            client.close()

    async def _alive(self, client: aiosmtplib.SMTP) -> bool:
        if not client.is_connected or self._clock.monotonic() - self._used_at > _IDLE_S:
            return False
        try:
            await client.rset(timeout=_QUIT_S)
        except (aiosmtplib.SMTPException, OSError):
            return False
        return True


async def deliver(item: Parcel, connection: Connection, before_dot: Callable[[], Awaitable[bool]]) -> DeliveryResult:
    """What came of one attempt to hand this mail to the relay.

    before_dot  commits stage=dot durably; False takes the mail back: somebody else has the lease
    Raises      what before_dot raises; then the mail was certainly not sent
    """
    try:
        client = await connection.session()
    except (aiosmtplib.SMTPException, OSError) as e:
        return _no_session(e)
    except ConfigError as e:  # the password cannot be read any more
        return Deferred(e.text, unreachable=True, alarm=True)
    result: DeliveryResult | None = None
    try:
        result = await _transaction(client, item, before_dot)
    except (aiosmtplib.SMTPException, OSError) as e:  # on the way to the dot; after it this is a value
        return Deferred(_words(e))
    finally:
        if result is None or isinstance(result, Uncertain):
            connection.abandon()
        else:
            connection.done()
    return result


async def _opened(relay: Relay) -> aiosmtplib.SMTP:
    client = aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port,
        local_hostname=relay.helo,
        use_tls=relay.tls == "implicit",
        start_tls=False,
        tls_context=relay.context,
        timeout=_COMMAND_S,
    )
    try:
        await client.connect(timeout=_CONNECT_S)
        await client.ehlo()
        if relay.tls == "starttls" or (relay.tls == "optional" and client.supports_extension("starttls")):
            await client.starttls()
            await client.ehlo()
        if relay.user:
            if client.get_transport_info("sslcontext") is None:
                raise aiosmtplib.SMTPException("no encryption, so the password is not sent")
            await client.login(relay.user, relay.password())
    except BaseException:
        client.close()
        raise
    return client


async def _transaction(
    client: aiosmtplib.SMTP, item: Parcel, before_dot: Callable[[], Awaitable[bool]]
) -> DeliveryResult:
    try:
        forward = path_address(item.forward_path, smtputf8=True)
        reverse = path_address(item.reverse_path, smtputf8=True) if item.reverse_path else ""
    except PermanentError as e:
        return Failed(e.reply)
    most = _most_octets(client)
    if most is not None and 0 < most < len(item.raw):
        return Failed(f"552 5.3.4 the mail has {len(item.raw)} octets, and the relay takes {most}")
    options = [b"SIZE=%d" % len(item.raw)] if most is not None else []
    if not (forward + reverse).isascii():
        if not client.supports_extension("smtputf8"):
            return Failed("553 5.6.7 the relay takes no addresses in UTF-8")
        options.append(b"SMTPUTF8")
    reply = await client.execute_command(b"MAIL", f"FROM:<{reverse}>".encode(), *options)
    if reply.code != 250:
        return _mail_refused(reply)
    reply = await client.execute_command(b"RCPT", f"TO:<{forward}>".encode())
    if reply.code not in (250, 251):
        return _refused(reply)
    reply = await client.execute_command(b"DATA", timeout=_DATA_S)
    if reply.code != 354:
        return _refused(reply)
    return await _content(client, item.raw, before_dot)


def _most_octets(client: aiosmtplib.SMTP) -> int | None:
    """What the relay takes (RFC 1870 §4): 0 is no limit that it names, None that it knows nothing of sizes."""
    said = client.esmtp_extensions.get("size")
    return None if said is None else int(said) if _SIZE.fullmatch(said) else 0


async def _content(client: aiosmtplib.SMTP, raw: bytes, before_dot: Callable[[], Awaitable[bool]]) -> DeliveryResult:
    protocol = client.protocol
    if protocol is None:
        return Deferred("connection lost before the content")
    answer = asyncio.ensure_future(protocol.read_response(timeout=None))  # it may come before the dot: a refusal
    try:
        stuffed = _LEADING_DOT.sub(b"..", raw)
        for start in range(0, len(stuffed), _BLOCK):
            protocol.write(stuffed[start : start + _BLOCK])
            await asyncio.wait_for(protocol._drain_helper(), _BLOCK_S)  # noqa: SLF001  no public way to wait
        if not answer.done() and not await before_dot():
            client.close()
            return Deferred("the lease was lost")
        if answer.done():  # in the middle of the content: the session is of no use any more
            client.close()
            return _refused(answer.result())
        protocol.write(b".\r\n")
        return await _answered(answer)
    finally:
        answer.cancel()
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, asyncio.CancelledError):
            await answer


async def _answered(answer: asyncio.Future[SMTPResponse]) -> DeliveryResult:
    """From here on no answer, or one that makes no sense, leaves the mail uncertain."""
    try:
        reply = await asyncio.wait_for(asyncio.shield(answer), _DOT_S)
    except (aiosmtplib.SMTPException, OSError) as e:
        return Uncertain(f"dot: {_words(e)}")
    if 200 <= reply.code < 300:
        return Delivered(_said(reply))
    return _refused(reply) if 400 <= reply.code < 600 else Uncertain(f"dot: {_said(reply)}")


def _mail_refused(reply: SMTPResponse) -> DeliveryResult:
    """A refused reverse-path is ours and no mail's fault, but for the size, which only this mail has."""
    if reply.code == 552:
        return Failed(_said(reply))
    return Deferred(_said(reply), _said(reply), alarm=500 <= reply.code < 600)


def _refused(reply: SMTPResponse) -> DeliveryResult:
    """RFC 5321 §4.2.1: 5yz is for good; 530 (RFC 4954 §6) means our account, not the mail."""
    if 500 <= reply.code < 600 and reply.code != 530:
        return Failed(_said(reply))
    return Deferred(_said(reply), _said(reply), alarm=reply.code == 530)


def _no_session(error: Exception) -> Deferred:
    match error:
        case aiosmtplib.SMTPResponseException():
            said = _said(SMTPResponse(error.code, error.message))
            return Deferred(said, said, unreachable=True, alarm=error.code >= 500)
        case _ if isinstance(error.__cause__, ssl.SSLError):
            return Deferred(_words(error), unreachable=True, alarm=True)
        case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPTimeoutError() | aiosmtplib.SMTPServerDisconnected():
            return Deferred(_words(error), unreachable=True)
        case _:  # no STARTTLS, no AUTH, a certificate that does not verify
            return Deferred(_words(error), unreachable=True, alarm=True)


def _said(reply: SMTPResponse) -> str:
    return clean_header(f"{reply.code} {reply.message}")[:_MAX_REPLY]


def _words(error: Exception) -> str:
    text = error.message if isinstance(error, aiosmtplib.SMTPException) else str(error)
    return clean_header(text or type(error).__name__)[:_MAX_REPLY]
