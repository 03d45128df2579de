"""A database of an earlier version becomes one of this version, and is then what schema.py says."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, make_url, select, table, text

from gateway.rules.statuses import BUILT_IN
from gateway.store import migrate
from gateway.store.engine import open_engine
from gateway.store.schema import metadata
from gateway.store.version import KNOWN, revision


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Engine:
    """An empty database."""
    (tmp_path / "state").mkdir(exist_ok=True)
    url = make_url(database_url)
    url = url if url.get_backend_name() == "sqlite" else url.set(drivername="postgresql+psycopg")
    return open_engine(url, connections=2)


def test_each_step_has_its_number_and_follows_the_one_before_it() -> None:
    steps = sorted(path.name[:4] for path in (Path(migrate.__file__).parent / "migrations/versions").glob("0*.py"))
    assert steps == [f"{number:04d}" for number in range(1, int(KNOWN) + 1)]
    script = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert [step.revision for step in script.walk_revisions()] == steps[::-1]


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_what_the_migrations_make_is_what_the_statements_expect(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_ours})
        assert compare_metadata(context, metadata) == []
    assert revision(engine) == KNOWN


@pytest.mark.sqlite
def test_a_new_database_is_what_the_migrations_make(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    migrate.upgrade(stepped := _empty(tmp_path / "stepped"))
    if pytestconfig.getoption("--update-golden"):
        migrate.NEW.write_text("".join(f"{each}{migrate.END}" for each in _statements(stepped)), "utf-8")
    migrate.ensure(new := _empty(tmp_path / "new"), upgrade_old=False)
    assert _parts(new) == _parts(stepped)
    assert revision(new) == KNOWN
    with new.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]


@pytest.mark.sqlite
def test_a_new_database_whose_first_step_was_cut_off_goes_on_by_steps(tmp_path: Path) -> None:
    begun, new = _empty(tmp_path / "begun"), _empty(tmp_path / "new")
    with begun.begin() as connection:  # Alembic notes in a table of its own which step is done: none yet
        connection.exec_driver_sql(migrate.NEW.read_text("utf-8").partition(migrate.END)[0])
    migrate.ensure(begun, upgrade_old=False)
    migrate.ensure(new, upgrade_old=False)
    assert _parts(begun) == _parts(new)


def _empty(path: Path) -> Engine:
    return open_engine(URL.create("sqlite", database=str(path)), connections=1)


def _parts(engine: Engine) -> list[list[str]]:
    """What makes it, in no order: a table that a step writes anew has its constraints in any."""
    return sorted(sorted(line.strip(" ,\t") for line in each.splitlines()) for each in _statements(engine))


def _statements(engine: Engine) -> Iterator[str]:
    """What makes this database anew: tables, indexes, triggers, and the rows in them."""
    with engine.connect() as c:
        kinds = {row.name: row.type for row in c.exec_driver_sql("PRAGMA table_list")}  # the virtual make the shadows
        made = c.exec_driver_sql("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid").all()
        yield from (sql for name, sql in made if kinds.get(name) != "shadow")
        for name in (name for name, _ in made if kinds.get(name) == "table"):
            for row in c.execute(select(text("*")).select_from(table(name))):
                yield f"INSERT INTO {name} VALUES ({', '.join(map(repr, row))})"  # noqa: S608 -- names of our own


@pytest.mark.sqlite
def test_tickets_of_the_first_version_keep_what_their_status_meant(tmp_path: Path) -> None:
    engine = open_engine(URL.create("sqlite", database=str(tmp_path / "old.db")), connections=1)
    at_version(engine, "0001")
    with engine.begin() as connection:
        for status in BUILT_IN:
            connection.execute(text(_OLD_TICKET), {"status": status})
        connection.execute(text(_OLD_ENTRY), {"trust": "third-party", "source": "a"})
        connection.execute(text(_OLD_ENTRY), {"trust": "proven", "source": "b"})
    migrate.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT status, status_type, status_at FROM ticket")).all()
        held = connection.execute(text("SELECT trust, held FROM entry ORDER BY id")).all()
    assert {row[0]: row[1] for row in rows} == BUILT_IN
    assert {row[2] for row in rows} == {2}
    assert held == [("third-party", "third-party"), ("proven", None)]


@pytest.mark.sqlite
def test_receipts_are_kept_by_the_step_that_lets_them_be_about_no_ticket(tmp_path: Path) -> None:
    engine = open_engine(URL.create("sqlite", database=str(tmp_path / "old.db")), connections=1)
    at_version(engine, "0038")
    with engine.begin() as connection:
        connection.execute(text(_TICKET))
        connection.execute(text(_RECEIPT), {"id": 7, "ticket": 1})
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text(_RECEIPT), {"id": 8, "ticket": None})
        rows = connection.execute(text("SELECT id, ticket, undone_at FROM receipt ORDER BY id")).all()
    assert rows == [(7, 1, None), (8, None, None)]
    assert "ALTER TABLE receipt ALTER COLUMN ticket DROP NOT NULL" in migrate.pending_sql("postgresql://x/y", "0038")
    assert "INSERT INTO _alembic_tmp_receipt" in migrate.pending_sql("sqlite:///x.db", "0038")


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Full text and indexes of expressions are made by each database in its own way; no metadata describes them."""
    if kind == "index":
        return name not in ("ix_ticket_due", "ix_ticket_priority", "ix_ticket_alias_folded")
    return kind != "table" or not re.fullmatch(r"search(_(data|idx|content|docsize|config))?", name or "")


def at_version(engine: Engine, revision: str) -> None:
    """An empty database as an earlier version made it."""
    config = migrate._config()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


_OLD_TICKET = """
INSERT INTO ticket (subject, team, priority, status, tags, fields, flags, channel, created_at, updated_at, messages,
 version) VALUES ('Zwrot', 'support', 'normal', :status, '[]', '{}', '[]', 'mail', 1, 2, 1, 1)
"""
_TICKET = """
INSERT INTO ticket (subject, team, priority, status, status_type, status_at, tags, fields, flags, channel, created_at,
 updated_at, messages, version)
VALUES ('Zwrot', 'support', 'normal', 'new', 'new', 2, '[]', '{}', '[]', 'mail', 1, 2, 1, 1)
"""
_RECEIPT = """
INSERT INTO receipt (id, at, actor, action, ticket, other, before)
VALUES (:id, 1, 'agent:ana', 'commands', :ticket, :ticket, '{}')
"""
_OLD_ENTRY = """
INSERT INTO entry (ticket, kind, at, text, quoted, signature, public, trust, attachments, source)
VALUES (1, 'mail', 1, 'words', '', '', false, :trust, '[]', :source)
"""
