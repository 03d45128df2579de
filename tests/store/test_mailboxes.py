"""Rows of mailboxes, on both databases: cursors that only go on, mails known by place and by bytes."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from gateway.config import Settings
from gateway.store import leaves, mailbox_orders, mailboxes, probes
from gateway.store.leaves import Leave
from gateway.store.mailbox_orders import Given
from gateway.store.mailboxes import Fetched, Folder
from gateway.store.store import Store
from tests.processing import Desk, mail

T = TypeVar("T")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
INBOX = Folder("support", "INBOX", 7, 10, NOW, "asked", 0, 10, 4)


@pytest.fixture
async def met(store: Store) -> Store:
    """A store with a mailbox that was met."""
    await store.write(lambda c: mailboxes.health(c, "support", NOW), durable=True)
    await store.write(lambda c: mailboxes.meet(c, INBOX), durable=True)
    return store


async def test_how_it_goes_is_kept_from_the_first_day_on(met: Store) -> None:
    later = NOW + timedelta(hours=1)
    again = await met.write(lambda c: mailboxes.health(c, "support", later))
    assert (again.since, again.fetched_at, again.refused) == (NOW, None, 0)
    await met.write(lambda c: mailboxes.note_refused(c, "support", 3, later))
    assert await met.write(lambda c: mailboxes.try_again(c, "support")) == 1
    assert await met.write(lambda c: mailboxes.try_again(c, "support")) == 0
    await met.write(lambda c: mailboxes.note_fetched(c, "support", "IDLE", "", later))
    found = (await met.read(mailboxes.healths))["support"]
    assert (found.fetched_at, found.said, found.login_after) == (later, "IDLE", None)


async def test_a_cursor_never_goes_back(met: Store) -> None:
    for uid, old_uid in ((15, 0), (12, 5), (3, 2)):
        await met.write(lambda c, u=uid, o=old_uid: mailboxes.advance(c, INBOX, (), NOW, uid=u, old_uid=o))  # type: ignore[misc]
    found = await met.read(lambda c: mailboxes.folder(c, "support", "INBOX"))
    assert found is not None
    assert (found.uid, found.old_uid) == (15, 5)


async def test_an_order_waits_until_it_is_carried_out_whatever_the_numbers_are(met: Store) -> None:
    moved = Fetched(11, "ordered", "k" * 32, "5" * 64)
    await met.write(lambda c: mailboxes.advance(c, INBOX, (moved,), NOW, uid=11, old_uid=0))
    assert await met.read(lambda c: mailbox_orders.given_before(c, INBOX, ["5" * 64], 11)) == set()
    anew = await met.write(lambda c: mailboxes.renumber(c, INBOX, 8, 0))
    assert await met.read(lambda c: mailbox_orders.given_before(c, anew, ["5" * 64, "6" * 64], 1)) == {"5" * 64}
    (given,) = await met.read(lambda c: mailbox_orders.given(c, anew))
    assert given == Given(7, 11, "k" * 32)
    await met.write(lambda c: mailbox_orders.carried_out(c, anew, given, "there is no ticket"))
    assert await met.read(lambda c: mailbox_orders.given(c, anew)) == []
    assert [mail.said for _, mail in await met.read(lambda c: mailboxes.left_over(c, "support", 9))] == [
        "there is no ticket"
    ]


async def test_mails_show_the_status_of_the_tickets_that_they_went_on_in(met: Store, settings: Settings) -> None:
    desk = Desk(met, settings)
    keys = [desk.take(mail("Jan <jan@x.test>", subject)).key for subject in ("One", "Two", "Three")]
    fetched = [Fetched(uid, "settled", key, str(uid) * 32) for uid, key in enumerate(keys, 11)]
    await met.write(lambda c: mailboxes.advance(c, INBOX, fetched, NOW, uid=13, old_uid=0))
    assert await met.read(lambda c: mailbox_orders.stands(c, INBOX, 9)) == {11: "new", 12: "new", 13: "new"}
    assert len(await met.read(lambda c: mailbox_orders.stands(c, INBOX, 2))) == 2
    await met.write(lambda c: mailbox_orders.shown(c, INBOX, [11, 12, 13], "new"))
    desk.merge(1, 2)
    desk.set_status(2, "on_hold", "waiting_third")
    assert await met.read(lambda c: mailbox_orders.stands(c, INBOX, 9)) == {11: "waiting", 12: "waiting"}
    await met.write(lambda c: mailbox_orders.shown_until(c, INBOX, desk.now + timedelta(seconds=1)))
    later = await met.read(lambda c: mailboxes.folder(c, "support", "INBOX"))
    assert later is not None
    assert await met.read(lambda c: mailbox_orders.stands(c, later, 9)) == {}


async def test_only_the_newest_probe_is_measured_and_once(met: Store) -> None:
    for number in (1, 2):
        await met.write(lambda c, n=number: probes.note_sent(c, "support", f"<p{n}@x.test>", NOW))  # type: ignore[misc]
    for name, seconds in (("<p1@x.test>", 1), ("<p2@x.test>", 2), ("<p2@x.test>", 9)):
        at = NOW + timedelta(seconds=seconds)
        await met.write(lambda c, n=name, a=at: probes.note_back(c, n, a))  # type: ignore[misc]
    found = (await met.read(mailboxes.healths))["support"]
    assert (found.round_trip_ms, found.probe_back_at) == (2000, NOW + timedelta(seconds=2))
    assert found.probe_out_since is None


async def test_what_became_of_a_mail_replaces_what_was_known_of_it(met: Store) -> None:
    failing = Fetched(11, "failing", attempts=3, next_at=NOW, said="no")
    accepted = Fetched(12, "accepted", "k" * 32, "5" * 64)
    await met.write(lambda c: mailboxes.advance(c, INBOX, (failing, accepted), NOW, uid=12, old_uid=0))
    assert await met.read(lambda c: mailboxes.failing(c, INBOX, NOW)) == [failing]
    assert await met.read(lambda c: mailboxes.unsettled(c, INBOX, 9)) == [12]
    assert await met.read(lambda c: mailboxes.left_over(c, "support", 9)) == [("INBOX", failing)]
    got = Fetched(11, "accepted", "m" * 32, "6" * 64)
    await met.write(lambda c: mailboxes.advance(c, INBOX, (got,), NOW, uid=11, old_uid=0))
    await met.write(lambda c: mailboxes.settled(c, INBOX, [11, 12]))
    assert await met.read(lambda c: mailboxes.counted(c, "support")) == {"settled": 2}
    known = await met.read(lambda c: mailboxes.known_bytes(c, "support", ["5" * 64, "6" * 64, "7" * 64]))
    assert known == {"5" * 64: "k" * 32, "6" * 64: "m" * 32}
    assert await met.read(lambda c: mailboxes.known_bytes(c, "another", ["5" * 64])) == {}


async def test_numbered_anew_everything_is_looked_at_again(met: Store) -> None:
    await met.write(lambda c: mailboxes.advance(c, INBOX, (Fetched(11, "settled", "k"),), NOW, uid=11, old_uid=0))
    again = await met.write(lambda c: mailboxes.renumber(c, INBOX, 8, 6))
    assert (again.uidvalidity, again.uid, again.old, again.old_until) == (8, 0, "asked", 6)
    assert await met.read(lambda c: mailboxes.decided(c, again)) == set()


async def test_a_word_for_old_mail_is_given_once(met: Store) -> None:
    assert await met.write(lambda c: mailboxes.decide_old(c, "support", "wanted")) == 1
    assert await met.write(lambda c: mailboxes.decide_old(c, "support", "wanted")) == 0
    found = await met.read(lambda c: mailboxes.folder(c, "support", "INBOX"))
    assert found is not None
    wanted = found
    await met.write(lambda c: mailboxes.advance(c, wanted, (), NOW, uid=10, old_uid=10))
    assert [f.old for f in await met.read(mailboxes.folders)] == ["done"]


async def test_a_leave_takes_the_place_of_the_one_before(met: Store) -> None:
    for token, ends in (("one", None), ("two", NOW)):
        await met.write(lambda c, t=token, e=ends: leaves.keep_leave(c, Leave("support", t, NOW, e)), durable=True)  # type: ignore[misc]
    assert await met.read(lambda c: leaves.leave(c, "support")) == Leave("support", "two", NOW, NOW)
