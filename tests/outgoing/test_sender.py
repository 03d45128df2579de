"""The outbox at work on both databases: nothing lost, copies only where it says so (F-04 to F-07, K14-K19)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from gateway.clock import FakeClock
from gateway.errors import TransientError
from gateway.outgoing import outbox as sending
from gateway.outgoing.smtp import Deferred
from gateway.store.outbox import OutboxItem
from gateway.store.store import Store
from tests.outgoing.letters import ANSWER, NOW
from tests.outgoing.peers import CLOSE, SILENCE, Peer, free_port, peer
from tests.outgoing.queued import queued, rest, row, sender, turn

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("said", "state", "wait", "stage", "words"),
    [
        # what the relay says, what becomes of the mail, when it is tried again, stage, what people read
        ({}, "sent", None, "done", ("250 2.0.0 queued as 4T9", "")),
        ({"RCPT": "550 5.1.1 unknown"}, "failed", None, "done", ("550 5.1.1 unknown", "refused")),
        ({"DOT": "554 5.6.0 no"}, "failed", None, "done", ("554 5.6.0 no", "refused")),
        ({"RCPT": "450 4.2.0 grey"}, "deferred", 5 * MINUTE, "queued", ("450 4.2.0 grey", "450 4.2.0 grey")),
        ({"CONNECT": "554 5.7.1 no"}, "deferred", 5 * MINUTE, "queued", ("554 5.7.1 no", "554 5.7.1 no")),
        ({"MAIL": CLOSE}, "deferred", 5 * MINUTE, "queued", ("", "Unexpected EOF received")),
        ({"DOT": CLOSE}, "uncertain", 30 * MINUTE, "dot", ("", "uncertain: dot: Unexpected EOF received")),
        ({"DOT": "oops"}, "uncertain", 30 * MINUTE, "dot", ("", "uncertain: dot: Malformed SMTP response line: oops")),
    ],
)
async def test_what_becomes_of_a_mail(store, clock, said, state, wait, stage, words) -> None:
    id = await queued(store, clock)
    async with peer(said) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        await rest(working)
    mail = row(store, id)
    assert (mail.state, mail.stage, mail.attempts) == (state, stage, 1)
    assert mail.next_attempt_at == (None if wait is None else NOW + wait)
    assert (mail.last_reply, mail.reason) == words
    assert mail.lease_token is None


async def test_a_deferred_mail_is_tried_again_in_time_and_with_the_same_octets(store, clock) -> None:
    id = await queued(store, clock)
    async with peer({"DOT": ["451 4.3.0 later", "451 4.3.0 later", "250 ok"]}) as server:
        working = sender(store, clock, server.port, chance=1.0)
        await turn(working)
        assert row(store, id).next_attempt_at == NOW + 5.5 * MINUTE  # 10 % more
        await clock.advance(5 * 60)
        await turn(working)
        assert row(store, id).attempts == 1
        await clock.advance(30)
        await turn(working)
        assert row(store, id).next_attempt_at == clock.now() + 11 * MINUTE
        await clock.advance(11 * 60)
        await turn(working)
        await rest(working)
    assert (row(store, id).state, row(store, id).attempts) == ("sent", 3)
    assert server.mails == [row(store, id).raw] * 3


@pytest.mark.sqlite
async def test_after_five_days_a_mail_has_failed(store, clock) -> None:
    id = await queued(store, clock, template="answer", values=ANSWER)
    async with peer({"RCPT": "450 4.2.0 grey"}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        await clock.advance(timedelta(days=4, hours=22, minutes=59).total_seconds())
        await turn(working)
        assert row(store, id).state == "deferred"
        await clock.advance(60 * 60)
        await turn(working)
        await rest(working)
    assert (row(store, id).state, row(store, id).reason) == ("failed", "given up: 450 4.2.0 grey")


@pytest.mark.sqlite
async def test_an_old_acknowledgement_is_not_sent(store, clock) -> None:
    id = await queued(store, clock)
    await clock.advance(25 * 3600)
    async with peer() as server:
        await turn(sender(store, clock, server.port))
    assert (row(store, id).state, row(store, id).reason, server.sessions) == ("suppressed", "stale", 0)


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("policy", "second", "steps"),
    [
        # on_uncertain, what the relay says the second time; (state, next wait) after the first, the second, the third
        ("resend", "250 ok", [("uncertain", 30 * MINUTE), ("sent", None), ("sent", None)]),
        ("resend", CLOSE, [("uncertain", 30 * MINUTE), ("uncertain", None), ("uncertain", None)]),
        ("resend", "554 no", [("uncertain", 30 * MINUTE), ("failed", None), ("failed", None)]),
        ("hold", "250 ok", [("uncertain", None), ("uncertain", None), ("uncertain", None)]),
    ],
)
async def test_an_uncertain_mail_is_sent_once_more_or_waits_for_a_person(store, clock, policy, second, steps) -> None:
    id = await queued(store, clock)
    async with peer({"DOT": [CLOSE, second]}) as server:
        working = sender(store, clock, server.port, on_uncertain=policy)
        for state, wait in steps:
            await turn(working)
            mail = row(store, id)
            assert (mail.state, mail.next_attempt_at) == (state, None if wait is None else clock.now() + wait)
            assert mail.reason.startswith("uncertain")  # for good: it may have arrived twice
            await clock.advance(30 * 60)
        await rest(working)
    assert server.mails == [mail.raw] * (1 if policy == "hold" else 2)


@pytest.mark.sqlite
@pytest.mark.parametrize("policy", ["resend", "hold"])
@pytest.mark.parametrize("late", [False, True])
async def test_what_the_log_of_the_relay_shows_is_not_sent_once_more(store, clock, tmp_path, policy, late) -> None:
    log = tmp_path / "mail.log"
    async with peer({"DOT": CLOSE}) as server:
        id = await queued(store, clock)
        working = sender(store, clock, server.port, on_uncertain=policy, relay_log=log)
        line = f"mx postfix/qmgr[1]: 4F2A9C: from=<{row(store, id).reverse_path}>, size=1, nrcpt=1 (queue active)\n"
        if not late:
            log.write_text(line)
        await turn(working)
        log.write_text(line)
        await clock.advance(31 * 60)
        await turn(working)
        await rest(working)
    found = row(store, id)
    assert len(server.mails) == 1
    if late and policy == "hold":  # a person was asked already
        assert found.state == "uncertain"
    else:
        assert (found.state, found.last_reply) == ("sent", "the log of the relay has it as 4F2A9C")
    assert found.reason.startswith("uncertain")  # it stays known as one that was


@pytest.mark.sqlite
async def test_the_mark_stays_through_a_deferral(store, clock) -> None:
    id = await queued(store, clock)
    async with peer({"DOT": [CLOSE, "451 later", CLOSE, "250 ok"]}) as server:
        working = sender(store, clock, server.port)
        for state, advance in (("uncertain", 30), ("deferred", 10), ("uncertain", 600)):
            await turn(working)
            assert row(store, id).state == state
            await clock.advance(advance * 60)
        await turn(working)
        await rest(working)
    assert row(store, id).reason.startswith("uncertain, waits for a person")
    assert len(server.mails) == 3  # nobody said to send it a fourth time


# --- kill points -------------------------------------------------------------------------------------------------


async def _forever(*_args: object, **_keys: object) -> bool:
    await asyncio.Event().wait()
    return True


async def killed(store: Store, clock: FakeClock, server: Peer, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies with a mail under way."""
    if point == "K14":
        await store.lease_outbox(clock.now(), 1)
        return
    reached = asyncio.Event()
    real = {name: getattr(store, name) for name in ("mark_dot", "settle")}

    def dies(name: str, *, after: bool) -> Callable[..., Awaitable[bool]]:
        async def step(*args: object, **keys: object) -> bool:
            if after:
                await real[name](*args, **keys)
            reached.set()
            return await _forever()

        return step

    with monkeypatch.context() as patch:
        match point:
            case "K15":
                server.replies["DATA"] = SILENCE
            case "K16":
                patch.setattr(store, "mark_dot", dies("mark_dot", after=False))
            case "K17 before the dot":
                patch.setattr(store, "mark_dot", dies("mark_dot", after=True))
            case "K17 after the dot":
                server.replies["DOT"] = SILENCE
            case "K18":
                patch.setattr(store, "settle", dies("settle", after=False))
            case "K19":
                patch.setattr(store, "settle", dies("settle", after=True))
        working = sender(store, clock, server.port)
        await working._turn()
        (task,) = working._at_work
        while not (reached.is_set() or server.last == SILENCE):  # noqa: ASYNC110  no event tells that a server is silent
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    server.replies |= {"DATA": "354 go", "DOT": "250 ok"}


