"""Hostile mails through a whole gateway, by LMTP as our own MTA would hand them over; nothing is repaired."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.client import stuffed
from gateway.config import Settings
from gateway.store.inbound import MailRow
from gateway.ticket.types import Entry, Ticket
from tests.running import Gateway, mail


@dataclass(frozen=True, slots=True)
class Read:
    """A mail and what it became."""

    row: MailRow
    ticket: Ticket
    entry: Entry


def hostile(content: bytes, *, number: int = 0) -> bytes:
    """A head of fields, and whatever follows it: fields of its own, an empty line, a body."""
    return b"From: <jan%d@bigbank.test>\r\nSubject: hostile %d\r\n" % (number, number) + content


async def through(settings: Settings, tmp_path: Path, mails: Iterable[bytes]) -> list[Read]:
    """What each became; every one is taken, becomes a ticket at its first attempt, and so does the mail after them."""
    listen = f"unix:{tmp_path / 'lmtp.sock'}"
    settings = settings.model_copy(update={"lmtp": settings.lmtp.model_copy(update={"listen": listen})})
    sent = [*mails, mail("an ordinary one")]
    async with Gateway(settings) as gateway:
        answers = await deliver(listen, sent)
        assert [answer for answer in answers if not answer.startswith(b"250 2.6.0")] == []
        numbers = await gateway.quiet()
        assert numbers == {"received": len(sent), "pending": 0, "ticket": len(sent)}
        rows = gateway.mails()
        assert {row.attempts for row in rows} == {1}
        tickets = {ticket.number: ticket for ticket in gateway.tickets()}
        found = [Read(row, tickets[row.ticket or 0], gateway.entries(row.ticket or 0)[0]) for row in rows]
    assert found[-1].ticket.subject == "an ordinary one"
    return found[:-1]


async def deliver(listen: str, mails: Iterable[bytes]) -> list[bytes]:
    """The answer to each, on one LMTP connection."""
    reader, writer = await asyncio.open_unix_connection(listen.removeprefix("unix:"))

    async def answer() -> bytes:
        while (line := await reader.readuntil(b"\n"))[3:4] == b"-":
            pass
        return line

    await answer()
    writer.write(b"LHLO hostile\r\n")
    await answer()
    answers = []
    for raw in mails:
        for line in (b"MAIL FROM:<>", b"RCPT TO:<support@acme.test>", b"DATA"):
            writer.write(line + b"\r\n")
            assert (await answer())[:1] in b"23"
        writer.write(stuffed(raw) + b".\r\n")
        answers.append(await answer())
    writer.close()
    return answers
