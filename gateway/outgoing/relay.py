"""The submission server of the settings: where it is, how it is trusted, as whom we log in.

Sources  RFC 6409 §3 (submission), RFC 8314 §3.3 (TLS), RFC 6125 (who the certificate is for).
         TLS is required and verified. On loopback nobody listens in between, and its certificates are mostly made up:
         there STARTTLS is used when it is offered, and not verified. A password never goes out in clear, there neither.
Not here  the session itself (smtp.py).
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gateway.config import Outbound, Settings, is_loopback
from gateway.errors import ConfigError, Problem

_DEFAULT_PORT = {"starttls": 587, "implicit": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Relay:
    """One submission server."""

    host: str
    port: int
    tls: Literal["starttls", "implicit", "optional", "none"]  # optional: when it is offered
    user: str  # empty is no AUTH
    password: Callable[[], str]  # read when used, so that a changed secret needs no restart
    helo: str
    context: ssl.SSLContext


def relay_of(settings: Settings) -> Relay:
    """The relay of the settings.

    Raises  ConfigError  no host and port, no encryption off loopback, a user without password or encryption
    """
    outbound = settings.outbound
    host, port = _host_port(outbound)
    local = is_loopback(host)
    if outbound.tls == "none" and not local:
        raise ConfigError(_problem(f"no encryption to {host}", 'tls = "starttls"; "none" is for loopback'))
    if outbound.user and outbound.tls == "none":
        raise ConfigError(_problem("a password never goes out without encryption", 'tls = "starttls"'))
    if outbound.user and outbound.password is None:
        raise ConfigError(_problem(f"no password for {outbound.user}", 'password = {credential = "smtp-password"}'))
    secret = outbound.password
    return Relay(
        host=host,
        port=port,
        tls="optional" if local and outbound.tls == "starttls" else outbound.tls,
        user=outbound.user,
        password=secret.read if secret is not None else str,
        helo=settings.site.domain,
        context=_unverified() if local else ssl.create_default_context(),
    )


def _unverified() -> ssl.SSLContext:
    """For loopback, where nobody's certificate is checked: reading the system's 140 of them takes 45 ms."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _host_port(outbound: Outbound) -> tuple[str, int]:
    text = outbound.relay
    host, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in host and not host.startswith("[")):
        host, port = text, str(_DEFAULT_PORT[outbound.tls])
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(_problem(f"“{text}” is no host and port", 'relay = "mail.acme.test:587"'))
    return host, int(port)


def _problem(text: str, hint: str) -> Problem:
    return Problem("mailwicket.toml", 0, 0, "C009", text, hint)
