"""The page at the end of the link in a digest: what a click, a scanner, a guesser and a slow client get of it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import FakeClock, SystemClock
from gateway.config import Settings
from gateway.digests import send_digest
from gateway.errors import ConfigError, TransientError
from gateway.store import agent_keys, audit, own_settings
from gateway.store.opening import open_store
from gateway.store.store import Store
from gateway.ticket.token import RingKey, TokenRing
from gateway.web import listening
from gateway.web.listening import Pages, check_pages
from tests.conftest import settings_in
from tests.outgoing.letters import read
from tests.processing import START, Desk
from tests.running import Gateway, mail

pytest.importorskip("starlette", reason="pages: pip install 'mailwicket[web]'")
pytest.importorskip("uvicorn", reason="pages: pip install 'mailwicket[web]'")

RULES = """version: 1
defaults: {team: support}
agents:
  ana: {name: Ana, email: Ana@agents.test, digest: "08:30", languages: [pl]}
  bob: {name: Bob, email: bob@agents.test}
teams:
  support: {address: support@acme.test, members: [ana, bob]}
"""
URL = "https://desk.acme.test"
ONE_CLICK = b"List-Unsubscribe=One-Click"
ON = b"digest=on"
PARTS = b'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"


def with_pages(folder: Path) -> Settings:
    settings = settings_in(folder)
    site = settings.site.model_copy(update={"base_url": URL})
    http = settings.http.model_copy(update={"listen": "127.0.0.1:0"})
    return settings.model_copy(update={"site": site, "http": http})


async def asked(address: str, octets: bytes) -> tuple[int, bytes, bytes]:
    """Status, header and body of the answer to a request that says that it is the last."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(octets)
    await writer.drain()
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return int(head.split()[1]), head.lower(), body


def request(method: str, path: str, body: bytes = b"", kind: str = URLENCODED) -> bytes:
    fields = (f"{method} {path} HTTP/1.1", "Host: desk.acme.test", "Connection: close", f"Content-Type: {kind}")
    return "\r\n".join((*fields, f"Content-Length: {len(body)}", "", "")).encode() + body


class Room:
    """The pages of a desk, on a real server; `deps` may be changed by a test."""

    def __init__(self, settings: Settings) -> None:
        self.store: Store = open_store(settings)
        self.desk = Desk(self.store, settings, RULES)
        self.deps = self.desk.deps
        self.clock = FakeClock(START)
        self.pages = Pages(settings, self.store, self.clock, lambda: self.deps)
        self.token = self.desk.ring.leave_token("ana@agents.test")

    async def ask(self, method: str, path: str, body: bytes = b"", kind: str = URLENCODED) -> tuple[int, bytes, bytes]:
        return await asked(self.pages.address, request(method, path, body, kind))

    @property
    def digest(self) -> str | None:
        """When Ana's comes."""
        own = self.store.read_now(lambda c: own_settings.of_agent(c, "ana"))
        return own_settings.as_settled(self.deps.rules.agents["ana"], own).digest


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    made = Room(with_pages(tmp_path))
    assert made.pages.bind()
    serving = asyncio.ensure_future(made.pages.run())
    yield made
    made.pages.stop()
    await serving
    made.store.close()


async def test_a_reader_looks_clicks_and_takes_it_back(room: Room) -> None:
    path = f"/u/{room.token}"
    status, head, body = await room.ask("GET", path)
    assert (status, b"Wy\xc5\x82\xc4\x85cz" in body, room.digest) == (200, True, "08:30")
    assert (b'<html lang="pl">' in body, body.count(b"<button"), b"<script" in body) == (True, 1, False)
    assert b"content-security-policy: default-src 'none'; style-src 'self';" in head
    assert {b"cache-control: no-store", b"referrer-policy: no-referrer", b"x-content-type-options: nosniff"} <= set(
        head.split(b"\r\n")
    )
    status, _, body = await room.ask("POST", path, ONE_CLICK)
    assert (status, b"#digest on" in body, room.digest) == (200, True, None)
    (row,) = room.store.read_now(lambda c: audit.find_rows(c, action="agent.digest", limit=9))
    assert (row.actor, row.basis, row.detail) == ("agent:ana", "link in a digest", "as the rules say -> off")
    assert (await room.ask("GET", path))[2] == body
    assert (await room.ask("POST", path, ON))[0] == 200
    assert room.digest == "08:30"


