"""A database of an earlier version becomes one of this version, and is then what schema.py says."""

import re
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Engine, make_url, text

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
_OLD_ENTRY = """
INSERT INTO entry (ticket, kind, at, text, quoted, signature, public, trust, attachments, source)
VALUES (1, 'mail', 1, 'words', '', '', false, :trust, '[]', :source)
"""
