"""How changes come into the audit chain, what is told of it outside, and what older versions left."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, text

from gateway.clock import FakeClock
from gateway.config import Settings
from gateway.errors import ConfigError
from gateway.store import migrate
from gateway.store.audit import Anchor, add_audit, appending, chain_end, find_rows
from gateway.store.audit_anchors import Anchors, anchor_of
from gateway.store.audit_verify import verify
from gateway.store.engine import database_url, open_engine
from gateway.store.store import Store
from gateway.timers import Timers
from tests.conftest import settings_in
from tests.store.test_migrations import at_version

NOW = datetime(2026, 11, 21, 21, 10, tzinfo=UTC)
KEY = b"k" * 64
HASH = bytes(range(32))


def note(c: Connection, actor: str, action: str, at: datetime = NOW, ticket: int | None = 1) -> None:
    add_audit(c, at=at, actor=actor, action=action, ticket=ticket, detail="open -> solved")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        # what is asked for, the rows that fit
        ({}, [1, 2, 3, 4]),
        ({"ticket": 2}, [4]),
        ({"actor": "rule"}, [2, 3]),
        ({"actor": "rule:vip"}, [2]),
        ({"actor": "rule:vip_"}, []),  # no character of it means another one
        ({"actor": "ru"}, []),
        ({"action": "set"}, [2, 3]),
        ({"action": "set.status"}, [2]),
        ({"since": NOW + timedelta(hours=1)}, [3, 4]),
        ({"limit": 1}, [4]),
    ],
)
@pytest.mark.sqlite
async def test_rows_are_found(tmp_path: Path, asked: dict[str, object], found: list[int]) -> None:
    engine = open_engine(database_url(settings_in(tmp_path)), connections=1)
    with engine.begin() as c:
        with appending(c, KEY):
            note(c, "customer", "entry.added")
            note(c, "rule:vip", "set.status")
            note(c, "rule:vipx", "set.team", NOW + timedelta(hours=2))
            note(c, "agent:ana", "ticket.merged", NOW + timedelta(hours=2), ticket=2)
        assert [row.seq for row in find_rows(c, **asked)] == found  # type: ignore[arg-type]
    engine.dispose()


async def test_an_anchor_is_told_when_there_is_something_to_tell(store: Store, settings: Settings) -> None:
    clock, anchors = FakeClock(NOW), Anchors(settings)
    timers = Timers(store, anchors, clock)
    told = []
    for rows, hours in ((0, 0), (1, 0), (1, 1), (0, 24), (0, 1), (998, 0), (2, 0)):
        await store.write(lambda c, rows=rows: [note(c, "customer", "entry.added") for _ in range(rows)])  # type: ignore[misc]
        await clock.advance(hours * 3600)
        await timers._anchor()
        told.append(len(anchors.read()))
    #        none  first  soon  a day  nothing new  few  thousand
    assert told == [0, 1, 1, 2, 2, 2, 3]
    assert anchors.read()[-1][0] == store.read_now(chain_end)
    assert Anchors(settings).read() == anchors.read()
    assert anchors.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "anchor"),
    [
        # what is given, the anchor in it
        (f"7:{HASH.hex()}", Anchor(7, HASH)),
        (f" 7:{HASH.hex()}\n", Anchor(7, HASH)),
        (f"7:{HASH.hex()[1:]}", None),
        (f"-7:{HASH.hex()}", None),
        ("7", None),
    ],
)
def test_an_anchor_is_a_number_and_a_hash(text: str, anchor: Anchor | None) -> None:
    assert anchor_of(text) == anchor


def test_a_line_that_is_no_anchor_is_named(tmp_path: Path, settings: Settings) -> None:
    anchors = Anchors(settings)
    anchors.add(Anchor(7, HASH), NOW)
    with anchors.path.open("a") as file:
        file.write("8:00 never\n")
    with pytest.raises(ConfigError, match=r"audit-anchors:2:1.*no anchor"):
        anchors.read()


@pytest.mark.sqlite
def test_rows_of_an_older_version_are_what_the_chain_stands_on(tmp_path: Path) -> None:
    engine = open_engine(URL.create("sqlite", database=str(tmp_path / "old.db")), connections=1)
    at_version(engine, "0002")
    with engine.begin() as c:
        for seq in (1, 2, 5):  # numbers may be missing there
            c.execute(text(_OLD), {"seq": seq})
    migrate.upgrade(engine)
    with engine.begin() as c, appending(c, KEY):
        note(c, "customer", "entry.added")
    with engine.connect() as c:
        whole = verify(c, KEY, ())
        assert (whole.findings, whole.older, whole.rows, whole.first) == ((), 3, 1, 6)
        for change in ("UPDATE audit SET actor = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 5"):
            attempt = c.begin_nested()
            for trigger in ("audit_is_not_changed", "audit_is_not_deleted"):
                c.execute(text(f"DROP TRIGGER {trigger}"))
            c.execute(text(change))
            assert [f.seq for f in verify(c, KEY, ()).findings] == [6]
            attempt.rollback()
    engine.dispose()


_OLD = "INSERT INTO audit (seq, at, actor, action, detail) VALUES (:seq, 1, 'customer', 'entry.added', 'mail')"