ASKED = (
    # what is asked, with TOKEN for Ana's, its body, the answer, when her digest comes then
    ("POST", "/u/TOKEN", ONE_CLICK, URLENCODED, 200, None),
    ("POST", "/u/TOKEN", PARTS, MULTIPART, 200, None),                      # RFC 8058 §3.2 prefers this form
    ("POST", "/u/UPPER", ONE_CLICK, URLENCODED, 200, None),
    ("GET", "/u/TOKEN?List-Unsubscribe=One-Click", b"", URLENCODED, 200, "08:30"),
    ("GET", "/u/TOKEN", ONE_CLICK, URLENCODED, 200, "08:30"),
    ("HEAD", "/u/TOKEN", b"", URLENCODED, 200, "08:30"),
    ("PUT", "/u/TOKEN", ONE_CLICK, URLENCODED, 405, "08:30"),
    ("POST", "/u/TOKEN", b"", URLENCODED, 400, "08:30"),
    ("POST", "/u/TOKEN", b"List-Unsubscribe=Two-Clicks", URLENCODED, 400, "08:30"),
    ("POST", "/u/TOKEN", ONE_CLICK, "text/plain", 400, "08:30"),
    ("POST", "/u/TOKEN", b"--b\r\nbroken", MULTIPART, 400, "08:30"),
    ("POST", "/u/TOKEN", b"a=1&" * 5 + ONE_CLICK, URLENCODED, 400, "08:30"),     # more fields than there are
    ("POST", "/u/TOKEN", ONE_CLICK + b"&x=" + b"x" * 5000, URLENCODED, 413, "08:30"),
    ("POST", "/u/FLIPPED", ONE_CLICK, URLENCODED, 404, "08:30"),
    ("POST", "/u/COMMAND", ONE_CLICK, URLENCODED, 404, "08:30"),            # the token of a reply address is another
    ("GET", "/u/FLIPPED", b"", URLENCODED, 404, "08:30"),
    ("GET", "/u/%C5%BB%00", b"", URLENCODED, 404, "08:30"),
    ("GET", "/u/", b"", URLENCODED, 404, "08:30"),
    ("GET", "/../../etc/passwd", b"", URLENCODED, 404, "08:30"),
    ("GET", "/style.css", b"", URLENCODED, 200, "08:30"),
)  # fmt: skip


async def test_what_may_be_asked(room: Room) -> None:
    flipped = room.token[:-1] + ("a" if room.token[-1] != "a" else "b")
    command = room.desk.ring.reply_address("s@gw.test", "+", "c", None, None, "ana@agents.test")
    names = {"TOKEN": room.token, "UPPER": room.token.upper(), "FLIPPED": flipped, "COMMAND": command[4:-8]}
    for method, path, body, kind, *wanted in ASKED:
        for name, text in names.items():
            path = path.replace(name, text)
        status, head, said = await room.ask(method, path, body, kind)
        assert [status, room.digest] == wanted, (method, path, body)
        assert b"content-security-policy: " in head
        assert (b"Traceback" in said, b"ana@" in said.lower()) == (False, False)
        assert (said == b"") is (method == "HEAD")
        await room.ask("POST", f"/u/{room.token}", ON)
        await room.clock.advance(60)


async def test_who_guesses_hears_the_same_as_who_has_a_link_that_is_over(room: Room) -> None:
    async def answer() -> tuple[int, bytes]:
        status, _, body = await room.ask("GET", f"/u/{room.token}")
        return status, body

    guessed = (await room.ask("GET", "/u/" + "a" * 27))[2]
    at_first, now = await answer(), room.desk.now
    await room.store.write(lambda c: agent_keys.withdraw(c, "ana@agents.test", now))
    withdrawn = await answer()
    assert (at_first[0], withdrawn) == (200, (404, guessed))
    room.token = room.desk.ring.leave_token("ana@agents.test", 1)
    assert await answer() == at_first
    keys = (RingKey("a", b"k" * 64, START - timedelta(days=900)), RingKey("b", b"n" * 64, START - timedelta(days=401)))
    ring, deps = TokenRing(keys, lambda: START), room.deps
    room.deps = replace(deps, desk=replace(deps.desk, ring=ring))
    assert await answer() == (404, guessed)
    agents = {id: agent for id, agent in deps.rules.agents.items() if id != "ana"}
    room.deps = replace(deps, rules=replace(deps.rules, agents=agents))
    assert await answer() == (404, guessed)


