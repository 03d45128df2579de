"""Two gateways on one PostgreSQL, each with its door, one of them killed: conversations that go on at both are whole.

usage    python -m tests.torture.pair DATABASE [--kills 3] [--talks 40] [--seed 1] [--fault early-250]
A customer's mail goes to both doors at once, as over two MX; our acknowledgement comes back through the relay, and is
answered at both doors at once, with different words. Whoever gets no 250 tries the other door.
Sources  acceptance X13, H-02: nothing lost, nothing doubled, one history.
Exit     0 the audit is clean, 1 it is not: each finding is a line.
"""

import argparse
import asyncio
import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from itertools import pairwise
from pathlib import Path

from aiosmtpd.smtp import SMTP
from sqlalchemy import Connection, select

from bench.client import Mail, Refused, Session
from gateway.config import audit_key, load_settings, write_secret
from gateway.store import outbox as mails_out
from gateway.store import schema
from gateway.store.audit import find_rows
from gateway.store.audit_verify import verify
from gateway.store.inbound import account
from gateway.store.version import open_reader
from tests.torture.kill import free_port

_RULES = """version: 1
defaults: {team: support}
teams: {support: {address: support@acme.test}}
limits: {auto_per_domain: 100000 per 1h, auto_total: 100000 per 1h, auto_per_recipient: 100000 per 1h, \
ack: 100000 per 1h}
rules:
  - {id: seen, on: reply, when: {mail.is_list: false}, do: [{set: {priority: high}}, {tag: [answered]}]}
"""
_CHANGE = re.compile(r"(.*) -> (.*)", re.DOTALL)
_MAILS_A_LIFE = 20  # taken by the one that is killed, before it is
_LEASE_S = 30  # what a dead gateway holds is taken over after it, within a minute


class Relay:
    """Keeps the first copy for each customer, and counts all by Message-ID."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.first: dict[str, asyncio.Future[bytes]] = {}

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 -- aiosmtpd
        raw, to = bytes(getattr(envelope, "content", b"")), getattr(envelope, "rcpt_tos", [""])[0]
        self.seen[str(message_from_bytes(raw, policy=policy.default)["Message-ID"])] += 1
        known = self.first.get(to)
        if known is not None and not known.done():
            known.set_result(raw)
        return "250 2.0.0 ok"


class Pair:
    """The gateways, the customers who talk to them, and what they were promised."""

    def __init__(self, folder: Path, database: str, seed: int, fault: str) -> None:
        self._folder, self._database, self._random, self._fault = folder, database, random.Random(seed), fault
        self._ports = {name: free_port() for name in ("one", "two")}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.relay = Relay()
        self.promised: Counter[str] = Counter()  # words of a mail -> how often it got its 250
        self._taken: Counter[str] = Counter()  # by each gateway
        self._enough: Counter[str] = Counter()  # then it is killed
        self._busy = asyncio.Event()

    async def run(self, kills: int, talks: int) -> list[str]:
        """Talk while one gateway is killed so often, wait for the end of all work, and audit."""
        loop = asyncio.get_running_loop()
        relay = await loop.create_server(lambda: SMTP(self.relay, hostname="relay.test", loop=loop), "127.0.0.1", 0)
        try:
            for name in self._ports:
                self._configure(name, relay.sockets[0].getsockname()[1])
                self._start(name)
                await self._listening(name)
            await self._talk_and_kill(kills, talks)
            quiet = await self._quiet()
        finally:
            for name in self._running:
                self._kill(name)
            relay.close()
        with self._reading() as c:
            return [*([] if quiet else ["never quiet"]), *self._audit(c, talks)]

    async def _talk_and_kill(self, kills: int, talks: int) -> None:
        talking = asyncio.gather(*(self._talk(number) for number in range(talks)))
        for _ in range(kills):
            self._enough["two"] = self._taken["two"] + _MAILS_A_LIFE
            self._busy.clear()
            busy = asyncio.create_task(self._busy.wait())
            await asyncio.wait((busy, talking), return_when=asyncio.FIRST_COMPLETED)
            busy.cancel()
            await asyncio.sleep(self._random.uniform(0, 0.1))
            self._kill("two")
            self._start("two")
            await self._listening("two")
        await talking

    async def _talk(self, number: int) -> None:
        """One mail to both doors, then three times an answer at each."""
        await asyncio.sleep(number * 0.5)
        customer = f"customer{number}@customers.test"
        answered = self.relay.first[customer] = asyncio.get_running_loop().create_future()
        fields = f"Subject: order {number}", f"Message-ID: <{number}@customers.test>"
        first = _mail(customer, "support@acme.test", f"begins-{number}", *fields)
        await asyncio.gather(*(self._send(door, first, f"begins-{number}") for door in self._ports))
        ours = message_from_bytes(await asyncio.wait_for(answered, 200), policy=policy.default)
        fields = f"Subject: Re: {ours['Subject']}", f"In-Reply-To: {ours['Message-ID']}"
        to = str(ours["Reply-To"].addresses[0].addr_spec)
        for turn in range(3):
            words = {door: f"answer-{number}-{turn}-{door}" for door in self._ports}
            mails = {door: _mail(customer, to, said, *fields) for door, said in words.items()}
            await asyncio.gather(*(self._send(door, mails[door], words[door]) for door in self._ports))

    async def _send(self, door: str, mail: Mail, words: str) -> None:
        """As an MTA does: until there is a 250, at the other door when this one fails."""
        while True:
            session = Session("127.0.0.1", self._ports[door])
            with contextlib.suppress(OSError, Refused, asyncio.IncompleteReadError):
                if (await session.send(mail)).startswith("250"):
                    self.promised[words] += 1
                    self._taken[door] += 1
                    if self._taken[door] == self._enough[door]:
                        self._busy.set()
                    return
            session.close()
            door = "one" if door == "two" else "two"
            await asyncio.sleep(0.05)

    def _audit(self, c: Connection, talks: int) -> list[str]:
        findings: list[str] = []
        told = Counter(
            word for text in c.execute(select(schema.entry.c.text)).scalars() for word in text.split() if "-" in word
        )
        findings += [f"lost: {words}" for words in self.promised if not told[words]]
        findings += [f"doubled: {words} stands {count} times" for words, count in told.items() if count > 1]
        numbers = c.execute(select(schema.ticket.c.number)).scalars().all()
        findings += [] if len(numbers) == talks else [f"{len(numbers)} tickets of {talks} talks"]
        for number in numbers:
            findings += self._audit_ticket(c, number)
        for row in c.execute(select(schema.outbox)):
            copies = self.relay.seen[row.message_id]
            if copies > 1 + mails_out.unsure(row) or (row.state == "sent" and not copies):
                findings.append(f"{row.message_id} is {row.state} and was sent {copies} times")
        settings = load_settings(self._config("one"))
        findings += [str(finding) for finding in verify(c, audit_key(settings, create=False), []).findings]
        print(
            f"{sum(self.promised.values())} promises, {len(numbers)} tickets, {sum(told.values())} mails, {account(c)}"
        )
        return findings

    def _audit_ticket(self, c: Connection, number: int) -> Iterator[str]:
        """Each talk is one ticket with its seven mails, and each change of it is made to what the one before left."""
        entries = c.execute(select(schema.entry.c.text).where(schema.entry.c.ticket == number, schema.entry.c.public))
        talks = {word.split("-")[1] for text in entries.scalars() for word in text.split() if "-" in word}
        if len(talks) != 1:
            yield f"ticket {number} holds the talks {sorted(talks)}"
        for action in ("set.status", "set.priority", "set.tags"):
            rows = find_rows(c, ticket=number, action=action, limit=1000)
            steps = [match.groups() for row in rows if (match := _CHANGE.fullmatch(row.detail or ""))]
            if any(after != before for (_, after), (before, _) in pairwise(steps)):
                yield f"ticket {number}: {action} is no line: {steps}"

    def _config(self, name: str) -> Path:
        return self._folder / name / "mailwicket.toml"

    def _configure(self, name: str, relay_port: int) -> None:
        folder = self._folder / name
        (folder / "state").mkdir(0o700, parents=True)
        for key in ("hmac-key", "audit-key"):
            write_secret(folder / "state" / key, "k" * 64)
        (folder / "rules.yaml").write_text(_RULES)
        self._config(name).write_text(
            f"""[site]\ndomain = "acme.test"\n[paths]\nstate = "{folder}/state"\nruntime = "{folder}"
