"""Which mails we verify ourselves, and how long that may take: in threads beside the loop, five seconds for a mail.

Transaction  none: between the 250 and T1. Whatever happens here, the mail goes on.
Sources      `auth.verify = "self"`; the extra `[dkim]` brings the libraries.
Not here     what is checked (origin.py), what is asked (dns.py), what an MTA found out (message/auth.py).
"""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import structlog

from gateway.config import Settings
from gateway.errors import ConfigError, Problem
from gateway.message.address import domain_of
from gateway.message.types import OURSELVES, Auth, Envelope, Message

try:
    from dns.exception import DNSException

    from gateway.verifying.dns import Questions, resolver
    from gateway.verifying.origin import Client, checked

    INSTALLED = True
except ImportError:  # the extra is not installed: only a configuration that wants it is refused
    INSTALLED = False

_LONGEST_S = 5.0
_UNKNOWN = Auth("temperror", "temperror", "temperror", OURSELVES)
log = structlog.get_logger("verify")


def check_verifier(settings: Settings) -> None:
    """Whether `auth.verify` can do what it says.

    Raises  ConfigError  the extra is missing, or the system names no resolver
    """
    if settings.auth.verify == "off":
        return
    if not INSTALLED:
        raise ConfigError(_problem("auth.verify = “self” needs the extra `dkim`", "pip install 'mailwicket[dkim]'"))
    try:
        resolver(settings.auth.resolver)
    except DNSException as e:
        raise ConfigError(_problem("the system names no DNS resolver", 'auth.resolver = "127.0.0.1:53"')) from e


class Verifier:
    """One per daemon.

    at_once  mails: each has its thread, so that no mail waits for the domains of another
    """

    def __init__(self, settings: Settings, at_once: int) -> None:
        self._settings, self._resolver = settings, resolver(settings.auth.resolver)
        self._threads = ThreadPoolExecutor(at_once, "verify")

    async def verify(self, raw: bytes, message: Message, envelope: Envelope) -> Auth | None:
        """The verdicts; `temperror` where there was no answer in time. None for a mail without an author."""
        if message.author is None or not (domain := domain_of(message.author.address)):
            return None
        client = _client(self._settings, envelope)
        loop, until = asyncio.get_running_loop(), time.monotonic() + _LONGEST_S
        questions = Questions(self._resolver, until)
        try:
            async with asyncio.timeout(_LONGEST_S + 1):  # for the signatures of a large mail
                return await loop.run_in_executor(self._threads, checked, raw, domain, client, questions)
        except TimeoutError:
            return _UNKNOWN
        except Exception as e:  # noqa: BLE001 -- libraries on octets of strangers: a mail never waits for them
            log.error("verify.bug", exception=type(e).__name__)
            return _UNKNOWN

    def close(self) -> None:
        """Threads under way end by themselves within their time."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _client(settings: Settings, envelope: Envelope) -> "Client | None":
    """The sending side, where our own SMTP listener saw it."""
    if envelope.via != "smtp":
        return None
    try:
        peer = ip_address(envelope.peer)
    except ValueError:
        return None
    if any(peer in network for network in settings.smtp.trusted_networks):
        return None
    return Client(str(peer), envelope.helo, envelope.reverse_path)


def _problem(text: str, hint: str) -> Problem:
    return Problem("mailwicket.toml", 0, 0, "C005", text, hint)
