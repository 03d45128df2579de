"""A load client on bare sockets: it sends what it is given and believes nothing but the final reply.

Not here  what is measured (run.py), what is killed meanwhile (tests/torture).
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to send: octets with CRLF line ends, dots not stuffed."""

    sender: str
    recipient: str
    raw: bytes


class Refused(Exception):  # noqa: N818 -- an answer, not an error of ours
    """The server answered something else than we need."""


class Session:
    """One SMTP connection, used for one mail after the other."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, mail: Mail) -> str:
        """The reply to the final dot.

        Raises  Refused                     another command was refused
                OSError, IncompleteReadError  the connection broke: the mail may or may not be there
        """
        if self._writer is None:
            await self._open()
        await self._ask(f"MAIL FROM:<{mail.sender}> SIZE={len(mail.raw)}".encode(), b"2")
        await self._ask(f"RCPT TO:<{mail.recipient}>".encode(), b"2")
        await self._ask(b"DATA", b"3")
        assert self._writer is not None
        self._writer.write(stuffed(mail.raw) + b".\r\n")
        return await self._reply()

    def close(self) -> None:
        """Forget the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        await self._expect(b"220")
        await self._ask(b"EHLO client.example", b"250")

    async def _ask(self, line: bytes, wanted: bytes) -> None:
        assert self._writer is not None
        self._writer.write(line + b"\r\n")
        await self._expect(wanted)

    async def _expect(self, wanted: bytes) -> None:
        reply = await self._reply()
        if not reply.encode().startswith(wanted):
            raise Refused(reply)

    async def _reply(self) -> str:
        assert self._reader is not None
        while line := await self._reader.readuntil(b"\r\n"):
            if line[3:4] != b"-":
                return line.decode("utf-8", "replace").strip()
        raise ConnectionResetError("closed")


def stuffed(raw: bytes) -> bytes:
    """The octets of DATA, without the final dot (RFC 5321 §4.5.2)."""
    text = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
    return (b"." + text if text.startswith(b".") else text).replace(b"\r\n.", b"\r\n..")


async def send_all(host: str, port: int, mails: Iterator[Mail], sessions: int) -> int:
    """Send everything over so many connections; how many got a 250.

    Raises  Refused  anything was refused: a measurement of refusals would be worth nothing
    """
    accepted = 0

    async def work() -> None:
        nonlocal accepted
        session = Session(host, port)
        for mail in mails:
            reply = await session.send(mail)
            if not reply.startswith("250"):
                raise Refused(reply)
            accepted += 1
        session.close()

    await asyncio.gather(*(work() for _ in range(sessions)))
    return accepted
