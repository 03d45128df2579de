"""Where our pages are served: on an own socket or on one that systemd passed, in the loop of the daemon.

Sources  console.md §1 (Starlette on uvicorn), RFC 9112 §9.5 (whoever is silent is left).
         Behind a reverse proxy that has a certificate; nothing here speaks TLS, and no forwarded field counts.
Not here what is served (app.py), how much of it (bounds.py), health and metrics (health.py).
"""

import contextlib
import importlib
import logging
import socket
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import structlog

from gateway.clock import Clock
from gateway.config import Settings
from gateway.deciding.types import Deps
from gateway.errors import ConfigError, Problem
from gateway.intake.sockets import address_of, host_and_port
from gateway.store.store import Store

_NEEDED = ("python_multipart", "starlette", "uvicorn")  # of the extra `web`
_BACKLOG, _CONNECTIONS, _HEAD_OCTETS = 64, 64, 16_384
_IDLE_S, _SILENT_S, _GRACE_S = 5, 15, 5
log = structlog.get_logger("web")


def check_pages(settings: Settings) -> None:
    """Whether `http.listen` can do what it says.

    Raises  ConfigError  the extra is missing
    """
    if settings.http.listen and not all(map(find_spec, _NEEDED)):
        text, hint = "http.listen needs the extra `web`", "pip install 'mailwicket[web]'"
        raise ConfigError(Problem("mailwicket.toml", 0, 0, "C009", text, hint))


class Pages:
    """The web server of one daemon. `bind`, then `run` until `stop`."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, deps: Callable[[], Deps]) -> None:
        """`deps` is asked for what is in force with each request."""
        self._settings, self._store, self._clock, self._deps = settings, store, clock, deps
        self._sockets: list[socket.socket] = []
        self._server: Any = None
        self._met: dict[Any, object] = {}

    @property
    def address(self) -> str:
        """`host:port` as bound; empty when it does not listen."""
        return address_of(self._sockets[0]) if self._sockets else ""

    def bind(self, passed: Sequence[socket.socket] = ()) -> bool:
        """Listen on `http.listen`, or on what systemd passed instead; False where that is off, or cannot be.

        A port that is taken is told, and mail goes on without pages.
        """
        where = self._settings.http.listen
        if not where:
            return False
        try:
            self._sockets = list(passed) or [_bound(where)]
        except OSError as e:
            log.warning("web.not_listening", where=where, reason=e.strerror or str(e), key="http.listen")
            return False
        self._server = self._made()
        return True

    async def run(self) -> None:
        """Serve until it is told to stop; requests under way may end."""
        await self._server.serve(sockets=self._sockets)

    def stop(self) -> None:
        """Begin nothing more."""
        self._server.should_exit = True

    def _made(self) -> Any:
        library: Any = importlib.import_module("uvicorn")  # an extra, and it takes its time
        app: Any = importlib.import_module("gateway.web.app")
        logging.getLogger("uvicorn").setLevel(logging.ERROR)  # a stranger's nonsense is no news
        config = library.Config(
            app.application(self._settings, self._store, self._clock, self._deps),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # a path may hold a token
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            limit_concurrency=_CONNECTIONS,
            h11_max_incomplete_event_size=_HEAD_OCTETS,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_GRACE_S,
            callback_notify=self._leave_silent,
            timeout_notify=_SILENT_S,
        )
        server = library.Server(config)
        server.capture_signals = contextlib.nullcontext  # signals are the daemon's
        return server

    async def _leave_silent(self) -> None:
        """Called at this interval: ends each connection that is where it was the last time, in or before a request."""
        live = {each: each.cycle for each in self._server.server_state.connections}
        for connection, request in live.items():
            if connection in self._met and self._met[connection] is request:
                connection.transport.abort()
        self._met = live


def _bound(where: str) -> socket.socket:
    host, port = host_and_port(where)
    both = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both or ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, dualstack_ipv6=both, backlog=_BACKLOG)
