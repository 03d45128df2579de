"""What accepting, processing, large mails, looking for tickets and rules cost, as ratios in one run on one machine.

usage    python -m bench.run [--generator make_mail.py] [--mails 1000] [--database URL] [--only PART]
Output   one line a figure; the ratios are what counts, absolute figures are this machine's.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import func, select

from bench.client import Mail, send_all
from bench.listing import furnish, timed
from bench.mailboxes import MAILBOXES, backlog, config_with, deliver, met, push, rest
from bench.promises import measured as promised
from bench.replay import keep_mails
from bench.rules import figures
from bench.sending import measured as sent
from gateway.config import load_settings, write_secret
from gateway.store.engine import database_url, open_engine
from gateway.store.inbound import account
from gateway.store.opening import open_store
from gateway.store.schema import outbox
from gateway.store.version import open_reader
from tests.imap.dovecot import Dovecot

_SESSIONS = 20
_ACCEPTS = 4000
_TICKETS = 100_000
_REPLAYED = 10_000
_MAILS_SENT = 2000
_SMALL_OCTETS = 6 * 1024
_LARGE_OCTETS = 50 << 20
_RULES = """version: 1
defaults: {team: support}
teams: {support: {address: [support@bench.test, support@bench.local]}}
limits:
  ack: 1000000 per 1s
  auto_per_thread: 1000000 per 1s
  auto_per_recipient: 1000000 per 1s
  auto_per_domain: 1000000 per 1s
  auto_per_ticket: 1000000 per 1s
  auto_total: 1000000 per 1s
"""
_NEW_RULES = """rules:
  - {id: money, on: new, when: {subject: {contains: [invoice, refund]}}, do: [{tag: [money]}, {set: {priority: high}}]}
  - {id: machines, on: received, when: {mail.is_auto_reply: true}, do: [{record: machine}, {stop: true}]}
"""


class Server:
    """One measured process and its children: what it used."""

    def __init__(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-m", "bench.servers", name, *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        self._seen = psutil.Process(self._process.pid)

    def cpu_s(self, *, alone: bool = False) -> float:
        """Processor seconds of the process and its children, dead ones included; or of the process alone."""
        own = self._seen.cpu_times()
        if alone:
            return float(own.user + own.system)
        living = (child.cpu_times() for child in self._seen.children(recursive=True))
        return float(sum(own[:4]) + sum(t.user + t.system for t in living))

    def memory(self) -> int:
        """Octets of the process alone, without its children."""
        return int(self._seen.memory_info().rss)

    def stop(self) -> None:
        """By its own process id."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def measured(name: str, *arguments: str) -> Iterator[Server]:
    """A server that runs for the time of the block."""
    server = Server(name, *arguments)
    try:
        yield server
    finally:
        server.stop()


def accept(folder: Path, database: str) -> None:
    """Durable accepts a second against aiosmtpd with an empty handler: the same client, the same mails."""
    rates = {}
    for name in ("stock", "door", "stock", "door"):
        config = write_config(folder / f"{name}-{time.monotonic_ns()}", database)
        with measured(name, *([] if name == "stock" else [str(config)])) as server:
            mails = small_mails(_ACCEPTS)
            began, cpu = time.perf_counter(), server.cpu_s()
            sent = asyncio.run(send_all("127.0.0.1", server.port, mails, _SESSIONS))
            rate = sent / (time.perf_counter() - began)
            rates[name] = max(rate, rates.get(name, 0))
            show(f"accept.{name}", f"{rate:.0f} mails/s, {(server.cpu_s() - cpu) / sent * 1e6:.0f} us CPU a mail")
    show("accept.ratio", f"{rates['door'] / rates['stock']:.0%} of stock (bound: at least 60 %)")


def tickets(folder: Path, database: str, generator: Path, count: int) -> None:
    """Mails to tickets with their acknowledgement queued, from the first EHLO to the last disposition."""
    mails = generated(generator, folder / "mails", count)
    config = write_config(folder / "gateway", database)
    with measured("gateway", str(config)) as server:
        asyncio.run(send_all("127.0.0.1", server.port, iter(mails[:40]), 4))  # warm: children, templates, statements
        finished(config, 40)
        began, cpu, alone = time.perf_counter(), server.cpu_s(), server.cpu_s(alone=True)
        asyncio.run(send_all("127.0.0.1", server.port, iter(mails[40:]), _SESSIONS))
        finished(config, len(mails))
        took, used, worked = time.perf_counter() - began, server.cpu_s() - cpu, len(mails) - 40
        show("tickets.rate", f"{worked / took:.0f} mails/s to a ticket with its mail queued (bound: at least 150)")
        show("tickets.cpu", f"{used / worked * 1000:.1f} ms CPU a mail, all processes (bound: under 10)")
        show("tickets.daemon", f"{(server.cpu_s(alone=True) - alone) / worked * 1000:.1f} ms of them in the daemon")
        show("tickets.memory", f"{server.memory() >> 20} MiB in the daemon (bound: under 150)")
        with open_reader(load_settings(config)).connect() as c:
            queued = c.execute(select(func.count()).select_from(outbox).where(outbox.c.state != "suppressed")).scalar()
            show("tickets.account", f"{account(c)}, {queued} mails queued")