async def test_so_many_requests_and_no_more(room: Room) -> None:
    statuses = [(await room.ask("HEAD", f"/u/{room.token}"))[0] for _ in range(41)]
    assert statuses == [200] * 40 + [429]
    await room.clock.advance(1)
    assert (await room.ask("HEAD", f"/u/{room.token}"))[0] == 200


async def test_a_store_that_is_away_is_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object, **__: object) -> object:
        raise TransientError("the database is away")

    monkeypatch.setattr(room.store, "write", away)
    status, _, body = await room.ask("POST", f"/u/{room.token}", ONE_CLICK)
    assert (status, b"<h1>" in body, b"database" in body) == (503, True, False)


async def test_what_is_no_request_is_refused(room: Room) -> None:
    assert (await asked(room.pages.address, b"\x16\x03\x01\r\n\r\n"))[0] == 400  # TLS
    endless = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000
    assert (await asked(room.pages.address, endless))[0] == 400


async def test_who_says_nothing_is_left(room: Room) -> None:
    host, _, port = room.pages.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /u/")
    assert (await room.ask("GET", "/style.css"))[0] == 200  # the server has met the connection by now
    await room.pages._leave_silent()
    await room.pages._leave_silent()
    with contextlib.suppress(ConnectionError):  # or a plain end
        assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_a_port_that_is_taken_keeps_no_mail_away(room: Room, tmp_path: Path) -> None:
    settings = room.desk.settings
    http = settings.http.model_copy(update={"listen": room.pages.address})
    second = Pages(settings.model_copy(update={"http": http}), room.store, room.clock, lambda: room.deps)
    assert (second.bind(), second.address) == (False, "")


async def test_a_digest_carries_a_link_that_works_in_the_whole_gateway(tmp_path: Path) -> None:
    """From the header of the mail that left, by a real server, to the next digest, which does not come."""
    rules = RULES.replace("Ana@agents.test", "ana@acme.test")
    async with Gateway(with_pages(tmp_path), rules) as gateway:
        await gateway.send(mail("Zwrot"))
        await gateway.quiet()
        d, now = gateway.daemon._deps, SystemClock().now()
        ana = d.rules.agents["ana"]
        assert await gateway.store.write(lambda c: send_digest(c, ana, d, now, key="x", about=[1]))
        gateway.daemon._sender.wake()
        await gateway.quiet()
        header = read(next(raw for _, raw in gateway.relay.mails if b"\nX-Mailwicket-Mail: digest" in raw))
        link = re.search(f"<{URL}(/u/[a-z2-7]+)>", header["List-Unsubscribe"])
        assert link is not None
        assert header["List-Unsubscribe-Post"].encode() == ONE_CLICK
        address = gateway.daemon.addresses["http"]
        assert (await asked(address, request("POST", link[1], ONE_CLICK)))[0] == 200
        await gateway.daemon.reload()
        assert (await asked(address, request("GET", link[1])))[0] == 200
        own = await gateway.store.read(lambda c: own_settings.of_agent(c, "ana"))
        assert own_settings.as_settled(ana, own).digest is None
    with pytest.raises(ConnectionRefusedError):
        await asked(address, request("GET", link[1]))


def test_pages_without_the_extra_forbid_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_pages(with_pages(tmp_path))
    monkeypatch.setattr(listening, "find_spec", lambda name: None if name == "uvicorn" else True)
    check_pages(settings_in(tmp_path))
    with pytest.raises(ConfigError, match="needs the extra `web`"):
        check_pages(with_pages(tmp_path))
