"""A backup comes back as the database was, and goes on without sending, counting or asking anything twice."""

import asyncio
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, Executable, bindparam, delete, select, update

from gateway.checking import Checking
from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.errors import ConfigError, TransientError
from gateway.message.types import Envelope
from gateway.store import inbound, jobs, outbox, restraint, undoing
from gateway.store.audit import find_rows
from gateway.store.backup import MANIFEST, read_manifest, take_backup
from gateway.store.engine import database_url, open_engine
from gateway.store.inbound import Arriving
from gateway.store.opening import open_store
from gateway.store.restore import check_backup, restore
from gateway.store.restored import unfinished
from gateway.store.schema import inbound as inbound_table
from gateway.store.schema import outbox as letters
from gateway.store.schema import raw_piece
from gateway.store.schema import ticket as tickets
from gateway.store.soundness import Unsound, unsound
from gateway.store.store import Store
from gateway.store.undoing import Kept
from gateway.store.version import KNOWN
from tests.conftest import settings_in
from tests.processing import Desk, mail
from tests.store.test_migrations import at_version

NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)
DAY_LATER = NOW + timedelta(days=1)
FILES = {"rules/rules.yaml": b"version: 1\n", "templates/alarm/en.md.j2": b"x"}


def state_of(store: Store, id: int) -> tuple[str, str]:
    found = store.read_now(lambda c: outbox.find(c, id))
    assert found is not None
    return found.state, found.reason


@pytest.mark.parametrize(
    ("resend", "state", "reason"),
    [
        # whether what waited is wanted, what becomes of it, why
        (False, "held", "uncertain: it may have left after the backup"),
        (True, "queued", ""),
    ],
)
def test_a_backup_goes_on_where_it_was_and_sends_nothing(
    resend: bool, state: str, reason: str, store: Store, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    desk = Desk(store, settings)
    desk.take(mail("Jan <jan@x.test>", "One"))
    (waits,) = desk.outbox()
    read = store.submit(lambda c: _claimed(c, desk), durable=True).result()
    manifest = take_backup(settings, tmp_path / "b", FILES, NOW)
    desk.take(mail("Eva <eva@x.test>", "Lost"))
    check_backup(elsewhere, tmp_path / "b", manifest)
    assert restore(elsewhere, tmp_path / "b", manifest, DAY_LATER, resend=resend, replace=False) is None

    again = open_store(elsewhere)
    try:
        assert again.read_now(restraint.stopped) == (DAY_LATER, "restored from the backup of 2026-11-22 03:30")
        assert state_of(again, waits.id) == (state, reason)
        assert again.read_now(lambda c: jobs.asked_until(c, jobs.BACKUP)) == NOW
        freed = again.read_now(lambda c: c.execute(_STATE, {"key": read}).one())
        assert tuple(freed) == ("accepted", 0)
        (noted,) = again.read_now(lambda c: find_rows(c, action="database.restored"))
        assert f"{0 if resend else 1} mails" in noted.detail
        assert list(again.read_now(lambda c: list(unsound(c)))) == []
        other = Desk(again, elsewhere, first_id=100)
        other.take(mail("Eva <eva@x.test>", "Lost"))
        assert [t.subject for t in other.tickets()][-1] == "Lost"
        assert other.tickets()[-1].number > 1000  # #2 is in a mail that Eva has, and was another ticket
        assert max(m.id for m in other.outbox()) > 1000
        assert other.write(_kept_receipt) > 1000  # `#undo u-1` is in a mail, and was something else
    finally:
        again.close()
    open_store(elsewhere).close()  # it is done once: a second start holds nothing back again


def test_numbers_go_on_also_where_the_backup_was_made_before_the_first_ticket(
    store: Store, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    manifest = take_backup(settings, tmp_path / "b", {}, NOW)
    restore(elsewhere, tmp_path / "b", manifest, DAY_LATER, resend=False, replace=False)
    again = open_store(elsewhere)
    desk = Desk(again, elsewhere, first_id=100)
    desk.take(mail("Jan <jan@x.test>", "One"))
    assert desk.tickets()[-1].number > 1000
    again.close()


def _kept_receipt(c: Connection) -> int:
    number = c.execute(select(tickets.c.number).limit(1)).scalar_one()
    return undoing.keep(c, Kept((), (), (), ()), number, actor="agent:eva", now=DAY_LATER)


def _claimed(c: Connection, desk: Desk) -> str:
    """A mail that somebody works on at the time of the backup."""
    raw = mail("Ida <ida@x.test>", "At work")
    envelope = Envelope("ida@x.test", ("support@gw.test",), "mx.gw.test", "unix", "lmtp", desk.now)
    arriving = Arriving("f" * 32, envelope, len(raw), sha256(raw).hexdigest(), ("h" * 64,), io.BytesIO(raw))
    inbound.insert_batch(c, [arriving])
    inbound.claim(c, now=desk.now, token="t", lease_s=300, limit=9, suspicious_after=9, suspects=False)
    return arriving.key


_STATE = select(inbound_table.c.state, inbound_table.c.attempts).where(inbound_table.c.key == bindparam("key"))


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("harm", "said"),
    [
        # what was done to it, why it is not restored
        (lambda b: (b / MANIFEST).unlink(), "it was never finished, or is none"),
        (lambda b: (b / MANIFEST).write_text("{"), "cannot be read"),
        (lambda b: (b / "database.sqlite").write_bytes(b"x"), "database.sqlite is not what was written"),
        (lambda b: (b / "rules/rules.yaml").unlink(), "rules/rules.yaml: No such file or directory"),
        (lambda b: edit(b, schema_of_database="9999"), f"has schema 9999, newer than this program ({KNOWN})"),
        (lambda b: edit(b, schema="mailwicket.backup/2"), "no manifest of this version"),
        (lambda b: edit(b, database="database.pgdump"), "holds database.pgdump, and database.url wants"),
        (lambda b: edit(b, parts=[{"name": "../x", "size": 0, "sha256": ""}]), "no manifest of this version"),
    ],
)  # fmt: skip
def test_what_is_no_whole_backup_for_us_is_refused_before_anything_is_touched(
    harm: Callable[[Path], object], said: str, store: Store, settings: Settings, tmp_path: Path
) -> None:
    take_backup(settings, tmp_path / "b", FILES, NOW)
    harm(tmp_path / "b")
    with pytest.raises(ConfigError, match=re.escape(said)) as refused:
        check_backup(settings, tmp_path / "b", read_manifest(tmp_path / "b"))
    assert refused.value.exit_code == 78


def edit(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | values))


