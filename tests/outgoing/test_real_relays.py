"""Mail through servers that others wrote: Postfix's smtp-sink with its faults, and Postfix itself as the relay."""

import asyncio
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.client import Mail as Incoming
from bench.client import Session
from gateway.clock import FakeClock, SystemClock
from gateway.config import Settings
from gateway.daemon import Daemon
from gateway.outgoing.relay import Relay
from gateway.outgoing.smtp import Connection, Deferred, Delivered, DeliveryResult, Failed, Uncertain, deliver
from gateway.store import outbox, tickets
from tests.outgoing.letters import JAN, letter
from tests.outgoing.peers import Peer, certificate, client_tls, free_port, listening, peer, relay
from tests.running import RULES, mail

_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
SINK = shutil.which("smtp-sink", path=_PATH)
POSTFIX = shutil.which("postfix", path=_PATH)
MASTER = Path("/usr/lib/postfix/sbin/master")

needs_sink = pytest.mark.skipif(SINK is None, reason="smtp-sink: apt-get install postfix")
needs_postfix = pytest.mark.skipif(
    POSTFIX is None or not MASTER.exists() or os.getuid() != 0,
    reason="Postfix as relay: apt-get install postfix, and run as root",
)


@dataclass
class Mail:
    """Something to deliver."""

    forward_path: str = JAN
    reverse_path: str | None = letter().reverse_path
    raw: bytes = letter().raw


async def sent(to: Relay, *mails: Mail) -> list[DeliveryResult]:
    """What came of them, one after the other over one connection."""
    used = Connection(to, FakeClock(datetime(2026, 11, 21, tzinfo=UTC)))

    async def yes() -> bool:
        return True

    results = [await deliver(mail, used, yes) for mail in mails]
    await used.close()
    return results


@contextlib.asynccontextmanager
async def sink(*options: str, port: int = 0) -> AsyncIterator[int]:
    """smtp-sink with these options; its port."""
    port = port or free_port()
    user = ("-u", "nobody") if os.getuid() == 0 else ()
    process = await asyncio.create_subprocess_exec(str(SINK), *user, *options, f"127.0.0.1:{port}", "10")
    try:
        await listening(port)
        yield port
    finally:
        process.kill()
        await process.wait()


@needs_sink
@pytest.mark.parametrize(
    ("options", "result"),
    [
        # what smtp-sink does, what comes of the mail
        ((), Delivered),
        (("-8",), Delivered),  # no 8BITMIME: we send 7 bit
        (("-f", "rcpt"), Failed),  # -f is 5yz, -r is 4yz
        (("-f", "data"), Failed),
        (("-f", "."), Failed),
        (("-r", "rcpt"), Deferred),
        (("-r", "data"), Deferred),
        (("-r", "."), Deferred),
        (("-f", "mail"), Deferred),  # our account
        (("-f", "ehlo"), Deferred),
        (("-r", "mail"), Deferred),
        (("-q", "mail"), Deferred),
        (("-q", "rcpt"), Deferred),
        (("-q", "data"), Deferred),
        (("-q", "."), Uncertain),  # it hangs up on the dot without a word
    ],
)
async def test_smtp_sink(options, result) -> None:
    async with sink(*options) as port:
        (found,) = await sent(relay(port), Mail())
    assert type(found) is result


@needs_sink
async def test_smtp_sink_takes_many_mails_in_one_session() -> None:
    async with sink() as port:
        assert {type(r) for r in await sent(relay(port), *[Mail()] * 50)} == {Delivered}


@contextlib.asynccontextmanager
async def gateway(settings: Settings, port: int) -> AsyncIterator[Daemon]:
    """A whole gateway with the relay at this port."""
    rules = Path(settings.paths.state).parent / "rules.yaml"
    rules.write_text(RULES, "utf-8")
    changed = {
        "paths": settings.paths.model_copy(update={"rules": rules}),
        "smtp": settings.smtp.model_copy(update={"listen": "127.0.0.1:0"}),
        "outbound": settings.outbound.model_copy(update={"relay": f"127.0.0.1:{port}"}),
    }
    daemon = Daemon(settings.model_copy(update=changed), SystemClock())
    await daemon.start()
    try:
        yield daemon
    finally:
        await daemon.stop()


