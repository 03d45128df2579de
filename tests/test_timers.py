"""What runs by the clock: by whom, when it stands, what is told of it."""

import json
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from gateway.clock import FakeClock, Jumps
from gateway.config import Settings
from gateway.errors import TransientError
from gateway.store.audit_anchors import Anchors
from gateway.store.jobs import pause, paused, resume
from gateway.store.opening import open_store
from gateway.store.store import Store
from gateway.timers import Timers, last_time
from tests.cli.desk import mailwicket_beside
from tests.conftest import own_database, settings_in
from tests.running import Gateway

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Counted:
    """Two jobs that count their runs."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    async def own_work(self) -> None:
        """Something of this process."""
        self.runs.append("own")

    async def shared_work(self) -> None:
        """Something that one does for all."""
        self.runs.append("shared")

    async def troubled(self) -> None:
        """Something that meets a database in trouble."""
        raise TransientError("the database is away")


def timers_of(store: Store, settings: Settings, clock: FakeClock | None = None) -> tuple[Timers, Counted]:
    timers, work = Timers(store, Anchors(settings), clock or FakeClock(NOW)), Counted()
    timers.every(MINUTE, work.own_work)
    timers.every(MINUTE, work.shared_work, shared=True)
    timers.every(MINUTE, work.troubled)
    return timers, work


async def turn(timers: Timers) -> None:
    """What the scheduler does when the minute is over."""
    for job in timers.jobs():
        await timers._run(job)


async def test_a_paused_job_stands_until_it_is_resumed(store: Store, settings: Settings) -> None:
    timers, work = timers_of(store, settings)
    assert store.submit(lambda c: pause(c, "own-work", "operator", NOW), durable=False).result()
    assert not store.submit(lambda c: pause(c, "own-work", "operator", NOW), durable=False).result()
    await turn(timers)
    assert work.runs == ["shared"]
    assert await timers.run_now("own-work") is timers.jobs()[0]
    assert store.submit(lambda c: resume(c, "own-work", "operator", NOW), durable=False).result()
    await turn(timers)
    assert work.runs == ["shared", "own", "own", "shared"]
    assert store.read_now(paused) == frozenset()
    assert await timers.run_now("no-such-job") is None


async def test_after_a_jump_of_the_clock_what_is_done_for_all_waits_ten_minutes(
    store: Store, settings: Settings
) -> None:
    clock = FakeClock(NOW)
    timers, work = timers_of(store, settings, clock)
    clock._now += timedelta(days=1)  # the wall clock alone
    for seconds in (0, 599):
        await clock.advance(seconds)
        await turn(timers)
    assert work.runs == ["own", "own"]
    await clock.advance(1)
    await turn(timers)
    assert work.runs == ["own", "own", "own", "shared"]


async def test_a_nightly_job_is_done_once_a_night_and_makes_up_for_one_that_was_missed(
    store: Store, settings: Settings
) -> None:
    clock = FakeClock(NOW)  # 9 o'clock in Zagreb
    work = Counted()

    def of_a_process() -> Timers:
        timers = Timers(store, Anchors(settings), clock)
        timers.nightly(work.shared_work, lambda: ZoneInfo("Europe/Zagreb"))
        return timers

    timers, runs = of_a_process(), []
    for hours in (0, 17, 0.99, 0.02, 1, 22.5, 1):
        await clock.advance(hours * 3600)
        await turn(timers)
        runs.append(len(work.runs))
    #               new  2:00  2:59  3:00  4:00  2:30  3:30
    assert runs == [0, 0, 0, 1, 1, 1, 2]
    await clock.advance(3 * 24 * 3600)  # nothing ran meanwhile
    after = of_a_process()
    await turn(after)
    await turn(after)
    assert len(work.runs) == 3
    assert await after.run_now("shared-work") is not None
    assert len(work.runs) == 4


async def test_a_night_that_a_wrong_clock_saw_in_the_future_is_none(store: Store, settings: Settings) -> None:
    work = Counted()

    async def at(day: int) -> int:
        timers = Timers(store, Anchors(settings), FakeClock(NOW + timedelta(days=day)))
        timers.nightly(work.shared_work, lambda: ZoneInfo("Europe/Zagreb"))
        await turn(timers)
        return len(work.runs)

    days = (0, 3650, 1, 2)  # it is new; the clock is wrong; it is right; a night later
    assert [await at(day) for day in days] == [0, 1, 1, 2]


@pytest.mark.parametrize(("now", "night"), [
    # now, in UTC; when the night's work was due in Zagreb, in UTC
    ("2026-03-29T00:59", "2026-03-28T02:00"),
    ("2026-03-29T01:00", "2026-03-29T01:00"),  # the clock goes from two to three
    ("2026-10-25T01:59", "2026-10-24T01:00"),
    ("2026-10-25T02:00", "2026-10-25T02:00"),  # it was two o'clock twice
])  # fmt: skip
def test_the_last_night_is_that_of_the_desk(now: str, night: str) -> None:
    at = datetime.fromisoformat(f"{now}+00:00")
    assert last_time(at, time(3), ZoneInfo("Europe/Zagreb")) == datetime.fromisoformat(f"{night}+00:00")


async def test_jobs_go_on_after_a_clock_was_put_back(store: Store, settings: Settings) -> None:
    clock = FakeClock(NOW)
    timers, _ = timers_of(store, settings, clock)
    timers._scheduler.start(paused=True)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    for job in timers._scheduler.get_jobs():
        job.modify(next_run_time=tomorrow)  # where they stand when the clock goes back a day
    clock._now -= timedelta(days=1)
    await timers.look()
    assert {job.next_run_time < tomorrow for job in timers._scheduler.get_jobs()} == {True}
    timers.stop()


@pytest.mark.parametrize(("wall", "ran", "jumped"), [
    # seconds on the wall, seconds that went by
    (60, 60, False),
    (360, 60, False),
    (361, 60, True),
    (-241, 60, True),
    (86_400, 86_400, False),  # asleep all the while, and so was time
])  # fmt: skip
def test_a_jump_is_a_clock_that_goes_another_way_than_time(wall: int, ran: int, jumped: bool) -> None:
    clock = FakeClock(NOW)
    jumps = Jumps(clock)
    clock._now, clock._elapsed = NOW + timedelta(seconds=wall), float(ran)
    assert (jumps.look(), jumps.resting) == (jumped, jumped)


async def test_trouble_of_the_store_is_told_and_waits_for_the_next_turn(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    store = open_store(settings)
    timers, _ = timers_of(store, settings)
    await turn(timers)
    assert [job.trouble for job in timers.jobs()] == ["", "", "the database is away"]
    store.close()


@pytest.mark.postgres
async def test_of_two_on_one_database_one_leads_until_it_ends(tmp_path: Path, postgres: str) -> None:
    databases = own_database(postgres)
    postgres_settings = settings_in(tmp_path, next(databases))
    first, second = (open_store(postgres_settings, exclusive=False) for _ in range(2))
    (one, done), (other, done_by_other) = timers_of(first, postgres_settings), timers_of(second, postgres_settings)
    for timers in (one, other, one, other):
        await turn(timers)
    assert (done.runs, done_by_other.runs) == (["own", "shared"] * 2, ["own"] * 2)
    first.close()
    assert any([await second.leads() for _ in range(200)])
    await turn(other)
    assert done_by_other.runs[-2:] == ["own", "shared"]
    second.close()
    next(databases, None)


async def test_people_see_run_and_pause_the_jobs_of_the_daemon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Gateway(settings_in(tmp_path)) as gateway:
        config = tmp_path / "mailwicket.toml"
        state, runtime = gateway.settings.paths.state, gateway.settings.paths.runtime
        config.write_text(f'[paths]\nstate = "{state}"\nruntime = "{runtime}"\n', "utf-8")

        async def typed(command: str) -> tuple[int, str]:
            with capture_logs():
                code = await mailwicket_beside(config, *command.split())
            return code, capsys.readouterr().out

        code, out = await typed("cron list")
        assert code == 0
        assert "✓ remind  every 1m; did not run yet  Promises that may be broken, or are" in out
        assert (await typed("cron run remind"))[0] == 0
        assert await typed("cron run forgett") == (4, "✗ forgett  there is no such job; " + _jobs(out) + "\n")
        assert "✓ delete-old  every day at 03:00; did not run yet  What has been kept for as long as" in out
        code, out = await typed("retention run")
        assert (code, out.splitlines()[1]) == (0, "✓ closed  0 closed tickets deleted")
        assert (await typed("cron pause send-digests"))[1].startswith("✓ send-digests  stands until")
        assert await typed("cron pause send-digests") == (0, "✓ send-digests  is so already; nothing was changed\n")
        told = {row["name"]: row["said"] for row in json.loads((await typed("cron list --json"))[1])["results"]}
        assert "PAUSED" in told["send-digests"]
        assert "last " in told["remind"]
        assert (await typed("cron pause send-digests --resume"))[1] == "✓ send-digests  runs again\n"


def _jobs(listed: str) -> str:
    return "jobs are: " + ", ".join(line.split()[1] for line in listed.splitlines() if line.startswith("✓"))
