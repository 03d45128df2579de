"""Plays dialogues from text files against real listeners, behind which a door writes down what passes.

    W: smtp untrusted max_size=200   what listens; `smtp` or `lmtp`, then the words and keys of `_PARTS`
    C: a line we send                C! b'raw octets, as Python writes them'
    S: how the next line starts      S= the same, after skipping `250-` lines
    S. eof                           the server closes; nothing else may come before
    M: 1                             so many mails have been accepted until now

`{name*3}` in a line is the name three times: for what is long.
"""

import asyncio
import hashlib
import re
import socket
import subprocess
from ast import literal_eval
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.clock import SystemClock
from gateway.config import Settings
from gateway.errors import PermanentError
from gateway.intake.accept import Incoming
from gateway.intake.sockets import Listeners
from gateway.message.address import domain_of, normal, sub_address
from gateway.message.types import Envelope
from gateway.store.inbound import Receipt
from tests.conftest import changed_defaults

PATIENCE_S = 20.0  # a server that has not answered by then never will
DIALOGUES = Path(__file__).parent / "dialogues"


@dataclass
class RecordingDoor:
    """Keeps in memory what the real door would put on disk, and fails on demand."""

    addresses: frozenset[str] = frozenset({"support@gw.test", "sales@gw.test", "postmaster@gw.test"})
    accepted: list[tuple[Envelope, bytes]] = field(default_factory=list)
    incoming: list[Incoming] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)  # set when a mail has come to its end
    fails: dict[str, Exception] = field(default_factory=dict)  # by method
    before_commit: Callable[[], Any] | None = None  # an async function to wait for
    keeps: bool = True  # else only the hash of what is read back, in pieces

    def check_room(self, declared_octets: int) -> None:
        self._fail("check_room")

    def recipient(self, address: str) -> str:
        self._fail("recipient")
        base, _ = sub_address(normal(address), "+")
        if base in self.addresses:
            return normal(address)
        if domain_of(address) != "gw.test":
            raise PermanentError("we relay no mail", code=550, status="5.7.1")
        raise PermanentError(f"<{address}> is not a support address", code=550, status="5.1.1")

    async def accept(self, envelope: Envelope, incoming: Incoming) -> Receipt:
        with incoming.raw:
            self.incoming.append(incoming)
            self.arrived.set()
            if self.before_commit is not None:
                await self.before_commit()
            self._fail("accept")
            if incoming.hops > 50:
                raise PermanentError("too many hops", code=554, status="5.4.6")
            self.accepted.append((envelope, incoming.raw.read() if self.keeps else _digest(incoming)))
        return Receipt(f"{len(self.accepted):032x}", duplicate=False)

    def _fail(self, where: str) -> None:
        if where in self.fails:
            raise self.fails[where]

    @property
    def mails(self) -> list[bytes]:
        return [raw for _, raw in self.accepted]


def _digest(incoming: Incoming) -> bytes:
    return hashlib.file_digest(incoming.raw, "sha256").digest()


def _milliseconds(text: str) -> timedelta:
    return timedelta(milliseconds=int(text))


_PARTS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    # key of the W line: section (listener is smtp or lmtp), how the value is read
    "max_size": ("intake", int),
    "max_recipients": ("intake", int),
    "command_line": ("listener", int),
    "connections": ("listener", int),
    "per_ip": ("listener", int),
    "errors": ("listener", int),
    "junk": ("listener", int),
    "idle": ("listener", _milliseconds),
    "data": ("listener", _milliseconds),
    "total": ("listener", _milliseconds),
}


