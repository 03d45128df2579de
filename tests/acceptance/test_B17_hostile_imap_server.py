"""B-17: whatever an IMAP server says or leaves unsaid costs little, is told, and is over when the server is well."""

import asyncio
import ssl
import tracemalloc
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import FastClock
from gateway.config import Settings
from gateway.intake.backoff import login_pause, mail_pause, server_pause
from gateway.store.store import Store
from tests.imap.conftest import settings, store
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Server

__all__ = ["settings", "store"]  # the fixtures
pytestmark = pytest.mark.p1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("huge", "a literal of 4294967295 octets"),
        ("endless line", "a line of more than 1048576 octets"),
        ("flood", "the server says far more than an answer"),
    ],
)
async def test_B17_what_is_too_much_ends_the_connection_and_nothing_else(
    fault: str, reason: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, clock = Server(), FastClock(NOW, 2000)
    async with server.running(), fetching(settings, store, box_of(server, tmp_path), clock) as seen:
        await seen.until(lambda: "IDLE" in server.heard)
        tracemalloc.start()
        server.fetches[1] = fault
        server.deliver(mail(1), mail(2))
        await seen.until(lambda: reason in seen.trouble() or bool(server.inbox.mails[2].flags))
        await seen.until(lambda: bool(server.inbox.mails[2].flags))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        server.fetches.clear()
        await seen.until(lambda: len(seen.mails()) == 2)
    assert peak < 40 << 20


@pytest.mark.parametrize(
    ("start", "answer", "reason"),
    [
        # what is answered so, how, and what we say of it
        ("SELECT", b"* 1 EXISTS\r\n" * 30_000, "far more than an answer"),
        ("SELECT", b"* OK [UIDVALIDITY x] y\r\n%s OK [READ-WRITE] done\r\n", "makes no sense"),
        ("SELECT", b"%s OK [READ-WRITE] done\r\n", "no UIDVALIDITY"),
        ("SELECT", b"nonsense\r\n", "unexpected response"),
        ("SELECT", b"", "timed out"),
        ("CAPABILITY", b"* BYE full\r\n", "full"),
    ],
)
async def test_B17_a_server_that_makes_no_sense_is_told_and_tried_again(
    start: str, answer: bytes, reason: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, clock = Server(), FastClock(NOW, 2000)
    server.answers[start] = answer
    box = box_of(server, tmp_path, timeout="200ms")
    async with server.running(), fetching(settings, store, box, clock) as seen:
        await seen.until(lambda: reason in seen.trouble())
        del server.answers[start]
        await seen.until(lambda: "IDLE" in server.heard)


@pytest.mark.parametrize("tls", ["none", "starttls"])
async def test_B17_a_server_that_takes_us_for_somebody_before_we_said_who_we_are(
    tls: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.greeting = "* PREAUTH welcome"
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, tls=tls)) as seen:
        await seen.until(lambda: "PREAUTH" in seen.trouble())
    assert server.logins == 0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"%s NO not now\r\n", "STARTTLS"),
        (b"%s BAD what\r\n", "STARTTLS"),
        (b"%s OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", "octets in clear behind STARTTLS"),
    ],
)
async def test_B17_without_tls_no_word_about_us(
    answer: bytes, reason: str, settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.answers["STARTTLS"] = answer
    async with server.running(), fetching(settings, store, box_of(server, tmp_path, tls="starttls")) as seen:
        await seen.until(lambda: reason in seen.trouble())
    assert server.logins == 0


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
async def test_B17_a_certificate_is_verified_also_on_this_machine(
    tls: str, certificate: tuple[Path, Path], settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, context = Server(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)  # for gw.test, by itself
    server.tls = context
    async with server.running(implicit=tls == "implicit"):
        async with fetching(settings, store, box_of(server, tmp_path, tls=tls)) as seen:
            await seen.until(lambda: "certificate verify failed" in seen.trouble())
        box = box_of(server, tmp_path, tls=tls, tls_ca=certificate[0])
        async with fetching(settings, store, box) as seen:
            await seen.until(lambda: "127.0.0.1" in seen.trouble())  # it is believed, and for another name
    assert server.logins == 0


async def test_B17_refused_log_ins_are_few_and_a_changed_password_is_tried_at_once(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server, clock = Server(), FastClock(NOW, 20_000)
    box = box_of(server, tmp_path)
    server.password = "another"
    async with server.running():
        for _ in range(5):  # restarts in between do not make them more
            async with fetching(settings, store, box, clock) as seen:
                await seen.until(lambda: bool(seen.alarms))
        took, logins = clock.now() - NOW, server.logins
        async with fetching(settings, store, box, clock) as seen:
            before = server.logins
            await seen.until(lambda: server.logins > before)
            box_of(server, tmp_path)  # the file has the right one now
            await seen.until(lambda: "IDLE" in server.heard)
    assert logins / (took / timedelta(hours=1)) <= 6
    assert ("mailbox", "support") in seen.alarms


def test_B17_the_waits() -> None:
    assert max(server_pause(times) for times in range(1, 50)) * 1.25 <= timedelta(seconds=60)
    starts = [timedelta()]
    for refused in range(1, 50):
        starts.append(starts[-1] + login_pause(refused))
    assert max(sum(a <= b < a + timedelta(hours=1) for b in starts) for a in starts) <= 6
    assert mail_pause(1) == timedelta()


async def test_B17_a_connection_that_died_in_silence_is_noticed(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    server = Server()
    server.answers["IDLE"] = b"+ idling\r\n"  # and then it hears nothing, not even DONE
    server.answers["DONE"] = b""
    box = box_of(server, tmp_path, poll="1s", timeout="200ms")
    async with server.running(), fetching(settings, store, box) as seen:
        await seen.until(lambda: "DONE" in server.heard)
        server.answers.clear()
        await seen.until(lambda: "IDLE" in server.heard[server.heard.index("DONE") :])
    assert server.logins == 2


async def test_B17_one_server_that_hangs_keeps_no_other_mailbox_waiting(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    hangs, well = Server(), Server()
    hangs.answers["SELECT"] = b""
    async with hangs.running(), well.running():
        slow = box_of(hangs, tmp_path, name="slow", timeout="20s")
        async with fetching(settings, store, slow), fetching(settings, store, box_of(well, tmp_path)) as seen:
            await seen.until(lambda: 'SELECT "INBOX"' in hangs.heard)
            await seen.until(lambda: "IDLE" in well.heard)
            well.deliver(mail(1))
            await seen.until(lambda: len(seen.mails()) == 1)
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 5  # nor a stop
