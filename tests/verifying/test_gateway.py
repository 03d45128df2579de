"""A whole gateway that verifies by itself: who is believed, who is a stranger, and what a dead DNS costs."""

import asyncio
import time
from collections.abc import Sequence

import dkim
import msgspec
import pytest

from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.message.types import OURSELVES, Auth
from gateway.store import inbound
from gateway.store.store import Store
from gateway.ticket.types import Explanation
from gateway.verifying import verifier
from tests.conftest import settings_in
from tests.nameserver import Nameserver
from tests.processing import Desk
from tests.processing import mail as plain
from tests.running import Gateway, mail

_REJECT = "v=DMARC1; p=reject"


def verifying(settings: Settings, place: str, trusted: Sequence[str] = ()) -> Settings:
    """Strangers connect, and this gateway finds out by itself who they are."""
    auth = settings.auth.model_copy(
        update={"verify": "self", "resolver": place, "trusted_authserv_ids": tuple(trusted)}
    )
    smtp = settings.smtp.model_copy(update={"trusted_networks": () if not trusted else settings.smtp.trusted_networks})
    return settings.model_copy(update={"auth": auth, "smtp": smtp})


def signed(raw: bytes, private: bytes) -> bytes:
    return bytes(dkim.sign(raw, b"s1", b"bigbank.test", private, include_headers=[b"from", b"subject"])) + raw


def auths(gateway: Gateway) -> list[str]:
    """What was found out about each mail, oldest first."""
    keys = [row.key for row in gateway.mails()]
    texts = [gateway.store.read_now(lambda c, k=key: inbound.explanation(c, k)) or "" for key in keys]
    return [msgspec.json.decode(text, type=Explanation).auth for text in texts]


async def test_a_customer_is_believed_and_a_forger_is_a_stranger(settings, key) -> None:
    zone = {("_dmarc.bigbank.test", "TXT"): [_REJECT], ("s1._domainkey.bigbank.test", "TXT"): [key[1]]}
    with Nameserver(zone) as server:
        async with Gateway(verifying(settings, server.place)) as gateway:
            await gateway.send(signed(mail("Zwrot"), key[0]))
            await gateway.quiet()
            await gateway.send(mail("Zwrot [#1]", "Proszę o nowe konto."), sender="x@evil.test")
            await gateway.quiet()
            await gateway.send(signed(mail("Zwrot [#1]", "Dziękuję za pomoc, kiedy?"), key[0]))
            await gateway.quiet()
            first, second = gateway.tickets()
            found = auths(gateway)
            texts = [[e.text for e in gateway.entries(t.number)] for t in (first, second)]
    assert texts == [["Proszę o zwrot.", "Dziękuję za pomoc, kiedy?"], ["Proszę o nowe konto."]]
    assert ("dmarc-fail" in first.flags, "dmarc-fail" in second.flags) == (False, True)
    assert found[0] == "spf=none dkim=pass dmarc=pass (by this gateway)"
    assert found[1] == "spf=none dkim=none dmarc=fail (by this gateway)"


async def test_spf_counts_where_our_listener_saw_the_client(settings) -> None:
    zone = {("_dmarc.bigbank.test", "TXT"): [_REJECT], ("bigbank.test", "TXT"): ["v=spf1 ip4:127.0.0.1 -all"]}
    with Nameserver(zone) as server:
        async with Gateway(verifying(settings, server.place)) as gateway:
            await gateway.send(mail())
            await gateway.quiet()
            assert auths(gateway) == ["spf=pass dkim=none dmarc=pass (by this gateway)"]


async def test_a_verdict_of_our_boundary_is_enough(settings) -> None:
    head = b"Authentication-Results: mx.gw.test; dmarc=pass header.from=bigbank.test\r\n"
    head += b"Received: from a.test by mx.gw.test; Sat, 21 Nov 2026 09:00:00 +0000\r\n"
    with Nameserver({}) as server:
        async with Gateway(verifying(settings, server.place, ["mx.gw.test"])) as gateway:
            await gateway.send(head + mail())
            await gateway.send(mail("Inne"))  # without its word, and from a network of ours: no SPF
            await gateway.quiet()
            found = auths(gateway)
    assert found[0] == "spf=none dkim=none dmarc=pass (by mx.gw.test, trusted)"
    assert found[1] == "spf=none dkim=none dmarc=none (by this gateway)"
    assert set(server.asked) == {"_dmarc.bigbank.test"}


async def test_mail_becomes_a_ticket_though_nobody_answers(tmp_path, key) -> None:
    with Nameserver({}, silent=("test",)) as server:
        async with Gateway(verifying(settings_in(tmp_path), server.place)) as gateway:
            before = time.monotonic()
            async with asyncio.TaskGroup() as group:
                for n in range(8):
                    group.create_task(gateway.send(signed(mail(f"Zwrot {n}"), key[0])))
            accepted = time.monotonic() - before
            await gateway.quiet()
            took = time.monotonic() - before
            assert len(gateway.tickets()) == 8
            assert set(auths(gateway)) == {"spf=temperror dkim=temperror dmarc=temperror (by this gateway)"}
    assert accepted < 4  # the 250 never waits for DNS
    assert took < 20  # one after the other would be forty


def test_the_first_verdict_stays(store: Store, settings: Settings) -> None:
    desk = Desk(store, settings)
    key = desk.take(plain()).key
    first = Auth("fail", "none", "none", OURSELVES)
    for found in (first, Auth("pass", "pass", "none", OURSELVES)):
        desk.write(lambda c, a=found: inbound.keep_verdicts(c, key, a))
    desk.write(lambda c: c.exec_driver_sql("UPDATE inbound SET state = 'accepted'"))
    now, token = desk.now, "t" * 32
    claimed = desk.write(
        lambda c: inbound.claim(c, now=now, token=token, lease_s=60, limit=9, suspicious_after=9, suspects=False)
    )
    assert [mail.verified for mail in claimed] == [first]


def test_without_the_extra_the_start_is_refused(settings, monkeypatch) -> None:
    monkeypatch.setattr(verifier, "INSTALLED", False)
    verifier.check_verifier(settings)
    with pytest.raises(ConfigError, match="needs the extra `dkim`"):
        verifier.check_verifier(verifying(settings, "127.0.0.1:53"))