@pytest.mark.parametrize(
    ("point", "policy", "copies", "state", "flagged"),
    [
        # where it dies, on_uncertain, mails at the relay in the end, state, whether it is flagged
        ("K14", "resend", 1, "sent", False),
        ("K15", "resend", 1, "sent", False),
        ("K16", "resend", 1, "sent", False),
        ("K17 before the dot", "resend", 1, "sent", True),
        ("K17 before the dot", "hold", 0, "uncertain", True),
        ("K17 after the dot", "resend", 2, "sent", True),
        ("K17 after the dot", "hold", 1, "uncertain", True),
        ("K18", "resend", 2, "sent", True),
        ("K18", "hold", 1, "uncertain", True),
        ("K19", "resend", 1, "sent", False),
    ],
)
async def test_killed(store, clock, monkeypatch, point, policy, copies, state, flagged) -> None:
    id = await queued(store, clock)
    async with peer() as server:
        await killed(store, clock, server, point, monkeypatch)
        await clock.advance(700)  # leases run out
        restarted = sender(store, clock, server.port, on_uncertain=policy)
        for _ in range(2):
            await turn(restarted)
            await clock.advance(31 * 60)
        await rest(restarted)
    mail = row(store, id)
    assert (len(server.mails), mail.state, mail.reason.startswith("uncertain")) == (copies, state, flagged)
    assert all(raw == mail.raw for raw in server.mails)


