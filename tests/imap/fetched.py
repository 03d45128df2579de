"""A mailbox that is fetched into a real store, without the rest of a gateway."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.clock import Clock, SystemClock
from gateway.config import Imap, Settings
from gateway.intake import backoff
from gateway.intake.accept import Door
from gateway.intake.addresses import Addresses
from gateway.intake.imap import Mailbox
from gateway.intake.imap_login import Logins
from gateway.intake.imap_orders import Ordering
from gateway.intake.imap_take import Shared
from gateway.store import inbound, mailboxes
from gateway.store.inbound import MailRow
from gateway.store.store import Store
from tests.imap.scripted import Server


class Fetched:
    """What came of it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.mailbox: Mailbox
        self.alarms: list[tuple[str, str]] = []

    def mails(self) -> list[MailRow]:
        """Every accepted mail, oldest first."""
        return self.store.read_now(lambda c: inbound.mails(c, dispositions=(), since=None, limit=10_000))[::-1]

    def fresh(self) -> list[MailRow]:
        """Those that are no duplicates."""
        return [mail for mail in self.mails() if mail.disposition != "duplicate"]

    def raw(self, row: MailRow) -> bytes:
        """The octets of one of them."""
        return b"".join(self.store.read_now(lambda c: inbound.pieces(c, row.key, 0, 99)))

    def trouble(self) -> str:
        """Why the mailbox is not fetched, as commands tell it."""
        health = self.store.read_now(mailboxes.healths).get("support")
        return health.trouble if health is not None else ""

    async def alarm(self, about: str, key: str, _said: str) -> None:
        self.alarms.append((about, key))

    async def until(self, said: Callable[[], bool]) -> None:
        """It comes to be so."""
        async with asyncio.timeout(30):
            while not said():  # noqa: ASYNC110 - what is waited for happens in a store, or in a server's mind
                await asyncio.sleep(0.005)


def box_of(server: Server, folder: Path, **more: object) -> Imap:
    """A mailbox of this server, on an open line of loopback; its password is in a file of the folder."""
    file = folder / "imap-password"
    file.touch(0o600)
    file.write_text(server.password)
    values: dict[str, object] = {
        "name": "support",
        "address": "support@acme.test",
        "host": "127.0.0.1",
        "port": server.port,
        "tls": "none",
        "user": "support",
        "password": {"file": file},
        "poll": "20s",
        "timeout": "2s",
    }
    return Imap.model_validate({**values, **more})


@asynccontextmanager
async def fetching(
    settings: Settings, store: Store, account: Imap, clock: Clock | None = None, ordering: Ordering | None = None
) -> AsyncIterator[Fetched]:
    """The mailbox is fetched as long as the block runs; a server that failed is left alone for a blink of our clock."""
    pauses = backoff._SERVER_S if clock is not None else (0.05,)
    seen, clock = Fetched(store), clock or SystemClock()
    addresses = Addresses(frozenset({account.address}), frozenset({"acme.test"}))
    door = Door(store, settings, clock, lambda: addresses, lambda: None)
    await door.look()
    shared = Shared(store, door, settings, clock, seen.alarm, Logins(store, clock), ordering)
    mailbox = Mailbox(account, shared, lambda: 0.5)
    seen.mailbox = mailbox
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backoff, "_SERVER_S", pauses)
        running = asyncio.ensure_future(mailbox.run())
        try:
            yield seen
        finally:
            mailbox.stop()
            await asyncio.wait_for(running, 10)


def mail(number: int) -> bytes:
    """One of many, none like the other."""
    return f"From: jan@bigbank.test\r\nSubject: {number}\r\nMessage-ID: <{number}@x.test>\r\n\r\nHello\r\n".encode()