def memory(folder: Path, database: str) -> None:
    """The daemon's memory while mails of 50 MB come in: constant."""
    config = write_config(folder / "large", database, max_size="64 MiB")
    with measured("gateway", str(config)) as server:
        asyncio.run(send_all("127.0.0.1", server.port, small_mails(20), 4))
        finished(config, 20)
        before = server.memory()
        peaks = []
        for number in range(4):
            mail = large_mail(number)
            peak = asyncio.run(_watched(server, mail, config, 21 + number))
            peaks.append(peak >> 20)
        show("memory.small", f"{before >> 20} MiB after small mails")
        show("memory.large", f"{peaks} MiB at the peak of each of four mails of 50 MB (bound: under 150)")


def imap(folder: Path, database: str, count: int) -> None:
    """Mailboxes of a Dovecot: push, backlog, rest."""
    home = folder / "dovecot"
    home.mkdir()
    for path in (folder, home):
        path.chmod(0o755)  # its processes are users of their own
    with measured("gateway", str(write_config(folder / "without", database))) as server:
        without = server.memory()
    with Dovecot(home) as dovecot:
        config = config_with(write_config(folder / "imap", database), dovecot, MAILBOXES)
        with measured("gateway", str(config)) as server:
            met(config, MAILBOXES)
            time.sleep(1)
            for part in (
                rest(lambda: server.cpu_s(alone=True), server.memory, without),
                push(config, dovecot),
            ):
                for name, said in part:
                    show(name, said)
        goal = deliver(config, dovecot, count)
        with measured("gateway", str(config)) as server:
            for name, said in backlog(config, count, goal, lambda: server.cpu_s(alone=True)):
                show(name, said)


def search(folder: Path, database: str) -> None:
    """What a query costs among 100,000 tickets."""
    settings = load_settings(write_config(folder / "search", database))
    open_store(settings).close()
    engine = open_engine(database_url(settings), connections=1)
    show("search.fill", f"{_TICKETS / furnish(engine, _TICKETS):.0f} tickets/s into the index of words")
    engine.dispose()
    reader = open_reader(settings)
    with reader.connect() as c:
        figures = list(timed(c))
    reader.dispose()
    for query, ms, found in figures:
        show("search.query", f"{ms:6.1f} ms  {found:3} found  {query}")
    show("search.worst", f"{max(ms for _, ms, _ in figures):.1f} ms (bound: under 50)")


def promises(folder: Path, database: str) -> None:
    """What a tick costs among 100,000 open tickets."""
    config = write_config(folder / "promises", database)
    for name, text in promised(load_settings(config), config.parent, _TICKETS):
        show(name, text)


def sending(folder: Path, database: str) -> None:
    """What a mail of ours costs, and how many leave in a second."""
    settings = load_settings(write_config(folder / "sending", database))
    for name, text in sent(settings, _MAILS_SENT):
        show(name, text)


def rules() -> None:
    """What rules cost for a mail."""
    for name, text in figures():
        show(name, text)


def backtest(folder: Path, database: str, generator: Path) -> None:
    """Stored mails a second, each decided by two sets of rules."""
    config = write_config(folder / "backtest", database)
    keep_mails(load_settings(config), [mail.raw for mail in generated(generator, folder / "kept", 500)], _REPLAYED)
    new = config.with_name("new.yaml")
    new.write_text(config.with_name("rules.yaml").read_text() + _NEW_RULES)
    command = [str(Path(sys.executable).with_name("mailwicket")), "-c", str(config), "rules", "backtest", str(new)]
    began, used = time.perf_counter(), os.times()
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    took, after = time.perf_counter() - began, os.times()
    spent = after.children_user + after.children_system - used.children_user - used.children_system
    show("backtest.rate", f"{_REPLAYED / took:.0f} stored mails/s, start-up included (bound: at least 500)")
    show("backtest.cpu", f"{_REPLAYED / spent:.0f} stored mails a second of the processor")
    show("backtest.told", told[1].strip())


async def _watched(server: Server, mail: Mail, config: Path, count: int) -> int:
    peak = server.memory()
    sending = asyncio.ensure_future(send_all("127.0.0.1", server.port, iter([mail]), 1))
    while not sending.done():
        await asyncio.sleep(0.02)
        peak = max(peak, server.memory())
    await sending
    while not _is_finished(config, count):
        await asyncio.sleep(0.02)
        peak = max(peak, server.memory())
    return peak