async def acknowledged(daemon: Daemon, author: str, state: str) -> None:
    """Returns when the answer to a mail of a new author is in this state; the time-out of the test is the limit."""
    session = Session("127.0.0.1", int(daemon.addresses["smtp"].rpartition(":")[2]))
    try:
        await session.send(Incoming(author, "support@acme.test", mail(From=author)))
    finally:
        session.close()
    while state not in await daemon.store.read(outbox.counts):  # noqa: ASYNC110  no event tells what is settled
        await asyncio.sleep(0.01)


@needs_sink
async def test_a_recipient_that_the_relay_begins_to_refuse_fails_and_the_ticket_says_so(settings) -> None:
    port = free_port()
    async with gateway(settings, port) as daemon:
        async with sink(port=port):
            await acknowledged(daemon, "ann@bigbank.test", "sent")
        async with sink("-f", "RCPT", "-B", "550 5.1.1 unknown", port=port):
            await acknowledged(daemon, JAN, "failed")
        (item,) = await daemon.store.read(
            lambda c: outbox.find_many(c, states=("failed",), ticket=None, recipient=None, limit=9)
        )
        entry = (await daemon.store.read(lambda c: tickets.entries(c, 2)))[-1]
    assert (item.ticket, item.attempts, item.last_reply) == (2, 1, "550 5.1.1 unknown")
    assert entry.text == f"auto_ack to {JAN} failed for good: refused: 550 5.1.1 unknown"


MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.test
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{
    {{ nobody@bigbank.test = 550 5.1.1 unknown }}
    {{ grey@bigbank.test = 450 4.2.0 greylisted }} }}
smtpd_tls_security_level = may
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
default_transport = smtp:[127.0.0.1]:{next_hop}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that Postfix's own user may enter, which pytest's is not."""
    made = Path(tempfile.mkdtemp(prefix="mw-postfix-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextlib.asynccontextmanager
async def postfix(folder: Path, next_hop: Peer) -> AsyncIterator[tuple[int, Path]]:
    """A Postfix of our own that hands on to the next hop: (its port, its certificate)."""
    port = free_port()
    cert, key = certificate(folder)
    for name in ("conf", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", pwd.getpwnam("postfix").pw_uid)
    texts = {"folder": folder, "daemons": MASTER.parent, "cert": cert, "key": key, "next_hop": next_hop.port}
    (folder / "conf" / "main.cf").write_text(MAIN_CF.format(**texts))
    (folder / "conf" / "master.cf").write_text(MASTER_CF.format(port=port))
    check = await asyncio.create_subprocess_exec(str(POSTFIX), "-c", str(folder / "conf"), "check")
    assert await check.wait() == 0
    master = await asyncio.create_subprocess_exec(
        str(MASTER), "-c", str(folder / "conf"), "-d", start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await listening(port)
        yield port, cert
    finally:
        master.terminate()  # it ends the processes of its own group
        await master.wait()


@needs_postfix
async def test_postfix_takes_the_mail_and_hands_it_on(folder) -> None:
    async with peer() as next_hop, postfix(folder, next_hop) as (port, cert):
        secure = relay(port, host="localhost", tls="starttls", context=client_tls(cert))
        untrusted = relay(port, host="localhost", tls="starttls")
        mails = [
            Mail(raw=letter(language=language, subject=subject).raw)
            for language, subject in (("pl", None), ("ru", "Возврат, заказ 10442"), ("en", "Zwrot\r\nBcc: evil@x.test"))
        ]
        results = await sent(
            secure, *mails, Mail("nobody@bigbank.test"), Mail("grey@bigbank.test"), Mail("żółw@x.test")
        )
        (refused,) = await sent(untrusted, Mail())
        # octet for octet, below the Received field that Postfix writes
        while {mail.raw for mail in mails} - {raw[raw.index(b"From: ") :] for raw in next_hop.mails}:
            next_hop.taken.clear()
            await next_hop.taken.wait()
    assert [type(r) for r in results[:5]] == [Delivered, Delivered, Delivered, Failed, Deferred]
    assert "queued as" in results[0].reply
    assert isinstance(results[5], Delivered | Failed)  # a Postfix built without SMTPUTF8 says so at EHLO
    assert isinstance(refused, Deferred)
    assert refused.alarm
