"""Whether the gateway lives, can keep a promise now, and how it does: `/live`, `/ready`, `/metrics` over HTTP.

Sources  operations.md §11; RFC 9110 §9.3.1, RFC 9112 §3 (GET and HEAD, one request a connection); the text format of
         Prometheus. Who asks may be anybody on this machine: no label comes from a mail, and a request can neither be
         long nor take long.
Not here what is counted (counts.py), what is looked up (store/measures.py), the same for people (cli/status.py).
"""

import asyncio
import contextlib
import re
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from gateway.clock import Clock
from gateway.counts import Counts
from gateway.errors import TransientError
from gateway.intake.accept import Door
from gateway.store.measures import Measures, measures
from gateway.store.store import Store, durable_write

_REQUEST = re.compile(rb"(GET|HEAD) (/[!-~]*) HTTP/1\.[01]\r\n")
_HEAD_OCTETS, _REQUEST_S, _ANSWER_S, _AT_ONCE = 8192, 5.0, 10.0, 16
_TEXT = "text/plain; charset=utf-8"
_COUNTED = (  # what counts.py has, its name, its label, what it is
    ("received", "mail_received", "via", "Mails that were accepted"),
    ("dispositions", "dispositions", "kind", "Mails that came to their end"),
    ("suppressed", "suppressed", "code", "Automatic mails that the send guard refused"),
    ("rule_hits", "rules_hits", "rule", "How often a rule applied"),
    ("sla_breaches", "sla_breaches", "policy", "Promises that were broken"),
)
log = structlog.get_logger("health")