def small_mails(count: int) -> Iterator[Mail]:
    """Mails of 6 KB with different bytes."""
    chance = random.Random(1)
    body = "\r\n".join(f"{chance.getrandbits(288):072x}" for _ in range(_SMALL_OCTETS // 74))
    for number in range(count):
        sender = f"user{number}@example.com"
        fields = f"From: <{sender}>", "To: <support@bench.test>", f"Subject: {number}", f"Message-ID: <{number}@x.test>"
        yield Mail(sender, "support@bench.test", "\r\n".join((*fields, "", body, "")).encode())


def large_mail(number: int) -> Mail:
    """A mail with an attachment of 50 MB, base64 and all."""
    line = b"%076d\r\n" % number
    head = (
        f"From: <big{number}@example.com>\r\nTo: <support@bench.test>\r\nSubject: big {number}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n'
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
        'Content-Disposition: attachment; filename="big.bin"\r\n\r\n'
    ).encode()
    return Mail(
        f"big{number}@example.com", "support@bench.test", head + line * (_LARGE_OCTETS // len(line)) + b"--b--\r\n"
    )


def generated(generator: Path, folder: Path, count: int) -> list[Mail]:
    """The generator's mix of new, reply and attachment mails."""
    subprocess.run(
        [sys.executable, str(generator), str(folder), "--n", str(count)], check=True, stdout=subprocess.DEVNULL
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    return [
        Mail(row["sender"], "support@bench.local", (folder / row["file"]).read_bytes().replace(b"\n", b"\r\n"))
        for row in manifest
    ]


def write_config(folder: Path, database: str, max_size: str = "25 MiB") -> Path:
    """A gateway of its own, whose mails wait in the outbox."""
    (folder / "state").mkdir(0o700, parents=True)
    for name in ("hmac-key", "audit-key"):  # on PostgreSQL gateways share them, and make none
        write_secret(folder / "state" / name, "k" * 64)
    (folder / "rules.yaml").write_text(_RULES)
    config = folder / "mailwicket.toml"
    config.write_text(
        f"""[site]\ndomain = "bench.test"\n[paths]\nstate = "{folder}/state"\nruntime = "{folder}"
rules = "{folder}/rules.yaml"\n[database]\nurl = "{database}"\n[intake]\nmax_size = "{max_size}"\nmin_free = "1 MiB"
[smtp]\nlisten = "127.0.0.1:0"\n[lmtp]\nlisten = "off"\n[outbound]\nconcurrency = 0\n[log]\nlevel = "warning"\n"""
    )
    return config


def finished(config: Path, count: int) -> None:
    """Wait until so many mails have their disposition."""
    while not _is_finished(config, count):
        time.sleep(0.02)


def _is_finished(config: Path, count: int) -> bool:
    engine = open_reader(load_settings(config))
    with engine.connect() as c:
        numbers = account(c)
    engine.dispose()
    return numbers["pending"] == 0 and numbers["received"] >= count


def show(name: str, text: str) -> None:
    """One figure."""
    print(f"{name:18} {text}", flush=True)


def main() -> None:
    """Measure."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--generator", type=Path, default=Path("../shared/bench/make_mail.py"))
    arguments.add_argument("--mails", type=int, default=2000)
    arguments.add_argument("--database", default="", help="empty is SQLite")
    parts = ("accept", "tickets", "memory", "search", "rules", "promises", "backtest", "imap", "sending")
    arguments.add_argument("--only", choices=parts)
    given = arguments.parse_args()
    show("machine", f"{os.cpu_count()} x {platform.machine()}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="mw-bench-") as name:
        folder = Path(name)
        if given.only in (None, "accept"):
            accept(folder, given.database)
        if given.only in (None, "tickets"):
            if not given.generator.exists():
                sys.exit(f"{given.generator} is not there: name a generator of mail with --generator")
            tickets(folder, given.database, given.generator, given.mails)
        if given.only in (None, "memory"):
            memory(folder, given.database)
        if given.only in (None, "search"):
            search(folder, given.database)
        if given.only in (None, "rules"):
            rules()
        if given.only in (None, "promises"):
            promises(folder, given.database)
        if given.only in (None, "backtest"):
            if not given.generator.exists():
                sys.exit(f"{given.generator} is not there: name a generator of mail with --generator")
            backtest(folder, given.database, given.generator)
        if given.only in (None, "imap"):
            imap(folder, given.database, given.mails)
        if given.only in (None, "sending"):
            sending(folder, given.database)


if __name__ == "__main__":
    main()
