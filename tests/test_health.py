"""What a gateway says of itself over HTTP: that it lives, that it can keep a promise, what it counted."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.counts import Counts
from gateway.errors import TransientError
from gateway.health import Health
from gateway.store import jobs, mailboxes, probes
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import settings_in
from tests.processing import Desk, mail


class _Door:
    """A door whose room the test decides."""

    refusal: TransientError | None = None

    def check_room(self, declared_octets: int) -> None:
        if self.refusal is not None:
            raise self.refusal


class Watched:
    """A health server, and what it says."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.door, self.counts, self.stale = _Door(), Counts(), False
        self.health = Health(store, self.door, SystemClock(), self.counts, folder, lambda: self.stale)  # type: ignore[arg-type]

    async def ask(self, octets: bytes) -> bytes:
        host, _, port = self.health.address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(octets)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    async def get(self, path: str) -> tuple[int, str]:
        head, _, body = (await self.ask(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())).partition(b"\r\n\r\n")
        return int(head.split()[1]), body.decode()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    store = open_store(settings_in(tmp_path))
    made = Watched(store, tmp_path)
    await made.health.start("127.0.0.1:0")
    yield made
    await made.health.close()
    store.close()


async def test_it_lives_and_is_ready(watched: Watched) -> None:
    assert await watched.get("/live") == (200, "alive\n")
    assert await watched.get("/ready") == (200, "ready\n")
    assert await watched.get("/live?probe=1") == (200, "alive\n")


async def test_it_is_not_ready_while_no_mail_could_be_taken(watched: Watched) -> None:
    watched.door.refusal = TransientError("insufficient system storage", code=452, status="4.3.1")
    assert await watched.get("/ready") == (503, "insufficient system storage\n")
    assert await watched.get("/live") == (200, "alive\n")


@pytest.mark.parametrize(("request_", "answer"), [
    # what is asked, how the answer begins
    (b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n"),
    (b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n"),
    (b"POST /live HTTP/1.1\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
    (b"GET /live\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
    (b"\x16\x03\x01\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),                # TLS
    (b"GET /live HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b""),           # closed: longer than any request
    (b"HEAD /live HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n"),
])  # fmt: skip
async def test_what_else_may_be_asked(request_: bytes, answer: bytes, watched: Watched) -> None:
    try:
        found = await watched.ask(request_)
    except ConnectionError:
        found = b""
    assert found.startswith(answer)
    assert bool(found) == bool(answer)
    if request_.startswith(b"HEAD"):
        assert found.endswith(b"\r\n\r\n")


async def test_metrics_tell_what_was_counted_and_what_waits(watched: Watched) -> None:
    watched.counts.add("received", "lmtp")
    watched.counts.add("received", "lmtp")
    watched.counts.add("rule_hits", 'a "quoted" id')
    status, text = await watched.get("/metrics")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert status == 200
    assert 'mailwicket_mail_received_total{via="lmtp"} 2.0' in lines
    assert 'mailwicket_rules_hits_total{rule="a \\"quoted\\" id"} 1.0' in lines
    assert {"mailwicket_pending 0.0", "mailwicket_quarantined 0.0", "mailwicket_config_stale 0.0"} <= set(lines)
    assert 'mailwicket_outbox{state="uncertain"} 0.0' in lines
    assert re.search(r"^mailwicket_disk_free_bytes [1-9]", text, re.MULTILINE)
    assert re.search(r'^mailwicket_build_info\{version="\d', text, re.MULTILINE)
    watched.stale = True
    assert "mailwicket_config_stale 1.0" in (await watched.get("/metrics"))[1]


async def test_every_metric_is_documented_and_the_reverse(watched: Watched) -> None:
    for kind in watched.counts.by_kind:
        watched.counts.add(kind, "x")
    at = datetime.now(UTC)
    await watched.health._store.write(lambda c: mailboxes.health(c, "support", at))
    await watched.health._store.write(lambda c: mailboxes.note_fetched(c, "support", "", "", at))
    await watched.health._store.write(lambda c: probes.note_sent(c, "support", "<p@x.test>", at))
    await watched.health._store.write(lambda c: probes.note_back(c, "<p@x.test>", at))
    await watched.health._store.write(lambda c: jobs.note_asked(c, jobs.BACKUP, at))
    _, text = await watched.get("/metrics")
    told = {re.split(r"[{ ]", line)[0] for line in text.splitlines() if line and not line.startswith("#")}
    page = (Path(__file__).parents[1] / "docs" / "metrics.md").read_text("utf-8")
    assert told == set(re.findall(r"^\| `(mailwicket_[a-z_]+)", page, re.MULTILINE))


async def test_a_port_that_is_taken_keeps_no_mail_away(watched: Watched) -> None:
    second = Health(watched.health._store, watched.door, SystemClock(), Counts(), Path(), lambda: False)  # type: ignore[arg-type]
    await second.start(watched.health.address)
    assert second.address == ""
    await second.close()


async def test_the_loop_is_as_late_as_it_comes_to_look(watched: Watched) -> None:
    await watched.health.look(1.0)
    await watched.health.look(0.0)
    lag = float(re.search(r"^mailwicket_loop_lag_seconds (\S+)", (await watched.get("/metrics"))[1], re.MULTILINE)[1])  # type: ignore[index]
    assert 0 <= lag < 1


def test_a_mail_counts_its_rules_and_what_the_guard_refused(tmp_path: Path) -> None:
    store = open_store(settings_in(tmp_path))
    desk = Desk(store, settings_in(tmp_path), _RULES)
    for number in (1, 2):
        desk.take(mail("Jan <jan@bigbank.test>", f"Zwrot {number}"))
    counted = desk.deps.counts.by_kind
    assert (dict(counted["rule_hits"]), dict(counted["suppressed"])) == ({"refund": 2}, {"ack-limit": 1})
    store.close()


_RULES = """version: 1
defaults: {team: support}
teams: {support: {address: support@gw.test}}
rules:
  - {id: refund, on: new, when: {subject: {contains: zwrot}}, do: [{tag: [refund]}]}
"""