rules = "{folder}/rules.yaml"\n[database]\nurl = "{self._database}"\n[smtp]\nlisten = "127.0.0.1:{self._ports[name]}"
[lmtp]\nlisten = "off"\n[intake]\nmin_free = "1 MiB"\n[limits]\nlease_s = {_LEASE_S}
[outbound]\nrelay = "127.0.0.1:{relay_port}"\ntls = "none"\n[log]\nlevel = "warning"\n"""
        )

    def _start(self, name: str) -> None:
        log = (self._folder / f"{name}.log").open("ab")
        command = [sys.executable, "-m", "tests.torture.start", str(self._config(name)), self._fault]
        self._running[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def _kill(self, name: str) -> None:
        """The daemon alone, by its own process id; its children end when their input does."""
        os.kill(self._running[name].pid, signal.SIGKILL)
        self._running[name].wait()

    async def _listening(self, name: str) -> None:
        async with asyncio.timeout(60):
            while True:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", self._ports[name])
                    writer.close()
                    return
                await asyncio.sleep(0.05)

    async def _quiet(self) -> bool:
        """Whether, within five minutes, nothing is pending and nothing is on its way out."""
        for _ in range(600):
            await asyncio.sleep(0.5)
            with self._reading() as c:
                if account(c)["pending"] == 0 and not mails_out.counts(c).keys() & {"queued", "leased"}:
                    return True
        return False

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        engine = open_reader(load_settings(self._config("one")))
        with engine.connect() as c:
            yield c
        engine.dispose()


def _mail(author: str, to: str, words: str, *fields: str) -> Mail:
    lines = (f"From: <{author}>", f"To: <{to}>", *fields, "", words, "")
    return Mail(author, to, "\r\n".join(lines).encode())


def main() -> int:
    """Run once; 1 when the audit found something."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("database")
    arguments.add_argument("--kills", type=int, default=3)
    arguments.add_argument("--talks", type=int, default=40)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--fault", default="none", choices=["none", "early-250"])
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="mw-pair-") as folder:
        findings = asyncio.run(
            Pair(Path(folder), given.database, given.seed, given.fault).run(given.kills, given.talks)
        )
    for finding in findings[:40]:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
