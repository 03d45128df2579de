"""One event, posted to one endpoint over HTTPS: taken, or why not.

Sources  RFC 9110 §9.3.3 (POST), §15 (status codes), RFC 9112 §3, §4 (request and status line), RFC 6890 (addresses that
         are not public). The signature is an HMAC-SHA-256 over `TIME.BODY`, so that what was heard once cannot be
         said again later.
         The name is looked up once, every address of it must be public, and the connection goes to the address that was
         looked at: no name can lead into our own network, not by pointing elsewhere a moment later either. Redirections
         are answers like any other, and not followed. One deadline holds for all of it; of the answer one line is read.
Not here when it is tried again (webhooks.py beside the daemon), what it says (ticket/webhook.py).
"""

import asyncio
import hmac
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

_SECONDS = 10.0
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: .*)?\r?\n")
_INTERIM = 5  # lines of status 1xx before the one that counts (RFC 9110 §15.2)
_LINE_OCTETS = 8192
_TAKEN = range(200, 300)
_HTTPS_PORT = 443

IpAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an attempt."""

    said: str
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """How endpoints are reached."""

    context: ssl.SSLContext
    may_reach: Callable[[IpAddress], bool]
    seconds: float = _SECONDS


def is_public(address: IpAddress) -> bool:
    """Whether it is an address of the open network; one inside another one counts, too (RFC 6052, 4291 §2.5.5)."""
    if isinstance(address, IPv6Address):
        within = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if within is not None:
            return is_public(within)
    return address.is_global and not (address.is_multicast or address.is_reserved)


def way() -> Way:
    """As endpoints of the settings are reached: verified, and public only."""
    return Way(ssl.create_default_context(), is_public)


def signature(key: str, body: bytes, at: int) -> str:
    """The value of X-Mailwicket-Signature.

    at  seconds since 1970
    """
    return f"t={at},v1={hmac.new(key.encode(), b'%d.' % at + body, sha256).hexdigest()}"


async def post(url: str, body: bytes, fields: dict[str, str], way: Way) -> Answer:
    """The endpoint's answer; trouble on the way is an answer, too.

    url     https, as the settings checked it.  body  JSON.  fields  of the header, beside those that every request has
    """
    try:
        async with asyncio.timeout(way.seconds):
            return await _post(url, body, fields, way)
    except TimeoutError:
        return Answer(f"no answer within {way.seconds:g} s")
    except ssl.SSLError as e:
        return Answer(f"TLS: {e.reason or 'no session'}")
    except (OSError, ValueError, asyncio.IncompleteReadError) as e:
        return Answer(f"{type(e).__name__}: {e}")


async def _post(url: str, body: bytes, fields: dict[str, str], way: Way) -> Answer:
    place = urlsplit(url)
    host, port = place.hostname or "", place.port or _HTTPS_PORT
    address = await _address(host, port, way.may_reach)
    if address is None:
        return Answer(f"{host} is no public address")
    reader, writer = await asyncio.open_connection(
        address, port, ssl=way.context, server_hostname=host, limit=_LINE_OCTETS
    )
    try:
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        usual = {"Host": place.netloc, "Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [f"{name}: {value}" for name, value in {**usual, **fields, "Connection": "close"}.items()]
        writer.write("\r\n".join((f"POST {target} HTTP/1.1", *lines, "", "")).encode("ascii") + body)
        await writer.drain()
        return await _answer(reader)
    finally:
        writer.transport.abort()


async def _address(host: str, port: int, may_reach: Callable[[IpAddress], bool]) -> str | None:
    """Where to connect to; None when one of its addresses may not be reached."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(place[0]) for *_, place in found]
    allowed = all(may_reach(ip_address(address.partition("%")[0])) for address in addresses)
    return addresses[0] if addresses and allowed else None


async def _answer(reader: asyncio.StreamReader) -> Answer:
    for _ in range(_INTERIM):
        found = _STATUS_LINE.fullmatch(await reader.readline())
        if found is None:
            break
        status = int(found[1])
        if status >= _TAKEN.start:
            return Answer(f"HTTP {status}", taken=status in _TAKEN)
        while await reader.readline() not in (b"\r\n", b"\n", b""):
            pass
    return Answer("no answer in HTTP/1.1")