@pytest.mark.sqlite
def test_a_backup_is_whole_or_not_there_and_overwrites_nothing(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "b"
    with pytest.raises(TransientError, match="is gone again"):
        take_backup(settings, folder, {"x" * 300: b""}, NOW)  # no name of a file is so long
    assert not folder.exists()
    take_backup(settings, folder, FILES, NOW)
    before = {path: path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert set(before.values()) == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.raises(ConfigError, match="File exists"):
        take_backup(settings, folder, {}, NOW)
    assert not store.read_now(restraint.stopped)
    assert [part.name for part in read_manifest(folder).parts] == ["database.sqlite", *FILES]


def test_a_restore_moves_a_database_aside_when_it_is_told_to_and_never_beside_a_gateway(
    settings: Settings, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    store = open_store(settings)
    if not store.alone:
        request.getfixturevalue("postgres_programs")
    Desk(store, settings).take(mail("Jan <jan@x.test>", "One"))
    manifest = take_backup(settings, tmp_path / "b", FILES, NOW)
    asyncio.run(store.leads())
    for replace in (False, True):
        with pytest.raises(TransientError, match="works on"):
            restore(settings, tmp_path / "b", manifest, DAY_LATER, resend=False, replace=replace)
    store.close()
    with pytest.raises(ConfigError, match="--replace moves it aside"):
        restore(settings, tmp_path / "b", manifest, DAY_LATER, resend=False, replace=False)
    aside = restore(settings, tmp_path / "b", manifest, DAY_LATER, resend=False, replace=True)
    again = open_store(settings)
    assert Desk(again, settings).tickets()[0].subject == "One"
    again.close()
    assert aside is not None
    assert "before" in aside
    second = take_backup(settings, tmp_path / "c", FILES, DAY_LATER)  # what is aside is not in it
    assert second.octets < 2 * manifest.octets


@pytest.mark.sqlite
def test_an_old_schema_is_backed_up_before_it_is_upgraded(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    settings.database_file.unlink()
    engine = open_engine(database_url(settings), connections=1)
    at_version(engine, "0034")
    engine.dispose()
    allowed = settings.database.model_copy(update={"auto_upgrade": True})
    open_store(settings.model_copy(update={"database": allowed})).close()
    (made,) = (settings.paths.state / "backup").iterdir()
    manifest = read_manifest(made)
    assert manifest.schema_of_database == "0034"
    restore(settings, made, manifest, NOW, resend=False, replace=True)
    with pytest.raises(ConfigError, match="mailwicket db upgrade"):
        open_store(settings)
    open_store(settings.model_copy(update={"database": allowed})).close()


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        # what is done to the rows, what is wrong
        (update(inbound_table).values(disposition=None), [("m-1", "it is done, and ended nowhere")]),
        (delete(raw_piece), [("m-1", "its octets are not those that were accepted")]),
        (update(raw_piece).values(octets=b"x"), [("m-1", "its octets are not those that were accepted")]),
        (delete(raw_piece).where(raw_piece.c.key == "none"), []),
        (update(inbound_table).values(duplicate_of="none"), [("m-1", "it is a duplicate of a mail that is not there")]),
        (update(letters).values(ticket=77), [("q-1", "it is of a ticket that is not there")]),
        (update(letters).values(raw=None), [("q-1", "it is to be sent, and was never written")]),
        (update(inbound_table).values(ticket=77), []),  # its entry went elsewhere, with a split
    ],
)
def test_what_is_not_as_it_was_promised_is_named(
    harm: Executable, found: list[tuple[str, str]], store: Store, settings: Settings
) -> None:
    Desk(store, settings).take(mail("Jan <jan@x.test>", "One"))
    store.submit(lambda c: c.execute(harm), durable=True).result()
    assert store.read_now(lambda c: [(each.name, each.said) for each in unsound(c)]) == found
    assert store.read_now(lambda c: list(unsound(c, every=2, turn=0))) == [
        Unsound(*each) for each in found if "octets" not in each[1]
    ]


@pytest.mark.sqlite
def test_each_night_a_hundredth_of_the_mails_is_read(store: Store, settings: Settings) -> None:
    Desk(store, settings).take(mail("Jan <jan@x.test>", "One"))
    store.submit(lambda c: c.execute(delete(raw_piece)), durable=True).result()
    told: list[str] = []

    async def alarm(about: str, _key: str, said: str) -> None:
        told.append(f"{about}: {said}")

    async def nights() -> None:
        clock = FakeClock(NOW)
        for _ in range(100):
            await Checking(store, clock, alarm).check_store()
            await clock.advance(86_400)

    asyncio.run(nights())
    assert told == ["damage: m-1: its octets are not those that were accepted; mailwicket verify shows all of it"]


def test_a_database_that_a_restore_has_only_moved_aside_is_not_begun_anew(
    store: Store, settings: Settings, elsewhere: Settings
) -> None:
    if store.alone:
        unfinished(elsewhere.database_file).touch()
    else:
        engine = open_engine(database_url(elsewhere), connections=1)
        with engine.begin() as c:
            c.exec_driver_sql("CREATE SCHEMA before_restore_20261122t033000z")
        engine.dispose()
    for _ in range(2):  # nobody holds the lock after the refusal
        with pytest.raises(ConfigError, match="a restore was cut off here"):
            open_store(elsewhere)


@pytest.mark.sqlite
def test_a_restore_that_was_cut_off_and_then_fails_leaves_no_way_to_an_empty_database(
    store: Store, settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    manifest = take_backup(settings, tmp_path / "backup", {}, NOW)
    open_store(elsewhere).close()
    restore(elsewhere, tmp_path / "backup", manifest, NOW, resend=False, replace=True)
    elsewhere.database_file.rename(unfinished(elsewhere.database_file))  # it ended before it was in its place
    (tmp_path / "backup" / manifest.database).unlink()
    with pytest.raises(TransientError, match="could not be restored"):
        restore(elsewhere, tmp_path / "backup", manifest, DAY_LATER, resend=False, replace=True)
    with pytest.raises(ConfigError, match="a restore was cut off here"):
        open_store(elsewhere)
