"""A day at a desk, its first hour: two agents and a customer, by real SMTP in and out, with mail programs alone."""

import asyncio
import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage

from gateway.config import Settings
from gateway.store import inbound, outbox, tickets
from gateway.ticket.types import Entry, Ticket
from tests.running import Gateway

ANA, BOB, JAN = "ana@acme.test", "bob@acme.test", "jan@bigbank.test"
RULES = """version: 1
defaults: {team: support}
agents:
  ana: {name: Ana Kovač, email: ana@acme.test}
  bob: {name: Bob, email: bob@acme.test}
teams:
  support: {address: support@acme.test, members: [ana, bob], signature: Acme Support}
rules:
  - id: tell
    on: [new, reply]
    do: [{notify: {to: [team], template: agent_notice}}]
"""


class Hour:
    """What everybody writes, and finds in his mailbox."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway, self._sent = gateway, 0

    async def write(self, author: str, to: str, subject: str, words: str, answers: EmailMessage | None = None) -> None:
        """A mail, handed on by the server in front of the gateway, and all that follows from it."""
        self._sent += 1
        domain, quote = author.rpartition("@")[2], ""
        references = ""
        if answers is not None:
            quote = "\r\n".join(f"> {line}" for line in text_of(answers).splitlines())
            quote = (
                f"\r\nOn Sat, 21 Nov 2026 at 09:05, {answers['From'].addresses[0].display_name} wrote:\r\n{quote}\r\n"
            )
            references = f"In-Reply-To: {answers['Message-ID']}\r\nReferences: {answers['Message-ID']}\r\n"
        raw = (
            f"Authentication-Results: mx.acme.test; dmarc=pass header.from={domain}\r\n"
            f"Received: from mail.{domain} by mx.acme.test; Sat, 21 Nov 2026 09:00:00 +0000\r\n"
            f"From: <{author}>\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{self._sent}@{domain}>\r\n{references}"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n{quote}"
        )
        assert (await self._gateway.send(raw.encode(), to=to, sender=author)).startswith("250")
        await self._later()

    async def answer(self, author: str, mail: EmailMessage, words: str, to: str = "") -> None:
        """By the reply button."""
        await self.write(author, to or mail["Reply-To"].addresses[0].addr_spec, f"Re: {mail['Subject']}", words, mail)

    async def _later(self) -> None:
        """When the minute is over in which several events become one mail."""
        store = self._gateway.store
        async with asyncio.timeout(60):
            while True:
                if not (await store.read(inbound.account))["pending"]:
                    break
                await asyncio.sleep(0.01)
        waiting = await store.read(
            lambda c: outbox.find_many(c, states=("queued",), ticket=1, recipient=None, limit=50)
        )
        for item in waiting:
            await store.write(lambda c, id=item.id: outbox.retry(c, id, datetime.now(UTC)))  # type: ignore[misc]
        self._gateway.daemon._sender.wake()
        await self._gateway.quiet()

    def mailbox(self, who: str) -> list[EmailMessage]:
        """The mails that somebody got, oldest first."""
        found = [raw for path, raw in self._gateway.relay.mails if path == who]
        return [email.message_from_bytes(raw, policy=email.policy.default) for raw in found]  # type: ignore[misc]

    def ticket(self) -> tuple[Ticket | None, list[Entry]]:
        """The one that there is."""
        store = self._gateway.store
        return store.read_now(lambda c: tickets.find_ticket(c, 1)), store.read_now(lambda c: tickets.entries(c, 1))


def text_of(mail: EmailMessage) -> str:
    """Its plain text."""
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


async def test_the_first_hour_of_a_day_at_a_desk(settings: Settings) -> None:
    auth = settings.auth.model_copy(update={"trusted_authserv_ids": ("mx.acme.test",)})
    site = settings.site.model_copy(update={"name": "Acme Support", "domain": "acme.test"})
    async with Gateway(settings.model_copy(update={"auth": auth, "site": site}), RULES) as gateway:
        hour = Hour(gateway)
        await hour.write(JAN, "support@acme.test", "Zwrot", "Dzień dobry, proszę o zwrot za zamówienie PL-10442.")
        of_ana, of_bob = hour.mailbox(ANA)[0], hour.mailbox(BOB)[0]
        assert "your text goes to" in text_of(of_ana)
        note = next(line for line in text_of(of_bob).split("mailto:") if "+n1-1." in line or "%2Bn1-1." in line)
        note_to = note.split("?")[0].split()[0].replace("%2B", "+").strip("<>")
        await hour.answer(BOB, of_bob, "He is the brother of our landlord, be kind whatever he says to you.", note_to)
        await hour.answer(ANA, of_ana, "Zwrot został zlecony dzisiaj.")
        assert "Zwrot" not in "".join(map(text_of, hour.mailbox(JAN)))
        held = hour.mailbox(ANA)[-1]
        assert "landlord" in text_of(held)
        await hour.answer(ANA, held, "#send")
        answer = hour.mailbox(JAN)[-1]
        assert "Zwrot został zlecony dzisiaj." in text_of(answer)
        await hour.answer(JAN, answer, "Dziękuję, a kiedy?")
        await hour.answer(BOB, hour.mailbox(BOB)[-1], "#solved\r\n\r\nJutro rano.")
        ticket, entries = hour.ticket()
        assert ticket is not None
        assert ticket.status == "solved"
        assert [(e.kind, e.public) for e in entries] == [
            ("mail", True),
            ("note", False),
            ("answer", True),
            ("mail", True),
            ("answer", True),
        ]
        everything = "\n".join(text_of(mail) for mail in hour.mailbox(JAN))
        assert "landlord" not in everything
        assert "Why you" not in everything
        assert ANA not in everything
        threads = {mail["References"].split()[0] for mail in hour.mailbox(ANA)}
        assert len(threads) == 1
