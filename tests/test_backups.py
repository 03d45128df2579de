"""What belongs to a backup beside the database, and the backups that a gateway makes by itself."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.backups import DailyBackups, missing_keys, put_files_back, site_files
from gateway.clock import FakeClock
from gateway.config import Settings, load_settings
from gateway.errors import TransientError
from gateway.operations.backups import BackupMade, note_backup
from gateway.store.backup import take_backup
from gateway.store.opening import open_store
from gateway.store.store import Store
from tests.conftest import settings_in

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
_RULES = """version: 1
include: ["rules.d/*.yaml"]
defaults: {team: support}
teams: {support: {address: support@gw.test}}
lists: {vip: {file: lists/vip.txt}}
"""


def site(folder: Path) -> Settings:
    """A site with files of its own, and a password where none belongs."""
    for name, text in {
        "etc/rules.yaml": _RULES,
        "etc/rules.d/a.yaml": "rules: []\n",
        "etc/lists/vip.txt": "jan@x.test\n",
        "etc/credentials/hmac-key": "k" * 64,
        "etc/templates/alarm/en.md.j2": "---\nsubject: x\n---\nx",
        "etc/kb/KB-1/en.md": "---\ntitle: X\nvisibility: public\n---\nx",
        "etc/mailwicket.toml": '[[lookup]]\nname = "crm"\nquery = "q"\nurl = "postgresql://u:pa:ss@db.test/crm"\n',
        "etc/mailwicket.toml.d/b.toml": '[site]\nname = "Gw"\n',
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    made = settings_in(folder)
    own = {"rules": folder / "etc/rules.yaml", "templates": folder / "etc/templates", "kb": folder / "etc/kb"}
    paths = {**own, "state": made.paths.state}
    return load_settings(folder / "etc/mailwicket.toml", {"paths": paths})


def test_what_a_site_wrote_is_in_a_backup_and_no_secret_is(tmp_path: Path) -> None:
    found = site_files(site(tmp_path), FakeClock(NOW))
    assert sorted(found) == [
        "config/mailwicket.toml",
        "config/mailwicket.toml.d/b.toml",
        "kb/KB-1/en.md",
        "rules/lists/vip.txt",
        "rules/rules.d/a.yaml",
        "rules/rules.yaml",
        "templates/alarm/en.md.j2",
    ]
    assert b"postgresql://u:***@db.test/crm" in found["config/mailwicket.toml"]
    (tmp_path / "etc/rules.yaml").write_text("version: 7\n")  # wrong rules keep nobody from making a backup
    assert site_files(site_of(tmp_path), FakeClock(NOW))["rules/rules.yaml"] == b"version: 7\n"


def site_of(folder: Path) -> Settings:
    return load_settings(None, {"paths": {"rules": folder / "etc/rules.yaml", "state": folder / "state"}})


def test_files_come_back_where_they_are_not_and_none_is_overwritten(tmp_path: Path) -> None:
    settings = site(tmp_path)
    manifest = take_backup(settings, tmp_path / "b", site_files(settings, FakeClock(NOW)), NOW)
    etc = tmp_path / "etc"
    (etc / "rules.yaml").write_text("mine")
    (etc / "lists/vip.txt").unlink()
    shutil.rmtree(etc / "kb")
    shutil.rmtree(etc / "templates")
    (etc / "templates").write_text("no folder")
    told = dict(put_files_back(settings, tmp_path / "b", manifest))
    assert (etc / "rules.yaml").read_text() == "mine"
    assert (etc / "lists/vip.txt").read_text() == "jan@x.test\n"
    assert told == {
        "config/mailwicket.toml": "is for you to put where it belongs",
        "config/mailwicket.toml.d/b.toml": "is for you to put where it belongs",
        "rules/rules.yaml": f"is not what {etc}/rules.yaml is, which stays",
        "rules/lists/vip.txt": f"is {etc}/lists/vip.txt again",
        "kb/KB-1/en.md": f"is {etc}/kb/KB-1/en.md again",
        "templates/alarm/en.md.j2": f"is for you to put at {etc}/templates/alarm/en.md.j2: Not a directory",
    }
    assert list(missing_keys(settings, manifest)) == []
    (settings.paths.state / "audit-key").unlink()
    (settings.paths.state / "hmac-key").write_text("z" * 64)
    assert [name for name, _ in missing_keys(settings, manifest)] == ["hmac-key", "audit-key"]


@pytest.fixture
def daily(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    backup = settings.backup.model_copy(update={"dir": tmp_path / "kept", "keep": timedelta(days=3)})
    return settings.model_copy(update={"backup": backup})


async def test_a_gateway_keeps_the_backups_of_some_days(daily: Settings, tmp_path: Path) -> None:
    clock, store, told = FakeClock(NOW), open_store(daily), []
    (tmp_path / "kept/2026-11-22T000000Z").mkdir(parents=True)  # it was never finished
    (tmp_path / "kept/mine").mkdir()
    by_itself = backups(store, daily, clock, told)
    for _ in range(6):
        await by_itself.back_up()
        await clock.advance(86_400)
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [
        "2026-11-24T033000Z",
        "2026-11-25T033000Z",
        "2026-11-26T033000Z",
        "2026-11-27T033000Z",
        "mine",
    ]
    await clock.advance(5 * 365 * 86_400)  # a wrong clock
    await by_itself.back_up()
    assert len(list((tmp_path / "kept").iterdir())) == 4
    (tmp_path / "kept").rename(tmp_path / "away")
    (tmp_path / "kept").write_text("no folder")
    with pytest.raises(TransientError, match="File exists"):
        await by_itself.back_up()
    store.close()


@pytest.mark.parametrize(
    ("wanted", "made", "hours", "said"),
    [
        # whether backups are made by itself, whether there is one, hours since then, what is told
        (True, True, 47, None),
        (True, True, 49, "backup: the last backup is of 2026-11-22 03:30"),
        (False, True, 49, "backup: the last backup is of 2026-11-22 03:30"),
        (True, False, 49, "backup: there is no backup"),
        (False, False, 49, None),  # who makes copies in another way is not told each hour
    ],
)
async def test_a_backup_that_is_too_old_is_told(
    wanted: bool, made: bool, hours: int, said: str | None, daily: Settings, tmp_path: Path
) -> None:
    clock, store, told = FakeClock(NOW), open_store(daily), []
    settings = daily if wanted else settings_in(tmp_path)
    by_itself = backups(store, settings, clock, told)
    if made:
        await store.write(lambda c: note_backup(c, BackupMade("/b", NOW, 1), NOW, actor="operator"))
    await clock.advance(hours * 3600)
    await by_itself.tell_old_backup()
    assert told == ([said] if said else [])
    store.close()


def backups(store: Store, settings: Settings, clock: FakeClock, told: list[str]) -> DailyBackups:
    async def alarm(about: str, _key: str, said: str) -> None:
        told.append(f"{about}: {said}")

    return DailyBackups(store, settings, clock, alarm)