async def test_a_mail_that_two_crashes_left_uncertain_waits_for_a_person(store, clock) -> None:
    id = await queued(store, clock)
    working = sender(store, clock, free_port())
    for _ in range(2):
        (dead,) = await store.lease_outbox(clock.now(), 1)
        await store.mark_dot(dead, clock.now())
        await clock.advance(700)
        await turn(working)
        await clock.advance(31 * 60)
    assert (row(store, id).state, row(store, id).next_attempt_at) == ("uncertain", None)
    assert row(store, id).reason == "uncertain, waits for a person: stopped between dot and answer"


async def test_who_lost_his_lease_changes_nothing(store, clock) -> None:
    id = await queued(store, clock)
    (late,) = await store.lease_outbox(clock.now(), 1)
    await clock.advance(301)
    assert await store.recover_outbox(clock.now(), running=False) == 1
    (mine,) = await store.lease_outbox(clock.now(), 1)
    assert not await store.mark_dot(late, clock.now())
    assert not await store.settle(late, "sent", now=clock.now())
    assert (row(store, id).state, row(store, id).attempts) == ("leased", 2)
    assert await store.settle(mine, "sent", now=clock.now())


async def test_the_lease_lasts_while_the_relay_thinks_about_the_dot(store, clock) -> None:
    await queued(store, clock)
    (mine,) = await store.lease_outbox(clock.now(), 1)
    await clock.advance(290)
    assert await store.mark_dot(mine, clock.now() + sending._ANSWER_WAIT)
    await clock.advance(600)
    assert await store.recover_outbox(clock.now(), running=False) == 0


