"""A whole gateway in the test's own loop, with a relay that keeps what it is sent."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP

from bench.client import Mail, Session
from gateway.clock import Clock, SystemClock
from gateway.config import Settings
from gateway.daemon import Daemon
from gateway.store import inbound, outbox, tickets
from gateway.store.inbound import MailRow
from gateway.store.listing import find_tickets
from gateway.store.outbox import OutboxItem
from gateway.ticket.query import Query
from gateway.ticket.types import Entry, Ticket

RULES = """version: 1
defaults: {team: support}
agents:
  ana: {name: Ana, email: ana@acme.test, notify: none}
teams:
  support: {address: support@acme.test, members: [ana]}
  billing: {address: billing@acme.test}
"""


class Relay:
    """What the gateway sent, in order: (forward-path, octets)."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd
        self.mails.append((envelope.rcpt_tos[0], bytes(envelope.content)))
        return "250 2.0.0 ok"


class Gateway:
    """Started by `async with`; SMTP on a free port."""

    def __init__(self, settings: Settings, rules: str = RULES, clock: Clock | None = None) -> None:
        self._rules = Path(settings.paths.state).parent / "rules.yaml"
        self._rules.write_text(rules, "utf-8")
        self._settings, self._clock = settings, clock or SystemClock()
        self.relay = Relay()

    async def __aenter__(self) -> "Gateway":
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self.relay, hostname="relay.test", loop=loop), "127.0.0.1", 0
        )
        port = self._server.sockets[0].getsockname()[1]
        settings = self._settings.model_copy(
            update={
                "paths": self._settings.paths.model_copy(update={"rules": self._rules}),
                "smtp": self._settings.smtp.model_copy(update={"listen": "127.0.0.1:0"}),
                "outbound": self._settings.outbound.model_copy(update={"relay": f"127.0.0.1:{port}", "tls": "none"}),
            }
        )
        self.daemon = Daemon(settings, self._clock)
        await self.daemon.start()
        self.store, self.settings = self.daemon.store, settings
        self.port = int(self.daemon.addresses["smtp"].rpartition(":")[2])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.daemon.stop()
        self._server.close()

    async def send(self, raw: bytes, *, to: str = "support@acme.test", sender: str = "jan@bigbank.test") -> str:
        """The reply to the final dot."""
        session = Session("127.0.0.1", self.port)
        try:
            return await session.send(Mail(sender, to, raw))
        finally:
            session.close()

    async def quiet(self) -> dict[str, int]:
        """The account, once nothing is pending and nothing is due to be sent."""
        async with asyncio.timeout(60):
            while True:
                numbers = await self.store.read(inbound.account)
                states = await self.store.read(outbox.counts)
                if numbers["pending"] == 0 and not states.keys() & {"queued", "leased"}:
                    return numbers
                await asyncio.sleep(0.01)

    def mails(self) -> list[MailRow]:
        """Every accepted mail, oldest first."""
        return self.store.read_now(lambda c: inbound.mails(c, dispositions=(), since=None, limit=10_000))[::-1]

    def tickets(self) -> list[Ticket]:
        """Every ticket, by number."""
        found = self.store.read_now(lambda c: find_tickets(c, Query(), 10_000))
        return sorted(found, key=lambda t: t.number)

    def entries(self, number: int) -> list[Entry]:
        """The entries of a ticket."""
        return self.store.read_now(lambda c: tickets.entries(c, number))

    def outbox(self) -> list[OutboxItem]:
        """Every outgoing mail, oldest first."""
        return self.store.read_now(lambda c: outbox.find_many(c, states=(), ticket=None, recipient=None, limit=10_000))[
            ::-1
        ]


def mail(subject: str = "Zwrot", body: str = "Proszę o zwrot.", **fields: str) -> bytes:
    """A plain mail from Jan; `fields` replace or add, with `_` for `-`."""
    head = {"From": "Jan <jan@bigbank.test>", "To": "support@acme.test", "Subject": subject}
    head |= {name.replace("_", "-"): value for name, value in fields.items()}
    head.setdefault("Content-Type", "text/plain; charset=utf-8")
    return ("".join(f"{name}: {value}\r\n" for name, value in head.items()) + f"\r\n{body}\r\n").encode()