class Health:
    """The small HTTP server of one daemon."""

    def __init__(
        self, store: Store, door: Door, clock: Clock, counts: Counts, state: Path, stale: Callable[[], bool]
    ) -> None:
        """`state` is the folder whose disk may fill; `stale` whether the last reload was refused."""
        self._store, self._door, self._clock, self._counts = store, door, clock, counts
        self._state, self._stale = state, stale
        self._servers: list[asyncio.Server] = []
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._seen, self._lag_s = clock.monotonic(), 0.0

    @property
    def address(self) -> str:
        """`host:port` as bound; empty when it does not listen."""
        return ":".join(map(str, self._servers[0].sockets[0].getsockname()[:2])) if self._servers else ""

    async def start(self, where: str, passed: Sequence[socket.socket] = ()) -> None:
        """Listen on host:port, or on what systemd passed. Where that cannot be it is told, and mail goes on without."""
        host, _, port = where.rpartition(":")
        try:
            if passed:
                self._servers = [await asyncio.start_server(self._serve, sock=s, limit=_HEAD_OCTETS) for s in passed]
            elif where:
                bound = host.strip("[]") if host != "*" else None
                self._servers = [await asyncio.start_server(self._serve, bound, int(port), limit=_HEAD_OCTETS)]
        except OSError as e:
            log.warning("health.not_listening", where=where, reason=e.strerror or str(e), key="http.metrics_listen")

    async def close(self) -> None:
        """Answer nobody any more."""
        for server in self._servers:
            server.close()

    async def look(self, interval_s: float) -> None:
        """Called at this interval: how much later than it should be is how long the loop let others wait."""
        now = self._clock.monotonic()
        self._lag_s, self._seen = max(0.0, now - self._seen - interval_s), now

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            if not self._room.locked():
                async with self._room:
                    await self._converse(reader, writer)
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_REQUEST_S):
            head = await reader.readuntil(b"\r\n\r\n")
        asked = _REQUEST.match(head)
        async with asyncio.timeout(_ANSWER_S):
            status, kind, body = await self._answer(asked[2].decode().partition("?")[0]) if asked else _NOT_UNDERSTOOD
            lines = (
                f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}",
                "Cache-Control: no-store", "Connection: close", "", "",
            )  # fmt: skip
            writer.write("\r\n".join(lines).encode() + (b"" if asked and asked[1] == b"HEAD" else body))
            await writer.drain()

    async def _answer(self, path: str) -> tuple[str, str, bytes]:
        match path:
            case "/live":
                return "200 OK", _TEXT, b"alive\n"
            case "/ready":
                return await self._ready()
            case "/metrics":
                return await self._metrics()
            case _:
                return "404 Not Found", _TEXT, b"/live /ready /metrics\n"

    async def _ready(self) -> tuple[str, str, bytes]:
        """Whether a mail could be promised now: there is room, and a durable write comes back."""
        try:
            self._door.check_room(0)
            await self._store.write(durable_write, durable=True)
        except TransientError as e:
            return "503 Service Unavailable", _TEXT, f"{e.text}\n".encode()
        return "200 OK", _TEXT, b"ready\n"

    async def _metrics(self) -> tuple[str, str, bytes]:
        try:
            found: Measures | None = await self._store.read(measures)
        except TransientError:
            found = None  # what this process counted is told all the same
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(tuple(self._families(found))))
        return "200 OK", CONTENT_TYPE_LATEST, generate_latest(registry)

    def _families(self, found: Measures | None) -> Iterator[Metric]:
        for kind, name, label, about in _COUNTED:
            family = CounterMetricFamily(f"mailwicket_{name}", about, labels=(label,))
            for value, number in sorted(self._counts.by_kind[kind].items()):
                family.add_metric((value,), number)
            yield family
        yield _gauge("config_stale", "1 while the last reload was refused", self._stale())
        yield _gauge("loop_lag_seconds", "How late the event loop came last", self._lag_s)
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(self._state).free
            yield _gauge("disk_free_bytes", "Free space where the state is", free)
        build = InfoMetricFamily("mailwicket_build", "Which program this is")
        build.add_metric((), {"version": version("mailwicket")})
        yield build
        if found is not None:
            age = (self._clock.now() - found.oldest_at).total_seconds() if found.oldest_at is not None else 0
            yield _gauge("pending", "Mails that are accepted and not processed", found.pending)
            yield _gauge("oldest_pending_seconds", "Since when the oldest of them waits", age)
            yield _gauge("quarantined", "Mails in quarantine", found.quarantined)
            queue = GaugeMetricFamily(
                "mailwicket_outbox", "Outgoing mails that are not at their end", labels=("state",)
            )
            for state in ("queued", "deferred", "leased", "uncertain", "failed"):
                queue.add_metric((state,), found.outbox.get(state, 0))
            yield queue
            if found.backup_at is not None:
                age = (self._clock.now() - found.backup_at).total_seconds()
                yield _gauge("backup_age_seconds", "How old the last backup is", age)
            boxes = GaugeMetricFamily(
                "mailwicket_imap_last_success_seconds", "Since when a mailbox was not fetched", labels=("mailbox",)
            )
            for name, at in found.fetched_at.items():
                boxes.add_metric((name,), (self._clock.now() - at).total_seconds())
            yield boxes
            took = GaugeMetricFamily(
                "mailwicket_imap_round_trip_seconds", "What the last probe mail took", labels=("mailbox",)
            )
            for name, ms in found.round_trip_ms.items():
                took.add_metric((name,), ms / 1000)
            yield took
            out = GaugeMetricFamily(
                "mailwicket_imap_probe_out_seconds", "Since when a probe mail has not come back", labels=("mailbox",)
            )
            for name in found.round_trip_ms.keys() | found.probes_out.keys():
                since = found.probes_out.get(name)
                out.add_metric((name,), (self._clock.now() - since).total_seconds() if since is not None else 0)
            yield out


class _Collected:
    """What was collected already, as a registry wants it."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Sequence[Metric]:
        """All of it."""
        return self._families


def _gauge(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"mailwicket_{name}", about, value=value)


_NOT_UNDERSTOOD = ("400 Bad Request", _TEXT, b"GET /live /ready /metrics\n")
