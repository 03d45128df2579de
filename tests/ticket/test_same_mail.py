"""One mail is one matter: sent to two of our addresses, in one envelope or in two, or by two ways at the same time."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bench.client import Mail, Session
from gateway.config import Settings
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import own_database, settings_in
from tests.processing import Desk, mail
from tests.running import Gateway
from tests.running import mail as plain

JAN = "jan@bigbank.test"
_ONE = mail(JAN, Message_ID="<one@bigbank.test>")


def test_one_envelope_for_two_teams_is_one_ticket_that_names_both(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    outcome = desk.take(_ONE, to=("billing@gw.test", "support@gw.test"))
    (ticket,) = desk.tickets()
    assert (outcome.disposition, ticket.team, ticket.flags) == ("ticket", "billing", ("also-to:support",))


def test_two_envelopes_for_two_teams_are_one_ticket_that_names_both(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    first = desk.take(_ONE)
    for _ in range(2):
        second = desk.take(b"Delivered-To: billing@gw.test\r\n" + _ONE, to="billing@gw.test")
        assert (second.disposition, second.ticket) == ("duplicate", first.ticket)
    third = desk.take(b"Delivered-To: support@gw.test\r\n" + _ONE)
    assert third.disposition == "duplicate"
    (ticket,) = desk.tickets()
    assert (ticket.team, ticket.flags) == ("support", ("also-to:billing",))
    assert len(desk.entries(ticket.number)) == 1


def test_the_same_mail_in_two_transactions_at_once_is_one_entry(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda n: desk.take(f"X-Way: {n}\r\n".encode() + _ONE, at=desk.now), range(8)))
    assert sorted(o.disposition for o in outcomes) == ["duplicate"] * 7 + ["ticket"]
    (ticket,) = desk.tickets()
    assert len(desk.entries(ticket.number)) == 1


@pytest.mark.postgres
def test_the_same_mail_to_two_gateways_at_once_is_one_entry(postgres: str, tmp_path: Path) -> None:
    for url in own_database(postgres):
        settings = settings_in(tmp_path, url)
        stores = [open_store(settings) for _ in range(2)]
        desks = [Desk(store, settings, first_id=1000 * n + 1) for n, store in enumerate(stores)]
        for n in range(10):
            raw = mail(JAN, f"Sprawa {n}", Message_ID=f"<{n}@bigbank.test>")
            with ThreadPoolExecutor(2) as threads:
                ways = [threads.submit(desk.take, f"X-Way: {desk}\r\n".encode() + raw) for desk in desks]
                outcomes = [way.result() for way in ways]
            assert sorted(o.disposition for o in outcomes) == ["duplicate", "ticket"]
            assert len({o.ticket for o in outcomes}) == 1
        for store in stores:
            store.close()


async def test_the_same_mail_by_smtp_twice_at_once_and_by_lmtp_is_one_entry(settings: Settings) -> None:
    lmtp = settings.lmtp.model_copy(update={"listen": "127.0.0.1:0"})
    raw = plain(Message_ID="<one@bigbank.test>")
    async with Gateway(settings.model_copy(update={"lmtp": lmtp})) as gateway:
        port = int(gateway.daemon.addresses["lmtp"].rpartition(":")[2])
        ways = [gateway.send(raw), gateway.send(b"X-Way: 2\r\n" + raw), over_lmtp(port, raw)]
        replies = await asyncio.gather(*ways)
        assert all(reply.startswith("250") for reply in replies)
        numbers = await gateway.quiet()
        assert (numbers["received"], numbers["ticket"], numbers["duplicate"]) == (3, 1, 2)


class LmtpSession(Session):
    """The other protocol on the same socket."""

    async def _open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        await self._expect(b"220")
        await self._ask(b"LHLO client.example", b"250")


async def over_lmtp(port: int, raw: bytes) -> str:
    """The reply for the one recipient."""
    session = LmtpSession("127.0.0.1", port)
    try:
        return await session.send(Mail("jan@bigbank.test", "support@acme.test", raw))
    finally:
        session.close()
