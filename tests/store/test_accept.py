"""T0 at the store: one row with the bytes, shared commits, duplicates known by content (acceptance A-01, A-07)."""

import asyncio
import hashlib
import io
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.intake.accept import arrival_hash, new_key
from gateway.message.types import Envelope
from gateway.store import inbound
from gateway.store.inbound import Arriving
from gateway.store.opening import open_store
from gateway.store.store import Store, raw_sha256
from gateway.ticket.types import Outcome
from tests.conftest import settings_in

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)


def arriving(
    raw: bytes, *, to: tuple[str, ...] = ("support@acme.test",), at: datetime = NOW, seed: int = 0
) -> Arriving:
    digest = hashlib.sha256(raw).hexdigest()
    envelope = Envelope("jan@bigbank.test", to, "client.test", "127.0.0.1", "smtp", at)
    hashes = tuple(arrival_hash(digest, envelope.reverse_path, path) for path in to)
    return Arriving(new_key(at, seed.to_bytes(10)), envelope, len(raw), digest, hashes, io.BytesIO(raw))


async def test_what_was_accepted_is_there_byte_for_byte(store: Store) -> None:
    raw = bytes(range(256)) * 20_000  # 5 MB: several pieces
    receipt = await store.accept(arriving(raw))
    assert b"".join([piece async for piece in store.raw(receipt.key, len(raw))]) == raw
    assert store.read_now(inbound.account) == {"received": 1, "pending": 1}


@pytest.mark.parametrize(
    ("later", "duplicate"),
    [
        # how long after the first, is it a duplicate
        (timedelta(seconds=1), True),
        (timedelta(days=6), True),
        (timedelta(days=8), False),  # forgotten: no sender's queue lives so long
    ],
)
async def test_the_same_mail_again(store: Store, later: timedelta, duplicate: bool) -> None:
    first = await store.accept(arriving(b"same", seed=1))
    again = await store.accept(arriving(b"same", seed=2, at=NOW + later))
    assert again.duplicate is duplicate
    assert (again.key == first.key) is duplicate


@pytest.mark.parametrize(
    ("second", "duplicate"),
    [
        # what comes second, is it a duplicate
        ({"raw": b"other"}, False),
        ({"to": ("billing@acme.test",)}, False),  # another decision
        ({"to": ("support@acme.test", "billing@acme.test")}, False),  # one recipient is new
    ],
)
async def test_what_is_no_duplicate(store: Store, second: dict[str, object], duplicate: bool) -> None:
    await store.accept(arriving(b"same", seed=1))
    receipt = await store.accept(arriving(**({"raw": b"same", "seed": 2} | second)))  # type: ignore[arg-type]
    assert receipt.duplicate is duplicate


async def test_a_batch_shares_a_commit_and_knows_its_own_duplicates(store: Store) -> None:
    mails = [arriving(b"mail %d" % (i % 30), seed=i) for i in range(60)]
    receipts = await asyncio.gather(*(store.accept(mail) for mail in mails))
    assert sum(r.duplicate for r in receipts) == 30
    assert store.read_now(inbound.account) == {"received": 60, "pending": 30, "duplicate": 30}


async def test_a_bad_row_fails_alone(store: Store) -> None:
    mails = [arriving(b"mail %d" % i, seed=i) for i in range(8)]
    mails[3] = arriving(b"again", seed=0)  # the key of the first: refused by the table
    results = await asyncio.gather(*(store.accept(mail) for mail in mails), return_exceptions=True)
    assert [isinstance(r, Exception) for r in results] == [False] * 3 + [True] + [False] * 4
    assert store.read_now(inbound.account)["received"] == 7


async def test_pending_mail_is_claimed_once_and_counted(store: Store) -> None:
    for i in range(5):
        await store.accept(arriving(b"mail %d" % i, seed=i))
    claimed = await store.claim(now=NOW, limit=3, suspicious_after=2)
    assert [a.attempts for a in claimed] == [1, 1, 1]
    assert len(await store.claim(now=NOW, limit=9, suspicious_after=2)) == 2
    assert await store.claim(now=NOW, limit=9, suspicious_after=2) == []
    late = NOW + timedelta(seconds=301)  # every lease has run out
    assert len(await store.claim(now=late, limit=9, suspicious_after=2)) == 5


async def test_suspicious_mails_are_handed_out_one_at_a_time(store: Store) -> None:
    for i in range(3):
        await store.accept(arriving(b"mail %d" % i, seed=i))
    for hours in (0, 1):
        await store.claim(now=NOW + timedelta(hours=hours), limit=9, suspicious_after=2)
    third = await store.claim(now=NOW + timedelta(hours=2), limit=9, suspicious_after=2)
    assert [a.attempts for a in third] == [3]


async def test_work_that_raises_changes_nothing_and_harms_no_neighbour(store: Store) -> None:
    receipt = await store.accept(arriving(b"mail"))

    def fail(_connection: object) -> None:
        raise LookupError("a bug")

    good: Callable[..., str] = lambda c: raw_sha256(c, receipt.key)  # noqa: E731
    results = await asyncio.gather(store.write(good), store.write(fail), store.write(good), return_exceptions=True)
    assert isinstance(results[1], LookupError)
    assert results[0] == results[2] == arriving(b"mail").sha256


def test_keys_sort_by_time() -> None:
    keys = [new_key(NOW + timedelta(milliseconds=i), bytes([255 - i]) * 10) for i in range(50)]
    assert keys == sorted(keys)
    assert all(len(k) == 32 and k[12] == "7" and k[16] in "89ab" for k in keys)


async def test_who_lost_his_lease_finishes_nothing(store: Store) -> None:
    await store.accept(arriving(b"mail"))
    (first,) = await store.claim(now=NOW, limit=1, suspicious_after=9)
    (second,) = await store.claim(now=NOW + timedelta(seconds=301), limit=1, suspicious_after=9)
    ends = {"now": NOW, "heading": {"message_id": None, "author": None, "subject": None}, "explanation": ""}
    end = Outcome(first.key, "record", "seen", None, None)
    await store.write(lambda c: inbound.release(c, first.key, lease=first.lease))
    assert not await store.write(lambda c: inbound.finish(c, end, lease=first.lease, **ends))  # type: ignore[arg-type]
    assert await store.write(lambda c: inbound.finish(c, end, lease=second.lease, **ends))  # type: ignore[arg-type]


async def test_a_caller_that_gave_up_does_not_end_the_writer(store: Store) -> None:
    for number in range(300):
        given_up = asyncio.ensure_future(store.write(lambda c: c.exec_driver_sql("SELECT 1").scalar()))
        await asyncio.sleep(0)
        if number % 2:
            given_up.cancel()
    assert not (await store.accept(arriving(b"mail"))).duplicate


def test_nobody_else_can_read_the_database(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    (tmp_path / "state" / "mailwicket.db").unlink()
    (tmp_path / "state").chmod(0o755)
    opened = open_store(settings)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").glob("mailwicket.db*")}
    opened.close()
    assert set(modes.values()) == {0o600}, modes
