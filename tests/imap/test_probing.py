"""A probe mail goes through the relay and comes back by its mailbox: no ticket, a time; an alarm when it stays out."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.control import ask_daemon
from gateway.operations.jobs import RunJob
from gateway.probing import Probing
from gateway.store import mailboxes, probes, restraint
from gateway.store.mailboxes import Health
from gateway.store.store import Store
from tests.conftest import settings_in
from tests.imap.fetched import box_of, fetching, mail
from tests.imap.scripted import NOW, Server
from tests.processing import Desk
from tests.running import Gateway


async def test_a_probe_comes_back_and_is_measured(tmp_path: Path) -> None:
    server = Server()
    settings = settings_in(tmp_path).model_copy(update={"imap": (box_of(server, tmp_path, canary="15m"),)})
    async with server.running(), Gateway(settings) as gateway, asyncio.timeout(30):
        await asyncio.to_thread(ask_daemon, settings, "cron.run", RunJob("probe-mailboxes"))
        while not gateway.relay.mails or "IDLE" not in server.heard:  # noqa: ASYNC110 - it happens elsewhere
            await asyncio.sleep(0.01)
        server.deliver(gateway.relay.mails[0][1])
        while server.inbox.mails or health_of(gateway.store).round_trip_ms is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert [(m.via, m.disposition, m.ticket) for m in gateway.mails()] == [("imap", "record", None)]
        assert health_of(gateway.store).probe_out_since is None
        assert gateway.tickets() == []


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings)


@pytest.mark.parametrize(
    ("back_at", "sent", "told"),
    [
        # the minute in which the first one came back, minutes in which one is sent, in which an alarm is raised
        (1, [0, 5], []),
        (4, [0, 5], []),
        (None, [0, 16], [16]),  # a quarter of an hour is given to each
    ],
)
async def test_when_a_probe_is_sent_and_when_it_is_lost(
    back_at: int | None, sent: list[int], told: list[int], desk: Desk, store: Store, tmp_path: Path
) -> None:
    clock, alarms, seen = FakeClock(NOW), list[str](), list[int]()

    async def alarm(about: str, _key: str, _said: str) -> None:
        alarms.append(about)

    settings = desk.settings.model_copy(update={"imap": (box_of(Server(), tmp_path, canary="5m"),)})
    probing = Probing(store, settings, lambda: desk.deps, clock, lambda: None, alarm)
    raised = []
    for minute in range(17 if back_at is None else 7):
        before, known = len(desk.outbox()), len(alarms)
        await probing.probe_mailboxes()
        seen += [minute] * (len(desk.outbox()) - before)
        raised += [minute] * (len(alarms) - known)
        if minute == back_at:
            (item,) = desk.outbox()
            await store.write(lambda c, id=item.message_id: probes.note_back(c, id, clock.now()))  # type: ignore[misc]
        await clock.advance(60)
    assert (seen, raised, set(alarms)) == (sent, told, {"mailbox_canary"} if told else set())


async def test_nothing_is_sent_while_sending_is_stopped_or_all_mail_goes_elsewhere(
    desk: Desk, store: Store, tmp_path: Path
) -> None:
    async def alarm(*_: str) -> None:
        raise AssertionError

    settings = desk.settings.model_copy(update={"imap": (box_of(Server(), tmp_path, canary="5m"),)})
    elsewhere = settings.outbound.model_copy(update={"redirect_all_to": "test@gw.test"})
    redirected = settings.model_copy(update={"outbound": elsewhere})
    await Probing(store, redirected, lambda: desk.deps, FakeClock(NOW), lambda: None, alarm).probe_mailboxes()
    await store.write(lambda c: restraint.stop_sending(c, "operator", NOW))
    await Probing(store, settings, lambda: desk.deps, FakeClock(NOW), lambda: None, alarm).probe_mailboxes()
    assert desk.outbox() == []


async def test_nothing_is_deleted_of_which_only_the_beginning_is_ours(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    """Whoever names a probe's Message-ID, by whatever way he came to know it."""
    server, named = Server(), b"Message-ID: <probe@gw.test>\r\n"
    small = settings.model_copy(update={"intake": settings.intake.model_copy(update={"max_size": 70_000})})
    async with (
        server.running(),
        fetching(small, store, box_of(server, tmp_path, canary="5m")) as seen,
    ):
        await seen.until(lambda: "IDLE" in server.heard)
        await store.write(lambda c: probes.note_sent(c, "support", "<probe@gw.test>", NOW))
        server.inbox.put(named + mail(1) + b"x" * 80_000, at=NOW + timedelta(days=3650))
        server.inbox.put(named + mail(2), at=NOW + timedelta(days=3650))
        server.deliver()
        await seen.until(lambda: 2 not in server.inbox.mails)
    assert list(server.inbox.mails) == [1]


@pytest.mark.parametrize(("back_after_s", "out"), [(None, True), (3, False), (-60, True)])
def test_whether_one_is_out(back_after_s: int | None, *, out: bool) -> None:
    back = NOW + timedelta(seconds=back_after_s) if back_after_s is not None else None
    health = Health("support", NOW, probe_sent_at=NOW, probe_back_at=back)
    assert (health.probe_out_since == NOW) is out


def health_of(store: Store) -> Health:
    return store.read_now(mailboxes.healths)["support"]
