"""F-05: a destination that defers one mail after the other rests, and the others go on; what never arrives is told."""

import random
import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import update

from gateway.clock import FakeClock
from gateway.config import Outbound, Settings
from gateway.due import Due
from gateway.message.types import Mailbox
from gateway.operations.answers import Answer
from gateway.operations.registry import OPERATIONS
from gateway.operations.types import Duty
from gateway.outgoing.outbox import Sender
from gateway.store.opening import open_store
from gateway.store.outbox import OutboxItem
from gateway.store.schema import outbox as rows
from gateway.store.store import Store
from tests.conftest import settings_in
from tests.outgoing.peers import peer, relay
from tests.outgoing.queued import queued, rest, row, sender, turn
from tests.processing import RULES, START, Desk, mail

pytestmark = pytest.mark.p0


async def test_F05_a_destination_that_defers_five_mails_rests(store: Store) -> None:
    clock = FakeClock(datetime(2026, 11, 21, 21, 10, tzinfo=UTC))
    async with peer({"RCPT": ["451 4.7.1 later"] * 5 + ["250 ok"]}) as server:
        working = sender(store, clock, server.port, concurrency=1)
        for n in range(5):
            await queued(store, clock, f"k{n}")
            await turn(working)
        late = await queued(store, clock, "late")
        other = await queued(store, clock, "other", recipient=Mailbox("", "eva@hospital.test"))
        await turn(working)
        await turn(working)
        assert (row(store, late).attempts, row(store, other).state) == (0, "sent")
        await clock.advance(301)
        await turn(working)
        await rest(working)
        assert row(store, late).attempts + sum(row(store, n).attempts for n in range(1, 6)) > 5


def answered(store: Store, settings: Settings, now: datetime) -> Desk:
    """Jan asked, and Ann's answer is in the outbox since then."""
    desk = Desk(store, settings, RULES.replace("members:", "auto_ack: false, members:"))
    desk.take(mail())
    desk.now = now
    said = Answer(1, "On its way.", by="ann")
    desk.write(lambda c: OPERATIONS["ticket.answer"].perform(c, said, Duty(desk.now, lambda: desk.deps)))
    return desk


def until(item: OutboxItem) -> str:
    """Until when the agent is told that it is tried."""
    body = message_from_bytes(item.raw, policy=default).get_body(("plain",))
    assert body is not None
    return re.findall(r"by (\w+ \d+ \w+, \d\d:\d\d)", body.get_content())[0]


async def test_F05_how_long_it_is_tried_counts_from_the_first_attempt(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    store, queued_at = open_store(settings), START + timedelta(minutes=2)
    desk = answered(store, settings, queued_at)
    tried = {"state": "deferred", "tried_since": queued_at + timedelta(days=2), "last_reply": "450 4.2.0 later"}
    desk.write(lambda c: c.execute(update(rows).values(tried)))
    desk.now = queued_at + timedelta(days=2, hours=5)
    await Due(store, lambda: desk.deps, FakeClock(desk.now), lambda: None).tell_undelivered()
    (told,) = [item for item in desk.outbox() if item.template == "delivery_failed"]
    assert until(told) == "Saturday 28 November, 09:02"  # it was held for two days, and is tried for five
    store.close()


@pytest.mark.push
async def test_F05_six_days_of_greylisting_are_one_notice_of_a_delay_and_one_of_the_end(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    store, clock, chance = open_store(settings), FakeClock(START + timedelta(minutes=2)), random.Random(5)
    desk = answered(store, settings, clock.now())
    (answer,) = desk.mails()
    tried: list[datetime] = []
    async with peer({"RCPT": "450 4.2.0 greylisted"}) as server:
        working = Sender(store, Outbound(tls="none"), relay(server.port), clock, chance.random)
        due = Due(store, lambda: desk.deps, clock, lambda: None)
        while clock.now() < START + timedelta(days=6):
            before = row(store, answer.id).attempts
            await turn(working)
            tried += [clock.now()] * (row(store, answer.id).attempts - before)
            desk.now = clock.now()
            await due.tell_undelivered()
            waits = await store.next_outbox_due()
            wait = max(timedelta(seconds=1), waits - clock.now()) if waits is not None else timedelta(hours=1)
            await clock.advance(min(wait, timedelta(hours=1)).total_seconds())
        await rest(working)
    gaps = [(later - earlier) / timedelta(minutes=1) for earlier, later in pairwise(tried)]
    wanted = [5, 10, 20, 40, *[60] * (len(gaps) - 4)]
    assert all(abs(gap - usual) <= usual * 0.15 for gap, usual in zip(gaps, wanted, strict=True)), gaps
    assert timedelta(days=4, hours=22) < tried[-1] - tried[0] < timedelta(days=5)
    assert row(store, answer.id).state == "failed"
    told = [item for item in desk.outbox() if item.template == "delivery_failed"]
    assert [item.dedupe_key.partition(":")[0] for item in told] == ["delivery_delayed", "delivery_failed"]
    assert timedelta(hours=4) <= told[0].queued_at - tried[0] < timedelta(hours=5)
    assert until(told[0]) == "Thursday 26 November, 09:02"
    assert any("failed for good" in entry.text for entry in desk.entries(1))
    store.close()
