"""Servers for the tests of delivery: one that says what a script tells it, and a certificate that nobody knows."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.outgoing.relay import Relay

CLOSE = "<close>"
SILENCE = "<silence>"
GOOD = {
    "CONNECT": "220 relay.test ESMTP",
    "EHLO": "250-relay.test\r\n250-SIZE 10000000\r\n250 ENHANCEDSTATUSCODES",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go",
    "DOT": "250 2.0.0 queued as 4T9",
    "RSET": "250 2.0.0 ok",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
}


@dataclass
class Peer:
    """What a scripted server heard. A reply that is a list is used up one by one; its last one stays."""

    replies: dict[str, str | list[str]]
    tls: ssl.SSLContext | None = None
    port: int = 0
    last: str = ""  # what it said last
    sessions: int = 0
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)  # with dots unstuffed, as RFC 5321 §4.5.2 reads
    cut_off: list[bytes] = field(default_factory=list)  # what came of mails without their dot
    encrypted: list[str] = field(default_factory=list)  # the commands that came under TLS
    arrived: asyncio.Event = field(default_factory=asyncio.Event)  # something of a content is here
    taken: asyncio.Event = field(default_factory=asyncio.Event)  # a whole mail is here
    gone: asyncio.Event = field(default_factory=asyncio.Event)  # a client went away
    heard: asyncio.Event = field(default_factory=asyncio.Event)  # another command is here

    def reply(self, verb: str) -> str:
        given = self.replies.get(verb, "502 5.5.1 what?")
        if isinstance(given, str):
            return given
        return given.pop(0) if len(given) > 1 else given[0]

    async def said(self, verb: str) -> None:
        """Return when this command came."""
        while not any(command.upper().startswith(verb) for command in self.commands):
            self.heard.clear()
            await self.heard.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await self._converse(reader, writer)
        self.gone.set()
        writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, hidden = "CONNECT", False
        while await self._say(writer, self.reply(verb)):
            if verb == "QUIT":
                return
            if verb == "STARTTLS" and self.tls is not None and self.last.startswith("220"):
                await writer.start_tls(self.tls)
                hidden = True
            if verb == "DATA" and self.commands and not self.last.startswith(("4", "5")):
                if not await self._content(reader):
                    return
                verb = "DOT"
                continue
            line = (await reader.readuntil(b"\r\n")).decode()[:-2]
            self.commands.append(line)
            self.heard.set()
            if hidden:
                self.encrypted.append(line)
            verb = line.partition(" ")[0].upper()

    async def _say(self, writer: asyncio.StreamWriter, reply: str) -> bool:
        self.last = reply
        if reply == CLOSE:
            return False
        if reply == SILENCE:
            await asyncio.Event().wait()
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        return True

    async def _content(self, reader: asyncio.StreamReader) -> bool:
        lines: list[bytes] = []
        try:
            while (line := await reader.readuntil(b"\r\n")) != b".\r\n":
                lines.append(line[1:] if line.startswith(b".") else line)
                self.arrived.set()
        except asyncio.IncompleteReadError:
            self.cut_off.append(b"".join(lines))
            return False
        self.mails.append(b"".join(lines))
        self.taken.set()
        return True


@contextlib.asynccontextmanager
async def peer(
    replies: Mapping[str, str | list[str]] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Peer]:
    """A server on a free port of loopback, until the block ends."""
    found = Peer({k: v if isinstance(v, str) else [*v] for k, v in {**GOOD, **(replies or {})}.items()}, tls)
    clients: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        clients.add(task)
        try:
            await found.serve(reader, writer)
        except asyncio.CancelledError:
            writer.close()
        finally:
            clients.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in tuple(clients):
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await server.wait_closed()


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """(certificate, key), self-signed for this name."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


def server_tls(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context


def client_tls(cert: Path | None = None) -> ssl.SSLContext:
    """Verifies, with host name; trusts this certificate, or what the machine trusts."""
    return ssl.create_default_context(cafile=None if cert is None else str(cert))


def relay(port: int, **changed: object) -> Relay:
    values = {
        "host": "127.0.0.1",
        "port": port,
        "tls": "none",
        "user": "",
        "password": str,
        "helo": "acme.test",
        "context": client_tls(),
    }
    return Relay(**(values | changed))  # type: ignore[arg-type]


def free_port() -> int:
    """A port that was free just now, for servers that take no socket of ours."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def listening(port: int) -> None:
    """Return when a server answers there; the time-out of the test is the limit."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
