"""Where SMTP and LMTP listen: on own sockets or on those that systemd passed, and how listening ends.

Sources  sd_listen_fds(3) (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES), RFC 5321 §3.8 (421 before closing),
         RFC 3207 (STARTTLS), RFC 8314 §3 (TLS from the first octet).
Not here what is said there (smtp.py), when to start and to stop (daemon.py).
"""

import asyncio
import logging
import os
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.clock import Clock
from gateway.config import Settings, Smtp
from gateway.errors import ConfigError, Problem
from gateway.intake.accept import Door
from gateway.intake.caps import Caps
from gateway.intake.connection import Connection, Terms
from gateway.intake.smtp import LmtpSession, SmtpSession

_FIRST_PASSED = 3  # SD_LISTEN_FDS_START
_BACKLOG = 256
_STOPPING = "421 4.3.2 the gateway is stopping"
_GRACE_S = 30.0
_LAST_WORD_S = 1.0  # after the grace, for last replies to leave


@dataclass(frozen=True, slots=True)
class _Listening:
    servers: tuple[asyncio.Server, ...]
    terms: Terms
    made: Path | None  # the socket file that is ours to remove


class Listeners:
    """SMTP and LMTP as the settings have them, in the running loop."""

    def __init__(self, settings: Settings, door: Door, clock: Clock) -> None:
        self._settings, self._door, self._clock = settings, door, clock
        self._listening: dict[str, _Listening] = {}
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells of each connection

    async def start(self, passed: Mapping[str, Sequence[socket.socket]] | None = None) -> None:
        """Listen. Sockets passed under the name `smtp` or `lmtp` stand in for the address in the settings.

        Raises  ConfigError  an address or a certificate cannot be used; then nothing listens
        """
        given = passed or {}
        try:
            await self._start_lmtp(given.get("lmtp", ()))
            await self._start_smtp(given.get("smtp", ()))
        except BaseException:
            await self.close(0)
            raise

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each protocol listens, under `smtp` and `lmtp`: `host:port` as bound, or `unix:/path`."""
        return {name: address_of(each.servers[0].sockets[0]) for name, each in self._listening.items()}

    async def close(self, grace_s: float = _GRACE_S) -> None:
        """Listen no more; end the sessions with 421; mails under way may end within the grace.

        Commits already begun are waited for as well when their clients are gone.
        """
        listening = tuple(self._listening.values())
        self._listening.clear()
        for each in listening:
            for server in each.servers:
                server.close()
            each.terms.caps.close()
            if each.made is not None:
                each.made.unlink(missing_ok=True)
        live = [connection for each in listening for connection in each.terms.live]
        for connection in live:
            connection.end_after_mail(_STOPPING)
        commits = [task for each in listening for task in each.terms.accepting]
        await _finished([*commits, *(c.gone for c in live)], grace_s)
        late = [c for c in live if not c.gone.done()]
        for connection in late:
            connection.end(_STOPPING)
        await _finished([c.gone for c in late], _LAST_WORD_S)
        for connection in late:
            connection.abort()

    async def _start_smtp(self, passed: Sequence[socket.socket]) -> None:
        smtp = self._settings.smtp
        if not smtp.listen and not passed:
            return
        tls = _tls(smtp)
        caps = Caps(smtp.connections, smtp.per_ip, smtp.trusted_networks)
        terms = Terms(
            self._door, self._clock, self._settings.site.domain, self._settings.intake, smtp, caps,
            self._settings.paths.state, keeps_bare_line_ends=not smtp.public, starttls=tls if smtp.starttls else None,
        )  # fmt: skip
        implicit = None if smtp.starttls else tls
        servers = await _listen("smtp.listen", smtp.listen, passed, lambda: SmtpSession(terms), implicit)
        self._listening["smtp"] = _Listening(servers, terms, None)

    async def _start_lmtp(self, passed: Sequence[socket.socket]) -> None:
        lmtp = self._settings.lmtp
        where = lmtp.listen or f"unix:{self._settings.paths.runtime / 'lmtp.sock'}"
        if where == "off" and not passed:
            return
        if not re.fullmatch("0?[0-7]{3}", lmtp.socket_mode):
            raise _problem(f"lmtp.socket_mode: “{lmtp.socket_mode}” is no mode", "octal, such as 0660")
        caps = Caps(lmtp.connections, lmtp.per_ip, lmtp.trusted_networks)
        terms = Terms(
            self._door, self._clock, self._settings.site.domain, self._settings.intake, lmtp, caps,
            self._settings.paths.state, keeps_bare_line_ends=True,
        )  # fmt: skip
        servers = await _listen("lmtp.listen", where, passed, lambda: LmtpSession(terms))
        path = Path(where.removeprefix("unix:")) if where.startswith("unix:") and not passed else None
        self._listening["lmtp"] = _Listening(servers, terms, path)
        if path is not None:
            path.chmod(int(lmtp.socket_mode, 8))


def activated_sockets(environment: Mapping[str, str]) -> dict[str, tuple[socket.socket, ...]]:
    """The listening sockets that systemd passed to this process, by FileDescriptorName; empty without activation.

    To be called once: each call would make new objects for the same descriptors.
    """
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count, names = int(environment.get("LISTEN_FDS", "0")), environment.get("LISTEN_FDNAMES", "").split(":")
    found: dict[str, tuple[socket.socket, ...]] = {}
    for index in range(count):
        os.set_inheritable(_FIRST_PASSED + index, False)  # noqa: FBT003 - children must not hold it
        name = names[index] if index < len(names) else ""
        found[name] = (*found.get(name, ()), socket.socket(fileno=_FIRST_PASSED + index))
    return found


async def _listen(
    key: str,
    where: str,
    passed: Sequence[socket.socket],
    session: Callable[[], Connection],
    tls: ssl.SSLContext | None = None,
) -> tuple[asyncio.Server, ...]:
    loop = asyncio.get_running_loop()
    try:
        if passed:
            return tuple([await loop.create_server(session, sock=s, backlog=_BACKLOG, ssl=tls) for s in passed])
        if where.startswith("unix:"):
            return (await loop.create_unix_server(session, where.removeprefix("unix:"), backlog=_BACKLOG),)
        host, port = host_and_port(where)
        return (await loop.create_server(session, host, port, backlog=_BACKLOG, ssl=tls),)
    except ValueError as e:
        raise _problem(f"{key}: “{where}” is no address", "host:port, or unix:/path for lmtp") from e
    except OSError as e:
        raise _problem(f"{key}: cannot listen on {where}: {e.strerror or e}", "another address, or socket units") from e


def _tls(smtp: Smtp) -> ssl.SSLContext | None:
    """The context for STARTTLS or TLS; None when no certificate is given."""
    if smtp.tls_cert is None:
        if smtp.public:
            raise _problem("smtp.public needs smtp.tls_cert and smtp.tls_key", "a certificate, or public = false")
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(smtp.tls_cert, smtp.tls_key)
    except OSError as e:  # SSLError is one
        raise _problem(f"smtp.tls_cert, smtp.tls_key: {e.strerror or e}", "PEM files that belong together") from e
    return context


async def _finished(futures: Iterable[asyncio.Future[Any]], within_s: float) -> None:
    pending = {future for future in futures if not future.done()}
    if pending:
        await asyncio.wait(pending, timeout=within_s)


def host_and_port(where: str) -> tuple[str, int]:
    """Where `host:port` is; an empty host is every address of this machine.

    Raises  ValueError  the port is no number
    """
    host, _, port = where.rpartition(":")
    return "" if host == "*" else host.strip("[]"), int(port)


def address_of(listening: socket.socket) -> str:
    """Where a socket listens: `host:port` as bound, or `unix:/path`."""
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix:{name}"
    host, port = name[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _problem(text: str, hint: str) -> ConfigError:
    return ConfigError(Problem("mailwicket.toml", 0, 0, "C006", text, hint))
