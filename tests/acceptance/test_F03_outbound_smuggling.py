"""F-03: what we send has CRLF line ends alone, and ends where we end it, whatever stands in a mail that we pass on."""

import asyncio
import contextlib
import re

import pytest

from gateway.outgoing.smtp import Delivered, deliver
from gateway.ticket.types import REDIRECT, File
from tests.outgoing.letters import ANSWER, letter
from tests.outgoing.test_delivery import Mail, connection, yes

pytestmark = pytest.mark.p0
ENDS = (
    "\n.\n",
    "\r.\r",
    "\n.\r\nMAIL FROM:<evil@x.test>",
    "\r\n.\r\nMAIL FROM:<evil@x.test>",
    "\r.\n",
    "..\r\n",
    "\x00\n",
)
HARD = f"Dear all,{''.join(f'line {n}{end}' for n, end in enumerate(ENDS))}end"


@contextlib.asynccontextmanager
async def recorder():
    """A server that keeps every octet after its 354, and its port; it reads the end of a mail as RFC 5321 §4.1.1.4."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 x\r\n")
        while line := await reader.readline():
            writer.write(b"354 go\r\n" if line == b"DATA\r\n" else b"250 ok\r\n")
            if line == b"DATA\r\n":
                heard.append(await reader.readuntil(b"\r\n.\r\n"))
                writer.write(b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 24)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


def quoted() -> bytes:
    return letter(template="answer", values={"answer": {"paragraphs": [HARD.split("\n")], "signature": []}}).raw


def attached() -> bytes:
    return letter(template="answer", values=ANSWER, files=(File("a.txt", "text/plain", HARD.encode()),)).raw


def passed_on() -> bytes:
    raw = f"From: a@b.test\nSubject: x\n\n{HARD}".encode()
    return letter(template=REDIRECT, subject="x", files=(File("mail.eml", "message/rfc822", raw),)).raw


@pytest.mark.parametrize("made", [quoted, attached, passed_on])
async def test_F03_nothing_inside_a_mail_ends_it(made) -> None:
    raw = made()
    async with recorder() as (port, heard):
        used = connection(port)
        assert isinstance(await deliver(Mail(raw=raw), used, yes), Delivered)
        assert isinstance(await deliver(Mail(raw=letter().raw), used, yes), Delivered)  # the dialogue is where it was
        await used.close()
    sent = heard[0]
    assert len(heard) == 2
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", sent)
    assert max(map(len, sent.split(b"\r\n"))) <= 998
    assert sent.isascii()
    lines = sent[: -len(b".\r\n")].split(b"\r\n")  # unstuffed here, by other code than ours
    assert b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines) == raw