def settings_for(folder: Path, words: str = "smtp", **sections: Mapping[str, Any]) -> Settings:
    """Settings under which just one protocol listens, on a free port of the loopback."""
    protocol, *rest = words.split()
    changes: dict[str, dict[str, Any]] = {"intake": {}, "listener": {"listen": "127.0.0.1:0"}}
    for word in rest:
        name, _, value = word.partition("=")
        if name == "untrusted":
            changes["listener"]["trusted_networks"] = ()
        elif name == "unix":
            changes["listener"]["listen"] = f"unix:{folder / 'lmtp.sock'}"
        else:
            section, read = _PARTS[name]
            changes[section][name] = read(value)
    merged: dict[str, dict[str, Any]] = {
        "site": {"domain": "gw.test"},
        "paths": {"state": folder, "runtime": folder},
        "lmtp": {"listen": "off"},
        "intake": changes["intake"],
    }
    merged.setdefault(protocol, {}).update(changes["listener"])
    for section, values in sections.items():
        merged.setdefault(section, {}).update(values)
    return changed_defaults(merged)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """(certificate, key) for gw.test, good for a day."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "1", "-subj", "/CN=gw.test", "-addext", "subjectAltName=DNS:gw.test",
            "-keyout", str(key), "-out", str(cert),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    return cert, key


def entries(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


@asynccontextmanager
async def listening(settings: Settings, door: Any) -> AsyncIterator[Listeners]:
    """Listeners that live for the test."""
    listeners = Listeners(settings, door, SystemClock())
    await listeners.start()
    try:
        yield listeners
    finally:
        await listeners.close(0)


class Client:
    """Our own socket code, which repairs nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, listeners: Listeners, protocol: str = "smtp") -> "Client":
        address = listeners.addresses[protocol]
        if address.startswith("unix:"):
            return cls(*await asyncio.open_unix_connection(address.removeprefix("unix:")))
        host, _, port = address.rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    async def send(self, *lines: str) -> None:
        await self.send_raw("".join(f"{line}\r\n" for line in lines).encode())

    async def send_raw(self, octets: bytes) -> None:
        self.writer.write(octets)
        await self.writer.drain()

    async def send_slowly(self, octets: bytes) -> None:
        """Each write is a segment of its own for the server."""
        for n in range(len(octets)):
            self.writer.write(octets[n : n + 1])
            await asyncio.sleep(0)

    async def line(self) -> str:
        """The next line without its end; empty when the server has closed."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self.reader.readline()).decode().rstrip("\r\n")

    async def reply(self) -> str:
        """The last line of the next reply."""
        line = await self.line()
        while line[3:4] == "-":
            line = await self.line()
        return line

    async def ask(self, line: str) -> str:
        await self.send(line)
        return await self.reply()

    async def greet(self, hello: str = "EHLO client.example") -> None:
        assert (await self.reply()).startswith("220 ")
        assert (await self.ask(hello)).startswith("250 ")

    async def address(self, *recipients: str, sender: str = "ann@example.com") -> None:
        """MAIL, RCPT and DATA, all of which must be taken."""
        assert (await self.ask(f"MAIL FROM:<{sender}>")).startswith("250 2.1.0")
        for recipient in recipients or ("support@gw.test",):
            assert (await self.ask(f"RCPT TO:<{recipient}>")).startswith("250 2.1.5")
        assert (await self.ask("DATA")).startswith("354 ")

    async def closed(self) -> bool:
        """Whether the server has closed, and says nothing before."""
        try:
            return await self.line() == ""
        except ConnectionError:
            return True

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Go away without a FIN."""
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.writer.transport.abort()


async def play(name: str, lines: list[str], folder: Path) -> None:
    """Play the lines of one file; the assertion names file and line."""
    words = next(line[3:] for line in lines if line.startswith("W: "))
    door = RecordingDoor()
    async with listening(settings_for(folder, words), door) as listeners:
        client = await Client.to(listeners, words.split()[0])
        try:
            for number, line in enumerate(lines, 1):
                await _step(line, client, door, f"{name}:{number}: {line}")
        finally:
            client.close()


async def _step(line: str, client: Client, door: RecordingDoor, place: str) -> None:
    mark, text = line[:2], _expanded(line[3:])
    match mark:
        case "C:":
            await client.send(text)
        case "C!":
            await client.send_raw(literal_eval(text))
        case "S:" | "S=":
            said = await (client.reply() if mark == "S=" else client.line())
            assert said.startswith(text), f"{place}: the server said {said!r}"
        case "S.":
            assert await client.closed(), f"{place}: the server did not close"
        case "M:":
            assert len(door.accepted) == int(text), f"{place}: {len(door.accepted)} accepted"
        case _:
            assert mark.strip("# ") == "" or mark in ("W:", "# "), f"{place}: no step"


def _expanded(text: str) -> str:
    return re.sub(r"\{(.+?)\*(\d+)\}", lambda m: m[1] * int(m[2]), text)
