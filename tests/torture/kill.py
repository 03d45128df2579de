"""kill -9 under load: what got a 250 is there once, with the same bytes, and ends in one visible disposition.

usage    python -m tests.torture.kill [--kills 30] [--seed 1] [--fault early-250]
Sources  acceptance X1 and its auditor: I1 (acked: exactly one), I2 (not acked: none or one), I3 (sent mails).
Exit     0 the audit is clean, 1 it is not: each finding is a line.
"""

import argparse
import asyncio
import contextlib
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from aiosmtpd.smtp import SMTP
from sqlalchemy import select

from bench.client import Mail, Refused, Session
from gateway.config import load_settings
from gateway.store.inbound import account
from gateway.store.outbox import counts as outbox_states
from gateway.store.schema import entry, inbound, outbox
from gateway.store.store import raw_sha256
from gateway.store.version import open_reader

_CLIENTS = 12
_RULES = """version: 1
defaults: {team: support}
teams: {support: {address: support@acme.test}}
limits: {auto_per_domain: 100000 per 1h, auto_total: 100000 per 1h, auto_per_recipient: 100000 per 1h, \
ack: 100000 per 1h}
"""


class Sink:
    """The relay: takes everything and counts each Message-ID."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 -- aiosmtpd
        for line in bytes(getattr(envelope, "content", b"")).split(b"\r\n"):
            if line.lower().startswith(b"message-id:"):
                self.seen[line.split(b":", 1)[1].strip().decode()] += 1
                break
        return "250 2.0.0 ok"


class Torture:
    """One gateway that is killed again and again, and the clients that do not give up."""

    def __init__(self, folder: Path, seed: int, fault: str) -> None:
        self._folder, self._random, self._fault = folder, random.Random(seed), fault
        self._config, self._port = folder / "mailwicket.toml", free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self.sent: dict[str, str] = {}  # sha256 -> the reply that the client believes, "" for none
        self.sink = Sink()

    async def run(self, kills: int) -> list[str]:
        """Kill so often under load, wait for the end of all work, and audit."""
        loop = asyncio.get_running_loop()
        relay = await loop.create_server(lambda: SMTP(self.sink, hostname="sink.test", loop=loop), "127.0.0.1", 0)
        self._write_config(relay.sockets[0].getsockname()[1])
        self._start()
        clients = [asyncio.create_task(self._client(i)) for i in range(_CLIENTS)]
        for number in range(kills):
            if number % 6 != 5:  # one in six dies while it starts
                await self._listening()
            await asyncio.sleep(self._random.uniform(0.2, 1.0))
            self._kill()
            self._start()
        await self._listening()
        await asyncio.sleep(1)
        self._stopping = True
        await asyncio.gather(*clients)
        quiet = await self._quiet()
        self._kill()
        relay.close()
        return [*([] if quiet else ["never quiet: mails still wait after ten minutes"]), *self._audit()]

    async def _client(self, number: int) -> None:
        """Send, and as an MTA try the same mail again until it is answered with a 250."""
        session, count = Session("127.0.0.1", self._port), 0
        while not self._stopping:
            count += 1
            mail = _mail(number, count, self._random)
            digest = hashlib.sha256(mail.raw).hexdigest()
            self.sent[digest] = ""
            while not self.sent[digest] and not self._stopping:
                try:
                    reply = await session.send(mail)
                except (OSError, Refused, asyncio.IncompleteReadError):
                    session.close()
                    await asyncio.sleep(0.05)
                    continue
                if reply.startswith("250"):
                    self.sent[digest] = reply
        session.close()

    def _start(self) -> None:
        command = [sys.executable, "-m", "tests.torture.start", str(self._config), self._fault]
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _kill(self) -> None:
        """The daemon alone, by its own process id; its children end when their input does."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()

    async def _listening(self) -> None:
        """Until it answers: load that nobody takes would prove nothing."""
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
                writer.close()
                return
            await asyncio.sleep(0.02)

    async def _quiet(self) -> bool:
        """Whether, within ten minutes, nothing is pending and nothing is on its way out."""
        deadline = time.monotonic() + 600
        while time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            with open_reader(load_settings(self._config)).connect() as c:
                waiting = c.execute(select(outbox.c.id).where(outbox.c.state.in_(("queued", "leased")))).first()
                if account(c)["pending"] == 0 and waiting is None:
                    return True
        return False

    def _audit(self) -> list[str]:
        findings: list[str] = []
        with open_reader(load_settings(self._config)).connect() as c:
            rows = c.execute(select(inbound).where(inbound.c.duplicate_of.is_(None))).all()
            entries = Counter(r[0] for r in c.execute(select(entry.c.source)))
            stored = Counter(row.sha256 for row in rows)
            lost = [digest for digest, reply in self.sent.items() if reply and stored[digest] == 0]
            findings += [f"lost: {digest[:12]} was answered {self.sent[digest]!r}" for digest in lost]
            findings += [f"doubled: {digest[:12]} is stored {n} times" for digest, n in stored.items() if n > 1]
            for row in rows:
                if raw_sha256(c, row.key) != row.sha256:
                    findings.append(f"damaged: {row.key}")
                if row.disposition != "ticket" or entries[row.key] != 1:
                    findings.append(f"not one ticket: {row.key} is {row.disposition} ({row.reason})")
            findings += self._audit_outbox({r.message_id: r for r in c.execute(select(outbox)) if r.message_id})
            states = outbox_states(c)
        acked = sum(bool(reply) for reply in self.sent.values())
        print(f"{acked} acknowledged, {len(rows)} stored, outbox {states}, {len(findings)} findings")
        return findings

    def _audit_outbox(self, rows: dict[str, object]) -> list[str]:
        """A ghost was never queued; a second copy is allowed only where the row says it was uncertain."""
        findings = [
            f"ghost: {message_id} was sent and is not in the outbox" for message_id in self.sink.seen.keys() - rows
        ]
        for message_id, row in rows.items():
            copies = self.sink.seen[message_id]
            if getattr(row, "state", "") == "sent" and copies == 0:
                findings.append(f"unsent: {message_id} is marked sent")
            if copies > 1:
                findings.append(f"copies: {message_id} was sent {copies} times")
        return findings

    def _write_config(self, relay_port: int) -> None:
        (self._folder / "rules.yaml").write_text(_RULES)
        self._config.write_text(
            f"""[site]\ndomain = "acme.test"\n[paths]\nstate = "{self._folder}/state"\nruntime = "{self._folder}"
rules = "{self._folder}/rules.yaml"\n[smtp]\nlisten = "127.0.0.1:{self._port}"\n[lmtp]\nlisten = "off"
[intake]\nmin_free = "1 MiB"\n[outbound]\nrelay = "127.0.0.1:{relay_port}"\ntls = "none"\n[log]\nlevel = "warning"\n"""
        )


def _mail(client: int, count: int, chance: random.Random) -> Mail:
    sender = f"user{client}-{count}@customers.test"
    raw = (
        f"From: <{sender}>\r\nTo: <support@acme.test>\r\nSubject: order {client}-{count}\r\n"
        f"Message-ID: <{client}.{count}@customers.test>\r\n\r\n" + "words and words\r\n" * chance.randint(1, 500)
    )
    return Mail(sender, "support@acme.test", raw.encode())


def free_port() -> int:
    """One that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    """Run once; 1 when the audit found something."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--kills", type=int, default=30)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--fault", default="none", choices=["none", "early-250"])
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="mw-kill-") as folder:
        findings = asyncio.run(Torture(Path(folder), given.seed, given.fault).run(given.kills))
    for finding in findings[:40]:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