# --- the loop ----------------------------------------------------------------------------------------------------


@pytest.mark.sqlite
async def test_it_sends_when_it_is_woken_and_stops_when_the_mail_is_through(store, clock) -> None:
    async with peer() as server:
        working = sender(store, clock, server.port)
        running = asyncio.create_task(working.run())
        id = await queued(store, clock)
        working.wake()
        await server.arrived.wait()
        working.stop()
        await running
    assert (row(store, id).state, server.commands[-1]) == ("sent", "QUIT")


@pytest.mark.sqlite
async def test_it_wakes_by_itself_when_a_mail_is_due(store, clock) -> None:
    id = await queued(store, clock, template="answer", values=ANSWER)  # never stale, however far the clock runs
    async with peer({"RCPT": ["450 4.2.0 grey", "250 ok"]}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        running = asyncio.create_task(working.run())
        while not server.mails:
            if any(not woken.done() for _, _, woken in clock._sleepers):
                await clock.advance(10)
            await asyncio.sleep(0.001)
        working.stop()
        await running
    assert row(store, id).state == "sent"


@pytest.mark.sqlite
async def test_several_mails_are_under_way_at_once(store, clock) -> None:
    for n in range(6):
        await queued(store, clock, str(n))
    async with peer() as server:
        working = sender(store, clock, server.port, concurrency=3)
        for _ in range(2):
            await turn(working)
        await rest(working)
    assert (server.sessions, len(server.mails)) == (3, 6)


@pytest.mark.sqlite
async def test_a_relay_that_is_away_is_left_alone_for_a_while(store, clock) -> None:
    ids = [await queued(store, clock, str(n)) for n in range(6)]
    working = sender(store, clock, free_port(), concurrency=1)
    for _ in range(6):
        await turn(working)
    assert [row(store, id).attempts for id in ids] == [1, 1, 1, 1, 1, 0]
    await clock.advance(61)
    await turn(working)
    assert row(store, ids[5]).attempts == 1


@pytest.mark.sqlite
async def test_a_database_that_is_away_ends_nothing(store, clock, monkeypatch) -> None:
    id = await queued(store, clock)
    away, real = asyncio.Event(), store.lease_outbox

    async def failing(*_: object) -> tuple[OutboxItem, ...]:
        monkeypatch.setattr(store, "lease_outbox", real)
        away.set()
        raise TransientError("away")

    monkeypatch.setattr(store, "lease_outbox", failing)
    async with peer() as server:
        working = sender(store, clock, server.port)
        running = asyncio.create_task(working.run())
        await away.wait()
        working.wake()
        await server.arrived.wait()
        working.stop()
        await running
    assert row(store, id).state == "sent"


@pytest.mark.sqlite
async def test_an_alarm_that_cannot_be_written_costs_no_attempt_its_end(store, clock, monkeypatch) -> None:
    id = await queued(store, clock)

    def failing(*_: object) -> bool:
        raise TransientError("away")

    monkeypatch.setattr(sending.alarms, "note", failing)
    async with peer({"CONNECT": "554 5.7.1 no"}) as server:
        working = sender(store, clock, server.port)
        await turn(working)
        await rest(working)
    assert (row(store, id).state, row(store, id).reason) == ("deferred", "554 5.7.1 no")


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("dot", "state"),
    [
        (False, "deferred"),  # certainly not sent
        (True, "uncertain"),
    ],
)
async def test_a_bug_of_ours_costs_one_attempt(store, clock, monkeypatch, dot, state) -> None:
    id = await queued(store, clock)

    async def broken(item, connection, before_dot) -> Deferred:
        if dot:
            await before_dot()
        raise RuntimeError("bug")

    monkeypatch.setattr(sending, "deliver", broken)
    await turn(sender(store, clock, free_port()))
    assert row(store, id).state == state
    assert "RuntimeError" in row(store, id).reason
